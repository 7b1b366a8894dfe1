"""All that is wrong with a label, where libxml2 by itself stops early.

libxml2 leaves off in a parent at the first child that is not expected there. So for a label that
fails, the same is held against loose schemas (see `perilune.validation.xsd.loose`), which tell
of the values further on and of unknown elements; and copies in which each element told of is taken
out, or the one that is missing put in, are tried again, until nothing new comes up.

`Fault.told` follows Xerces: it tells the first child only that is not expected in a parent, then
goes on with whatever the parent declares by that name, else with a global declaration.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lxml import etree

from perilune.formats.xml import line_of
from perilune.validation.xsd.faults import Fault, Kind, kind_of, read

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
NIL = f"{XSI}nil"
_BOOLEANS = ("true", "false", "1", "0")
_LOCATIONS = (f"{XSI}schemaLocation", f"{XSI}noNamespaceSchemaLocation")
MAX_ROUNDS = 60
"""Of repair and trying again; a label that is not through by then is told of as far as it went."""
MAX_CHILDREN = 5_000
"""Of one parent, in a label that is wrong: libxml2 counts them anew for each error."""
MAX_ELEMENTS = 50_000
"""Of a label that is looked at again and again; larger ones are looked at once."""
MAX_FAULTS = 2_000
"""That are told of a label."""
MAX_TRIES = 8
"""At one place."""
MAX_DEPTH = 3
"""Of unknown elements within unknown elements."""

_has_inner_locations = etree.XPath(
    "boolean(/*//*/@xsi:schemaLocation | /*//*/@xsi:noNamespaceSchemaLocation)",
    namespaces={"xsi": XSI[1:-1]},
)
_NAMED = re.compile(r"Element '([^']*)'")
_EXPECTED_TAG = re.compile(r"(?<![#\w])(\{[^{}]*\}[^\s,{}*()]+)")

Loose = Callable[[], etree.XMLSchema | None]


def diagnose(root: etree._Element, strict: etree.XMLSchema, loose: Loose) -> list[Fault]:
    """The faults of a label, by line."""
    with _without_locations(root) as plain:
        if _has_crowd(plain):
            found = [] if _is_valid_at_once(plain, strict) else _all(_thinned(plain), strict, loose)
        else:
            found = [] if strict.validate(plain) else _all(plain, strict, loose)
    return sorted(found, key=lambda fault: fault.line or 0)


def _all(root: etree._Element, strict: etree.XMLSchema, loose: Loose) -> list[Fault]:
    return _Diagnosis(root, strict, loose).run()


def _has_crowd(root: etree._Element) -> bool:
    return max(map(len, root.iter())) > MAX_CHILDREN


def _is_valid_at_once(root: etree._Element, strict: etree.XMLSchema) -> bool:
    """Whether it is valid, found out while it is parsed anew: quick whatever is wrong."""
    parser = etree.XMLParser(
        schema=strict, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        etree.fromstring(etree.tostring(root), parser)
    except etree.XMLSyntaxError:
        return False
    return True


def _thinned(root: etree._Element) -> etree._Element:
    copy = deepcopy(root)
    for each in list(copy.iter()):
        del each[MAX_CHILDREN:]
    return copy


@contextmanager
def _without_locations(root: etree._Element) -> Iterator[etree._Element]:
    """The root without any place that libxml2 would load a schema from; afterwards as before."""
    if _has_inner_locations(root):
        root = deepcopy(root)
        etree.strip_attributes(root, *_LOCATIONS)
    held = {name: value for name in _LOCATIONS if (value := root.get(name)) is not None}
    for name in held:
        del root.attrib[name]
    try:
        yield root
    finally:
        for name, value in held.items():
            root.set(name, value)


@dataclass(slots=True)
class _Found:
    """An error of libxml2 and the element that it names."""

    element: etree._Element
    fault: Fault
    expected: tuple[str, ...]
    """Tags that might stand there."""
    is_missing: bool
    """Whether the element is one that ends too early."""

    @property
    def parent(self) -> etree._Element | None:
        """The element whose content is wrong."""
        return self.element if self.is_missing else self.element.getparent()


def _errors(
    schema: etree.XMLSchema, root: etree._Element, only: Kind | None = None
) -> Iterator[_Found]:
    """What libxml2 says of ``root``, each with its element; the first `MAX_FAULTS` of it."""
    if schema.validate(root):
        return
    names: dict[str, str] = {}
    for each in root.iter():
        if each.prefix is not None and each.prefix not in names:
            names[each.prefix] = each.nsmap[each.prefix]
    log: Iterable[Any] = schema.error_log  # type: ignore[assignment]  # lxml-stubs lack its iteration
    for entry in islice(log, MAX_FAULTS):
        if only is not None and kind_of(entry.type_name) is not only:
            continue
        tag = head[1] if (head := _NAMED.match(entry.message)) else ""
        element = _at(root, entry.path, tag, names)
        yield _Found(
            element,
            read(entry.type_name, entry.message, element),
            tuple(_EXPECTED_TAG.findall(entry.message.partition("Expected is")[2])),
            "Missing child element" in entry.message,
        )


def _at(root: etree._Element, path: str | None, tag: str, names: dict[str, str]) -> etree._Element:
    """The element at a path as libxml2 writes it; the root where it cannot be told."""
    try:
        found = root.xpath(path or "/*", namespaces=names)
    except etree.XPathError:
        return root
    for each in found if isinstance(found, list) else ():
        if etree.iselement(each) and (not tag or each.tag == tag):
            return each
    return root


class _Diagnosis:
    """One label under examination."""

    def __init__(
        self, root: etree._Element, strict: etree.XMLSchema, loose: Loose, depth: int = 0
    ) -> None:
        self.root, self.strict, self.loose, self.depth = root, strict, loose, depth
        self.elements = list(root.iter())  # held, so that each stays the same object
        self.faults: list[Fault] = []
        self.noted: set[tuple[etree._Element, Kind, str]] = set()
        self.told: set[etree._Element] = set()
        """Parents whose content Xerces has told of."""
        self.unknown: list[etree._Element] = []
        self.nil: set[etree._Element] = set()
        """Elements whose xsi:nil is no value, of which Xerces tells too if they may have none."""
        self.emptied: set[etree._Element] = set()
        """Elements that hold elements in the place of a value, of which Xerces then tells too."""
        self.is_undeclared = False

    def run(self) -> list[Fault]:
        """All faults."""
        first = list(_errors(self.strict, self.root))
        for each in first:
            self.note(each.element, each)
        self.is_undeclared = any(
            each.fault.kind is Kind.UNDECLARED and each.element is self.root for each in first
        )
        stops = {Kind.CONTENT, Kind.UNDECLARED, Kind.CHILDREN}
        has_nil = any(each.element.get(NIL) is not None for each in first)
        is_whole = len(first) < MAX_FAULTS and len(self.elements) <= MAX_ELEMENTS
        if (
            is_whole
            and not self.is_undeclared
            and (has_nil or stops & {each.fault.kind for each in first})
        ):
            self.look_further()
            self.look_into_unknown()
            self.repair()
        return self.faults

    def note(self, element: etree._Element, found: _Found) -> None:
        """Keep a fault of an element of the label, once."""
        fault = found.fault
        subject = fault.message if fault.kind in (Kind.VALUE, Kind.ATTRIBUTE, Kind.OTHER) else ""
        if fault.kind is Kind.VALUE:
            subject = fault.message.partition(":")[0]  # one value, though it break several facets
        if fault.kind is Kind.CONTENT:
            subject = "end" if found.is_missing else ""
        key = (element, fault.kind, subject)
        if key in self.noted:
            return
        self.noted.add(key)
        if fault.kind is Kind.CONTENT:
            parent = element if found.is_missing else element.getparent()
            if parent in self.told:
                fault = replace(fault, told=0)
            elif parent is not None:
                self.told.add(parent)
        if element in self.emptied and fault.kind is Kind.VALUE:
            fault = replace(fault, is_ours=False)
        if element in self.nil and fault.kind is Kind.OTHER:
            fault = replace(fault, is_ours=False, told=int("nillable" in fault.message))
        self.faults.append(fault)

    def look_further(self) -> None:
        """Values after a child that is not expected, and children unknown to their parent."""
        loose = self.loose()
        if loose is None:
            return
        copy, origin = _copied(self.root)
        for _ in range(MAX_ROUNDS):
            before = len(self.unknown), len(self.nil)
            for each in list(_errors(loose, copy)):
                element, kind = each.element, each.fault.kind
                self.note(origin[element], each)
                if kind in (Kind.CONTENT, Kind.UNDECLARED):
                    self._take_out(each, origin)
                elif kind is Kind.CHILDREN and len(element):
                    self.unknown.extend(origin[element])
                    self.emptied.add(origin[element])
                    element.text = ""
                    del element[:]
                elif element.get(NIL, "true") not in _BOOLEANS:
                    element.set(NIL, "true")
                    self.nil.add(origin[element])
            if before == (len(self.unknown), len(self.nil)):
                return

    def _take_out(self, found: _Found, origin: dict[etree._Element, etree._Element]) -> None:
        """Remove an unknown child and those of its name beside it, each noted."""
        parent = found.element.getparent()
        if parent is None:
            return
        for each in parent.findall(found.element.tag):
            self.note(origin[each], replace_line(found, origin[each]))
            self.unknown.append(origin[each])
            parent.remove(each)

    def look_into_unknown(self) -> None:
        """Go on inside unknown children as Xerces does: by global declarations, else in theirs."""
        waiting = list(self.unknown)
        for _ in range(MAX_ROUNDS):
            if not waiting or self.depth >= MAX_DEPTH:
                return
            element = waiting.pop(0)
            inner = _Diagnosis(deepcopy(element), self.strict, self.loose, self.depth + 1)
            faults = inner.run()
            if inner.is_undeclared:
                waiting.extend(element)
            else:
                self.faults.extend(faults)

    def repair(self) -> None:
        """What else is wrong with order and number, by mending what was found and trying again."""
        unknown = set(self.unknown)
        copy, origin = _copied(self.root)
        for each, source in list(origin.items()):
            if source in unknown and (parent := each.getparent()) is not None:
                parent.remove(each)
        mender = _Mender()
        for _ in range(MAX_ROUNDS):
            mended = False
            for found in list(_errors(self.strict, copy, only=Kind.CONTENT)):
                if mender.is_within(found.element):
                    continue
                if found.element in origin:
                    self.note(origin[found.element], found)
                mended |= mender.mend(found)
            if not mended:
                return


class _Mender:
    """Mends the content of a copy, so that what comes after can be looked at."""

    def __init__(self) -> None:
        self._placed: set[etree._Element] = set()
        self._tries: dict[etree._Element, int] = {}

    def is_within(self, element: etree._Element) -> bool:
        """Whether an element is one that was put in, or in one."""
        return element in self._placed or any(
            each in self._placed for each in element.iterancestors()
        )

    def mend(self, found: _Found) -> bool:
        """Put in what is missing; else move, or take out, what is in a wrong place.

        False where nothing could be done.
        """
        element, parent = found.element, found.parent
        tries = self._tries[element] = self._tries.get(element, 0) + 1
        if parent is None or (found.is_missing and (tries > MAX_TRIES or not found.expected)):
            return False
        if found.is_missing:
            self._place(parent, len(parent), found.expected)
            return True
        later = next((each for each in element.itersiblings() if each.tag in found.expected), None)
        earlier = next(element.itersiblings(element.tag, preceding=True), None)
        if later is not None:
            element.addprevious(later)
        elif earlier is not None and tries <= MAX_TRIES:
            parent.replace(earlier, element)  # looked at already; now this one is
        elif not found.expected or tries > MAX_TRIES:
            parent.remove(element)
        else:
            self._place(parent, parent.index(element), found.expected)
        return True

    def _place(self, parent: etree._Element, index: int, expected: tuple[str, ...]) -> None:
        placed = parent.makeelement(expected[-1])  # those before it may be left out
        parent.insert(index, placed)
        self._placed.add(placed)


def replace_line(found: _Found, element: etree._Element) -> _Found:
    """The same of another element."""
    return replace(found, element=element, fault=replace(found.fault, line=line_of(element)))


def _copied(
    root: etree._Element,
) -> tuple[etree._Element, dict[etree._Element, etree._Element]]:
    """A copy, and the element that each of its elements is a copy of."""
    copy = deepcopy(root)
    return copy, dict(zip(copy.iter(), root.iter(), strict=True))
