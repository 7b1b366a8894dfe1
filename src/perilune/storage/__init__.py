"""ARCHIVAL STORAGE: the same bytes back."""
