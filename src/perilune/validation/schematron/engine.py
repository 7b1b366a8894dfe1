"""Schematrons run on Saxon: compiled once a process, then a millisecond or two for each label.

There is one processor in a process, made when it is first needed, so never before a fork; it may
open no address.
"""

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lxml import etree

from perilune.errors import Damaged, MalformedLabel
from perilune.formats import xml
from perilune.formats.xml import line_of
from perilune.validation.label import Label
from perilune.validation.report import Severity
from perilune.validation.schemas import Pinned, Schemas
from perilune.validation.schematron.collapsed import collapsed
from perilune.validation.schematron.rules import Assert, Refusal, Schematron, read_schematron
from perilune.validation.schematron.stylesheet import stylesheet

if TYPE_CHECKING:
    from saxonche import PySaxonProcessor, PyXdmNode, PyXsltExecutable

MAX_COMPILED = 80
"""Schematrons that are kept: some 6 MB each."""
_STEP = re.compile(r"/(@)?(?:Q\{([^{}]*)\})?([^/\[\]{}@]+?)(?:\[(\d+)\])?(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An assert that does not hold, or, with ``is_error``, one that cannot be told."""

    severity: Severity
    message: str
    line: int | None
    """Of the label."""
    tag: str
    """The element that it is about."""
    found: str
    test: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """A Schematron that stopped at an error, with what it said."""

    reason: str


@dataclass(slots=True)
class Compiled:
    """A Schematron, ready."""

    schematron: Schematron
    plain: "PyXsltExecutable | None"
    """None where it can only be run carefully."""
    refused: tuple[Refusal, ...]
    """Parts that are not run."""
    fault: str
    """Why Saxon cannot compile the whole; empty where it can."""
    without: frozenset[int]
    _careful: "PyXsltExecutable | None" = None

    @property
    def careful(self) -> "PyXsltExecutable":
        """The form in which no assert hides another."""
        if self._careful is None:
            text = stylesheet(self.schematron, is_careful=True, without=self.without)
            self._careful = _compiler().compile_stylesheet(stylesheet_text=text)
        return self._careful


class Schematrons:
    """Schematrons of a store, each compiled once."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._kept: OrderedDict[str, Compiled | str] = OrderedDict()

    def compiled(self, found: Pinned) -> "Compiled | str":
        """The Schematron, ready, or why it cannot be read."""
        if found.sha256 not in self._kept:
            if len(self._kept) >= MAX_COMPILED:
                self._kept.popitem(last=False)
            try:
                self._kept[found.sha256] = _compile(xml.parse(self._schemas.read(found)))
            except (Damaged, MalformedLabel) as error:
                self._kept[found.sha256] = str(error)
        self._kept.move_to_end(found.sha256)
        return self._kept[found.sha256]

    def document(self, label: Label) -> "PyXdmNode | Stopped":
        """The label as Saxon sees it, for any number of Schematrons; or why it does not.

        Its parser takes a hundred levels of elements, ours more.
        """
        builder = _processor().new_document_builder()
        builder.set_base_uri(label.place.absolute().as_uri())
        tidy = collapsed(label.root)
        if tidy is None:
            text = label.data.decode("utf-8-sig", "replace")
        else:
            text = etree.tostring(tidy, encoding="unicode")
        try:
            return builder.parse_xml(xml_text=text, encoding="utf-8")
        except _saxon_error() as error:
            return Stopped(_reason(str(error)))


def failures(
    compiled: Compiled, document: "PyXdmNode", label: Label, *, stops: bool
) -> list[Failure] | Stopped:
    """Asserts that do not hold in a label.

    With ``stops`` an error within the Schematron is all that is told, as by ``validate``. Saxon
    writes errors to standard error too: see `silence`.
    """
    saxon_error = _saxon_error()
    try:
        if compiled.plain is not None:
            return _read(compiled, compiled.plain.transform_to_string(xdm_node=document), label)
    except saxon_error as error:
        if stops:
            return Stopped(_reason(str(error)))
    try:
        return _read(compiled, compiled.careful.transform_to_string(xdm_node=document), label)
    except saxon_error as error:
        return Stopped(_reason(str(error)))


@cache
def _processor() -> "PySaxonProcessor":
    from saxonche import PySaxonProcessor  # noqa: PLC0415  # 0.1 s that few commands need

    processor = PySaxonProcessor(license=False)
    for feature, value in (("allowedProtocols", ""), ("standardErrorOutputFile", os.devnull)):
        processor.set_configuration_property(f"http://saxon.sf.net/feature/{feature}", value)
    return processor


@cache
def _compiler() -> "Any":
    return _processor().new_xslt30_processor()


@contextmanager
def silence() -> Iterator[None]:
    """Without what Saxon, which is no Python, writes to the process's standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _saxon_error() -> type[Exception]:
    from saxonche import PySaxonApiError  # noqa: PLC0415  # see _processor

    error: type[Exception] = PySaxonApiError
    return error


def _compile(root: etree._Element) -> Compiled:
    schematron = read_schematron(root)
    whole = _tried(schematron, frozenset())
    if not isinstance(whole, str):
        return Compiled(schematron, whole, tuple(schematron.refused), "", frozenset())
    bad = _bad(schematron, [each.number for each in schematron.asserts])
    without = frozenset(bad)
    plain = _tried(schematron, without)
    refused = [
        Refusal(schematron.asserts[number].line, f"the test {_short(number, schematron)!r}: {why}")
        for number, why in bad.items()
    ]
    is_plain = not isinstance(plain, str)
    return Compiled(
        schematron,
        plain if not isinstance(plain, str) else None,
        (*schematron.refused, *refused),
        whole if is_plain else str(plain),
        without,
    )


def _short(number: int, schematron: Schematron) -> str:
    return " ".join(schematron.asserts[number].test.text.split())[:120]


def _tried(schematron: Schematron, without: frozenset[int]) -> "PyXsltExecutable | str":
    """The plain form, or why Saxon cannot compile it."""
    text = stylesheet(schematron, is_careful=False, without=without)
    try:
        return _compiler().compile_stylesheet(stylesheet_text=text)
    except _saxon_error() as error:
        return _reason(str(error))


def _bad(schematron: Schematron, numbers: list[int]) -> dict[int, str]:
    """Those of the asserts that cannot be compiled, by halving."""
    others = frozenset(each.number for each in schematron.asserts) - frozenset(numbers)
    why = _tried(schematron, others)
    if not isinstance(why, str) or not numbers:
        return {}
    if len(numbers) == 1:
        return {numbers[0]: why}
    half = len(numbers) // 2
    return {**_bad(schematron, numbers[:half]), **_bad(schematron, numbers[half:])}


def _read(compiled: Compiled, result: str, label: Label) -> list[Failure]:
    if result == "<r/>":
        return []
    return [_failure(compiled, each, label) for each in etree.fromstring(result)]


def _failure(compiled: Compiled, told: etree._Element, label: Label) -> Failure:
    found: Assert = compiled.schematron.asserts[int(told.get("n", "0"))]
    element = _at(told.get("p", ""), label.root)
    is_error = told.tag == "e"
    text = " ".join((told.text or "").split())
    return Failure(
        severity=Severity.ERROR if is_error else found.severity,
        message=text,
        line=line_of(element),
        tag=str(element.tag),
        found=" ".join(told.get("v", "").split()),
        test=" ".join(found.test.text.split()),
        is_error=is_error,
    )


def _at(path: str, root: etree._Element) -> etree._Element:
    """The element that a path of `fn:path` leads to; of an attribute, the one that has it."""
    here = root
    for number, step in enumerate(_STEP.finditer(path)):
        if step[1] or step[3] in ("text()", "comment()"):
            break
        if number == 0:
            continue
        tag = f"{{{step[2]}}}{step[3]}" if step[2] else step[3]
        position = int(step[4] or 1)
        below = next((e for n, e in enumerate(here.iterchildren(tag), 1) if n == position), None)
        if below is None:
            break
        here = below
    return here


def _reason(text: str) -> str:
    return " ".join(text.split())[:300]
