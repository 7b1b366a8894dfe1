"""Values that are valid by themselves, so that a test names only what matters to it.

Everything here is deterministic: the same arguments give the same value, and a
manifest's digests are those of the bytes given.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from perilune.model.footprint import Footprint, Point, Shape
from perilune.model.identifier import Lidvid
from perilune.model.package import Digests, FileEntry, Manifest, piece_size
from perilune.model.product import (
    ContextName,
    Holding,
    Lifecycle,
    NamedFile,
    Product,
    Releasability,
)
from perilune.model.timespan import TimeSpan, read_utc

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""The moment at which nothing in particular happens."""

DELIVERY = hashlib.sha256(b"a delivery").hexdigest()
LIDVID = "urn:nasa:pds:luna:data:image_1::1.0"
TABLE = b"1,2,3\r\n"

MISSION = ContextName("Luna 26", "Mission")
HOST = ContextName("Luna 26", "Spacecraft")
INSTRUMENT = ContextName("LSTK", "Imager")
MOON = ContextName("Moon", "Satellite")


def lidvid(text: str | Lidvid = LIDVID) -> Lidvid:
    """The identifier that ``text`` writes."""
    return text if isinstance(text, Lidvid) else Lidvid.parse(text)


def span(start: str, stop: str | None = None) -> TimeSpan:
    """The time from ``start`` to ``stop`` (or of one instant), as a label writes them."""
    first, precision = read_utc(start)
    stop = start if stop is None else stop
    return TimeSpan(
        start=first,
        stop=read_utc(stop)[0],
        start_text=start,
        stop_text=stop,
        uncertainty_s=precision,
    )


def footprint(shape: Shape | None = None, **changes: Any) -> Footprint:
    """A footprint on the Moon in the house frame; without a shape, the place of Luna 9."""
    made = Footprint(
        body="Moon",
        frame="MOON_ME",
        realisation="DE421",
        shape=Point(-64.37, 7.08) if shape is None else shape,
        source="test",
    )
    return replace(made, **changes)


def product(id: str | Lidvid = LIDVID, **changes: Any) -> Product:
    """An observation of the Moon with one data file; ``changes`` replace its members."""
    identifier = lidvid(id)
    name = identifier.lid.text.rpartition(":")[2]
    title = f"Observation {name}"
    made = Product(
        id=identifier,
        product_class="Product_Observational",
        title=title,
        information_model="1.24.0.0",
        time=span("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z"),
        processing_level="Calibrated",
        investigations=(MISSION,),
        hosts=(HOST,),
        instruments=(INSTRUMENT,),
        targets=(MOON,),
        files=(NamedFile(path=f"{name}.csv", size=len(TABLE), md5=hashlib.md5(TABLE).hexdigest()),),  # noqa: S324  # labels carry MD5
        properties=(
            ("pds:Identification_Area.pds:logical_identifier", (identifier.lid.text,)),
            ("pds:Identification_Area.pds:version_id", (identifier.version,)),
            ("pds:Identification_Area.pds:title", (title,)),
        ),
    )
    return replace(made, **changes)


def digests(data: bytes) -> Digests:
    """What one pass over ``data`` yields."""
    length = piece_size(len(data))
    pieces = [data[at : at + length] for at in range(0, len(data), length)]
    return Digests(
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data).hexdigest(),  # noqa: S324  # labels carry MD5
        pieces=tuple(hashlib.sha256(piece).hexdigest() for piece in pieces)
        if len(pieces) > 1
        else (),
    )


def label(made: Product) -> bytes:
    """Bytes that stand for the label of ``made``: they differ where the products do."""
    return f"<{made.product_class}><!-- {made.id} {made.title} --></{made.product_class}>".encode()


def manifest(
    id: str | Lidvid = LIDVID, files: Mapping[str, bytes] | None = None, *, root: str = "data/"
) -> Manifest:
    """The manifest of a label and of ``files`` (path to bytes; one table if not given)."""
    identifier = lidvid(id)
    name = identifier.lid.text.rpartition(":")[2]
    found = {f"{root}{name}.csv": TABLE} if files is None else files
    head = FileEntry.of(f"{root}{name}.xml", "label", digests(label(product(identifier))))
    rest = [FileEntry.of(path, "file", digests(found[path])) for path in sorted(found)]
    return Manifest(identifier, (head, *rest))


def holding(
    made: str | Lidvid | Product = LIDVID,
    index: int = 1,
    *,
    files: Mapping[str, bytes] | None = None,
    **changes: Any,
) -> Holding:
    """A product in custody, public unless said otherwise, taken in ``index`` seconds past noon."""
    kept = made if isinstance(made, Product) else product(made)
    taken = Holding(
        product=kept,
        manifest=manifest(kept.id, files),
        index=index,
        accessioned=NOON + timedelta(seconds=index),
        delivery=DELIVERY,
        lifecycle=Lifecycle.RELEASED,
        releasability=Releasability.PUBLIC,
    )
    return replace(taken, **changes)


def holdings(ids: Sequence[str | Lidvid | Product], first: int = 1) -> list[Holding]:
    """Public holdings of ``ids`` at consecutive places of the log."""
    return [holding(made, index) for index, made in enumerate(ids, first)]
