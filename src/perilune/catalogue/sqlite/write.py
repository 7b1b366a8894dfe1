"""Folding a run of log entries into the tables, within one transaction of the caller's.

All sets are gathered in memory first, in `Gathered`, and written sorted: each block of a set is
read and written once for the whole run, however many products of it the run holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from perilune.catalogue.fields import ARCHIVE_STATUS, FIELDS, HARVESTED
from perilune.catalogue.port import Fixity, Projection
from perilune.catalogue.question import body_name
from perilune.catalogue.sqlite import document
from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.gathered import Gathered, Numbers
from perilune.catalogue.values import microseconds
from perilune.catalogue.words import FACET_WORDS, searchable
from perilune.errors import WrongUsage
from perilune.model import canonical
from perilune.model.act import time_text
from perilune.model.identifier import Lid
from perilune.model.product import Holding, Lifecycle, Member, Releasability
from perilune.moon.sphere import unit_box

_MOST_PRODUCTS = 1 << 32
_IN_COLUMNS = frozenset({"lid", "lidvid", HARVESTED, ARCHIVE_STATUS})
INDEXED_FIELDS = {name: field for name, field in FIELDS.items() if name not in _IN_COLUMNS}
"""Fields whose values are kept as words; the others are columns of the product or sets."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a LID, as far as it matters which of them is the newest."""

    major: int
    minor: int
    product: int
    is_public: bool


def apply(connection: apsw.Connection, change: Projection, numbers: Numbers) -> None:
    """Fold ``change`` in."""
    gathered = Gathered()
    released = _released(connection, change)
    versions: dict[str, list[Version]] = {}
    _release(connection, released, gathered, versions)
    for holding in sorted(change.added, key=lambda holding: holding.index):
        _add(connection, holding, gathered, versions)
    _choose_newest(versions, gathered)
    rows(connection, "UPDATE state SET value = value + 1 WHERE name = 'change'")
    rows(connection, "UPDATE state SET value = ? WHERE name = 'applied'", change.applied)
    if change.fixity is not None:
        text = fixity_text(change.fixity)
        rows(connection, "UPDATE state SET value = ? WHERE name = 'fixity'", text)
    gathered.write(connection, numbers)


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


def _released(connection: apsw.Connection, change: Projection) -> list[int]:
    """Numbers of the deliveries that were not released before and are now."""
    names = {holding.delivery for holding in change.added} | set(change.released)
    sql = "INSERT INTO delivery (name) VALUES (?) ON CONFLICT DO NOTHING"
    connection.executemany(sql, ((name,) for name in sorted(names)))
    sql = "UPDATE delivery SET released = 1 WHERE name = ? AND released = 0 RETURNING id"
    return [
        number
        for name in dict.fromkeys(change.released)
        for (number,) in rows(connection, sql, name)
    ]


def _release(
    connection: apsw.Connection,
    deliveries: Sequence[int],
    gathered: Gathered,
    versions: dict[str, list[Version]],
) -> None:
    for delivery in deliveries:
        sql = (
            "SELECT id, lid, releasability FROM product"
            " WHERE delivery = ? AND lifecycle <> 'released'"
        )
        waiting = rows(connection, sql, delivery)
        rows(connection, "UPDATE product SET lifecycle = 'released' WHERE delivery = ?", delivery)
        for product, lid, releasability in waiting:
            gathered.put("set", "released", "", product)
            if releasability == Releasability.PUBLIC:
                gathered.put("set", "public", "", product)
                versions.setdefault(lid, [])
    for lid, known in versions.items():
        known.extend(_versions(connection, lid))


def _versions(connection: apsw.Connection, lid: str) -> list[Version]:
    sql = (
        "SELECT major, minor, id, lifecycle = 'released' AND releasability = 'public'"
        " FROM product WHERE lid = ?"
    )
    found = rows(connection, sql, lid)
    return [Version(major, minor, product, bool(public)) for major, minor, product, public in found]


