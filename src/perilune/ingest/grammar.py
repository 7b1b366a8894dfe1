"""Schemas as holdings: what labels were held against becomes products of the node.

So the archive can read itself when nobody else keeps these schemas any more: they are logged,
audited, copied by partners and rebuilt like all that it holds. Each content is held once, under an
identifier that ends with the beginning of its SHA-256, since one name may stand for several.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from perilune.formats.pds4.writing import MODEL, document, element
from perilune.model.identifier import Lid, Lidvid
from perilune.node import Node
from perilune.validation.schemas import Kind, Pinned, Schemas

_PLACE = ("perilune_schemas", "xml_schema")
"""Bundle and collection of their identifiers."""
_MOST_PARTS = 6
_VERSION = "1.0"
_STANDARDS = {
    Kind.XSD: "XML Schema Version 1.1",
    Kind.SCHEMATRON: "Schematron ISO/IEC 19757-3:2006",
}


def write_schemas(
    named: Iterable[tuple[str, str]], schemas: Schemas, node: Node, folder: Path
) -> int:
    """Write a product into ``folder`` for each schema that is not held yet; how many.

    ``named`` are namespaces and addresses as labels name them; those that are not pinned are left
    out, and all where the node's namespace leaves no room for a collection.
    """
    by_name = {
        name: found
        for found in _pinned(named, schemas)
        if (name := _identifier(found, node.config.namespaces[0])) is not None
    }
    held = node.catalogue.held(list(by_name))
    new = {name: found for name, found in by_name.items() if name not in held}
    for name, found in new.items():
        own = folder / found.sha256
        own.mkdir()
        data = schemas.read(found)
        file = _plain(found.name)
        (own / file).write_bytes(data)
        (own / f"{file}.xml").write_bytes(_label(name, found, file, data))
    return len(new)


def _pinned(named: Iterable[tuple[str, str]], schemas: Schemas) -> Iterator[Pinned]:
    for namespace, address in sorted(named):
        found = schemas.resolve(address, None, namespace=namespace)
        if isinstance(found, Pinned):
            yield found


def _identifier(found: Pinned, namespace: str) -> Lidvid | None:
    parts = [*_PLACE, f"{_plain(found.name).lower()}-{found.sha256[:12]}"]
    room = _MOST_PARTS - namespace.count(":") - 1
    if room < 1:
        return None
    while len(parts) > room:
        parts[:2] = [".".join(parts[:2])]
    return Lidvid(Lid.parse(":".join((namespace, *parts))), 1, 0)


def _plain(name: str) -> str:
    """The file's name in the letters that names may have."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:100].lstrip("._-") or "schema"


def _label(name: Lidvid, found: Pinned, file: str, data: bytes) -> bytes:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return document(
        element(
            "Product_XML_Schema",
            element(
                "Identification_Area",
                element("logical_identifier", name.lid.text),
                element("version_id", _VERSION),
                element("title", f"{found.name}, as labels of this archive were held against it"),
                element("information_model_version", MODEL),
                element("product_class", "Product_XML_Schema"),
            ),
            element(
                "File_Area_XML_Schema",
                element(
                    "File",
                    element("file_name", file),
                    element("file_size", str(len(data)), unit="byte"),
                    element("md5_checksum", md5),
                ),
                element(
                    "XML_Schema",
                    element("name", found.name),
                    element("offset", "0", unit="byte"),
                    element("parsing_standard_id", _STANDARDS[found.kind]),
                    element("description", f"Named by labels as {found.address}"),
                ),
            ),
        )
    )
