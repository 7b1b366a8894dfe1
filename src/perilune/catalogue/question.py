"""Whether a question can be answered at all: told before any catalogue looks at a product.

So a question that cannot be read is refused by every catalogue alike, also by an empty one, and
the refusal tells nothing of what is held.
"""

from typing import assert_never

from perilune.catalogue.fields import check as check_field
from perilune.catalogue.order import orders, ranked
from perilune.catalogue.query import FACETS, And, Cap, Comparison, Condition, Not, Or, Query
from perilune.catalogue.values import operand
from perilune.errors import BadQuestion
from perilune.moon.bodies import find_body, radius_m

DEEPEST = 32
"""How deep conditions may be nested."""
_MOST_COMPARISONS = 1_000
_LONGEST_TEXT = 1_000


def check(query: Query) -> None:
    """Raise `BadQuestion` where ``query`` names what does not exist or asks for too much."""
    sorts = orders(query)
    if query.cursor is not None:
        ranked(query.cursor, sorts)
    for facet in (*query.count, *(facet for facet, _ in query.facets)):
        if facet not in FACETS:
            raise BadQuestion(f"no such facet: {facet[:200]!r}")
    if query.where is not None and _comparisons(query.where, DEEPEST) > _MOST_COMPARISONS:
        raise BadQuestion(f"more than {_MOST_COMPARISONS} comparisons")
    if query.site is not None:
        angle_of(query.site)
    if query.limit < 0:
        raise BadQuestion(f"a page of {query.limit} products")
    if len(query.text) > _LONGEST_TEXT:
        raise BadQuestion(f"text of more than {_LONGEST_TEXT} characters")


def body_name(name: str) -> str:
    """One spelling of the name of a body."""
    body = find_body(name)
    return name.casefold() if body is None else body.name


def angle_of(site: Cap) -> float:
    """The radius of ``site`` in radians; raise `BadQuestion` where there is no such place."""
    radius = radius_m(site.body)
    if radius is None:
        raise BadQuestion(f"no such body: {site.body[:200]!r}")
    if not (-90 <= site.lat <= 90 and -360 <= site.lon <= 360 and 0 <= site.radius_km <= 1e9):
        raise BadQuestion(f"no such place: {site.lat}, {site.lon}, {site.radius_km} km")
    return site.radius_km * 1_000 / radius


def _comparisons(condition: Condition, depth: int) -> int:
    """How many comparisons there are, each of them checked."""
    if depth == 0:
        raise BadQuestion(f"conditions nested more than {DEEPEST} deep")
    match condition:
        case Comparison(field=field):
            check_field(field)
            operand(condition)
            return 1
        case And(terms) | Or(terms):
            return sum(_comparisons(term, depth - 1) for term in terms)
        case Not(term):
            return _comparisons(term, depth - 1)
        case _:
            assert_never(condition)
