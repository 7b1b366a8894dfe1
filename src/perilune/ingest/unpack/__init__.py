"""Containers (tar, zip) taken apart by our own code, in quarantine, within limits."""
