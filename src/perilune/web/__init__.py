"""The door of HTTP: one module per standard, and the portal under ``pages``."""
