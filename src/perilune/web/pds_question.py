"""The parameters of the PDS Search API, read into a `Query`.

Source: NASA-PDS/pds-api, specification 1.6.0. Lists come repeated or with commas. Added here, and
changing nothing for who does not use them: descending order (``-field`` or ``field desc``),
``cone`` (``lon,lat,radius_km``) and ``time`` (``start/stop``). ``keywords`` and ``q`` narrow
together.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from perilune.catalogue.fields import HARVESTED
from perilune.catalogue.pds_query import parse_q
from perilune.catalogue.query import Cap, Cursor, Query, Sort
from perilune.errors import BadQuestion
from perilune.model.timespan import read_utc

MAX_LIMIT = 5000
DEFAULT_LIMIT = 100
DEFAULT_FACET_LIMIT = 10

FACET_OF = {
    "product_class": "class",
    "pds:Investigation_Area.pds:name": "mission",
    "pds:Target_Identification.pds:name": "target",
    "pds:Primary_Result_Summary.pds:processing_level": "level",
}
"""Properties that are counted as facets; the names of the facets themselves are taken too."""

_SORT = {HARVESTED: "accessioned", "lidvid": "lid"}
_HARVEST = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_AFTER_ALL = "9999-12-31T23:59:59.999999Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The parameters as they came."""

    q: str = ""
    keywords: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    search_after: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT
    facet_fields: tuple[str, ...] = ()
    facet_limit: int = DEFAULT_FACET_LIMIT
    cone: str = ""
    time: str = ""


def listed(values: Sequence[str] | None) -> tuple[str, ...]:
    """The members of a list parameter, repeated or parted by commas."""
    parts = (part.strip() for value in values or () for part in value.split(","))
    return tuple(part for part in parts if part)


def property_name(text: str) -> str:
    """A property in our spelling; the registry's own writes a slash for the middle dot."""
    return text.replace("/", ".")


def question(wishes: Wishes) -> Query:
    """The query that ``wishes`` ask for; raise `BadQuestion` where one cannot be read."""
    sort = _sorts(wishes.sort)
    after, before = _times(wishes.time)
    return Query(
        text=" ".join(wishes.keywords),
        where=parse_q(wishes.q) if wishes.q.strip() else None,
        site=_cap(wishes.cone),
        after=after,
        before=before,
        sort=sort,
        cursor=_cursor(wishes.search_after, sort),
        limit=min(wishes.limit, MAX_LIMIT),
        count=tuple(dict.fromkeys(FACET_OF.get(name, name) for name in wishes.facet_fields)),
    )


def sort_text(sort: Sort) -> str:
    """A sort as the API writes it."""
    name = HARVESTED if sort.field == "accessioned" else sort.field
    return f"-{name}" if sort.descending else name


def cursor_text(value: str | float | None) -> str:
    """A value of ``search-after``; a missing one is empty."""
    return "" if value is None else str(value)


def _sorts(texts: Sequence[str]) -> tuple[Sort, ...]:
    """Orders down to one that is total: harvest time comes last and nothing after it."""
    made: list[Sort] = []
    for text in texts:
        made.append(_sort(text))
        if made[-1].field == "accessioned":
            return tuple(made)
    return (*made, Sort("accessioned"))


def _sort(text: str) -> Sort:
    name, _, direction = text.strip().partition(" ")
    if direction.lower() not in ("", "asc", "desc"):
        raise BadQuestion(f"sort takes a field, then asc or desc: {text!r}")
    descending = name.startswith("-") or direction.lower() == "desc"
    field = property_name(name.lstrip("-+"))
    return Sort(_SORT.get(field, field), descending)


def _cursor(texts: Sequence[str], sort: Sequence[Sort]) -> Cursor | None:
    if not texts:
        return None
    values = _parted(texts, len(sort))
    if len(values) == len(sort) - 1:
        values = (*values, _AFTER_ALL)
    if len(values) != len(sort):
        raise BadQuestion(f"search-after has {len(values)} values for {len(sort)} sort fields")
    pairs = zip(sort, values, strict=True)
    return Cursor(tuple(_cursor_value(one.field, value) for one, value in pairs), 0)


def _cursor_value(field: str, text: str) -> str | float | None:
    if not text:
        return None
    try:
        return int(text) if field == "bytes" else text
    except ValueError as error:
        raise BadQuestion(f"search-after: no number of bytes: {text!r}") from error


def _parted(texts: Sequence[str], wanted: int) -> tuple[str, ...]:
    """The values, taken apart at commas only where that gives a number that fits."""
    if len(texts) > 1:
        return tuple(texts)
    pieces = tuple(texts[0].split(","))
    if len(pieces) in (wanted - 1, wanted):
        return pieces
    head, comma, tail = texts[0].rpartition(",")
    if comma and wanted == 2 and _HARVEST.fullmatch(tail):
        return head, tail
    return tuple(texts)


def _cap(text: str) -> Cap | None:
    if not text:
        return None
    try:
        lon, lat, radius_km = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadQuestion(f"cone takes lon,lat,radius_km in degrees and km: {text!r}") from error
    if not all(map(math.isfinite, (lon, lat, radius_km))):
        raise BadQuestion(f"cone takes finite numbers: {text!r}")
    if not (-360 <= lon <= 360 and -90 <= lat <= 90 and radius_km >= 0):
        raise BadQuestion(f"cone lies outside -360..360, -90..90 or has no radius: {text!r}")
    return Cap(lon, lat, radius_km)


def _times(text: str) -> tuple[datetime | None, datetime | None]:
    if not text:
        return None, None
    first, slash, last = text.partition("/")
    try:
        after = None if first in ("", "..") else read_utc(first)[0]
        if not slash:
            last = first
        if last in ("", ".."):
            return after, None
        moment, precision = read_utc(last)
        return after, moment + timedelta(seconds=precision) - timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise BadQuestion(f"time takes start/stop, either may be ..: {error}") from error
