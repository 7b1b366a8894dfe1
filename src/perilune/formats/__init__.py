"""Readers of labels and data: bytes in, values of the model out."""
