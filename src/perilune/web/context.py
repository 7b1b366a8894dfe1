"""What a route may ask for: the running node, and who is asking."""

from typing import Annotated

from fastapi import Depends, Request

from perilune.access import search
from perilune.access.policy import Asker
from perilune.errors import MalformedIdentifier, NotFound
from perilune.model.product import Holding
from perilune.node import Node


def _node(request: Request) -> Node:
    node: Node = request.app.state.node
    return node


def _asker(request: Request) -> Asker:
    asker: Asker = request.app.state.asker
    return asker


HEAD_ONLY = "perilune.head"
"""Member of the scope of a request whose answer is sent without its body."""

TheNode = Annotated[Node, Depends(_node)]
"""Declare a parameter of this type to receive the running node."""

TheAsker = Annotated[Asker, Depends(_asker)]
"""Declare a parameter of this type to learn what the one who asks may see."""


def named_in_path(text: str, node: Node, asker: Asker) -> Holding:
    """The holding that a part of an address names; raise `NotFound` where it names none."""
    try:
        return search.find(text, node, asker)
    except MalformedIdentifier as error:
        raise NotFound(f"nothing is called {text[:300]!r}") from error
