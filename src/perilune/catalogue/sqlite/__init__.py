"""A catalogue in one SQLite file: tables of values, and sets of products as bitmaps.

A question becomes a set (`narrow`), the set a page (`paging`), and only the hits of that page are
read as documents (`document`). All of it happens within one transaction, so that hits, total and
facets agree however much is written meanwhile.
"""

import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import apsw

from perilune.catalogue.order import orders, place, ranked
from perilune.catalogue.port import Fixity, Page, Projection, Recorded
from perilune.catalogue.query import Query
from perilune.catalogue.question import check
from perilune.catalogue.sqlite import dump, write
from perilune.catalogue.sqlite.database import Connection, Database, rows
from perilune.catalogue.sqlite.document import decode
from perilune.catalogue.sqlite.gathered import Numbers
from perilune.catalogue.sqlite.narrow import Answer, visible
from perilune.catalogue.sqlite.pages import changed_pages
from perilune.catalogue.sqlite.paging import Order
from perilune.catalogue.sqlite.sets import Cache, Snapshot, union
from perilune.catalogue.values import Kind, ValueType, property_type
from perilune.errors import NotFound
from perilune.model.act import decode as decode_act
from perilune.model.identifier import Lid, Lidvid
from perilune.model.ordered import ErratumAct
from perilune.model.package import Manifest
from perilune.model.product import (
    Embargo,
    Erratum,
    Holding,
    Lifecycle,
    Product,
    Releasability,
    Scope,
)
from perilune.model.timespan import moment_of

_COLUMNS = (
    "SELECT product.id, accessioned, delivery.name, lifecycle, releasability, embargo, release_at,"
    " seal, withdrawn FROM product JOIN delivery ON delivery.id = product.delivery WHERE "
)
_OUT = "withdrawn = 0 AND iif(embargo = '', lifecycle = 'released', embargo = 'closed')"
_FOR_PARTNERS = "releasability = 'partner' AND is_copy = 0"
_SEEN: Mapping[Scope, str] = MappingProxyType(
    {
        "kept": "TRUE",
        "own": "withdrawn = 0",
        "partner": f"{_OUT} AND (releasability = 'public' OR {_FOR_PARTNERS})",
        "public": f"{_OUT} AND releasability = 'public'",
    }
)
_READ: Mapping[Scope, str] = MappingProxyType(
    {
        scope: seen if scope in ("kept", "own") else f"{seen} AND embargo = ''"
        for scope, seen in _SEEN.items()
    }
)
"""Of which products an asker of that scope may have the bytes."""
_OBJECTS = (
    "SELECT DISTINCT sha256, size FROM file JOIN product ON product.id = file.product"
    " WHERE {} ORDER BY sha256"
)
_ERRATA = "SELECT body FROM act WHERE lidvid = ? AND lidvid <> '' AND kind = 'erratum' ORDER BY id"
_MOST_DOCUMENTS_BYTES = 4 << 20


