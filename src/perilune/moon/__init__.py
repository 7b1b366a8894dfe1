"""Geometry of the Moon and other bodies: numbers in, numbers out, no input and no output."""
