"""The Planetary Data System's label standard, version 4, in all its information models."""
