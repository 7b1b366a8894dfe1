"""A question to the catalogue, as a value: it can be logged, sent to a peer, narrowed.

Every member narrows; the empty query is everything in its scope, newest versions only.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Scope

FACETS = (
    "mission",
    "host",
    "instrument",
    "target",
    "level",
    "class",
    "collection",
    "authority",
    "section",
    "year",
    "simulated",
)
"""Facets, each a set of words per product. ``class`` is the label's root element, ``level`` the
processing level, ``year`` each UTC year the observation touches, ``authority`` the first
three parts of the LID, ``section`` that of the programme of cooperation, ``collection`` the LID's
parent (bundles have none), ``simulated`` is ``yes`` on simulated products and absent otherwise."""


class Op(StrEnum):
    """Comparison of a label property with a value."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    LIKE = "like"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A property of the label compared with a value.

    ``field`` is a name of `perilune.catalogue.fields.FIELDS` or a label property
    ``ns:Class.ns:attribute``. A product matches where any of its values does (NE: where none is
    equal). Numbers compare as numbers, times as times, other text by code point. LIKE takes
    ``*`` for any run and ``?`` for one character, without regard to case.
    """

    field: str
    op: Op
    value: str | float


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the terms."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Everything (in scope) but the term."""

    term: "Condition"


Condition = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class Cap:
    """A site: all within ``radius_km`` of a place on a body, along the surface."""

    lon: float
    lat: float
    radius_km: float
    body: str = "Moon"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order. ``accessioned`` is the default; ties are broken by it, so order is total.

    ``field`` is one of ``accessioned``, ``lid``, ``title``, ``start``, ``bytes``, or a field or
    label property, of which the first value counts.
    """

    field: str = "accessioned"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Members of, or those that have as member, one product version.

    ``direction`` "members": what the collection's inventory or the bundle's label lists;
    "member-of": the collections or bundles that list it. ``depth`` 2 is the members' members.
    """

    of: Lidvid
    direction: Literal["members", "member-of"]
    depth: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order: the sort values of the last product seen, and its index."""

    values: tuple[str | float | None, ...]
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question."""

    scope: Scope = "public"
    text: str = ""
    """Words that must all occur in title, identifier, description, keywords or context names; a
    word may end in ``*``."""
    where: Condition | None = None
    facets: tuple[tuple[str, frozenset[str]], ...] = ()
    """Facet and the words allowed: any of the words of one facet, all of the facets."""
    id: Lid | Lidvid | None = None
    site: Cap | None = None
    after: datetime | None = None
    """Observation ends at or after this instant (UTC, aware)."""
    before: datetime | None = None
    """Observation begins at or before this instant."""
    family: Family | None = None
    versions: Literal["latest", "all"] = "latest"
    """``latest``: for each LID the highest version *that the scope may see*."""
    sort: tuple[Sort, ...] = (Sort(),)
    cursor: Cursor | None = None
    limit: int = 100
    """Hits on this page; 0 asks for the total and the facets alone."""
    count: tuple[str, ...] = ()
    """Facets to count. A facet that is also filtered by is counted as if it were not, so that
    the words beside those chosen keep their numbers."""
