"""The media types of the PDS Search API: one answer, written in each of them.

JSON is the plain form; CSV and key-value JSON hold just the fields asked for; the two PDS4 types
hold the labels themselves, read from the archive and verified.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson
from fastapi.responses import Response
from lxml import etree

from perilune.access.policy import Asker, may_read
from perilune.access.read import whole
from perilune.errors import Embargoed
from perilune.formats.xml import parse
from perilune.model.product import Holding
from perilune.node import Node
from perilune.web import pds_document as document
from perilune.web.pds_document import Document

JSON = "application/json"
KVP = "application/kvp+json"
PDS4_JSON = "application/vnd.nasa.pds.pds4+json"
PDS4_XML = "application/vnd.nasa.pds.pds4+xml"
CSV = ("application/csv", "text/csv")
XML = ("application/xml", "text/xml")
HTML = "text/html"
OFFERS = (JSON, HTML, *CSV, KVP, PDS4_JSON, PDS4_XML, *XML)

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KEYED = ("properties", "counts")
"""Members whose keys are no names of XML elements."""
_NAMESPACE = "http://pds.nasa.gov/api"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an answer is to be written."""

    media: str
    base: str
    """Address of this node, without a slash at the end."""
    asker: Asker
    fields: tuple[str, ...] = ()


def one(holding: Holding, node: Node, manner: Manner) -> Response:
    """A single product."""
    if manner.media == PDS4_XML:
        decision = may_read(holding, manner.asker)
        if not decision.allowed:
            raise Embargoed(f"{holding.product.id}: {decision.reason}")
        return _response(whole(holding.manifest.label, node), PDS4_XML)
    if manner.media == PDS4_JSON:
        return json_response(_with_label(holding, node, manner), PDS4_JSON)
    if manner.media == KVP:
        return json_response({"key_value_pairs": _pairs(holding, manner)}, KVP)
    if manner.media in CSV:
        return _csv((holding,), manner)
    made = document.product_document(holding, manner.base, manner.fields)
    if manner.media in XML:
        return _response(_xml_document("product", made), manner.media)
    return json_response(made)


def many(summary: Document, holdings: Sequence[Holding], node: Node, manner: Manner) -> Response:
    """A page of products under its summary."""
    if manner.media == PDS4_XML:
        return _response(_labels(summary, holdings, node, manner), PDS4_XML)
    if manner.media == PDS4_JSON:
        data = [_with_label(holding, node, manner) for holding in holdings]
        return json_response({"summary": summary, "data": data}, PDS4_JSON)
    if manner.media == KVP:
        data = [{"key_value_pairs": _pairs(holding, manner)} for holding in holdings]
        return json_response({"summary": summary, "data": data}, KVP)
    if manner.media in CSV:
        return _csv(holdings, manner)
    data = [document.product_document(holding, manner.base, manner.fields) for holding in holdings]
    if manner.media in XML:
        made = {"summary": summary, "data": {"product": data}}
        return _response(_xml_document("products", made), manner.media)
    return json_response({"summary": summary, "data": data})


def json_response(value: Any, media: str = JSON, status: int = 200) -> Response:
    """``value`` as JSON, written once and sent as it is."""
    return _response(orjson.dumps(value), media, status)


def _response(body: bytes | str, media: str, status: int = 200) -> Response:
    return Response(body, status, {"Vary": "Accept"}, media_type=media)


def _with_label(holding: Holding, node: Node, manner: Manner) -> Document:
    found: Document = {
        "id": str(holding.product.id),
        "metadata": document.pds4_metadata(holding, manner.base, node.config.name),
    }
    if may_read(holding, manner.asker).allowed:
        root = parse(whole(holding.manifest.label, node))
        found["pds4"] = {_name(root): _label_value(root)}
    return found


def _pairs(holding: Holding, manner: Manner) -> list[Document]:
    values = document.properties(holding, manner.base)
    return document.key_value_pairs(values, manner.fields)


def _csv(holdings: Sequence[Holding], manner: Manner) -> Response:
    rows = [document.properties(holding, manner.base) for holding in holdings]
    fields = manner.fields or sorted(set().union(*rows))
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(fields)
    table.writerows([document.joined(row.get(name)) for name in fields] for row in rows)
    return _response(text.getvalue(), manner.media)


def _labels(summary: Document, holdings: Sequence[Holding], node: Node, manner: Manner) -> str:
    parts = [_element("summary", summary)]
    for holding in holdings:
        label = ""
        if may_read(holding, manner.asker).allowed:
            root = parse(whole(holding.manifest.label, node))
            label = f"<pds_api:pds4>{etree.tostring(root, encoding='unicode')}</pds_api:pds4>"
        metadata = document.pds4_metadata(holding, manner.base, node.config.name)
        head = _element("id", str(holding.product.id)) + _element("metadata", metadata)
        parts.append(f"<pds_api:product>{head}{label}</pds_api:product>")
    return _wrapped("products", "".join(parts))


def _label_value(element: etree._Element) -> Any:
    """An element as JSON: its text, or attributes and children by name, repeated ones listed."""
    children = [child for child in element if isinstance(child.tag, str)]
    text = (element.text or "").strip()
    if not children and not element.attrib:
        return text
    found: dict[str, list[Any]] = {}
    for key, value in element.attrib.items():
        found.setdefault(str(etree.QName(key).localname), []).append(value)
    for child in children:
        found.setdefault(_name(child), []).append(_label_value(child))
    if text:
        found["content"] = [text]
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _name(element: etree._Element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _xml_document(name: str, value: Document) -> str:
    return _wrapped(name, "".join(_element(key, member) for key, member in value.items()))


def _wrapped(name: str, inner: str) -> str:
    space = f'xmlns:pds_api="{_NAMESPACE}"'
    return f"{_DECLARATION}<pds_api:{name} {space}>{inner}</pds_api:{name}>"


def _element(name: str, value: Any) -> str:
    return "".join(_elements(name, value))


def _elements(name: str, value: Any, within: str = "") -> Iterator[str]:
    if isinstance(value, list | tuple):
        for member in value:
            yield from _elements(name, member, within)
        return
    if within in _KEYED or not _NAME.fullmatch(name):
        yield f"<pds_api:property name={quoteattr(_legal(name))}>"
        end = "</pds_api:property>"
    else:
        yield f"<pds_api:{name}>"
        end = f"</pds_api:{name}>"
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _elements(key, member, name)
    elif value is not None:
        yield escape(_legal(str(value)))
    yield end


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
