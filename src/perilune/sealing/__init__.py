"""Sealing: encrypted copies that anyone may keep and nobody reads before a release act."""