def _add(
    connection: apsw.Connection,
    holding: Holding,
    gathered: Gathered,
    versions: dict[str, list[Version]],
) -> None:
    name = holding.product.id
    if (known := versions.get(name.lid.text)) is None:
        known = versions[name.lid.text] = _versions(connection, name.lid.text)
    if any((one.major, one.minor) == (name.major, name.minor) for one in known):
        return
    number = holding.index + 1
    if not 0 < number < _MOST_PRODUCTS:
        raise WrongUsage(f"place {holding.index} of the log is beyond what this catalogue holds")
    [(delivery, released)] = rows(
        connection, "SELECT id, released FROM delivery WHERE name = ?", holding.delivery
    )
    lifecycle = Lifecycle.RELEASED if released else holding.lifecycle
    is_released = lifecycle is Lifecycle.RELEASED
    is_public = is_released and holding.releasability is Releasability.PUBLIC
    known.append(Version(name.major, name.minor, number, is_public))
    _insert(connection, holding, number, (delivery, lifecycle.value))
    for set_name, holds in (("all", True), ("released", is_released), ("public", is_public)):
        if holds:
            gathered.put("set", set_name, "", number)
    _gather(holding, number, gathered)


def _insert(
    connection: apsw.Connection, holding: Holding, number: int, state: tuple[int, str]
) -> None:
    product, manifest = holding.product, holding.manifest
    start = product.time.start if product.time else None
    connection.execute(
        "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            product.id.lid.text,
            product.id.major,
            product.id.minor,
            microseconds(holding.accessioned),
            *state,
            holding.releasability.value,
            manifest.total_bytes,
            None if start is None else microseconds(start),
            product.title,
        ),
    )
    connection.execute(
        "INSERT INTO document VALUES (?, ?)", (number, document.encode(product, manifest))
    )
    encoded = manifest.encode()
    objects = {entry.sha256: entry.size for entry in manifest.files}
    objects[manifest.sha256] = len(encoded)
    connection.executemany(
        "INSERT INTO file VALUES (?, ?, ?)",
        [(bytes.fromhex(name), number, size) for name, size in objects.items()],
    )
    connection.execute(
        "INSERT INTO words (rowid, title, identifier, description, keywords, context)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (number, *(" ".join(found) for found in searchable(product))),
    )
    if product.members:
        connection.executemany(
            "INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(number, *_target(member)) for member in product.members],
        )
    for footprint in product.footprints:
        connection.execute(
            "INSERT INTO footprint (x0, x1, y0, y1, z0, z1, product, body, shape)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *unit_box(footprint.shape),
                number,
                body_name(footprint.body),
                document.encode_shape(footprint.shape),
            ),
        )


def _target(member: Member) -> tuple[str, int, int]:
    target = member.target
    if isinstance(target, Lid):
        return target.text, 0, 0
    return target.lid.text, target.major, target.minor


def _gather(holding: Holding, number: int, gathered: Gathered) -> None:
    product = holding.product
    values: dict[str, list[str]] = {}
    for name, found in product.properties:
        values.setdefault(name, []).extend(found)
    for name, kept in values.items():
        gathered.put_values("property", name, kept, number)
    for name, field in INDEXED_FIELDS.items():
        gathered.put_values("field", name, field.read(holding), number)
    for facet, words_of in FACET_WORDS.items():
        for word in words_of(product):
            gathered.put("facet", facet, word, number)
    gathered.put_number("span", "bytes", holding.manifest.total_bytes, number)
    if product.time is not None:
        start, stop = product.time.start, product.time.stop
        if start is not None:
            gathered.put_time("span", "start", start, number)
            gathered.put("set", "with start", "", number)
        if (begin := start or stop) is not None and (end := stop or start) is not None:
            gathered.put_time("span", "begin", begin, number)
            gathered.put_time("span", "end", end, number)


def _choose_newest(versions: dict[str, list[Version]], gathered: Gathered) -> None:
    """Say anew which version of each LID is the newest one, for each scope."""
    for known in versions.values():
        for name, candidates in (
            ("latest own", known),
            ("latest public", [one for one in known if one.is_public]),
        ):
            if not candidates:
                continue
            newest = max(candidates, key=lambda one: (one.major, one.minor))
            gathered.put("set", name, "", newest.product)
            for one in candidates:
                if one is not newest:
                    gathered.drop("set", name, "", one.product)
