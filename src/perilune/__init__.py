"""Perilune: an agency's node of a joint data centre for lunar and deep-space missions."""
