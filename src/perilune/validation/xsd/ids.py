"""Values of the types ID and IDREF, which libxml2 takes for names and nothing more.

XML Schema 1.0, 3.3.4 (Validation Root Valid): each ID once in a document, each IDREF with its ID.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from perilune.formats import xml
from perilune.formats.xml import line_of
from perilune.validation.xsd.faults import Fault, Kind, spoken

_MADE_FROM = re.compile(rb"""[:"']ID["']""")
_XS = "http://www.w3.org/2001/XMLSchema"


@dataclass(frozen=True, slots=True)
class Ids:
    """Elements, ``{namespace}name``, whose values are of these types."""

    ids: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()

    @classmethod
    def declared(cls, sources: Collection[bytes]) -> "Ids":
        """Those that schemas declare, by themselves or through types of their own."""
        if not any(_MADE_FROM.search(source) for source in sources):
            return cls()
        roots = [xml.parse(source) for source in sources]
        bases = _bases(roots)
        tags: dict[str, set[str]] = {"ID": set(), "IDREF": set()}
        for root in roots:
            target = root.get("targetNamespace", "")
            for element in root.iter(f"{{{_XS}}}element"):
                kind = _kind(_qualified(element, element.get("type", "")), bases)
                if kind in tags and element.get("name"):
                    tags[kind].add(f"{{{target}}}{element.get('name')}")
        return cls(frozenset(tags["ID"]), frozenset(tags["IDREF"]))

    def faults(self, root: etree._Element) -> Iterator[Fault]:
        """What is there twice, or refers to nothing."""
        if not self.ids:
            return
        seen: set[str] = set()
        for element in root.iter(*self.ids):
            name = " ".join((element.text or "").split())
            if name in seen:
                yield Fault(
                    kind=Kind.VALUE,
                    line=line_of(element),
                    tag=str(element.tag),
                    message=f"{spoken(str(element.tag))}: '{name[:200]}' is there a second time",
                    found=name[:200],
                    expected="a name that nothing else in the label has",
                    told=2,
                )
            seen.add(name)
        missing: set[str] = set()
        for element in root.iter(*self.references) if self.references else ():
            name = " ".join((element.text or "").split())
            if name not in seen and name not in missing:
                missing.add(name)
                yield Fault(
                    kind=Kind.OTHER,
                    line=line_of(element),
                    tag=str(element.tag),
                    message=f"{spoken(str(element.tag))}: nothing is called '{name[:200]}'",
                    found=name[:200],
                    expected=f"one of: {', '.join(sorted(seen))}"[:300],
                    is_ours=False,  # told by `perilune.validation.identifiers` in any version
                )


def _bases(roots: Iterable[etree._Element]) -> dict[str, str]:
    """What each simple type is made from."""
    found: dict[str, str] = {}
    for root in roots:
        target = root.get("targetNamespace", "")
        for each in root.iterchildren(f"{{{_XS}}}simpleType"):
            restriction = each.find(f"{{{_XS}}}restriction")
            if restriction is not None:
                base = _qualified(restriction, restriction.get("base", ""))
                found[f"{{{target}}}{each.get('name')}"] = base
    return found


def _qualified(element: etree._Element, name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def _kind(type_: str, bases: Mapping[str, str]) -> str:
    """The built-in type that a type is made from in the end."""
    for _ in range(len(bases) + 1):
        if type_ not in bases:
            break
        type_ = bases[type_]
    return type_.removeprefix(f"{{{_XS}}}")
