"""Schemas in which elements may stand in any order and number.

Where an element stands in a wrong place, libxml2 looks at none of those that follow in the same
parent. Held against the loose schemas, each of them is looked at, and what is still not expected
is unknown in that parent.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy

from lxml import etree

from perilune.formats import xml

_XS = "{http://www.w3.org/2001/XMLSchema}"
_PARTICLES = (f"{_XS}sequence", f"{_XS}choice", f"{_XS}all")
_LEAVES = (f"{_XS}element", f"{_XS}any")
_ATTRIBUTES = (f"{_XS}attribute", f"{_XS}attributeGroup", f"{_XS}anyAttribute")
_DEEPEST = 20


def loosened(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The loose form of every schema, by address."""
    roots = {address: xml.parse(source) for address, source in sources.items()}
    copies = {address: deepcopy(root) for address, root in roots.items()}
    types: dict[tuple[str, str], etree._Element] = {}
    for root in roots.values():
        for each in root.iterchildren(f"{_XS}complexType"):
            types.setdefault((root.get("targetNamespace", ""), each.get("name", "")), each)
    for root in copies.values():
        for each in list(root.iter(f"{_XS}complexType")):
            _loosen(each, types, root.get("targetNamespace", ""))
    return {address: etree.tostring(root) for address, root in copies.items()}


def _loosen(
    type_: etree._Element, types: Mapping[tuple[str, str], etree._Element], target: str
) -> None:
    leaves = list(_leaves(type_, types, target, 0))
    if not leaves and type_.find(f"{_XS}complexContent") is None:
        return
    attributes = [deepcopy(each) for each in _attributes(type_, types, target, 0)]
    for each in list(type_):
        type_.remove(each)
    choice = etree.SubElement(type_, f"{_XS}choice", minOccurs="0", maxOccurs="unbounded")
    seen: set[str] = set()
    for leaf in leaves:
        name = leaf.get("name") or leaf.get("ref") or leaf.get("namespace") or "##any"
        if name.rpartition(":")[2] in seen:
            continue
        seen.add(name.rpartition(":")[2])
        copy = deepcopy(leaf)
        etree.strip_attributes(copy, "minOccurs", "maxOccurs")
        choice.append(copy)
    named: set[str] = set()
    for attribute in attributes:
        name = attribute.get("name") or attribute.get("ref") or ""
        if name not in named:
            named.add(name)
            type_.append(attribute)


def _leaves(
    type_: etree._Element, types: Mapping[tuple[str, str], etree._Element], target: str, depth: int
) -> Iterator[etree._Element]:
    """Elements and wildcards of a type, those of the types that it extends first."""
    content = type_.find(f"{_XS}complexContent")
    holder: etree._Element | None = type_
    if content is not None:
        holder = content.find(f"{_XS}extension")
        if holder is not None and (base := _base(holder, types, target)) is not None:
            if depth < _DEEPEST:
                yield from _leaves(base, types, target, depth + 1)
        elif holder is None:
            holder = content.find(f"{_XS}restriction")
    if holder is None:
        return
    for particle in holder.iterchildren(*_PARTICLES):
        for leaf in particle.iter(*_LEAVES):
            if leaf.get("maxOccurs") != "0":
                yield leaf


def _attributes(
    type_: etree._Element, types: Mapping[tuple[str, str], etree._Element], target: str, depth: int
) -> Iterator[etree._Element]:
    content = type_.find(f"{_XS}complexContent")
    if content is None:
        yield from type_.iterchildren(*_ATTRIBUTES)
        return
    for holder in content.iterchildren(f"{_XS}extension", f"{_XS}restriction"):
        yield from holder.iterchildren(*_ATTRIBUTES)
        if depth < _DEEPEST and (base := _base(holder, types, target)) is not None:
            yield from _attributes(base, types, target, depth + 1)


def _base(
    holder: etree._Element, types: Mapping[tuple[str, str], etree._Element], target: str
) -> etree._Element | None:
    """The type that is extended or restricted, where it lies in the same namespace."""
    prefix, _, name = holder.get("base", "").rpartition(":")
    if holder.nsmap.get(prefix or None) != target:
        return None
    return types.get((target, name))