class SqliteCatalogue:
    """The catalogue of a node, in the file ``path``; any number of threads may ask at once."""

    def __init__(self, path: Path) -> None:
        """Open the file, make it where there is none, and bring it to the newest version."""
        self._path = path
        self._database = Database(path)
        self._known = _Known(0)

    @property
    def applied(self) -> int:
        """How many entries of the log are folded in."""
        with self._database.reading() as connection:
            return int(_state(connection, "applied"))

    def apply(self, change: Projection) -> None:
        """Fold in a run of log entries, all or nothing, durable on return."""
        try:
            with self._database.writing() as connection:
                write.apply(connection, change, self._known_of(connection).numbers)
        except BaseException:
            self._known.numbers.forget()
            raise

    def get(self, id: Lidvid, scope: Scope) -> Holding:
        """Raise `NotFound` if there is no such version, or none the scope may see."""
        found = self._named("lid = ? AND major = ? AND minor = ?", scope, _key(id))
        if found is None:
            raise NotFound(str(id))
        return found

    def latest(self, lid: Lid, scope: Scope) -> Holding:
        """The highest version that the scope may see; raise `NotFound` if there is none."""
        found = self._named("lid = ?", scope, (lid.text,))
        if found is None:
            raise NotFound(lid.text)
        return found

    def held(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Holding]:
        """Those of ``ids`` that are held, withdrawn or not, whoever may see them."""
        held: dict[Lidvid, Holding] = {}
        sql = _COLUMNS + "lid = ? AND major = ? AND minor = ?"
        with self._database.reading() as connection:
            for name in ids:
                for row in rows(connection, sql, *_key(name)):
                    held[name] = self._holding(connection, row)
        return held

    def for_partners(self) -> Iterator[Holding]:
        """What this node published, and cleared for partners and for nobody else, by act."""
        sql = f"{_COLUMNS}{_FOR_PARTNERS} ORDER BY product.id"
        with self._database.reading() as connection:
            for row in rows(connection, sql):
                yield self._holding(connection, row)

    def embargoed(self) -> Iterator[Holding]:
        """Every holding under embargo, in the order of the log."""
        sql = f"{_COLUMNS}embargo <> '' ORDER BY product.id"
        with self._database.reading() as connection:
            for row in rows(connection, sql):
                yield self._holding(connection, row)

    def search(self, query: Query) -> Page:
        """Raise `BadQuestion` for a field, facet or order that does not exist."""
        check(query)
        sorts = orders(query)
        with self._database.reading() as connection:
            snapshot = Snapshot(connection, self._known_of(connection).cache)
            answer = Answer(query, snapshot)
            facets = {facet: answer.counts(facet) for facet in query.count}
            if query.limit == 0:
                return Page((), len(answer.products), None, facets)

            def fetch(product: int) -> Holding:
                [row] = rows(connection, _COLUMNS + "product.id = ?", product)
                return self._holding(connection, row)

            seen = None if query.cursor is None else ranked(query.cursor, sorts)
            ids = Order(sorts, snapshot, fetch).ids(answer.products, seen, query.limit)
            with contextlib.closing(ids):  # ends its statements before the transaction ends
                found = list(islice(ids, query.limit + 1))
            hits = tuple(fetch(product) for product in found[: query.limit])
            more = place(hits[-1], sorts) if len(found) > query.limit else None
            return Page(hits, len(answer.products), more, facets)

    def properties(self, scope: Scope) -> Mapping[str, ValueType]:
        """Every label property that occurs, sorted, with its type."""
        sql = (
            "SELECT name.name, text, posting.bits FROM name JOIN word ON word.name = name.id"
            " JOIN posting ON posting.id BETWEEN word.id << 16 AND (word.id << 16) + 65535"
            " WHERE space = 'kind of property' ORDER BY name.name"
        )
        kinds: dict[str, set[Kind]] = {}
        with self._database.reading() as connection:
            seen = visible(scope, Snapshot(connection, self._known_of(connection).cache))
            for name, kind, kept in connection.execute(sql):
                if Kind(int(kind)) not in kinds.get(name, ()) and seen.intersect(union([kept])):
                    kinds.setdefault(name, set()).add(Kind(int(kind)))
        return {name: property_type(kinds[name]) for name in sorted(kinds)}

    def recorded(
        self, kinds: Collection[str] = (), *, order: str = "", of: Lidvid | None = None
    ) -> Iterator[Recorded]:
        """Recorded acts in the order of the log: of these kinds, by this order, of this product."""
        tests, values = ["TRUE"], list[str](kinds)
        if kinds:
            tests.append(f"kind IN ({', '.join('?' * len(kinds))})")
        if order:
            tests.append("ordered = ? AND ordered <> ''")
            values.append(order)
        if of is not None:
            tests.append("lidvid = ? AND lidvid <> ''")
            values.append(str(of))
        sql = f"SELECT id, is_open, body FROM act WHERE {' AND '.join(tests)} ORDER BY id"  # noqa: S608
        with self._database.reading() as connection:
            for row in connection.execute(sql, values):
                yield _recorded(*row)

    def newest_recorded(
        self, limit: int, *, before: int | None = None, hidden: bool
    ) -> Sequence[Recorded]:
        """The newest recorded acts, newest first, of entries below ``before`` if it is given."""
        sql = (
            "SELECT id, is_open, body FROM act WHERE is_open >= ? AND (? IS NULL OR id < ?)"
            " ORDER BY id DESC LIMIT ?"
        )
        with self._database.reading() as connection:
            found = rows(connection, sql, int(not hidden), before, before, limit)
        return [_recorded(*row) for row in found]

    def fixity(self) -> Fixity | None:
        """The newest fixity act; None before the first."""
        with self._database.reading() as connection:
            text = str(_state(connection, "fixity"))
        if not text:
            return None
        kept = json.loads(text)
        at = datetime.fromisoformat(kept["at"])
        return Fixity(at, kept["index"], kept["objects"], kept["bytes"], tuple(kept["damaged"]))

    def objects(self, scope: Scope) -> Iterator[tuple[str, int]]:
        """Name and size of every object that a visible holding refers to, each once."""
        with self._database.reading() as connection:
            for name, size in connection.execute(_OBJECTS.format(_READ[scope])):
                yield name.hex(), size

    def dump(self) -> Iterator[str]:
        """Every row, in an order that depends on nothing but content."""
        with self._database.reading() as connection:
            yield from dump.lines(connection)

    def close(self) -> None:
        """Let go of files and connections."""
        self._database.close()

    def changed(self) -> Iterator[str]:
        """What of its file is not what was written, page by page, in words."""
        for number in changed_pages(self._path):
            yield f"page {number} of {self._path.name} is not what was written"

    def _known_of(self, connection: Connection) -> "_Known":
        """What is remembered of the file that ``connection`` reads."""
        known = self._known
        if known.file < connection.file:
            known = self._known = _Known(connection.file)
        return known if known.file == connection.file else _Known(connection.file)

    def _named(self, test: str, scope: Scope, values: tuple[Any, ...]) -> Holding | None:
        """The newest version that passes ``test``, a fixed text, and that the scope may see."""
        sql = f"{_COLUMNS}{test} AND {_SEEN[scope]} ORDER BY major DESC, minor DESC LIMIT 1"
        with self._database.reading() as connection:
            for row in rows(connection, sql, *values):
                return self._holding(connection, row)
        return None

    def _holding(self, connection: Connection, row: tuple[Any, ...]) -> Holding:
        product, accessioned, delivery, lifecycle, releasability, *rest = row
        embargo, release_at, seal, withdrawn = rest
        made, manifest, origin = self._known_of(connection).documents.get(product, connection)
        return Holding(
            product=made,
            manifest=manifest,
            index=product - 1,
            accessioned=moment_of(accessioned),
            delivery=delivery,
            lifecycle=Lifecycle(lifecycle),
            releasability=Releasability(releasability),
            origin=origin,
            embargo=Embargo(embargo) if embargo else None,
            release_at=None if release_at is None else moment_of(release_at),
            seal=seal,
            withdrawn=bool(withdrawn),
            errata=_errata(body for (body,) in rows(connection, _ERRATA, str(made.id))),
        )


