"""INGEST: what a provider hands in becomes holdings, or is refused with reasons."""
