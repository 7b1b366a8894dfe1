"""PRESERVATION: what was taken in stays what it was, and can be shown to be."""
