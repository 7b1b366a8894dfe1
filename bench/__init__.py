"""Figures of speed and memory: ``python -m bench`` prints them as one table."""
