"""Sets of schemas, compiled by libxml2 and kept; a driver imports each schema that a label names.

Nothing is loaded but what `Schemas` resolves: an import that leads nowhere is left out, and a
label's own xsi:schemaLocation is taken off while it is validated, since libxml2 would follow it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from perilune.errors import Damaged, MalformedLabel
from perilune.formats import xml
from perilune.validation.schemas import Kind, Pinned, Schemas
from perilune.validation.schemas.address import address_of
from perilune.validation.xsd.diagnosis import diagnose
from perilune.validation.xsd.faults import Fault
from perilune.validation.xsd.ids import Ids
from perilune.validation.xsd.loose import loosened

_XS = "http://www.w3.org/2001/XMLSchema"
_GROUPS = (f"{{{_XS}}}choice", f"{{{_XS}}}sequence", f"{{{_XS}}}all")
MAX_SETS = 64
"""Compiled sets that are kept: some 5 MB each."""


@dataclass(frozen=True, slots=True)
class Unloadable:
    """A schema that was found and cannot be used."""

    address: str
    reason: str


@dataclass(slots=True)
class XsdSet:
    """The schemas that one label is held against."""

    strict: etree.XMLSchema | None
    """None where not one schema can be used."""
    unloadable: tuple[Unloadable, ...]
    sources: Mapping[str, bytes]
    """Every schema that was read, by address."""
    driver: str
    ids: Ids = field(default_factory=Ids)
    _loose: list[etree.XMLSchema | None] = field(default_factory=list)

    def faults(self, root: etree._Element) -> list[Fault]:
        """Everything in a label that the schemas do not allow."""
        if self.strict is None:
            return []
        return [*diagnose(root, self.strict, self.loose), *self.ids.faults(root)]

    def loose(self) -> etree.XMLSchema | None:
        """The same schemas with the order and number of elements let go; None if that fails."""
        if not self._loose:
            self._loose.append(_compiled(self.driver, loosened(self.sources)))
        return self._loose[0]


class XsdGrammar:
    """Sets of schemas, each compiled once."""

    def __init__(self, schemas: Schemas, catalogs: tuple[Path, ...] = ()) -> None:
        self._schemas, self._catalogs = schemas, catalogs
        self._sets: OrderedDict[tuple[tuple[str, str], ...], XsdSet] = OrderedDict()
        self._read: OrderedDict[str, bytes | str] = OrderedDict()

    def set_of(self, named: Iterable[tuple[str, Pinned]]) -> XsdSet:
        """The set of these schemas, each with the namespace that it was named for."""
        pairs = tuple(named)
        key = tuple((namespace, found.sha256) for namespace, found in pairs)
        if key not in self._sets:
            if len(self._sets) >= MAX_SETS:
                self._sets.popitem(last=False)
            self._sets[key] = self._compile(pairs)
        self._sets.move_to_end(key)
        return self._sets[key]

    def _compile(self, pairs: tuple[tuple[str, Pinned], ...]) -> XsdSet:
        whole = self._tried(pairs)
        if isinstance(whole, XsdSet):
            return whole
        first, used, unloadable = pairs[0], list[tuple[str, Pinned]](), list[Unloadable]()
        for pair in pairs:
            tried = self._tried((pair,) if pair is first else (first, pair))
            if isinstance(tried, str):
                unloadable.append(Unloadable(pair[1].address, tried))
            else:
                used.append(pair)
        found = self._tried(tuple(used)) if used else ""
        if isinstance(found, XsdSet):
            found.unloadable = tuple(unloadable)
            return found
        if found:  # each by itself can be used, all together cannot
            unloadable += [Unloadable(each.address, found) for _, each in used]
        return XsdSet(None, tuple(unloadable), {}, "")

    def _tried(self, pairs: tuple[tuple[str, Pinned], ...]) -> "XsdSet | str":
        """The compiled set, or why it cannot be."""
        resolver = _Pinning(self, {_location(found): found for _, found in pairs})
        driver = _driver((namespace, _location(found)) for namespace, found in pairs)
        try:
            strict = _parsed(driver, resolver)
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
            if resolver.missing:
                return f"it imports {resolver.missing[0]}, which cannot be had"
            return " ".join(str(error).split())[:300]
        if resolver.broken:
            return resolver.broken[0]
        ids = Ids.declared(resolver.sources.values())
        return XsdSet(strict, (), resolver.sources, driver, ids)

    def source(self, found: Pinned) -> bytes | str:
        """A schema as it is compiled, or why it cannot be read."""
        if found.sha256 not in self._read:
            if len(self._read) >= MAX_SETS:
                self._read.popitem(last=False)
            try:
                self._read[found.sha256] = _without_empty_groups(
                    xml.parse(self._schemas.read(found))
                )
            except (Damaged, MalformedLabel) as error:
                self._read[found.sha256] = str(error)
        return self._read[found.sha256]

    def imported(self, address: str) -> Pinned | None:
        """What an import in a schema leads to."""
        found = self._schemas.resolve(address, None, catalogs=self._catalogs)
        return found if isinstance(found, Pinned) and found.kind is Kind.XSD else None


class _Pinning(etree.Resolver):
    """Gives libxml2 pinned schemas for addresses, and nothing for any other."""

    def __init__(self, grammar: XsdGrammar, named: Mapping[str, Pinned]) -> None:
        self._grammar, self._named = grammar, named
        self.sources: dict[str, bytes] = {}
        self.broken: list[str] = []
        self.missing: list[str] = []

    def resolve(self, address: str, _public: str, context: Any) -> Any:  # type: ignore[override]  # as lxml calls it
        found = self._named.get(address) or self._grammar.imported(address)
        if found is None:
            self.missing.append(address)
            return self.resolve_string(_EMPTY, context, base_url=address)
        source = self._grammar.source(found)
        if isinstance(source, str):
            self.broken.append(source)
            return self.resolve_string(_EMPTY, context, base_url=address)
        self.sources[address] = source
        return self.resolve_string(source, context, base_url=address)


class _Given(etree.Resolver):
    """Gives libxml2 the sources that it is given, and nothing for any other address."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources

    def resolve(self, address: str, _public: str, context: Any) -> Any:  # type: ignore[override]  # as lxml calls it
        data = self._sources.get(address, _EMPTY)
        return self.resolve_string(data, context, base_url=address)


