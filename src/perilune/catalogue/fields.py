"""Fields that a question may name beside the properties of labels.

Source: NASA PDS Search API 1.6, whose special names these are. Each is read from the holding
alone, so a value shown to a reader is always one that can be searched for.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from perilune.catalogue.values import ValueType
from perilune.errors import BadQuestion
from perilune.model.package import FileEntry
from perilune.model.product import ContextName, Holding, Lifecycle
from perilune.model.reading import time_text

HARVESTED = "ops:Harvest_Info.ops:harvest_date_time"
ARCHIVE_STATUS = "ops:Tracking_Meta.ops:archive_status"
SORTS = ("accessioned", "lid", "title", "start", "bytes")

_PROPERTY = re.compile(r"[A-Za-z_][\w-]*:[\w-]+\.[A-Za-z_][\w-]*:[\w-]+")
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".fit": "image/fits",
    ".fits": "image/fits",
    ".htm": "text/html",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tab": "text/plain",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".txt": "text/plain",
    ".xml": "application/xml",
}


def media_type(path: str) -> str:
    """What a file of that name holds, as an Internet media type; the same on every machine."""
    _, dot, suffix = path.rpartition(".")
    return _MEDIA_TYPES.get(dot + suffix.lower(), "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what its values are, and how they are read from a holding."""

    type: ValueType
    read: Callable[[Holding], tuple[str, ...]]


def archive_status(lifecycle: Lifecycle) -> str:
    """The word of the PDS registry for where a product stands."""
    return "archived" if lifecycle is Lifecycle.RELEASED else "staged"


def _targets(names: Callable[[Holding], Iterable[ContextName]]) -> Field:
    def read(holding: Holding) -> tuple[str, ...]:
        found = (name.lid.text for name in names(holding) if name.lid is not None)
        return tuple(dict.fromkeys(found))

    return Field("string", read)


def _file(type: ValueType, read: Callable[[FileEntry], str]) -> Field:
    return Field(type, lambda holding: tuple(read(entry) for entry in holding.manifest.files[1:]))


def _label(type: ValueType, read: Callable[[FileEntry], str]) -> Field:
    return Field(type, lambda holding: (read(holding.manifest.label),))


def _parent_bundle(holding: Holding) -> tuple[str, ...]:
    parts = holding.product.id.lid.text.split(":")
    return (":".join(parts[:4]),) if len(parts) > 4 else ()


def _parent_collection(holding: Holding) -> tuple[str, ...]:
    parts = holding.product.id.lid.text.split(":")
    return (":".join(parts[:5]),) if len(parts) > 5 else ()


def _files(kind: str, of: Callable[..., Field]) -> dict[str, Field]:
    return {
        f"ops:{kind}.ops:file_name": of("string", lambda entry: entry.path.rpartition("/")[2]),
        f"ops:{kind}.ops:file_size": of("float", lambda entry: str(entry.size)),
        f"ops:{kind}.ops:md5_checksum": of("string", lambda entry: entry.digests.get("md5", "")),
        f"ops:{kind}.ops:mime_type": of("string", lambda entry: media_type(entry.path)),
    }


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "lid": Field("string", lambda holding: (holding.product.id.lid.text,)),
        "lidvid": Field("string", lambda holding: (str(holding.product.id),)),
        "vid": Field("string", lambda holding: (holding.product.id.version,)),
        "title": Field("string", lambda holding: (holding.product.title,)),
        "product_class": Field("string", lambda holding: (holding.product.product_class,)),
        "ref_lid_target": _targets(lambda holding: holding.product.targets),
        "ref_lid_instrument": _targets(lambda holding: holding.product.instruments),
        "ref_lid_instrument_host": _targets(lambda holding: holding.product.hosts),
        "ref_lid_investigation": _targets(lambda holding: holding.product.investigations),
        HARVESTED: Field("timestamp", lambda holding: (time_text(holding.accessioned),)),
        "ops:Harvest_Info.ops:node_name": Field(
            "string", lambda holding: (holding.product.id.lid.authority,)
        ),
        ARCHIVE_STATUS: Field("string", lambda holding: (archive_status(holding.lifecycle),)),
        **_files("Data_File_Info", _file),
        **_files("Label_File_Info", _label),
        "ops:Provenance.ops:parent_bundle_identifier": Field("string", _parent_bundle),
        "ops:Provenance.ops:parent_collection_identifier": Field("string", _parent_collection),
    }
)
"""Name to field."""


def values(holding: Holding, name: str) -> tuple[str, ...]:
    """The values of a field or label property; raise `BadQuestion` for a name that is neither."""
    field = FIELDS.get(check(name))
    if field is not None:
        return field.read(holding)
    return tuple(
        value for key, found in holding.product.properties if key == name for value in found
    )


def check(name: str) -> str:
    """``name``, if it can name a field or a label property; raise `BadQuestion` if not."""
    if name not in FIELDS and not _PROPERTY.fullmatch(name):
        raise BadQuestion(f"no such field: {name[:200]!r}")
    return name


def check_sort(name: str) -> str:
    """``name``, if products can be ordered by it; raise `BadQuestion` if not."""
    return name if name in SORTS else check(name)
