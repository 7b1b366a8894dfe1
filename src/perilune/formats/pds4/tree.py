"""A label as a tree of names and values, the same for every information model and dictionary.

Names carry the prefixes that the dictionaries are registered under, whatever prefixes the document
uses: ``pds:title``, ``cart:Bounding_Coordinates``. A namespace from elsewhere keeps the
document's prefix, unless that is one by which this program reads meaning.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from lxml import etree

from perilune.formats.xml import line_of

PDS = "http://pds.nasa.gov/pds4/pds/v1"
MAX_VALUE = 10_000
"""Characters of a value that is kept as a property; longer ones are prose or data."""

_REGISTERED = re.compile(r"\{http://pds\.nasa\.gov/pds4/([A-Za-z0-9_]+)/v1\}(.+)")


@dataclass(slots=True)
class Element:
    """A class of a label: its attributes by name and value, and the classes in it."""

    name: str
    source: etree._Element
    position: int
    """Place among the classes of the label."""
    names: list[str] = field(default_factory=list)
    """Names of its attributes (of its children without children), in their order."""
    texts: list[str] = field(default_factory=list)
    """Their values, white space collapsed; empty where there is none."""
    classes: "list[Element]" = field(default_factory=list)

    @property
    def line(self) -> int | None:
        """Line of the document; None where the parser lost count."""
        return line_of(self.source)

    def value(self, name: str) -> str:
        """Value of the first attribute of that name; empty where there is none."""
        return self.texts[self.names.index(name)] if name in self.names else ""

    def values(self, name: str) -> tuple[str, ...]:
        """Values of the attributes of that name, empty ones left out."""
        pairs = zip(self.names, self.texts, strict=True)
        return tuple([text for found, text in pairs if found == name and text])

    def line_of(self, name: str) -> int | None:
        """Line of the first attribute of that name."""
        found = self._leaf(name)
        return None if found is None else line_of(found)

    def unit_of(self, name: str) -> str:
        """Unit of the first attribute of that name; empty where the label gives none."""
        found = self._leaf(name)
        return "" if found is None else found.get("unit") or ""

    def first(self, name: str) -> "Element | None":
        """The first class of that name in this one."""
        for inner in self.classes:
            if inner.name == name:
                return inner
        return None

    def every(self, name: str) -> "list[Element]":
        """The classes of that name in this one."""
        return [inner for inner in self.classes if inner.name == name]

    def below(self, *names: str) -> "Element | None":
        """The class reached by going from class to class, each the first of its name."""
        here: Element | None = self
        for name in names:
            if here is None:
                return None
            here = here.first(name)
        return here

    def _leaf(self, name: str) -> etree._Element | None:
        if name not in self.names:
            return None
        leaves = (child for child in self.source if not len(child))
        return next(islice(leaves, self.names.index(name), None))


@dataclass(slots=True)
class Tree:
    """A whole label."""

    root: Element
    classes: dict[str, list[Element]]
    """Every class by its name, in the order of the label."""
    properties: tuple[tuple[str, tuple[str, ...]], ...]
    """``ns:Class.ns:attribute`` and its values, in the order of the label."""

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
    top = growth.grow(root, growth.name(root))
    properties = tuple(
        [
            (name, values if isinstance(values, tuple) else tuple(values))
            for name, values in growth.properties.items()
        ]
    )
    return Tree(top, growth.classes, properties)


class _Growth:
    """One walk over a document. Depth is bounded by the parser, so recursion is too.

    This is where reading a label spends its time, so an attribute costs neither a call nor an
    object of its own, and a property that occurs once (nearly all do) no list.
    """

    def __init__(self) -> None:
        self.classes: dict[str, list[Element]] = {}
        self.properties: dict[str, tuple[str, ...] | list[str]] = {}
        self._names: dict[str, str] = {}
        self._count = 0

    def grow(self, source: etree._Element, name: str) -> Element:
        """The class that ``source`` is."""
        self._count += 1
        element = Element(name, source, self._count)
        self.classes.setdefault(name, []).append(element)
        known, properties, names, texts = self._names, self.properties, element.names, element.texts
        for child in source:
            child_name = known.get(child.tag) or self.name(child)
            if len(child):
                element.classes.append(self.grow(child, child_name))
                continue
            text = child.text
            text = " ".join(text.split()) if text else ""
            names.append(child_name)
            texts.append(text)
            if text and len(text) <= MAX_VALUE:
                key = f"{name}.{child_name}"
                before = properties.get(key)
                if before is None:
                    properties[key] = (text,)
                elif isinstance(before, list):
                    before.append(text)
                else:
                    properties[key] = [*before, text]
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
