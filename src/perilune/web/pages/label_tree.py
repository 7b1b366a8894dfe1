"""The label of a product as a tree to be read by people."""

from dataclasses import dataclass

from lxml import etree

from perilune.errors import MalformedLabel
from perilune.formats import xml

MOST_BYTES = 1 << 20
_MOST_ELEMENTS = 5000


@dataclass(frozen=True, slots=True)
class Branch:
    """One element: its name, attributes, own text, and the elements inside it."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str
    inside: "tuple[Branch, ...]"


def tree_of(label: bytes) -> Branch | None:
    """The root of ``label``; None where it is too large to be shown so, or cannot be read."""
    if len(label) > MOST_BYTES:
        return None
    try:
        root = xml.parse(label)
    except MalformedLabel:
        return None
    count = sum(1 for _ in root.iter())
    return _branch(root) if count <= _MOST_ELEMENTS else None


def _branch(element: etree._Element) -> Branch:
    inside = tuple(_branch(child) for child in element if isinstance(child.tag, str))
    text = (element.text or "").strip()
    return Branch(
        _name(element),
        tuple((etree.QName(name).localname, str(value)) for name, value in element.attrib.items()),
        " ".join(text.split()) if inside else text,
        inside,
    )


def _name(element: etree._Element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local
