"""Turning the pages of a list, forwards and back, by places that stay right while it grows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from perilune.access import search
from perilune.access.policy import Asker
from perilune.catalogue.order import place, sort_value
from perilune.catalogue.port import Page
from perilune.catalogue.query import Cursor, Query, Sort
from perilune.model.product import Holding
from perilune.node import Node


@dataclass(frozen=True, slots=True)
class Turn:
    """One page of a list with the places to turn to; None where there is no page."""

    page: Page
    hits: tuple[Holding, ...]
    next: Cursor | None
    back: Cursor | None
    """The place of this page's first hit: the page before ends there."""


def turn_on(query: Query, number: int, node: Node, asker: Asker) -> Turn:
    """The page that begins after ``query.cursor``; ``number`` is that of its first hit."""
    page = search.search(query, node, asker)
    return Turn(page, page.hits, page.next, _first(page.hits, query) if number > 1 else None)


def turn_back(query: Query, number: int, node: Node, asker: Asker) -> Turn:
    """The page that ends before ``query.cursor``, in the order of ``query``.

    The catalogue is asked for the same products in the opposite order. Missing values come last in
    either direction, so those beyond that gap are left out, or fetched, here.
    """
    opposite = tuple(replace(sort, descending=not sort.descending) for sort in query.sort)
    asked = replace(query, sort=opposite)
    page = search.search(asked, node, asker)
    if query.cursor is not None and query.cursor.values[0] is None:
        wanted = query.limit - len(page.hits)
        rest = replace(asked, cursor=None, limit=wanted, count=())
        beyond = _with_value(search.search(rest, node, asker).hits, opposite) if wanted else []
        hits = [*page.hits, *beyond]
    else:
        hits = _with_value(page.hits, opposite)
    hits.reverse()
    back = _first(hits, query) if number > 1 else None
    return Turn(page, tuple(hits), place(hits[-1], query.sort) if hits else None, back)


def _first(hits: Sequence[Holding], query: Query) -> Cursor | None:
    return place(hits[0], query.sort) if hits else None


def _with_value(hits: Sequence[Holding], sorts: tuple[Sort, ...]) -> list[Holding]:
    return [hit for hit in hits if sort_value(hit, sorts[0].field) is not None]
