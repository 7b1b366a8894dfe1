"""What a route may ask for: the running node, and who is asking."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from perilune.access import search
from perilune.access.policy import Asker
from perilune.errors import AskerRefused, MalformedIdentifier, NotFound
from perilune.federation.asking import asker_of
from perilune.model.product import Holding
from perilune.node import Node


def _node(request: Request) -> Node:
    node: Node = request.app.state.node
    return node


def _asker(request: Request) -> Asker:
    """Whom the application shows things to; a partner that signs its question may see more."""
    asker: Asker = request.app.state.asker
    if asker.scope != "public":
        return asker
    try:
        return signed_asker(request) or asker
    except AskerRefused:
        return asker  # what everyone may have is for those too who are not known


def signed_asker(request: Request) -> Asker | None:
    """The partner that signed what is asked, None where nobody did; errors as `asker_of`."""
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    return asker_of(request.method, path, request.headers, _node(request))


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
