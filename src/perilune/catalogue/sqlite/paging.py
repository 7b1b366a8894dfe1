"""Products in a given order, without sorting what nobody looks at.

Order of accession is the order of ids and is read off the set itself. For any other order there
are two ways, and the one that promises to be shorter is taken: fetch the sort values of the whole
set and sort those, or walk along the values of the first sort and keep what is in the set.
"""

from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import apsw
from pyroaring import BitMap

from perilune.catalogue.fields import HARVESTED
from perilune.catalogue.order import Rank, Ranked, compare, is_accession, rank, sort_value
from perilune.catalogue.query import Sort
from perilune.catalogue.sqlite.conditions import everything
from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.sets import Snapshot
from perilune.catalogue.sqlite.walk import Walk, with_value
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Holding

Fetch = Callable[[int], Holding]
"""The holding of an id."""
Group = tuple[Rank | None, BitMap]
"""Products that tie, and the rank they share."""

_STRIDE = 512
STEP_COST = 2.0
"""Cost of one step of a walk, where fetching one row of sort columns costs 1."""
_DOCUMENT_COST = 60.0
_COLUMNS = ("lid", "lidvid", "title", "start", "bytes", "accessioned", HARVESTED)


class Order:
    """An order, in which to read off sets of products."""

    def __init__(self, sorts: Sequence[Sort], snapshot: Snapshot, fetch: Fetch) -> None:
        self._sorts = tuple(sorts)
        self._snapshot = snapshot
        self._fetch = fetch

    def ids(self, products: BitMap, after: Ranked | None, limit: int) -> Generator[int]:
        """Ids of ``products`` in order from just behind ``after``; ``limit`` is only a hint."""
        if products:
            yield from self._ordered(products, 0, after, limit)

    def _ordered(
        self, products: BitMap, level: int, after: Ranked | None, limit: int
    ) -> Iterator[int]:
        rest = self._sorts[level:]
        if not rest:
            yield from _by_id(products, after, descending=self._sorts[-1].descending)
        elif is_accession(rest[0].field):
            yield from self._by_accession(products, level, after)
        elif self._is_worth_fetching(products, rest, limit):
            yield from self._fetched(products, level, after)
        else:
            start = None if after is None else after.ranks[level]
            is_resumed = after is not None
            for value, group in self._groups(products, rest[0], start, is_resumed=is_resumed):
                follows = after if is_resumed and value == start else None
                yield from self._ordered(group, level + 1, follows, limit)

    def _by_accession(self, products: BitMap, level: int, after: Ranked | None) -> Iterator[int]:
        descending = self._sorts[level].descending
        if after is None:
            return _by_id(products, None, descending=descending)
        sign, end = ("<", "DESC") if descending else (">", "ASC")
        sql = (
            f"SELECT id FROM product WHERE accessioned {sign} ? ORDER BY accessioned {end} LIMIT 1"  # noqa: S608  # fixed texts
        )
        found = rows(self._snapshot.connection, sql, after.ranks[level])
        if not found:
            return iter(())
        [(nearest,)] = found
        just_before = nearest if descending else nearest - 2  # as places of the log
        return _by_id(products, Ranked((), just_before), descending=descending)

    def _is_worth_fetching(self, products: BitMap, sorts: Sequence[Sort], limit: int) -> bool:
        in_columns = all(sort.field in _COLUMNS for sort in sorts)
        cost = 1.0 if in_columns else _DOCUMENT_COST
        size = len(products)
        return size * size * cost <= STEP_COST * (limit + 1) * len(everything(self._snapshot))

    def _fetched(self, products: BitMap, level: int, after: Ranked | None) -> Iterator[int]:
        sorts = self._sorts[level:]
        places = self._places(products, sorts)
        places.sort(key=lambda place: place.index, reverse=sorts[-1].descending)
        for position in reversed(range(len(sorts))):
            having = [place for place in places if place.ranks[position] is not None]
            missing = [place for place in places if place.ranks[position] is None]
            having.sort(key=_at(position), reverse=sorts[position].descending)
            places = having + missing
        if after is not None:
            seen = Ranked(after.ranks[level:], after.index)
            places = [place for place in places if compare(place, seen, sorts) > 0]
        return (place.index + 1 for place in places)

    def _places(self, products: BitMap, sorts: Sequence[Sort]) -> list[Ranked]:
        if all(sort.field in _COLUMNS for sort in sorts):
            return self._column_places(products, sorts)
        places = []
        for product in products:
            holding = self._fetch(product)
            values = [(sort.field, sort_value(holding, sort.field)) for sort in sorts]
            ranks = (None if value is None else rank(field, value) for field, value in values)
            places.append(Ranked(tuple(ranks), holding.index))
        return places

    def _column_places(self, products: BitMap, sorts: Sequence[Sort]) -> list[Ranked]:
        sql = (
            "SELECT id, lid, major, minor, title, start, bytes, accessioned"
            " FROM carray(?) CROSS JOIN product ON id = value"
        )
        places = []
        asked = (apsw.carray(array("q", products)),)
        for row in self._snapshot.connection.execute(sql, asked):
            product, lid, major, minor, *others = row
            columns: dict[str, Rank | None]
            columns = dict(zip(("title", "start", "bytes", "accessioned"), others, strict=True))
            columns |= {"lid": lid, HARVESTED: columns["accessioned"]}
            if any(sort.field == "lidvid" for sort in sorts):
                columns["lidvid"] = Lidvid(Lid(lid), major, minor)
            places.append(Ranked(tuple([columns[sort.field] for sort in sorts]), product - 1))
        return places

    def _groups(
        self, products: BitMap, sort: Sort, start: Rank | None, *, is_resumed: bool
    ) -> Iterator[Group]:
        """Products that tie, group by group, those without a value last."""
        if start is not None or not is_resumed:
            walk = Walk(sort, start, self._snapshot)
            for value, found in walk.steps():
                group = products & found
                if doubtful := group & walk.several:
                    group = group - doubtful | self._leading(doubtful, sort.field, value)
                if group:
                    yield value, group
        if missing := products - with_value(sort.field, self._snapshot):
            yield None, missing

    def _leading(self, products: BitMap, field: str, value: Rank) -> BitMap:
        """Those of ``products`` that have the value before any other."""
        firsts = ((product, sort_value(self._fetch(product), field)) for product in products)
        return BitMap(
            [
                product
                for product, first in firsts
                if first is not None and rank(field, first) == value
            ]
        )


def _at(position: int) -> Callable[[Ranked], Any]:
    return lambda place: place.ranks[position]


def _by_id(products: BitMap, after: Ranked | None, *, descending: bool) -> Iterator[int]:
    """Ids in order of accession, or against it, from just behind a place."""
    if descending:
        last = len(products) if after is None else products.rank(after.index)
        while last > 0:
            first = max(0, last - _STRIDE)
            yield from reversed(products[first:last])
            last = first
    else:
        first = 0 if after is None else products.rank(after.index + 1)
        while first < len(products):
            yield from products[first : first + _STRIDE]
            first += _STRIDE
