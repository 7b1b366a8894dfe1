"""Joint mission work."""
