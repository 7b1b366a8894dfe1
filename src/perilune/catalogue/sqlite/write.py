"""Folding a run of log entries into the tables, within one transaction of the caller's.

Sets are gathered in memory first and written at the end, so that each block of a set is read and
written once for the whole run, however many products of it the run holds.
"""

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
from perilune.model.identifier import Lid
from perilune.model.ordered import warrant_of
from perilune.model.product import Holding, Lifecycle, Member, Product, Releasability
from perilune.model.reading import time_text
from perilune.model.timespan import microseconds
from perilune.moon.sphere import unit_box

_MOST_PRODUCTS = 1 << 32
_IN_COLUMNS = frozenset({"lid", "lidvid", "title", HARVESTED, ARCHIVE_STATUS})
_INDEXED_FIELDS = {name: field.read for name, field in FIELDS.items() if name not in _IN_COLUMNS}
"""Fields whose values are kept as words; the others are columns of the product or sets."""

IS_LISTED = (
    "releasability = 'public' AND (embargo = 'closed' OR (embargo = '' AND lifecycle = 'released'))"
)
"""What `Holding.is_listed` says, of the columns of a product."""

Property = tuple[str, tuple[str, ...]]


def apply(connection: apsw.Connection, change: Projection, numbers: Numbers) -> None:
    """Fold ``change`` in."""
    run = _Run(connection)
    run.release(change)
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
    is_listed: bool


class _Run:
    """A run of entries on its way into the tables."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.gathered = Gathered()
        self._connection = connection
        self._versions: dict[str, list[_Version]] = {}
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
                self._release(delivery)
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
        lifecycle = Lifecycle.RELEASED if is_released else holding.lifecycle
        is_listed = replace(holding, lifecycle=lifecycle).is_listed
        known.append(_Version(name.major, name.minor, number, is_listed))
        self._insert_product(holding, number, lifecycle)
        self._insert_manifest(holding, number)
        self._insert_description(holding.product, number)
        self._gather(holding, number)
        for set_name, is_in in (("all", True), ("released", is_released), ("public", is_listed)):
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
        sql = (
            "UPDATE product SET embargo = '', lifecycle = 'released'"
            " WHERE id = ? AND embargo <> '' RETURNING id, lid, releasability"
        )
        for entry in change.opened:
            for found in rows(self._connection, sql, entry + 1):
                self._show(*found)

    def choose_newest(self) -> None:
        """Say anew which version of each LID of the run is the newest one, for each scope."""
        for known in self._versions.values():
            self._choose("latest own", known)
            self._choose("latest public", [one for one in known if one.is_listed])

    def _choose(self, set_name: str, known: list[_Version]) -> None:
        if not known:
            return
        newest = max(known, key=lambda one: (one.major, one.minor))
        self.gathered.add(set_name, newest.product)
        for one in known:
            if one is not newest:
                self.gathered.remove(set_name, one.product)

    def _release(self, delivery: int) -> None:
        waiting = rows(
            self._connection,
            "UPDATE product SET lifecycle = 'released'"
            " WHERE delivery = ? AND lifecycle <> 'released'"
            " RETURNING id, lid, iif(embargo = '', releasability, '')",
            delivery,
        )
        for found in waiting:
            self._show(*found)

    def _show(self, product: int, lid: str, releasability: str) -> None:
        """Have a product be released, and listed where it is public."""
        self.gathered.add("released", product)
        if releasability == Releasability.PUBLIC:
            self.gathered.add("public", product)
            self._versions[lid] = [
                replace(one, is_listed=True) if one.product == product else one
                for one in self._known(lid)
            ]

    def _known(self, lid: str) -> list[_Version]:
        """The versions of a LID that are held."""
        known = self._versions.get(lid)
        if known is None:
            found = rows(
                self._connection,
                f"SELECT major, minor, id, {IS_LISTED} FROM product WHERE lid = ?",  # noqa: S608  # a fixed text
                lid,
            )
            known = [
                _Version(major, minor, product, bool(is_listed))
                for major, minor, product, is_listed in found
            ]
            self._versions[lid] = known
        return known

    def _insert_product(self, holding: Holding, number: int, lifecycle: Lifecycle) -> None:
        product, manifest = holding.product, holding.manifest
        start, stop = (None, None)
        if product.time is not None:
            start, stop = (
                None if end is None else microseconds(end)
                for end in (product.time.start, product.time.stop)
            )
        begin, end = stop if start is None else start, start if stop is None else stop
        self._connection.execute(
            "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                product.id.lid.text,
                product.id.major,
                product.id.minor,
                microseconds(holding.accessioned),
                self._deliveries[holding.delivery][0],
                lifecycle.value,
                holding.releasability.value,
                manifest.total_bytes,
                product.title,
                start,
                begin,
                end,
                holding.embargo or "",
                None if holding.release_at is None else microseconds(holding.release_at),
                holding.seal,
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
