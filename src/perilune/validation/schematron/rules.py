"""A Schematron as values: its asserts, each with where and in which scope it is to hold.

Read: ns, let, pattern, rule, assert with value-of and name. A report is passed over, as NASA's
``validate`` passes over what it finds. What is not read, or not run, is named in
`Schematron.refused` and takes nothing with it but the asserts that need it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from perilune.validation.report import Severity
from perilune.validation.schematron.xpath import Expression, Refused, checked, union_parts

SCH = "{http://purl.oclc.org/dsdl/schematron}"
_SEVERITIES = {
    "warn": Severity.WARNING,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "information": Severity.INFO,
}
_PASSED_OVER = {"report", "title", "p", "emph", "dir", "span", "let", "assert", "ns", "diagnostics"}
_PASSED_OVER |= {"phase", "properties", "rule", "pattern", "diagnostic", "value-of", "name"}


@dataclass(frozen=True, slots=True)
class Let:
    """A variable."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Assert:
    """Something that holds wherever the rule applies."""

    number: int
    """Which of the Schematron's asserts, from 0."""
    test: Expression
    message: tuple[str | Expression, ...]
    """Text, and expressions whose values stand in it."""
    severity: Severity
    line: int | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Where asserts apply."""

    context: Expression
    """Selects the nodes from the root of the document."""
    lets: tuple[Let, ...]
    asserts: tuple[Assert, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rules of which at most one applies to a node: the first."""

    lets: tuple[Let, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a Schematron that is not run."""

    line: int | None
    reason: str


@dataclass(slots=True)
class Schematron:
    """What a file asks for."""

    prefixes: Mapping[str, str]
    lets: tuple[Let, ...]
    patterns: list[Pattern]
    refused: list[Refusal]
    asserts: list[Assert] = field(default_factory=list)


def read_schematron(root: etree._Element) -> Schematron:
    """The asserts of a Schematron; what cannot be run is among its refusals."""
    return _Reader(root).read()


class _Reader:
    """One file, read from its start."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._refused: list[Refusal] = []
        self._asserts: list[Assert] = []
        self._prefixes: dict[str, str] = {}
        self._lost: set[str] = set()
        """Variables whose value is not run: what uses them is not run either."""

    def read(self) -> Schematron:
        for each in self._root.iterchildren(f"{SCH}ns"):
            self._take_prefix(each)
        self._look_for_foreign()
        lets = self._lets(self._root)
        patterns = [self._pattern(each) for each in self._root.iterchildren(f"{SCH}pattern")]
        return Schematron(self._prefixes, lets, patterns, self._refused, self._asserts)

    def _refuse(self, element: etree._Element, reason: str) -> None:
        line = element.sourceline
        self._refused.append(Refusal(line if isinstance(line, int) else None, reason))

    def _take_prefix(self, element: etree._Element) -> None:
        prefix, uri = element.get("prefix", ""), element.get("uri", "")
        if not prefix.isidentifier() and not all(
            part.isidentifier() for part in prefix.replace(".", "-").split("-")
        ):
            self._refuse(element, f"declares {prefix[:40]!r} as a prefix, which is no name")
        elif prefix in ("xml", "xmlns") or not uri:
            self._refuse(element, f"declares the prefix {prefix!r} anew")
        else:
            self._prefixes[prefix] = uri

    def _look_for_foreign(self) -> None:
        for each in self._root.iter():
            if each is self._root or not isinstance(each.tag, str):
                continue
            name = each.tag.removeprefix(SCH)
            inside = each.getparent()
            if name not in _PASSED_OVER and inside is not None:
                if name.startswith("{") and not inside.tag.startswith(SCH):
                    continue  # within one that is named already
                self._refuse(each, f"holds <{_spoken(each)}>, which is not run")

    def _expression(self, element: etree._Element, attribute: str) -> Expression | None:
        text = element.get(attribute)
        if text is None:
            self._refuse(element, f"<{_spoken(element)}> lacks its {attribute}")
            return None
        try:
            found = checked(text, self._prefixes)
        except Refused as error:
            told = " ".join(text.split())
            self._refuse(element, f"the expression {told[:120]!r} {error}")
            return None
        if lost := found.variables & self._lost:
            self._refuse(element, f"uses ${min(lost)}, whose value is not run")
            return None
        return found

    def _lets(self, element: etree._Element) -> tuple[Let, ...]:
        found = []
        for each in element.iterchildren(f"{SCH}let"):
            name = each.get("name", "")
            if not name.replace("-", "_").replace(".", "_").isidentifier():
                self._refuse(each, f"declares a variable {name[:40]!r}, which is no name")
            elif (value := self._expression(each, "value")) is not None:
                found.append(Let(name, value))
                self._lost.discard(name)
            else:
                self._lost.add(name)
        return tuple(found)

    def _pattern(self, element: etree._Element) -> Pattern:
        if element.get("abstract") == "true" or element.get("is-a"):
            self._refuse(element, "is an abstract pattern, which is not run")
            return Pattern((), ())
        lets = self._lets(element)
        rules = [self._rule(each) for each in element.iterchildren(f"{SCH}rule")]
        return Pattern(lets, tuple(each for each in rules if each is not None))

    def _rule(self, element: etree._Element) -> Rule | None:
        if element.get("abstract") == "true":
            self._refuse(element, "is an abstract rule, which is not run")
            return None
        if (context := self._expression(element, "context")) is None:
            return None
        parts = union_parts(context.text)
        selected = " | ".join(part if part.startswith("/") else f"//{part}" for part in parts)
        lets = self._lets(element)
        asserts = [
            found
            for each in element.iterchildren(f"{SCH}assert")
            if (found := self._assert(each, element.get("role", ""))) is not None
        ]
        return Rule(Expression(selected, context.variables), lets, tuple(asserts))

    def _assert(self, element: etree._Element, role: str) -> Assert | None:
        if (test := self._expression(element, "test")) is None:
            return None
        line = element.sourceline
        found = Assert(
            len(self._asserts),
            test,
            tuple(self._message(element)),
            _SEVERITIES.get((element.get("role") or role).strip().lower(), Severity.ERROR),
            line if isinstance(line, int) else None,
        )
        self._asserts.append(found)
        return found

    def _message(self, element: etree._Element) -> Iterator[str | Expression]:
        yield element.text or ""
        for each in element:
            if each.tag == f"{SCH}value-of":
                value = self._expression(each, "select")
                yield value if value is not None else "(not run)"
            elif each.tag == f"{SCH}name":
                path = each.get("path")
                value = self._expression(each, "path") if path else None
                yield Expression(f"name({value.text})" if value else "name()", frozenset())
            elif isinstance(each.tag, str) and each.tag.startswith(SCH):
                yield from self._message(each)
            yield each.tail or ""


def _spoken(element: etree._Element) -> str:
    name = etree.QName(element).localname
    return f"{element.prefix}:{name}"[:80] if element.prefix else name[:80]
