"""FEDERATION: sovereign nodes that keep copies of each other, and can show it."""
