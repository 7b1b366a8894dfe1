"""A catalogue that forgets: a list, and every question answered by looking at all of it.

Obviously right rather than fast: what the other catalogues are compared with.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cmp_to_key
from typing import assert_never

from perilune.catalogue.fields import values
from perilune.catalogue.order import Ranked, compare, orders, place, ranked
from perilune.catalogue.port import Fixity, Page, Projection, Recorded
from perilune.catalogue.query import And, Cap, Comparison, Condition, Family, Not, Or, Query
from perilune.catalogue.question import angle_of, body_name, check
from perilune.catalogue.values import Kind, ValueType, matches, property_type, read_value
from perilune.catalogue.words import (
    FACET_WORDS,
    Phrase,
    most_frequent_first,
    phrases,
    searchable,
)
from perilune.errors import NotFound
from perilune.model.act import document
from perilune.model.identifier import Lid, Lidvid
from perilune.model.ordered import ErratumAct, warrant_of
from perilune.model.product import Erratum, Holding, Lifecycle, Releasability, Scope
from perilune.moon.sphere import meets_cap


class MemoryCatalogue:
    """Holdings in the order of the log."""

    def __init__(self) -> None:
        self._holdings: list[Holding] = []
        self._released: set[str] = set()
        self._cleared: dict[Lidvid, Releasability] = {}
        self._withdrawn: set[Lidvid] = set()
        self._fixity: Fixity | None = None
        self._recorded: list[Recorded] = []
        self._applied = 0

    @property
    def applied(self) -> int:
        """How many entries of the log are folded in."""
        return self._applied

    def apply(self, change: Projection) -> None:
        """Fold in a run of log entries."""
        ids = {holding.product.id for holding in self._holdings}
        for holding in sorted(change.added, key=lambda holding: holding.index):
            if holding.product.id not in ids:
                ids.add(holding.product.id)
                self._holdings.append(holding)
        self._holdings.sort(key=lambda holding: holding.index)
        self._released.update(change.released)
        for name, to in change.cleared:
            self._cleared[name] = max(to, self._cleared.get(name, to), key=lambda one: one.reach)
        self._withdrawn.update(change.withdrawn)
        self._recorded += change.recorded
        seals, opened = dict(change.sealed), set(change.opened)
        self._holdings = [self._advanced(each, seals, opened) for each in self._holdings]
        if change.fixity is not None:
            self._fixity = change.fixity
        self._applied = change.applied

    def get(self, id: Lidvid, scope: Scope) -> Holding:
        """Raise `NotFound` if there is no such version, or none the scope may see."""
        for holding in self._visible(scope):
            if holding.product.id == id:
                return holding
        raise NotFound(str(id))

    def latest(self, lid: Lid, scope: Scope) -> Holding:
        """The highest version that the scope may see; raise `NotFound` if there is none."""
        found = [holding for holding in self._visible(scope) if holding.product.id.lid == lid]
        if not found:
            raise NotFound(lid.text)
        return max(found, key=lambda holding: holding.product.id)

    def held(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Holding]:
        """Those of ``ids`` that are held, withdrawn or not, whoever may see them."""
        wanted = set(ids)
        found = (holding for holding in self._holdings if holding.product.id in wanted)
        return {holding.product.id: holding for holding in found}

    def for_partners(self) -> Iterator[Holding]:
        """What this node published, and cleared for partners and for nobody else, by act."""
        for one in self._holdings:
            if one.releasability is Releasability.PARTNER and not one.origin:
                yield one

    def embargoed(self) -> Iterator[Holding]:
        """Every holding under embargo, in the order of the log."""
        yield from (holding for holding in self._holdings if holding.embargo is not None)

    def search(self, query: Query) -> Page:
        """Raise `BadQuestion` for a field, facet or order that does not exist."""
        check(query)
        sorts = orders(query)
        found = [holding for holding in self._narrowed(query) if _has_facets(holding, query, "")]

        def at(one: Holding) -> Ranked:
            return ranked(place(one, sorts), sorts)

        def by_place(left: Holding, right: Holding) -> int:
            return compare(at(left), at(right), sorts)

        rest = sorted(found, key=cmp_to_key(by_place))
        if query.cursor is not None:
            seen = ranked(query.cursor, sorts)
            rest = [one for one in rest if compare(at(one), seen, sorts) > 0]
        hits = tuple(rest[: query.limit])
        more = place(hits[-1], sorts) if hits and len(rest) > len(hits) else None
        return Page(hits, len(found), more, self._counted(query))

    def properties(self, scope: Scope) -> Mapping[str, ValueType]:
        """Every label property that occurs, sorted, with its type."""
        kinds: dict[str, set[Kind]] = {}
        for holding in self._visible(scope):
            for name, found in holding.product.properties:
                kinds.setdefault(name, set()).update(read_value(value).kind for value in found)
        return {name: property_type(kinds[name]) for name in sorted(kinds) if kinds[name]}

    def recorded(
        self, kinds: Collection[str] = (), *, order: str = "", of: Lidvid | None = None
    ) -> Iterator[Recorded]:
        """Recorded acts in the order of the log: of these kinds, by this order, of this product."""
        for each in self._recorded:
            if kinds and document(each.act)["act"] not in kinds:
                continue
            if order and warrant_of(each.act).order != order:
                continue
            if of is None or getattr(each.act, "lidvid", None) == of:
                yield each

    def newest_recorded(
        self, limit: int, *, before: int | None = None, hidden: bool
    ) -> Sequence[Recorded]:
        """The newest recorded acts, newest first, of entries below ``before`` if it is given."""
        found = [
            each
            for each in reversed(self._recorded)
            if (each.is_open or hidden) and (before is None or each.index < before)
        ]
        return found[:limit]

    def fixity(self) -> Fixity | None:
        """The newest fixity act; None before the first."""
        return self._fixity

    def objects(self, scope: Scope) -> Iterator[tuple[str, int]]:
        """Name and size of every object that a visible holding refers to, each once."""
        found: dict[str, int] = {}
        for holding in self._visible(scope):
            if scope == "public" and not holding.is_public:
                continue
            found[holding.manifest.sha256] = len(holding.manifest.encode())
            found.update((entry.sha256, entry.size) for entry in holding.manifest.files)
        yield from sorted(found.items())

    def dump(self) -> Iterator[str]:
        """Every row, in an order that depends on nothing but content."""
        yield f"applied {self._applied}"
        yield f"fixity {self._fixity}"
        yield from (f"released {delivery}" for delivery in sorted(self._released))
        yield from (f"cleared {name} {self._cleared[name]}" for name in sorted(self._cleared))
        yield from (f"withdrawn {name}" for name in sorted(self._withdrawn))
        yield from (f"holding {holding}" for holding in self._holdings)
        yield from (f"recorded {each}" for each in self._recorded)

    def changed(self) -> Iterator[str]:
        """Nothing: it has no bytes of its own on a disk."""
        yield from ()

    def close(self) -> None:
        """Nothing is held."""

    def _advanced(self, holding: Holding, seals: dict[int, int], opened: set[int]) -> Holding:
        """``holding`` after a run that sealed and opened these, and all that was said before."""
        if holding.index in seals:
            holding = replace(holding, seal=seals[holding.index])
        if holding.index in opened:
            holding = replace(holding, embargo=None, lifecycle=Lifecycle.RELEASED)
        if holding.delivery in self._released:
            holding = replace(holding, lifecycle=Lifecycle.RELEASED)
        name, had = holding.product.id, holding.releasability
        return replace(
            holding,
            releasability=max(had, self._cleared.get(name, had), key=lambda one: one.reach),
            withdrawn=name in self._withdrawn,
            errata=tuple(
                Erratum(each.act.t, each.act.text)
                for each in self._recorded
                if isinstance(each.act, ErratumAct) and each.act.lidvid == name
            ),
        )

    def _visible(self, scope: Scope) -> list[Holding]:
        return [one for one in self._holdings if one.standing.is_listed_for(scope)]

    def _newest(self, scope: Scope) -> set[Lidvid]:
        found: dict[Lid, Lidvid] = {}
        for holding in self._visible(scope):
            version = holding.product.id
            found[version.lid] = max(version, found.get(version.lid, version))
        return set(found.values())

    def _narrowed(self, query: Query) -> list[Holding]:
        """All that matches but for the facets."""
        tests: list[Callable[[Holding], bool]] = []
        if query.versions == "latest":
            newest = self._newest(query.scope)
            tests.append(lambda one: one.product.id in newest)
        if query.id is not None:
            tests.append(lambda one: query.id in (one.product.id, one.product.id.lid))
        if (condition := query.where) is not None:
            tests.append(lambda one: _meets(one, condition))
        if (site := query.site) is not None:
            tests.append(_at(site))
        if (family := query.family) is not None:
            relatives = self._relatives(family, query)
            tests.append(lambda one: one.product.id in relatives)
        tests += [_says(phrase) for phrase in phrases(query.text)]
        if (after := query.after) is not None:
            tests.append(lambda one: (end := _end(one)) is not None and end >= after)
        if (before := query.before) is not None:
            tests.append(lambda one: (begin := _begin(one)) is not None and begin <= before)
        return [one for one in self._visible(query.scope) if all(test(one) for test in tests)]

    def _counted(self, query: Query) -> dict[str, dict[str, int]]:
        narrowed = self._narrowed(query) if query.count else []
        counted: dict[str, dict[str, int]] = {}
        for facet in query.count:
            counts = Counter(
                word
                for one in narrowed
                if _has_facets(one, query, facet)
                for word in FACET_WORDS[facet](one.product)
            )
            counted[facet] = most_frequent_first(counts)
        return counted

    def _relatives(self, family: Family, query: Query) -> set[Lidvid]:
        found = {family.of}
        step = self._members if family.direction == "members" else self._owners
        for _ in range(family.depth):
            found = step(found, query)
        return found

    def _members(self, of: set[Lidvid], query: Query) -> set[Lidvid]:
        visible = self._visible(query.scope)
        newest = self._newest(query.scope)
        targets = {
            member.target
            for one in visible
            if one.product.id in of
            for member in one.product.members
        }
        return {
            name
            for name in (one.product.id for one in visible)
            if name in targets
            or (name.lid in targets and (query.versions == "all" or name in newest))
        }

    def _owners(self, of: set[Lidvid], query: Query) -> set[Lidvid]:
        visible = {one.product.id: one for one in self._visible(query.scope)}
        named = {name for one in of if one in visible for name in (one, one.lid)}
        return {
            name
            for name, one in visible.items()
            if any(member.target in named for member in one.product.members)
        }


def _has_facets(holding: Holding, query: Query, but: str) -> bool:
    return all(
        not words.isdisjoint(FACET_WORDS[facet](holding.product))
        for facet, words in query.facets
        if facet != but
    )


def _meets(holding: Holding, condition: Condition) -> bool:
    match condition:
        case Comparison():
            return matches(condition, values(holding, condition.field))
        case And(terms):
            return all(_meets(holding, term) for term in terms)
        case Or(terms):
            return any(_meets(holding, term) for term in terms)
        case Not(term):
            return not _meets(holding, term)
        case _:
            assert_never(condition)


def _at(site: Cap) -> Callable[[Holding], bool]:
    angle, body = angle_of(site), body_name(site.body)

    def lies_there(holding: Holding) -> bool:
        return any(
            body_name(print_.body) == body and meets_cap(print_.shape, site.lon, site.lat, angle)
            for print_ in holding.product.footprints
        )

    return lies_there


def _says(phrase: Phrase) -> Callable[[Holding], bool]:
    *firm, last = phrase.words
    length = len(phrase.words)

    def occurs(text: list[str]) -> bool:
        for start in range(len(text) - length + 1):
            *head, tail = text[start : start + length]
            if head == firm and (tail == last or (phrase.is_open and tail.startswith(last))):
                return True
        return False

    return lambda holding: any(occurs(text) for text in searchable(holding.product))


def _begin(holding: Holding) -> datetime | None:
    time = holding.product.time
    return None if time is None else time.start or time.stop


def _end(holding: Holding) -> datetime | None:
    time = holding.product.time
    return None if time is None else time.stop or time.start
