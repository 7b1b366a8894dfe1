"""Formats of before PDS4, read by describing them as PDS4 does."""