class _Known:
    """What was read of one file before another took its place."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.cache = Cache()
        self.numbers = Numbers()
        self.documents = _Documents()


class _Documents:
    """Documents that were decoded, the least used forgotten first. They never change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Product, Manifest, str, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, product: int, connection: apsw.Connection) -> tuple[Product, Manifest, str]:
        with self._lock:
            if (found := self._kept.get(product)) is not None:
                self._kept.move_to_end(product)
                return found[:3]
        [(body,)] = rows(connection, "SELECT body FROM document WHERE id = ?", product)
        made, manifest, origin = decode(body)
        with self._lock:
            if product not in self._kept and len(body) < _MOST_DOCUMENTS_BYTES:
                self._kept[product] = (made, manifest, origin, len(body))
                self._bytes += len(body)
                while self._bytes > _MOST_DOCUMENTS_BYTES:
                    self._bytes -= self._kept.popitem(last=False)[1][3]
        return made, manifest, origin


def _recorded(index: int, is_open: int, body: bytes) -> Recorded:
    act = decode_act(body)
    assert act is not None
    return Recorded(index, act, bool(is_open))


def _errata(bodies: Iterable[bytes]) -> tuple[Erratum, ...]:
    """The errata of erratum acts."""
    acts = map(decode_act, bodies)
    return tuple(Erratum(each.t, each.text) for each in acts if isinstance(each, ErratumAct))


def _state(connection: apsw.Connection, name: str) -> Any:
    [(value,)] = rows(connection, "SELECT value FROM state WHERE name = ?", name)
    return value


def _key(id: Lidvid) -> tuple[str, int, int]:
    return id.lid.text, id.major, id.minor
