"""A product and its manifest as the bytes from which they are made again, exactly.

JSON without names, in an order that never changes for one version of the tables, compressed with
a dictionary of what labels usually say. Ids, dates and rights stand in columns, not here.
"""

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, assert_never

from perilune.catalogue.values import microseconds
from perilune.model.footprint import Footprint, LatLonBox, Point, Polygon, Shape
from perilune.model.identifier import Lid, Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import (
    Citation,
    ContextName,
    Member,
    NamedFile,
    Product,
    Reference,
)
from perilune.model.timespan import TimeSpan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVEL, _WINDOW, _MEMORY = 1, -13, 6
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_USUAL = b"".join(
    b'"' + word + b'",'
    for word in (
        b"urn:jaxa:darts:", b"urn:isro:isda:", b"urn:esa:psa:", b"urn:ros:rssa:", b"urn:cnsa:",
        b"label", b"file", b"sha256", b"md5", b".xml", b".csv", b".img", b"MOON_ME", b"DE421",
        b"pds:Observing_System_Component.pds:name", b"pds:Observing_System_Component.pds:type",
        b"pds:Investigation_Area.pds:name", b"pds:Investigation_Area.pds:type",
        b"pds:Primary_Result_Summary.pds:purpose", b"Science", b"Moon", b"Satellite", b"Spacecraft",
        b"pds:Primary_Result_Summary.pds:processing_level", b"Raw", b"Calibrated", b"Derived",
        b"pds:Target_Identification.pds:name", b"pds:Target_Identification.pds:type",
        b"pds:Internal_Reference.pds:lid_reference", b"pds:Internal_Reference.pds:reference_type",
        b"pds:Time_Coordinates.pds:start_date_time", b"pds:Time_Coordinates.pds:stop_date_time",
        b"pds:Modification_Detail.pds:modification_date", b"pds:Modification_Detail.pds:version_id",
        b"pds:Modification_Detail.pds:description", b"pds:Citation_Information.pds:doi",
        b"pds:Citation_Information.pds:author_list", b"pds:Citation_Information.pds:description",
        b"pds:File.pds:file_name", b"pds:File.pds:file_size", b"pds:File.pds:md5_checksum",
        b"pds:File.pds:creation_date_time", b"pds:Header.pds:offset",
        b"pds:Axis_Array.pds:axis_name", b"pds:Axis_Array.pds:elements", b"Line", b"Sample",
        b"pds:Element_Array.pds:data_type", b"pds:Field_Delimited.pds:name",
        b"pds:Field_Delimited.pds:data_type", b"pds:Field_Delimited.pds:description",
        b"urn:nasa:pds:context:investigation:mission.", b"urn:nasa:pds:context:target:",
        b"urn:nasa:pds:context:instrument_host:spacecraft.", b"urn:nasa:pds:context:instrument:",
        b"data_to_investigation", b"is_instrument_host", b"is_instrument", b"data_to_target",
        b"Product_Observational", b"Product_Collection", b"Product_Bundle", b"Product_Context",
        b"pds:Identification_Area.pds:product_class", b"1.24.0.0", b"Mission", b"Instrument",
        b"pds:Identification_Area.pds:information_model_version", b"UTC",
        b"pds:Identification_Area.pds:title", b"pds:Identification_Area.pds:version_id",
        b"pds:Identification_Area.pds:logical_identifier", b"urn:nasa:pds:",
    )
)  # fmt: skip


def encode(product: Product, manifest: Manifest) -> bytes:
    """The bytes of a product and its manifest."""
    kept = [_product(product), [_entry(entry) for entry in manifest.files]]
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_USUAL)
    return packer.compress(_json(kept).encode()) + packer.flush()


def decode(body: bytes) -> tuple[Product, Manifest]:
    """What `encode` was given."""
    text = zlib.decompressobj(_WINDOW, zdict=_USUAL).decompress(body)
    product, files = json.loads(text)
    made = _read_product(product)
    return made, Manifest(made.id, tuple(_read_entry(entry) for entry in files))


def encode_shape(shape: Shape) -> str:
    """The text of a shape."""
    return _json(_shape(shape))


def decode_shape(text: str) -> Shape:
    """What `encode_shape` was given."""
    return _read_shape(json.loads(text))


def object_of(manifest: Manifest) -> tuple[str, int]:
    """Name and size of the object that a manifest itself is."""
    encoded = manifest.encode()
    return hashlib.sha256(encoded).hexdigest(), len(encoded)


