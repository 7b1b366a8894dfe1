"""All products along the values of one field, read from the file step by step."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from pyroaring import BitMap

from perilune.catalogue.fields import ARCHIVE_STATUS, FIELDS, archive_status
from perilune.catalogue.order import Rank
from perilune.catalogue.query import Sort
from perilune.catalogue.sqlite.conditions import everything
from perilune.catalogue.sqlite.sets import EMPTY, Snapshot, union
from perilune.catalogue.values import Kind, Value, read_value
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Lifecycle

Step = tuple[Rank, BitMap]
"""A value as it is compared, and the products that have it."""

_NEVER_MISSING = frozenset({"lid", "lidvid", "title", "bytes", ARCHIVE_STATUS})
_POSTINGS = " CROSS JOIN posting ON posting.id BETWEEN word.id << 16 AND (word.id << 16) + 65535"


def with_value(field: str, snapshot: Snapshot) -> BitMap:
    """The products that have any value of a field by which products are ordered."""
    if field in _NEVER_MISSING:
        return everything(snapshot)
    if field == "start":
        return snapshot.word("set", "with start", "")
    space = "field" if field in FIELDS else "property"
    kinds = (snapshot.word(f"kind of {space}", field, str(kind.value)) for kind in Kind)
    return BitMap().union(*kinds)


class Walk:
    """The values of the field of ``sort`` in its direction, from ``start`` on."""

    def __init__(self, sort: Sort, start: Rank | None, snapshot: Snapshot) -> None:
        self._field = sort.field
        self._start = start
        self._snapshot = snapshot
        self._sign, self._end = ("<=", "DESC") if sort.descending else (">=", "ASC")
        self._space = "field" if sort.field in FIELDS else "property"
        is_column = sort.field in (*_NEVER_MISSING, "start")
        self.several = (
            EMPTY if is_column else snapshot.word("several", f"{self._space} {sort.field}", "")
        )
        """Products with several values: they stand at the first of theirs alone."""

    def steps(self) -> Iterator[Step]:
        """Each value once, with the products that have it."""
        match self._field:
            case "lid" | "lidvid":
                return self._names()
            case "title" | "bytes":
                return self._columns(self._field, "")
            case "start":
                return self._columns("begin", "AND start IS NOT NULL")
            case _ if self._field == ARCHIVE_STATUS:
                return self._states()
            case _:
                return self._values()

    def _names(self) -> Iterator[Step]:
        columns = "lid, major, minor" if self._field == "lidvid" else "lid"
        start = self._start
        bounds: tuple[Any, ...] = ()
        if isinstance(start, Lidvid):
            bounds = (start.lid.text, start.major, start.minor)
        elif start is not None:
            bounds = (start,)
        marks = ", ".join("?" * len(bounds))
        where = f"WHERE ({columns}) {self._sign} ({marks})" if bounds else ""
        end = self._end
        sql = (
            f"SELECT id, {columns} FROM product {where}"  # noqa: S608  # fixed texts
            f" ORDER BY lid {end}, major {end}, minor {end}"
        )
        found = self._snapshot.connection.execute(sql, bounds)
        for key, group in groupby(found, key=lambda row: row[1:]):
            name = Lidvid(Lid(key[0]), key[1], key[2]) if len(key) == 3 else key[0]
            yield name, BitMap([row[0] for row in group])

    def _columns(self, column: str, test: str) -> Iterator[Step]:
        start = self._start
        where = "IS NOT NULL" if start is None else f"{self._sign} ?"
        sql = (
            f"SELECT {column}, id FROM product WHERE {column} {where} {test}"  # noqa: S608  # fixed texts
            f" ORDER BY {column} {self._end}"
        )
        bounds = () if start is None else (start,)
        found = self._snapshot.connection.execute(sql, bounds)
        for key, group in groupby(found, key=itemgetter(0)):
            yield key, BitMap([product for _, product in group])

    def _values(self) -> Iterator[Step]:
        """Numbers, then times, then text: `Value` sorts so."""
        number = self._snapshot.name(self._space, self._field)
        kinds = list(Kind) if self._end == "ASC" else list(reversed(Kind))
        start = self._start
        for kind in kinds:
            where = ""
            bounds: tuple[Any, ...] = ()
            if isinstance(start, Value):
                if kind is not start.kind and (kind > start.kind) is (self._end == "DESC"):
                    continue
                if kind is start.kind:
                    where, bounds = (
                        f"AND (word.number, word.text) {self._sign} (?, ?)",
                        (start.number, start.text),
                    )
            sql = (
                f"SELECT word.number, word.text, posting.bits FROM word {_POSTINGS}"  # noqa: S608  # fixed texts
                f" WHERE word.name = ? AND word.kind = {kind.value} {where}"
                f" ORDER BY word.number {self._end}, word.text {self._end}"
            )
            found = self._snapshot.connection.execute(sql, (number, *bounds))
            for key, group in groupby(found, key=itemgetter(0, 1)):
                yield Value(kind, key[0], key[1]), union(bits for *_, bits in group)

    def _states(self) -> Iterator[Step]:
        released = self._snapshot.word("set", "released", "")
        states = [
            (read_value(archive_status(Lifecycle.RELEASED)), released),
            (
                read_value(archive_status(Lifecycle.NOT_REVIEWED)),
                everything(self._snapshot) - released,
            ),
        ]
        states.sort(key=itemgetter(0), reverse=self._end == "DESC")
        for value, products in states:
            before = self._start is not None and (
                value > self._start if self._end == "DESC" else value < self._start  # type: ignore[operator]  # a Value
            )
            if not before:
                yield value, products
