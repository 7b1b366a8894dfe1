"""A product, its manifest and its origin as the bytes from which they are made again, exactly.

JSON without names, in an order that never changes for one version of the tables, compressed with
a dictionary of what labels usually say. Ids, dates and rights stand in columns, not here.
"""

import hashlib
import zlib
from types import MappingProxyType
from typing import Any

import orjson

from perilune.errors import CatalogueDamaged, MalformedIdentifier
from perilune.model.footprint import Shape
from perilune.model.package import FileEntry, Manifest
from perilune.model.plain import plain_product, plain_shape, read_product, read_shape
from perilune.model.product import Product

_LEVEL, _WINDOW, _MEMORY = 1, -13, 6
_NO_DOCUMENT = (
    zlib.error, ValueError, TypeError, LookupError, AttributeError, MalformedIdentifier,
)  # fmt: skip
"""What reading bytes ends in that `encode` has not written."""
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


def encode(product: Product, manifest: Manifest, origin: str = "") -> bytes:
    """The bytes of a product, its manifest, and the log of its owner if that is another node."""
    kept: list[Any] = [plain_product(product), [_entry(entry) for entry in manifest.files]]
    if origin:
        kept.append(origin)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_USUAL)
    return packer.compress(orjson.dumps(kept)) + packer.flush()


def decode(body: bytes) -> tuple[Product, Manifest, str]:
    """What `encode` was given; raise `CatalogueDamaged` on anything else."""
    try:
        text = zlib.decompressobj(_WINDOW, zdict=_USUAL).decompress(body)
        product, files, *origin = orjson.loads(text)
        made = read_product(product)
        manifest = Manifest(made.id, tuple(_read_entry(entry) for entry in files))
    except _NO_DOCUMENT as error:
        raise CatalogueDamaged(f"a product's document cannot be read: {error}") from error
    return made, manifest, origin[0] if origin else ""


def encode_shape(shape: Shape) -> str:
    """The text of a shape."""
    return orjson.dumps(plain_shape(shape)).decode()


def decode_shape(text: str) -> Shape:
    """What `encode_shape` was given."""
    return read_shape(orjson.loads(text))


def decode_outline(text: str) -> list[list[float]]:
    """The rings of a polygon, each as longitude, latitude, longitude…; of other shapes none."""
    kept = orjson.loads(text)
    rings: list[list[float]] = kept[0] if len(kept) == 1 else []
    return rings


def object_of(manifest: Manifest) -> tuple[str, int]:
    """Name and size of the object that a manifest itself is."""
    encoded = manifest.encode()
    return hashlib.sha256(encoded).hexdigest(), len(encoded)


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