def moment_of(count: int) -> datetime:
    """The instant that lies so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=count)


def _product(product: Product) -> list[Any]:
    return [
        _target(product.id),
        product.product_class,
        product.title,
        product.information_model,
        _time(product.time),
        product.processing_level,
        [_names(names) for names in (product.investigations, product.hosts)],
        [_names(names) for names in (product.instruments, product.targets)],
        [[*_target(one.target), one.type] for one in product.references],
        [[*_target(one.target), int(one.is_primary)] for one in product.members],
        _citation(product.citation),
        [_footprint(one) for one in product.footprints],
        [[one.path, one.size, one.md5, one.line] for one in product.files],
        [name for name, _ in product.properties],
        [found for _, found in product.properties],
        int(product.is_simulated),
        [
            product.licence,
            product.policy,
            product.calibration,
            product.pipeline,
            product.supersedes_reason,
        ],
    ]


def _read_product(kept: list[Any]) -> Product:
    (
        (lid, major, minor), product_class, title, model, time, level, (missions, hosts),
        (instruments, targets), references, members, citation, footprints, files, names,
        values, is_simulated, (licence, policy, calibration, pipeline, reason),
    ) = kept  # fmt: skip
    return Product(
        id=Lidvid(Lid(lid), major, minor),
        product_class=product_class,
        title=title,
        information_model=model,
        time=_read_time(time),
        processing_level=level,
        investigations=_read_names(missions),
        hosts=_read_names(hosts),
        instruments=_read_names(instruments),
        targets=_read_names(targets),
        references=tuple([Reference(_read_target(*one[:3]), one[3]) for one in references]),
        members=tuple([Member(_read_target(*one[:3]), bool(one[3])) for one in members]),
        citation=_read_citation(citation),
        footprints=tuple([_read_footprint(one) for one in footprints]),
        files=tuple([NamedFile(path=p, size=s, md5=m, line=n) for p, s, m, n in files]),
        properties=tuple(zip(names, map(tuple, values), strict=True)),
        is_simulated=bool(is_simulated),
        licence=licence,
        policy=policy,
        calibration=calibration,
        pipeline=pipeline,
        supersedes_reason=reason,
    )


def _target(target: Lid | Lidvid) -> list[Any]:
    if isinstance(target, Lid):
        return [target.text, 0, 0]
    return [target.lid.text, target.major, target.minor]


def _read_target(lid: str, major: int, minor: int) -> Lid | Lidvid:
    return Lidvid(Lid(lid), major, minor) if major else Lid(lid)


def _names(names: tuple[ContextName, ...]) -> list[Any]:
    return [[one.name, one.type, one.lid.text if one.lid else None] for one in names]


def _read_names(kept: list[Any]) -> tuple[ContextName, ...]:
    return tuple([ContextName(n, t, None if lid is None else Lid(lid)) for n, t, lid in kept])


def _time(time: TimeSpan | None) -> list[Any] | None:
    if time is None:
        return None
    ends = [None if end is None else microseconds(end) for end in (time.start, time.stop)]
    return [*ends, time.start_text, time.stop_text, time.scale, time.uncertainty_s]


def _read_time(kept: list[Any] | None) -> TimeSpan | None:
    if kept is None:
        return None
    start, stop, start_text, stop_text, scale, uncertainty_s = kept
    return TimeSpan(
        start=None if start is None else moment_of(start),
        stop=None if stop is None else moment_of(stop),
        start_text=start_text,
        stop_text=stop_text,
        scale=scale,
        uncertainty_s=uncertainty_s,
    )


def _citation(citation: Citation) -> list[Any]:
    if citation == _NO_CITATION:
        return []
    return [
        citation.authors,
        citation.editors,
        citation.year,
        citation.doi,
        citation.description,
        citation.keywords,
    ]


_NO_CITATION = Citation()


def _read_citation(kept: list[Any]) -> Citation:
    if not kept:
        return _NO_CITATION
    authors, editors, year, doi, description, keywords = kept
    return Citation(
        authors=authors,
        editors=editors,
        year=year,
        doi=doi,
        description=description,
        keywords=tuple(keywords),
    )


def _footprint(one: Footprint) -> list[Any]:
    shape = _shape(one.shape)
    named = [one.body, one.frame, one.realisation, one.accuracy_m, one.kernels, one.source]
    return [shape, *named]


def _read_footprint(kept: list[Any]) -> Footprint:
    shape, body, frame, realisation, accuracy_m, kernels, source = kept
    return Footprint(
        body=body,
        frame=frame,
        realisation=realisation,
        shape=_read_shape(shape),
        accuracy_m=accuracy_m,
        kernels=tuple(kernels),
        source=source,
    )


def _shape(shape: Shape) -> list[Any]:
    match shape:
        case Point():
            return [shape.lon, shape.lat]
        case LatLonBox():
            return [shape.west, shape.south, shape.east, shape.north]
        case Polygon():
            return [[[angle for vertex in ring for angle in vertex] for ring in shape.rings]]
        case _:
            assert_never(shape)


def _read_shape(kept: list[Any]) -> Shape:
    match kept:
        case [lon, lat]:
            return Point(lon, lat)
        case [west, south, east, north]:
            return LatLonBox(west, south, east, north)
        case _:
            rings = [tuple(zip(ring[::2], ring[1::2], strict=True)) for ring in kept[0]]
            return Polygon(tuple(rings))


def _entry(entry: FileEntry) -> list[Any]:
    return [entry.path, entry.role, entry.size, dict(entry.digests), entry.pieces]


def _read_entry(kept: list[Any]) -> FileEntry:
    path, role, size, digests, pieces = kept
    return FileEntry(
        path=path,
        role=role,
        size=size,
        digests=MappingProxyType(digests),
        pieces=tuple(pieces),
    )
