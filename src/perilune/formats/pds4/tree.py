"""A label as a tree of names and values, the same for every information model and dictionary.

Names carry the prefixes that the dictionaries are registered under, whatever prefixes the document
uses: ``pds:title``, ``cart:Bounding_Coordinates``. A namespace from elsewhere keeps the
document's prefix, unless that is one by which this program reads meaning.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from perilune.formats.xml import line_of

PDS = "http://pds.nasa.gov/pds4/pds/v1"
MAX_VALUE = 10_000
"""Characters of a value that is kept as a property; longer ones are prose or data."""

_REGISTERED = re.compile(r"\{http://pds\.nasa\.gov/pds4/([A-Za-z0-9_]+)/v1\}(.+)")


@dataclass(slots=True)
class Element:
    """A class (with children) or an attribute (with text) of a label."""

    name: str
    text: str
    """Its value, white space collapsed; empty for a class."""
    children: "tuple[Element, ...]"
    source: etree._Element
    position: int
    """Place among the classes of the label."""

    @property
    def line(self) -> int | None:
        """Line of the document; None where the parser lost count."""
        return line_of(self.source)

    def first(self, name: str) -> "Element | None":
        """The first child of that name."""
        for child in self.children:
            if child.name == name:
                return child
        return None

    def every(self, name: str) -> "list[Element]":
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def value(self, name: str) -> str:
        """Text of the first child of that name; empty where there is none."""
        found = self.first(name)
        return "" if found is None else found.text

    def values(self, name: str) -> tuple[str, ...]:
        """Texts of the children of that name, empty ones left out."""
        return tuple(child.text for child in self.children if child.name == name and child.text)

    def below(self, *names: str) -> "Element | None":
        """The element reached by going from child to child, each the first of its name."""
        here: Element | None = self
        for name in names:
            if here is None:
                return None
            here = here.first(name)
        return here


@dataclass(slots=True)
class Tree:
    """A whole label."""

    root: Element
    classes: dict[str, list[Element]] = field(default_factory=dict)
    """Every class by its name, in the order of the label."""
    properties: dict[str, list[str]] = field(default_factory=dict)
    """``ns:Class.ns:attribute`` to its values, in the order of the label."""

    def first(self, name: str) -> Element | None:
        """The first class of that name."""
        found = self.classes.get(name)
        return found[0] if found else None

    def every(self, *names: str) -> list[Element]:
        """All classes of those names in the order of the label."""
        found = [element for name in names for element in self.classes.get(name, ())]
        return sorted(found, key=lambda element: element.position) if len(names) > 1 else found


def grow(root: etree._Element) -> Tree:
    """The tree of names and values under ``root``."""
    growth = _Growth()
    return Tree(growth.grow(root, growth.name(root)), growth.classes, growth.properties)


class _Growth:
    """One walk over a document. Depth is bounded by the parser, so recursion is too.

    This is where reading a label spends its time: a leaf costs no call of our own.
    """

    def __init__(self) -> None:
        self.classes: dict[str, list[Element]] = {}
        self.properties: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}
        self._count = 0

    def grow(self, source: etree._Element, name: str) -> Element:
        """The class that ``source`` is."""
        self._count += 1
        element = Element(name, "", (), source, self._count)
        self.classes.setdefault(name, []).append(element)
        names, properties = self._names, self.properties
        children: list[Element] = []
        for child in source:
            child_name = names.get(child.tag) or self.name(child)
            if len(child):
                children.append(self.grow(child, child_name))
                continue
            text = child.text
            text = " ".join(text.split()) if text else ""
            children.append(Element(child_name, text, (), child, 0))
            if text and len(text) <= MAX_VALUE:
                properties.setdefault(f"{name}.{child_name}", []).append(text)
        element.children = tuple(children)
        return element

    def name(self, source: etree._Element) -> str:
        """The name of an element, prefix and all."""
        tag = source.tag
        name = _registered(tag)
        if name is None:
            uri, _, local = tag.rpartition("}")
            if not uri:
                name = local
            elif source.prefix is None or source.prefix in _DICTIONARIES:
                name = tag
            else:
                name = f"{source.prefix}:{local}"
        self._names[tag] = name
        return name


_DICTIONARIES = frozenset(("pds", "cart", "geom", "disp", "proc", "img", "sp"))
"""Prefixes by which this program reads meaning; a foreign namespace never gets one of them."""


@lru_cache(maxsize=16_384)
def _registered(tag: str) -> str | None:
    match = _REGISTERED.fullmatch(tag)
    return None if match is None else f"{match[1]}:{match[2]}"
