"""The orders in which products come: total, stable, and resumed from the last product seen.

Missing values come last in either direction. Products that tie on every value come in the order
of their accession, against it where the last sort descends. `accessioned` never ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from perilune.catalogue.fields import HARVESTED, check_sort, values
from perilune.catalogue.query import Cursor, Query, Sort
from perilune.catalogue.values import Kind, Value, read_value
from perilune.errors import BadQuestion, MalformedIdentifier
from perilune.model.identifier import Lidvid
from perilune.model.product import Holding
from perilune.model.reading import time_text

Rank = Value | Lidvid | str | float
"""Something to compare; always of one type for one field."""


def is_accession(field: str) -> bool:
    """Whether ``field`` is the time of accession, by either of its names."""
    return field in ("accessioned", HARVESTED)


def orders(query: Query) -> tuple[Sort, ...]:
    """The sorts of ``query``, at least one; raise `BadQuestion` for a field that does not exist."""
    for sort in query.sort:
        check_sort(sort.field)
    return query.sort or (Sort(),)


def sort_value(holding: Holding, field: str) -> str | float | None:
    """What a cursor keeps of ``holding``; a property's first value counts."""
    match field:
        case "accessioned":
            return time_text(holding.accessioned)
        case "bytes":
            return holding.manifest.total_bytes
        case "start":
            time = holding.product.time
            return None if time is None or time.start is None else instant_text(time.start)
        case _:
            return next(iter(values(holding, field)), None)


def instant_text(moment: datetime) -> str:
    """An instant in UTC, written so that text sorts as time does, also before the year 1000."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def rank(field: str, value: str | float) -> Rank:
    """What to compare for ``value``; raise `BadQuestion` where it is no value of the field."""
    if (field == "bytes") is isinstance(value, str):
        raise BadQuestion(f"no place in the order of {field}: {value!r}")
    if not isinstance(value, str) or field in ("lid", "title"):
        return value
    if field == "lidvid":
        try:
            return Lidvid.parse(value)
        except MalformedIdentifier as error:
            raise BadQuestion(f"no place in the order of {field}: {value!r}") from error
    found = read_value(value)
    if (field == "start" or is_accession(field)) and found.kind is not Kind.TIME:
        raise BadQuestion(f"no place in the order of {field}: {value!r}")
    return found.number if field == "start" or is_accession(field) else found


def place(holding: Holding, sorts: Sequence[Sort]) -> Cursor:
    """Where ``holding`` stands in the order."""
    return Cursor(tuple(sort_value(holding, sort.field) for sort in sorts), holding.index)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in an order, ready to be compared with others of the same order."""

    ranks: tuple[Rank | None, ...]
    index: int


def ranked(cursor: Cursor, sorts: Sequence[Sort]) -> Ranked:
    """The place that ``cursor`` names; raise `BadQuestion` where it is one of another order."""
    if len(cursor.values) != len(sorts):
        raise BadQuestion(f"a place in this order has {len(sorts)} values")
    ranks = (
        None if value is None else rank(sort.field, value)
        for value, sort in zip(cursor.values, sorts, strict=True)
    )
    return Ranked(tuple(ranks), cursor.index)


def compare(left: Ranked, right: Ranked, sorts: Sequence[Sort]) -> int:
    """Negative where ``left`` comes before ``right``, positive where after, 0 at the same place."""
    for mine, other, sort in zip(left.ranks, right.ranks, sorts, strict=True):
        if mine is None or other is None:
            sign = (mine is None) - (other is None)
        else:
            sign = _compare(mine, other) * (-1 if sort.descending else 1)
        if sign or is_accession(sort.field):
            return sign
    tie = (left.index > right.index) - (left.index < right.index)
    return -tie if sorts[-1].descending else tie


def _compare(mine: Rank, other: Rank) -> int:
    return (mine > other) - (mine < other)  # type: ignore[operator]  # always of one type
