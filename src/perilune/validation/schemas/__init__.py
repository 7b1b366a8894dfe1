"""Schemas and Schematrons that labels name: pinned by their SHA-256, then offline for good."""

from perilune.validation.schemas.resolve import Pinned, Schemas, Unresolved
from perilune.validation.schemas.store import Entry, Imported, Kind

__all__ = ["Entry", "Imported", "Kind", "Pinned", "Schemas", "Unresolved"]
