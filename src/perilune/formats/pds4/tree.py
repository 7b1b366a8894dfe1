"""A label as a tree of names and values, the same for every information model and dictionary.

Names carry the prefixes that the dictionaries are registered under, whatever prefixes the document
uses: ``pds:title``, ``cart:Bounding_Coordinates``.

The labels of a collection differ in little but their values. So a tree is a `Form`, which many
labels share and in which what was looked up once is remembered, and the values of one label. The
elements stand in columns; an `Element` is made only of the classes that are asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

_Found = TypeVar("_Found")

Cell = tuple[int, str]
"""Slot of a value, and its unit."""
Properties = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Form:
    """The elements of a label in columns, a row for each in the order of the document."""

    names: list[str]
    """Names with their prefixes."""
    after: list[int]
    """Row that follows an element and all in it."""
    slots: list[int]
    """Place of an attribute's value among those of the label; -1 for classes and where empty.

    There is one more, -1: the slot of row -1, which is none. And a list of values has one more, an
    empty one.
    """
    units: dict[int, str]
    """Units of those attributes that give one."""
    classes: dict[str, list[int]]
    """Rows of the classes (elements with others in them) by their name."""
    keys: dict[str, list[int]]
    """``ns:Class.ns:attribute`` and the slots of its values, in the order of the label."""
    _first: dict[tuple[int, str, bool], int] = field(default_factory=dict)
    _every: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    _inner: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    _rows: dict[tuple[int, bool], list[int]] = field(default_factory=dict)
    _spans: dict[tuple[str, ...], list[slice]] = field(default_factory=dict)
    _tables: dict[tuple[int, str, tuple[str, ...]], list[list[Cell]]] = field(default_factory=dict)

    def first(self, row: int, name: str, *, is_class: bool) -> int:
        """Row of the first class, or attribute, of that name in the class at ``row``; else -1."""
        asked = row, name, is_class
        found = self._first.get(asked)
        if found is None:
            rows = self.rows(row, are_classes=is_class)
            found = next((inner for inner in rows if self.names[inner] == name), -1)
            self._first[asked] = found
        return found

    def every(self, *names: str) -> list[int]:
        """Rows of all classes of those names, in their order."""
        found = self._every.get(names)
        if found is None:
            found = sorted([row for name in names for row in self.classes.get(name, ())])
            self._every[names] = found
        return found

    def every_in(self, row: int, name: str) -> list[int]:
        """Rows of the classes of that name in the class at ``row``."""
        found = self._inner.get((row, name))
        if found is None:
            rows = self.rows(row, are_classes=True)
            found = [inner for inner in rows if self.names[inner] == name]
            self._inner[row, name] = found
        return found

    def table(self, row: int, name: str, attributes: tuple[str, ...]) -> list[list[Cell]]:
        """A line for each class of that name in the class at ``row``, a cell for each attribute."""
        asked = row, name, attributes
        found = self._tables.get(asked)
        if found is None:
            found = [
                [
                    (self.slots[cell], self.units.get(cell, ""))
                    for cell in [self.first(line, each, is_class=False) for each in attributes]
                ]
                for line in self.every_in(row, name)
            ]
            self._tables[asked] = found
        return found

    def spans(self, *names: str) -> list[slice]:
        """Where, among a label's values, those in classes of these names are."""
        found = self._spans.get(names)
        if found is None:
            found = [self._span(row) for row in self.every(*names)]
            self._spans[names] = found
        return found

    def _span(self, row: int) -> slice:
        slots = [slot for slot in self.slots[row : self.after[row]] if slot >= 0]
        return slice(slots[0], slots[-1] + 1) if slots else slice(0)

    def rows(self, row: int, *, are_classes: bool) -> list[int]:
        """Rows of the classes, or of the attributes, in the class at ``row``."""
        asked = row, are_classes
        found = self._rows.get(asked)
        if found is None:
            found, after = [], self.after
            inner, stop = row + 1, after[row]
            while inner < stop:
                following = after[inner]
                if (following > inner + 1) is are_classes:
                    found.append(inner)
                inner = following
            self._rows[asked] = found
        return found

    def properties(self, values: list[str]) -> Properties:
        """The properties of a label with those values."""
        found = [
            (values[slots[0]],) if len(slots) == 1 else tuple([values[slot] for slot in slots])
            for slots in self.keys.values()
        ]
        return tuple(zip(self.keys, found, strict=True))


