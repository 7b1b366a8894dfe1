"""Folding a run of log entries into the tables, within one transaction of the caller's.

Sets are gathered in memory first and written at the end, so that each block of a set is read and
written once for the whole run, however many products of it the run holds.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import apsw

from perilune.catalogue.fields import ARCHIVE_STATUS, FIELDS, HARVESTED
from perilune.catalogue.port import Fixity, Projection, Recorded
from perilune.catalogue.question import body_name
from perilune.catalogue.sqlite import document
from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.gathered import Gathered, Numbers
from perilune.catalogue.words import FACET_WORDS, searchable
from perilune.errors import WrongUsage
from perilune.model import canonical
from perilune.model.act import document as document_of
from perilune.model.act import encode
from perilune.model.identifier import Lid, Lidvid
from perilune.model.ordered import warrant_of
from perilune.model.product import (
    SCOPES,
    Embargo,
    Holding,
    Lifecycle,
    Member,
    Product,
    Releasability,
    Scope,
    Standing,
)
from perilune.model.reading import time_text
from perilune.model.timespan import microseconds
from perilune.moon.sphere import unit_box

_MOST_PRODUCTS = 1 << 32
_IN_COLUMNS = frozenset({"lid", "lidvid", "title", HARVESTED, ARCHIVE_STATUS})
_INDEXED_FIELDS = {name: field.read for name, field in FIELDS.items() if name not in _IN_COLUMNS}
"""Fields whose values are kept as words; the others are columns of the product or sets."""

_STANDING = "lifecycle, releasability, embargo, withdrawn, is_copy"
"""The columns of which `Holding.standing` is made."""

Property = tuple[str, tuple[str, ...]]


def apply(connection: apsw.Connection, change: Projection, numbers: Numbers) -> None:
    """Fold ``change`` in."""
    run = _Run(connection)
    run.release(change)
    run.settle(change)
    for holding in sorted(change.added, key=lambda holding: holding.index):
        run.add(holding)
    run.seal(change)
    run.open(change)
    run.choose_newest()
    rows(connection, "UPDATE state SET value = value + 1 WHERE name = 'change'")
    rows(connection, "UPDATE state SET value = ? WHERE name = 'applied'", change.applied)
    if change.fixity is not None:
        text = fixity_text(change.fixity)
        rows(connection, "UPDATE state SET value = ? WHERE name = 'fixity'", text)
    run.gathered.write(connection, numbers)
    connection.executemany(
        "INSERT INTO act VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        map(_recorded, change.recorded),
    )


def _recorded(each: Recorded) -> tuple[int, str, int, str, str, bytes]:
    kind = str(document_of(each.act)["act"])
    lidvid = str(getattr(each.act, "lidvid", ""))
    ordered = warrant_of(each.act).order
    return each.index, kind, int(each.is_open), ordered, lidvid, encode(each.act)


def fixity_text(fixity: Fixity) -> str:
    """A fixity act as it is kept."""
    kept: dict[str, canonical.Json] = {
        "at": time_text(fixity.at),
        "index": fixity.index,
        "objects": fixity.objects,
        "bytes": fixity.bytes,
        "damaged": list(fixity.damaged),
    }
    return canonical.encode(kept).decode()


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a LID, as far as it matters which of them is the newest."""

    major: int
    minor: int
    product: int
    seen_by: frozenset[Scope]


