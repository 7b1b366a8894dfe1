"""A label as a tree of names and values, the same for every information model and dictionary.

Names carry the prefixes that the dictionaries are registered under, whatever prefixes the document
uses: ``pds:title``, ``cart:Bounding_Coordinates``. A namespace from elsewhere keeps the
document's prefix, unless that is one by which this program reads meaning.

This is where reading a label spends its time. So the elements stand in columns, one row each in
the order of the document, that are filled by few steps over all of them; an `Element` is made
only of the classes that are asked for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from lxml import etree

from perilune.formats.xml import line_of

PDS = "http://pds.nasa.gov/pds4/pds/v1"
MAX_VALUE = 10_000
"""Characters of a value that is kept as a property; longer ones are prose or data."""

_DICTIONARIES = frozenset(("pds", "cart", "geom", "disp", "proc", "img", "sp"))
"""Prefixes by which this program reads meaning; a foreign namespace never gets one of them."""
_REGISTERED = re.compile(r"\{http://pds\.nasa\.gov/pds4/([A-Za-z0-9_]+)/v1\}(.+)")
_LONGEST = 200
_TAG = attrgetter("tag")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Tree:
    """A whole label in columns, a row for every element."""

    sources: list[etree._Element]
    names: list[str]
    texts: list[str]
    """Values of attributes (elements with none in them), white space collapsed; else empty."""
    after: list[int]
    """Row that follows an element and all in it."""
    classes: dict[str, list[int]]
    """Rows of the classes (elements with others in them) by their name."""
    properties: tuple[tuple[str, tuple[str, ...]], ...]
    """``ns:Class.ns:attribute`` and its values, in the order of the label."""

    @property
    def root(self) -> "Element":
        """The class that all others are in."""
        return Element(self, 0)

    def first(self, name: str) -> "Element | None":
        """The first class of that name."""
        rows = self.classes.get(name)
        return Element(self, rows[0]) if rows else None

    def every(self, *names: str) -> "list[Element]":
        """All classes of those names in the order of the label."""
        rows = [row for name in names for row in self.classes.get(name, ())]
        return [Element(self, row) for row in sorted(rows)]


@dataclass(slots=True)
class Element:
    """A class of a label: its attributes by name and value, and the classes in it."""

    tree: Tree
    row: int

    @property
    def name(self) -> str:
        """The name with its prefix."""
        return self.tree.names[self.row]

    @property
    def line(self) -> int | None:
        """Line of the document; None where the parser lost count."""
        return line_of(self.tree.sources[self.row])

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """Names and values of its attributes, in their order."""
        names, texts = self.tree.names, self.tree.texts
        return [(names[row], texts[row]) for row in self._rows(of_classes=False)]

    @property
    def classes(self) -> "list[Element]":
        """The classes in this one, in their order."""
        return [Element(self.tree, row) for row in self._rows(of_classes=True)]

    def value(self, name: str) -> str:
        """Value of the first attribute of that name; empty where there is none."""
        row = self._first(name, is_class=False)
        return "" if row is None else self.tree.texts[row]

    def values(self, name: str) -> tuple[str, ...]:
        """Values of the attributes of that name, empty ones left out."""
        return tuple([text for found, text in self.attributes if found == name and text])

    def quantity(self, name: str) -> tuple[str, str]:
        """Value and unit of the first attribute of that name; empty where the label gives none."""
        row = self._first(name, is_class=False)
        if row is None:
            return "", ""
        return self.tree.texts[row], self.tree.sources[row].get("unit") or ""

    def line_of(self, name: str) -> int | None:
        """Line of the first attribute of that name."""
        row = self._first(name, is_class=False)
        return None if row is None else line_of(self.tree.sources[row])

    def first(self, name: str) -> "Element | None":
        """The first class of that name in this one."""
        row = self._first(name, is_class=True)
        return None if row is None else Element(self.tree, row)

    def every(self, name: str) -> "list[Element]":
        """The classes of that name in this one."""
        names = self.tree.names
        rows = self._rows(of_classes=True)
        return [Element(self.tree, row) for row in rows if names[row] == name]

    def below(self, *names: str) -> "Element | None":
        """The class reached by going from class to class, each the first of its name."""
        here: Element | None = self
        for name in names:
            if here is None:
                return None
            here = here.first(name)
        return here

    def _first(self, name: str, *, is_class: bool) -> int | None:
        names, after = self.tree.names, self.tree.after
        row, stop = self.row + 1, after[self.row]
        while row < stop:
            following = after[row]
            if names[row] == name and (following > row + 1) is is_class:
                return row
            row = following
        return None

    def _rows(self, *, of_classes: bool) -> list[int]:
        found = []
        after = self.tree.after
        row, stop = self.row + 1, after[self.row]
        while row < stop:
            following = after[row]
            if (following > row + 1) is of_classes:
                found.append(row)
            row = following
        return found


def grow(root: etree._Element) -> Tree:
    """The tree of names and values under ``root``."""
    sources = list(root.iter())
    names = list(map(_registered.__getitem__, map(_TAG, sources)))
    if "" in names:
        names = [name or _foreign(each) for name, each in zip(names, sources, strict=True)]
    texts, after = [""] * len(sources), list(range(1, len(sources) + 1))
    classes: dict[str, list[int]] = {}
    values: dict[str, list[str]] = {}
    outer: list[tuple[int, int, _Remembered[str]]] = []
    missing, properties = 1, _properties[""]  # of the class that the row at hand is in
    for row, (name, source, size) in enumerate(zip(names, sources, map(len, sources), strict=True)):
        if size or not row:
            classes.setdefault(name, []).append(row)
            outer.append((row, missing - 1, properties))
            missing, properties = size, _properties[name]
            continue
        text = source.text
        if text and (text := " ".join(text.split())):
            texts[row] = text
            if len(text) <= MAX_VALUE:
                key = properties[name]
                if key in values:
                    values[key].append(text)
                else:
                    values[key] = [text]
        missing -= 1
        while not missing and outer:
            last, missing, properties = outer.pop()
            after[last] = row + 1
    kept = tuple([(name, tuple(found)) for name, found in values.items()])
    return Tree(sources, names, texts, after, classes, kept)


def _registered_name(tag: str) -> str:
    """Prefix and name; empty where the namespace is no registered dictionary's."""
    match = _REGISTERED.fullmatch(tag)
    return "" if match is None else f"{match[1]}:{match[2]}"


def _foreign(source: etree._Element) -> str:
    uri, _, local = source.tag.rpartition("}")
    if not uri:
        return str(local)
    if source.prefix is None or source.prefix in _DICTIONARIES:
        return str(source.tag)
    return f"{source.prefix}:{local}"


def _properties_of(owner: str) -> "_Remembered[str]":
    return _Remembered(lambda name: f"{owner}.{name}", most=128)


class _Remembered(dict[str, _Value]):
    """What a function makes of a text, remembered from label to label.

    Quicker than `lru_cache` where it is remembered already; bounded for hostile labels.
    """

    __slots__ = ("_make", "_most")

    def __init__(self, make: Callable[[str], _Value], *, most: int) -> None:
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, text: str) -> _Value:
        made = self._make(text)
        if len(text) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[text] = made
        return made


_registered = _Remembered(_registered_name, most=16_384)
_properties = _Remembered(_properties_of, most=512)
