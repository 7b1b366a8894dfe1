"""Labels grow into trees: the parser's elements become columns of names and values.

A namespace that is no registered dictionary's keeps the document's prefix, unless that is one by
which this program reads meaning. What is made here of names and of tags is remembered from label to
label, with bounds.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import TypeVar

from lxml import etree

from perilune.errors import MalformedLabel
from perilune.formats import xml
from perilune.formats.pds4.blank import MAX_VALUE, Blanks, Pieces, blank_of
from perilune.formats.pds4.tree import Form, Tree

PDS = "http://pds.nasa.gov/pds4/pds/v1"

_DICTIONARIES = frozenset(("pds", "cart", "geom", "disp", "proc", "img", "sp"))
"""Prefixes by which this program reads meaning; a foreign namespace never gets one of them."""
_REGISTERED = re.compile(r"\{http://pds\.nasa\.gov/pds4/([A-Za-z0-9_]+)/v1\}(.+)")
_LONGEST = 200
_TAG = attrgetter("tag")
_Value = TypeVar("_Value")


def grow(data: bytes) -> Tree:
    """The tree of names and values of a label.

    Raises `MalformedLabel` where it is no XML or its root is no class of the PDS.
    """
    pieces = Pieces(data)
    blank = _blanks.get(pieces)
    known = None if blank is None else blank.tree(pieces)
    if known is not None:
        return known
    tree = _parsed(data)
    if blank is None and _blanks.is_worth_one(pieces):
        _blanks.add(pieces, blank_of(tree, pieces))
    return tree


def forget_blanks() -> None:
    """Read on as a new process would."""
    _blanks.clear()


def _parsed(data: bytes) -> Tree:
    root = xml.parse(data, keeps_blanks=False)
    if not str(root.tag).startswith(f"{{{PDS}}}"):
        reason = f"root element {root.tag[:200]} is not in {PDS}"
        raise MalformedLabel(reason, line=xml.line_of(root))
    sources = list(root.iter())
    names = list(map(_registered.__getitem__, map(_TAG, sources)))
    if "" in names:
        names = [name or _foreign(each) for name, each in zip(names, sources, strict=True)]
    values: list[str] = []
    slots, after = [-1] * (len(sources) + 1), list(range(1, len(sources) + 1))
    classes: dict[str, list[int]] = {}
    keys: dict[str, list[int]] = {}
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
            slots[row] = len(values)
            if len(text) <= MAX_VALUE:
                key = properties[name]
                if key in keys:
                    keys[key].append(len(values))
                else:
                    keys[key] = [len(values)]
            values.append(text)
        missing -= 1
        while not missing and outer:
            last, missing, properties = outer.pop()
            after[last] = row + 1
    units = {row: unit for row, each in enumerate(sources) if (unit := each.get("unit"))}
    form = Form(names=names, after=after, slots=slots, units=units, classes=classes, keys=keys)
    return Tree(form, [*values, ""], lambda row: xml.line_of(sources[row]))


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
_blanks = Blanks()
