"""A question turned into the set of products that answer it."""

from math import cos, pi
from typing import Any

from pyroaring import BitMap

from perilune.catalogue.query import Cap, Family, Op, Query
from perilune.catalogue.question import angle_of, body_name
from perilune.catalogue.sqlite.conditions import everything, in_span, meeting
from perilune.catalogue.sqlite.document import decode_outline, decode_shape
from perilune.catalogue.sqlite.sets import Snapshot
from perilune.catalogue.words import Phrase, most_frequent_first, phrases
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Scope
from perilune.model.timespan import microseconds
from perilune.moon.ring import unit_vector
from perilune.moon.sphere import cap_box, meets_cap, outlines_near

_MARGIN = 1e-9
_FOOTPRINTS = """
SELECT product,
  CASE WHEN min(? * x0, ? * x1) + min(? * y0, ? * y1) + min(? * z0, ? * z1) > ?
    THEN NULL ELSE shape END,
  x0 <= ? AND x1 >= ? AND y0 <= ? AND y1 >= ? AND z0 <= ? AND z1 >= ?
FROM footprint
WHERE x1 >= ? AND x0 <= ? AND y1 >= ? AND y0 <= ? AND z1 >= ? AND z0 <= ? AND body = ?
"""
"""Products whose box meets a box: with the shape where the box is not all within a cap, and
whether the box holds the middle of the cap."""


class Answer:
    """What matches a question, and how it divides among the words of facets."""

    def __init__(self, query: Query, snapshot: Snapshot) -> None:
        self._query = query
        self._snapshot = snapshot
        self._narrowed = _narrowed(query, snapshot)
        self._filters = [(facet, self._having(facet, words)) for facet, words in query.facets]
        self.products = self._filtered("")

    def counts(self, facet: str) -> dict[str, int]:
        """Word to number of products, as if nothing were filtered by this facet."""
        products = self._filtered(facet)
        if not products:
            return {}
        words = self._snapshot.words("facet", facet)
        return most_frequent_first(
            {
                text: products.intersection_cardinality(self._snapshot.posting(word))
                for text, word in words
            }
        )

    def _having(self, facet: str, words: frozenset[str]) -> BitMap:
        snapshot = self._snapshot
        return BitMap().union(*(snapshot.word("facet", facet, word) for word in words))

    def _filtered(self, but: str) -> BitMap:
        products = self._narrowed
        for facet, having in self._filters:
            if facet != but:
                products = products & having
        return products


def visible(scope: Scope, snapshot: Snapshot) -> BitMap:
    """All that the scope may see."""
    match scope:
        case "kept":
            return everything(snapshot)
        case "own":
            return everything(snapshot) - snapshot.word("set", "withdrawn", "")
        case _:
            return snapshot.word("set", scope, "")


def newest(scope: Scope, snapshot: Snapshot) -> BitMap:
    """Of each LID the highest version that the scope may see."""
    return snapshot.word("set", f"latest {scope}", "")


def _narrowed(query: Query, snapshot: Snapshot) -> BitMap:
    """All that matches but for the facets, most selective part first."""
    products = visible(query.scope, snapshot)
    if query.versions == "latest":
        products = newest(query.scope, snapshot)
    if query.id is not None:
        products = products & _named(query.id, snapshot)
    if query.family is not None:
        products = products & _relatives(query.family, query, snapshot)
    if query.site is not None:
        products = products & _at(query.site, snapshot)
    for phrase in phrases(query.text):
        products = products & _saying(phrase, snapshot)
    if query.after is not None:
        products = products & in_span(snapshot, "end", Op.GE, microseconds(query.after))
    if query.before is not None:
        products = products & in_span(snapshot, "begin", Op.LE, microseconds(query.before))
    if query.where is not None:
        products = products & meeting(query.where, snapshot)
    return products


def _ids(snapshot: Snapshot, sql: str, *values: Any) -> BitMap:
    return BitMap([product for (product,) in snapshot.connection.execute(sql, values)])