@dataclass(slots=True)
class Tree:
    """A whole label: its form and the values in it, white space collapsed."""

    form: Form
    values: list[str]
    line_of: Callable[[int], int | None]
    """Line of the document on which the element at a row begins; None where none can tell."""

    @property
    def root(self) -> "Element":
        """The class that all others are in."""
        return Element(self, 0)

    @property
    def properties(self) -> Properties:
        """``ns:Class.ns:attribute`` and its values, in the order of the label."""
        return self.form.properties(self.values)

    def first(self, name: str) -> "Element | None":
        """The first class of that name."""
        rows = self.form.classes.get(name)
        return Element(self, rows[0]) if rows else None

    def every(self, *names: str) -> "list[Element]":
        """All classes of those names in the order of the label."""
        return [Element(self, row) for row in self.form.every(*names)]

    def text(self, row: int) -> str:
        """The value of an attribute; empty for a class and for row -1."""
        return self.values[self.form.slots[row]]


@dataclass(slots=True)
class Element:
    """A class of a label: its attributes by name and value, and the classes in it."""

    tree: Tree
    row: int

    @property
    def name(self) -> str:
        """The name with its prefix."""
        return self.tree.form.names[self.row]

    @property
    def line(self) -> int | None:
        """Line of the document; None where the parser lost count."""
        return self.tree.line_of(self.row)

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """Names and values of its attributes, in their order."""
        tree = self.tree
        rows = tree.form.rows(self.row, are_classes=False)
        return [(tree.form.names[row], tree.text(row)) for row in rows]

    @property
    def classes(self) -> "list[Element]":
        """The classes in this one, in their order."""
        return [Element(self.tree, row) for row in self.tree.form.rows(self.row, are_classes=True)]

    def value(self, name: str) -> str:
        """Value of the first attribute of that name; empty where there is none."""
        tree = self.tree
        return tree.values[tree.form.slots[tree.form.first(self.row, name, is_class=False)]]

    def values(self, name: str) -> tuple[str, ...]:
        """Values of the attributes of that name, empty ones left out."""
        return tuple([text for found, text in self.attributes if found == name and text])

    def quantity(self, name: str) -> tuple[str, str]:
        """Value and unit of the first attribute of that name; empty where the label gives none."""
        row = self.tree.form.first(self.row, name, is_class=False)
        return self.tree.text(row), self.tree.form.units.get(row, "")

    def quantities(self, name: str, attributes: tuple[str, ...]) -> list[list[tuple[str, str]]]:
        """For each class of that name in this one, values and units of its first ``attributes``."""
        values = self.tree.values
        table = self.tree.form.table(self.row, name, attributes)
        return [[(values[slot], unit) for slot, unit in line] for line in table]

    def line_of(self, name: str) -> int | None:
        """Line of the first attribute of that name."""
        row = self.tree.form.first(self.row, name, is_class=False)
        return None if row < 0 else self.tree.line_of(row)

    def first(self, name: str) -> "Element | None":
        """The first class of that name in this one."""
        row = self.tree.form.first(self.row, name, is_class=True)
        return None if row < 0 else Element(self.tree, row)

    def every(self, name: str) -> "list[Element]":
        """The classes of that name in this one."""
        tree = self.tree
        return [Element(tree, row) for row in tree.form.every_in(self.row, name)]

    def below(self, *names: str) -> "Element | None":
        """The class reached by going from class to class, each the first of its name."""
        here: Element | None = self
        for name in names:
            if here is None:
                return None
            here = here.first(name)
        return here


def told_by(*classes: str) -> Callable[[Callable[[Tree], _Found]], Callable[[Tree], _Found]]:
    """Makes a function that asks only for what is in ``classes`` repeat its last answer of a form.

    Labels of a collection come one after another and name the same mission, instrument and target.
    """

    def remembering(find: Callable[[Tree], _Found]) -> Callable[[Tree], _Found]:
        last: WeakKeyDictionary[Form, tuple[list[list[str]], _Found]] = WeakKeyDictionary()

        @wraps(find)
        def found(tree: Tree) -> _Found:
            values = [tree.values[span] for span in tree.form.spans(*classes)]
            known = last.get(tree.form)
            if known is None or known[0] != values:
                known = values, find(tree)
                last[tree.form] = known
            return known[1]

        return found

    return remembering
