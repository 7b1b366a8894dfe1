"""Metadata of a PDF/A-1: the XMP packet, its claim to be PDF/A-1, and the Info dictionary.

Source: ISO 19005-1:2005, clauses 6.7 and 6.8.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pikepdf
from lxml import etree

from perilune.errors import MalformedLabel
from perilune.formats import xml

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_PDF = "{http://ns.adobe.com/pdf/1.3/}"
_MOST_BYTES = 4 << 20
_PACKET = re.compile(rb"<\?xpacket[^>]*\?>")
_SAME = (
    ("/Title", f"{_DC}title"),
    ("/Author", f"{_DC}creator"),
    ("/Subject", f"{_DC}description"),
    ("/Keywords", f"{_PDF}Keywords"),
    ("/Creator", f"{_XMP}CreatorTool"),
    ("/Producer", f"{_PDF}Producer"),
    ("/CreationDate", f"{_XMP}CreateDate"),
    ("/ModDate", f"{_XMP}ModifyDate"),
)
_PDF_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([Z+-])(?:(\d\d)'?)?(?:(\d\d)'?)?)?"
)


def faults_of_metadata(document: pikepdf.Pdf) -> Iterator[str]:
    """What is wrong with the metadata, each with its clause."""
    stream = document.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        yield "6.7.2: has no XMP metadata"
        return
    if "/Filter" in stream:
        yield "6.7.2: has its XMP metadata filtered"
    if len(stream.read_raw_bytes()) > _MOST_BYTES:
        yield "6.7.2: has more XMP metadata than is looked at"
        return
    raw = stream.read_raw_bytes() if "/Filter" not in stream else stream.read_bytes()
    try:
        properties = _properties(xml.parse(_PACKET.sub(b"", raw).strip()))
    except MalformedLabel as error:
        yield f"6.7.9: has XMP metadata that is no XML: {error.reason}"
        return
    part, level = properties.get(f"{_PDFAID}part"), properties.get(f"{_PDFAID}conformance")
    if part != "1" or level not in ("A", "B"):
        claim = f"PDF/A-{part}{(level or '').lower()}" if part else "no PDF/A"
        yield f"6.7.11: says in its metadata that it is {claim}"
    yield from _against_info(document, properties)
    if level == "A":
        yield from _of_structure(document)


def _of_structure(document: pikepdf.Pdf) -> Iterator[str]:
    marked = document.Root.get("/MarkInfo")
    is_marked = isinstance(marked, pikepdf.Dictionary) and marked.get("/Marked", False) is True
    if not is_marked or "/StructTreeRoot" not in document.Root:
        yield "6.8: says it is PDF/A-1a and is not tagged"


def _properties(root: etree._Element) -> dict[str, str]:
    """Simple values, and the first of a list, by name."""
    found: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            found.setdefault(str(name), str(value).strip())
        for element in description:
            items = [(each.text or "").strip() for each in element.iter(f"{_RDF}li")]
            text = items[0] if items else (element.text or "").strip()
            found.setdefault(str(element.tag), text)
    return found


def _against_info(document: pikepdf.Pdf, properties: dict[str, str]) -> Iterator[str]:
    info = document.trailer.get("/Info")
    if not isinstance(info, pikepdf.Dictionary):
        return
    for key, name in _SAME:
        value = info.get(key)
        if not isinstance(value, pikepdf.String):
            continue
        written, said = str(value), properties.get(name)
        is_same = _same_time(written, said) if key.endswith("Date") else said == written.strip()
        if not is_same:
            yield f"6.7.3: has another {key[1:]} in its metadata than in its Info"


def _same_time(written: str, said: str | None) -> bool:
    match = _PDF_DATE.match(written)
    if match is None or said is None:
        return False
    try:
        year, *rest = [int(part) if part else None for part in match.groups()[:6]]
        month, day, hour, minute, second = (
            given if given is not None else least
            for given, least in zip(rest, (1, 1, 0, 0, 0), strict=True)
        )
        offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
        zone = timezone(-offset if match[7] == "-" else offset)
        moment = datetime(year or 1, month, day, hour, minute, second, tzinfo=zone)
        other = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        return False
    if other.tzinfo is None:
        other = other.replace(tzinfo=zone if match[7] else UTC)
    return other == moment