def _named(name: Lid | Lidvid, snapshot: Snapshot) -> BitMap:
    if isinstance(name, Lid):
        return _ids(snapshot, "SELECT id FROM product WHERE lid = ?", name.text)
    sql = "SELECT id FROM product WHERE lid = ? AND major = ? AND minor = ?"
    return _ids(snapshot, sql, name.lid.text, name.major, name.minor)


def _saying(phrase: Phrase, snapshot: Snapshot) -> BitMap:
    # only letters and digits can be in a word, so that nothing in it is an operator of FTS5
    asked = '"' + " ".join(phrase.words) + '"' + ("*" if phrase.is_open else "")
    sql = "SELECT rowid FROM words WHERE words MATCH ?"
    return snapshot.derived(phrase, lambda: _ids(snapshot, sql, asked))


def _at(site: Cap, snapshot: Snapshot) -> BitMap:
    return snapshot.derived(site, lambda: _meeting_cap(site, snapshot))


def _meeting_cap(site: Cap, snapshot: Snapshot) -> BitMap:
    """Products with a footprint that meets ``site``.

    The box of a footprint often decides: all of it is nearer than the radius, or none of it. Of
    the others, along the rim of the site, the outlines are looked at together, and only those are
    left that may hold all of the site.
    """
    angle, body = angle_of(site), body_name(site.body)
    x, y, z = unit_vector(site.lon, site.lat)
    reach = cos(min(pi, angle))
    found = BitMap()
    middle = (x, x, y, y, z, z)
    values = (*middle, reach + _MARGIN, *middle, *cap_box(site.lon, site.lat, angle), body)
    rings: list[list[float]] = []
    owners: list[int] = []
    left: list[tuple[int, str]] = []
    for product, shape, may_hold in snapshot.connection.execute(_FOOTPRINTS, values):
        if shape is None:
            found.add(product)
            continue
        outline = decode_outline(shape)
        rings += outline
        owners += [product] * len(outline)
        if may_hold or not outline:
            left.append((product, shape))
    near = outlines_near(rings, site.lon, site.lat, angle)
    found |= BitMap([product for product, is_near in zip(owners, near, strict=True) if is_near])
    for product, shape in left:
        if product not in found and meets_cap(decode_shape(shape), site.lon, site.lat, angle):
            found.add(product)
    return found


def _relatives(family: Family, query: Query, snapshot: Snapshot) -> BitMap:
    key = (family, query.scope, query.versions)
    return snapshot.derived(key, lambda: _followed(family, query, snapshot))


def _followed(family: Family, query: Query, snapshot: Snapshot) -> BitMap:
    seen = visible(query.scope, snapshot)
    found = _named(family.of, snapshot)
    for _ in range(family.depth):
        if family.direction == "members":
            found = _members(found & seen, query, snapshot)
        else:
            found = _owners(found & seen, snapshot)
    return found & seen


def _members(owners: BitMap, query: Query, snapshot: Snapshot) -> BitMap:
    exactly = "SELECT product.id FROM member JOIN product USING (lid, major, minor) WHERE owner = ?"
    by_name = (
        "SELECT product.id FROM member JOIN product ON product.lid = member.lid"
        " WHERE owner = ? AND member.major = 0"
    )
    found = BitMap()
    for owner in owners:
        named = _ids(snapshot, by_name, owner)
        if query.versions == "latest":
            named &= newest(query.scope, snapshot)
        found = found | named | _ids(snapshot, exactly, owner)
    return found


def _owners(members: BitMap, snapshot: Snapshot) -> BitMap:
    sql = (
        "SELECT owner FROM product JOIN member ON member.lid = product.lid AND (member.major = 0"
        " OR (member.major = product.major AND member.minor = product.minor))"
        " WHERE product.id = ?"
    )
    return BitMap().union(*(_ids(snapshot, sql, member) for member in members))