class _Run:
    """A run of entries on its way into the tables."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.gathered = Gathered()
        self._connection = connection
        self._versions: dict[str, list[_Version]] = {}
        self._changed: dict[int, tuple[str, Standing]] = {}
        """Product to its LID and to how it stands now."""
        self._standing: dict[str, tuple[Releasability, bool]] = {}
        self._deliveries: dict[str, tuple[int, bool]] = {}

    def release(self, change: Projection) -> None:
        """Number the deliveries, and release what was held before of those released now."""
        names = {holding.delivery for holding in change.added} | set(change.released)
        self._connection.executemany(
            "INSERT INTO delivery (name) VALUES (?) ON CONFLICT DO NOTHING",
            ((name,) for name in sorted(names)),
        )
        sql = "UPDATE delivery SET released = 1 WHERE name = ? AND released = 0 RETURNING id"
        for name in change.released:
            for (delivery,) in rows(self._connection, sql, name):
                self._change(
                    "SET lifecycle = 'released' WHERE delivery = ? AND lifecycle <> 'released'",
                    delivery,
                )
        sql = "SELECT id, released FROM delivery WHERE name = ?"
        for name in names:
            [(delivery, released)] = rows(self._connection, sql, name)
            self._deliveries[name] = (delivery, bool(released))

    def add(self, holding: Holding) -> None:
        """Take ``holding`` in, unless its very version is held already."""
        name, number = holding.product.id, holding.index + 1
        if not 0 < number < _MOST_PRODUCTS:
            raise WrongUsage(f"this catalogue holds no place {holding.index} of a log")
        known = self._known(name.lid.text)
        if any((one.major, one.minor) == (name.major, name.minor) for one in known):
            return
        is_released = (
            self._deliveries[holding.delivery][1] or holding.lifecycle is Lifecycle.RELEASED
        )
        had = holding.releasability
        cleared, withdrawn = self._standing.get(str(name), (had, False))
        holding = replace(
            holding,
            lifecycle=Lifecycle.RELEASED if is_released else holding.lifecycle,
            releasability=max(had, cleared, key=lambda one: one.reach),
            withdrawn=withdrawn,
        )
        known.append(_Version(name.major, name.minor, number, _seen_by(holding.standing)))
        self._insert_product(holding, number)
        self._insert_manifest(holding, number)
        self._insert_description(holding.product, number)
        self._gather(holding, number)
        self.gathered.add("all", number)
        for set_name, is_in in _sets(holding.standing):
            if is_in:
                self.gathered.add(set_name, number)

    def seal(self, change: Projection) -> None:
        """Note the sealed copies of products, those of this run included."""
        self._connection.executemany(
            "UPDATE product SET seal = ? WHERE id = ?",
            ((seal, entry + 1) for entry, seal in change.sealed),
        )

    def open(self, change: Projection) -> None:
        """End the embargo of products, those of this run included."""
        for entry in change.opened:
            self._change(
                "SET embargo = '', lifecycle = 'released' WHERE id = ? AND embargo <> ''", entry + 1
            )

    def choose_newest(self) -> None:
        """Say anew which version of each LID of the run is the newest one, for each scope."""
        for number, (lid, standing) in self._changed.items():
            for set_name, is_in in _sets(standing):
                (self.gathered.add if is_in else self.gathered.remove)(set_name, number)
            self._versions.pop(lid, None)
        for lid, _ in self._changed.values():
            self._known(lid)
        for known in self._versions.values():
            for scope in SCOPES:
                self._choose(scope, known)

    def _choose(self, scope: Scope, known: list[_Version]) -> None:
        seen = (one for one in known if scope in one.seen_by)
        newest = max(seen, key=lambda one: (one.major, one.minor), default=None)
        for one in known:
            if one is newest:
                self.gathered.add(f"latest {scope}", one.product)
            elif len(known) > 1 or one.product in self._changed:
                self.gathered.remove(f"latest {scope}", one.product)

    def settle(self, change: Projection) -> None:
        """Note what is cleared and withdrawn, of what was held before and of what is to come."""
        for name, to in change.cleared:
            self._clear(name, to)
        for name in change.withdrawn:
            rows(
                self._connection,
                "INSERT INTO standing (lidvid, withdrawn) VALUES (?, 1)"
                " ON CONFLICT DO UPDATE SET withdrawn = 1",
                str(name),
            )
            self._change("SET withdrawn = 1 WHERE lid = ? AND major = ? AND minor = ?", *_key(name))
        self._look_up(change)

    def _clear(self, name: Lidvid, to: Releasability) -> None:
        lower = json.dumps([each.value for each in Releasability if each.reach < to.reach])
        rows(
            self._connection,
            "INSERT INTO standing (lidvid, cleared) VALUES (?, ?) ON CONFLICT DO UPDATE"
            " SET cleared = excluded.cleared WHERE cleared IN (SELECT value FROM json_each(?))",
            *(str(name), to.value, lower),
        )
        self._change(
            "SET releasability = ? WHERE lid = ? AND major = ? AND minor = ?"
            " AND releasability IN (SELECT value FROM json_each(?))",
            *(to.value, *_key(name), lower),
        )

    def _change(self, sql: str, *values: str | int) -> None:
        """Update products and remember how they stand now."""
        now = f" RETURNING id, lid, {_STANDING}"
        for number, lid, *standing in rows(self._connection, f"UPDATE product {sql}{now}", *values):
            self._changed[number] = lid, _read_standing(*standing)

    def _look_up(self, change: Projection) -> None:
        """Whatever was said of products before they are added."""
        if not rows(self._connection, "SELECT 1 FROM standing LIMIT 1"):
            return
        names = json.dumps([str(holding.product.id) for holding in change.added])
        sql = "SELECT lidvid, cleared, withdrawn FROM json_each(?) JOIN standing ON lidvid = value"
        for name, cleared, withdrawn in rows(self._connection, sql, names):
            self._standing[name] = Releasability(cleared), bool(withdrawn)

    def _known(self, lid: str) -> list[_Version]:
        """The versions of a LID that are held."""
        known = self._versions.get(lid)
        if known is None:
            found = rows(
                self._connection,
                f"SELECT major, minor, id, {_STANDING} FROM product WHERE lid = ?",  # noqa: S608  # a fixed text
                lid,
            )
            known = [
                _Version(major, minor, product, _seen_by(_read_standing(*standing)))
                for major, minor, product, *standing in found
            ]
            self._versions[lid] = known
        return known

    def _insert_product(self, holding: Holding, number: int) -> None:
        product, manifest = holding.product, holding.manifest
        start, stop = (None, None)
        if product.time is not None:
            start, stop = (
                None if end is None else microseconds(end)
                for end in (product.time.start, product.time.stop)
            )
        begin, end = stop if start is None else start, start if stop is None else stop
        self._connection.execute(
            "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                product.id.lid.text,
                product.id.major,
                product.id.minor,
                microseconds(holding.accessioned),
                self._deliveries[holding.delivery][0],
                holding.lifecycle.value,
                holding.releasability.value,
                manifest.total_bytes,
                product.title,
                start,
                begin,
                end,
                holding.embargo or "",
                None if holding.release_at is None else microseconds(holding.release_at),
                holding.seal,
                holding.withdrawn,
                bool(holding.origin),
            ),
        )
        if start is not None:
            self.gathered.add("with start", number)
        if begin is not None and end is not None:
            self.gathered.put_month("begin", begin, number)
            self.gathered.put_month("end", end, number)

    def _insert_manifest(self, holding: Holding, number: int) -> None:
        manifest = holding.manifest
        body = document.encode(holding.product, manifest, holding.origin)
        self._connection.execute("INSERT INTO document VALUES (?, ?)", (number, body))
        objects = {entry.sha256: entry.size for entry in manifest.files}
        name, size = document.object_of(manifest)
        objects[name] = size
        self._connection.executemany(
            "INSERT INTO file VALUES (?, ?, ?)",
            [(number, bytes.fromhex(name), size) for name, size in objects.items()],
        )

    def _insert_description(self, product: Product, number: int) -> None:
        self._connection.execute(
            "INSERT INTO words (rowid, title, identifier, description, keywords, context)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (number, *[" ".join(found) for found in searchable(product)]),
        )
        if product.members:
            self._connection.executemany(
                "INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                ((number, *target) for target in _targets(product.members)),
            )
        for footprint in product.footprints:
            self._connection.execute(
                "INSERT INTO footprint (x0, x1, y0, y1, z0, z1, product, body, shape)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *unit_box(footprint.shape),
                    number,
                    body_name(footprint.body),
                    document.encode_shape(footprint.shape),
                ),
            )

    def _gather(self, holding: Holding, number: int) -> None:
        put, product = self.gathered.put, holding.product
        put("property", _once_each(product.properties), number)
        fields = [(name, read(holding)) for name, read in _INDEXED_FIELDS.items()]
        put("field", fields, number)
        facets = [(facet, words_of(product)) for facet, words_of in FACET_WORDS.items()]
        put("facet", facets, number)


def _read_standing(
    lifecycle: str, releasability: str, embargo: str, withdrawn: int, is_copy: int
) -> Standing:
    return Standing(
        Lifecycle(lifecycle),
        Releasability(releasability),
        Embargo(embargo) if embargo else None,
        bool(withdrawn),
        bool(is_copy),
    )


def _seen_by(standing: Standing) -> frozenset[Scope]:
    return frozenset(scope for scope in SCOPES if standing.is_listed_for(scope))


def _sets(standing: Standing) -> Iterable[tuple[str, bool]]:
    """The sets that depend on how a product stands, and whether it is in them."""
    yield "released", standing.lifecycle is Lifecycle.RELEASED
    yield "withdrawn", standing.withdrawn
    yield "partner", standing.is_listed_for("partner")
    yield "public", standing.is_listed_for("public")


def _key(name: Lidvid) -> tuple[str, int, int]:
    return name.lid.text, name.major, name.minor


def _once_each(properties: Sequence[Property]) -> Iterable[Property]:
    """Every name once, with all its values."""
    values = dict(properties)
    if len(values) == len(properties):  # as in every label that was read
        return properties
    values.clear()
    for name, found in properties:
        values[name] = values.get(name, ()) + found
    return values.items()


def _targets(members: Iterable[Member]) -> Iterable[tuple[str, int, int]]:
    for member in members:
        target = member.target
        if isinstance(target, Lid):
            yield target.text, 0, 0
        else:
            yield target.lid.text, target.major, target.minor
