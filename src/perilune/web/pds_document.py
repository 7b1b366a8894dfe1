"""A holding as the PDS Search API tells it: plain dictionaries, ready to be written.

Source: NASA-PDS/pds-api, specification 1.6.0, schemas ``pdsProduct``, ``pds4Metadata`` and
``summary``. Values of the label are given exactly as the label has them; those under ``ops:`` are
of this node, read by the catalogue's own definitions, so that what is shown can be searched for.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from perilune.catalogue.fields import FIELDS, archive_status, media_type
from perilune.model.package import FileEntry
from perilune.model.product import ContextName, Holding
from perilune.model.reading import time_text

Document = dict[str, Any]
Values = Mapping[str, Sequence[str]]

_LABEL_ADDRESS = "ops:Label_File_Info.ops:file_ref"
_SAFE = "/:@!$&'()*+,;=~"


def file_address(base: str, holding: Holding, entry: FileEntry) -> str:
    """Where the bytes of a file are; ``base`` is the address of the node."""
    return f"{base}/objects/{holding.product.id}/{quote(entry.path, safe=_SAFE)}"


def properties(holding: Holding, base: str) -> dict[str, Sequence[str]]:
    """Every property of a product by its name in the API, each with its list of values."""
    label, *files = holding.manifest.files
    found: dict[str, Sequence[str]] = dict(holding.product.properties)
    for name, field in FIELDS.items():
        if values := field.read(holding):
            found[name] = values
    found[_LABEL_ADDRESS] = (file_address(base, holding, label),)
    if files:
        found["ops:Data_File_Info.ops:file_ref"] = [
            file_address(base, holding, entry) for entry in files
        ]
    return found


def product_document(holding: Holding, base: str, fields: Sequence[str] = ()) -> Document:
    """One ``pdsProduct``. With ``fields`` its properties are those asked for that it has."""
    product = holding.product
    values = properties(holding, base)
    made: Document = {
        "id": str(product.id),
        "type": product.product_class,
        "title": product.title,
        "description": product.citation.description or None,
        "start_date_time": product.time and (product.time.start_text or None),
        "stop_date_time": product.time and (product.time.stop_text or None),
        "investigations": _references(product.investigations, base),
        "observing_system_components": _references((*product.hosts, *product.instruments), base),
        "targets": _references(product.targets, base),
        "metadata": _metadata(holding, values),
        "properties": select(values, fields) if fields else values,
    }
    return {key: value for key, value in made.items() if value is not None}


def select(values: Values, fields: Sequence[str]) -> dict[str, Sequence[str]]:
    """Those of ``values`` that ``fields`` names, in the order of ``fields``."""
    return {name: values[name] for name in fields if name in values}


def key_value_pairs(values: Values, fields: Sequence[str]) -> list[Document]:
    """What was asked for and nothing else; null where the product lacks a field asked for."""
    names = fields or sorted(values)
    return [{"key": name, "value": joined(values.get(name))} for name in names]


def joined(values: Sequence[str] | None) -> str | None:
    """Several values as one text, parted by a bar."""
    return None if values is None else "|".join(values)


def pds4_metadata(holding: Holding, base: str, node_name: str) -> Document:
    """The ``pds4Metadata`` of one product: its files and its state."""
    label, *files = holding.manifest.files
    return {
        "node_name": node_name,
        "ops:Label_File_Info": _file_document(label, holding, base),
        "ops:Data_Files": [
            _file_document(entry, holding, base) | {"ops:mime_type": media_type(entry.path)}
            for entry in files
        ],
        "ops:Tracking_Meta": {
            "ops:archive_status": archive_status(holding.lifecycle),
            **({"ops:errata": [each.text for each in holding.errata]} if holding.errata else {}),
        },
    }


def _file_document(entry: FileEntry, holding: Holding, base: str) -> Document:
    return {
        "ops:file_name": entry.name,
        "ops:file_ref": file_address(base, holding, entry),
        "ops:creation_date": time_text(holding.accessioned),
        "ops:file_size": str(entry.size),
        "ops:md5_checksum": entry.digests.get("md5", ""),
    }


def _metadata(holding: Holding, values: Values) -> Document:
    created = values.get("pds:File.pds:creation_date_time")
    updated = values.get("pds:Modification_Detail.pds:modification_date")
    made = {
        "archive_status": archive_status(holding.lifecycle),
        "creation_date_time": created[0] if created else None,
        "update_date_time": max(updated) if updated else None,
        "label_url": values[_LABEL_ADDRESS][0],
        "version": holding.product.id.version,
        "errata": [each.text for each in holding.errata] or None,
    }
    return {key: value for key, value in made.items() if value is not None}


def _references(contexts: Sequence[ContextName], base: str) -> list[Document]:
    return [
        {
            "id": context.lid.text,
            "title": context.name,
            "type": context.type,
            "href": f"{base}/api/search/1/products/{context.lid.text}",
        }
        for context in contexts
        if context.lid is not None
    ]
