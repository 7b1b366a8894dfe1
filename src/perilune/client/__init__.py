"""Another machine's node, from Python or the command line."""

from perilune.client.remote import RemoteNode

__all__ = ["RemoteNode"]
