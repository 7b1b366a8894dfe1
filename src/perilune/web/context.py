"""What a route may ask for: the running node, and who is asking."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    """The holding that a part of an address names, to be read.

    Raises `NotFound` where it names none, `Embargoed` where its bytes are closed to ``asker``.
    """
    with _naming(text):
        return search.find(text, node, asker)


def listed_in_path(text: str, node: Node, asker: Asker) -> Holding:
    """The same, to be known of and not read: nothing of its bytes may be in the answer."""
    with _naming(text):
        return search.find_listed(text, node, asker)


@contextmanager
def _naming(text: str) -> Iterator[None]:
    try:
        yield
    except MalformedIdentifier as error:
        raise NotFound(f"nothing is called {text[:300]!r}") from error
