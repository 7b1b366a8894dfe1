"""Perilune: an agency's node of a joint data centre for lunar and deep-space missions.

``perilune.open`` gives what is in a product: its tables and arrays with their label. Public names
are loaded when they are first used, so that importing this costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perilune.catalogue.query import Query
    from perilune.client.opening import open_product as open  # noqa: A004  # the name is the point
    from perilune.client.remote import RemoteNode
    from perilune.errors import PeriluneError
    from perilune.model.identifier import Lidvid
    from perilune.node import Node

__all__ = ["Lidvid", "Node", "PeriluneError", "Query", "RemoteNode", "open"]

_FROM = {
    "Lidvid": "perilune.model.identifier",
    "Node": "perilune.node",
    "PeriluneError": "perilune.errors",
    "Query": "perilune.catalogue.query",
    "RemoteNode": "perilune.client.remote",
    "open": "perilune.client.opening:open_product",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'perilune' has no attribute {name!r}")
    module, _, attribute = _FROM[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)