_EMPTY = f'<xs:schema xmlns:xs="{_XS}"/>'.encode()


def _compiled(driver: str, sources: Mapping[str, bytes]) -> etree.XMLSchema | None:
    try:
        return _parsed(driver, _Given(sources))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError):
        return None


def _parsed(driver: str, resolver: etree.Resolver) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(resolver)
    return etree.XMLSchema(etree.fromstring(driver, parser))


def _driver(pairs: Iterable[tuple[str, str]]) -> str:
    imports = "".join(
        f"<xs:import namespace={quoteattr(namespace)} schemaLocation={quoteattr(location)}/>"
        for namespace, location in pairs
    )
    return f'<xs:schema xmlns:xs="{_XS}">{imports}</xs:schema>'


def _location(found: Pinned) -> str:
    """An address that relative imports in the schema can be seen from."""
    if found.address.startswith(("http://", "https://")) and found.why != "a local file":
        return found.address
    return address_of(found.place.parent / found.name)


def _without_empty_groups(root: etree._Element) -> bytes:
    """Without groups that hold nothing, as Xerces reads them.

    By the standard an empty choice is never matched, so that no label could use a class of a
    dictionary that has one (PROC 1900).
    """
    for group in reversed(list(root.iter(*_GROUPS))):
        if len(group) == 0 and (outer := group.getparent()) is not None:
            outer.remove(group)
    return etree.tostring(root)
