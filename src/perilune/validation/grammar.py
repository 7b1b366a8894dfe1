"""What a label must be as a document: its schemas, its Schematrons, its own identifiers.

A schema or Schematron that cannot be had is an error of its own, and what it would have checked
is said to be not checked; the others are still used. NASA's ``validate`` then leaves out all
Schematrons of the label, which `Options.counts_like_validate` keeps.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from perilune.validation.identifiers import check_identifiers
from perilune.validation.label import Label
from perilune.validation.named import Named, check_named, named_in
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity
from perilune.validation.schemas import Kind, Pinned, Schemas, Unresolved
from perilune.validation.schematron.engine import (
    Compiled,
    Failure,
    Schematrons,
    Stopped,
    failures,
    silence,
)
from perilune.validation.xsd import XsdGrammar
from perilune.validation.xsd import faults as xsd

MAX_NAMED = 40
"""Schemas, and Schematrons, of one label: real ones name a dozen, and each takes half a second to
compile."""
_LIST = re.compile(r"\.\s*=\s*\(((?:\s*(?:'[^']*'|\"[^\"]*\")\s*,?)+)\)")
_ITEM = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def check_grammar(label: Label, schemas: Schemas, options: Options) -> list[Message]:
    """Everything wrong with the label as a document.

    What is compiled for one label is kept in this process for the next.
    """
    return _grammar(schemas, options).check(label)


@lru_cache(maxsize=4)
def _grammar(schemas: Schemas, options: Options) -> "Grammar":
    return Grammar(schemas, options)


@dataclass(slots=True)
class _Found:
    """What the addresses of a label, or of the user, lead to."""

    schemas: list[tuple[str, Pinned]] = field(default_factory=list)
    schematrons: list[Pinned] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    """Namespaces whose schema cannot be had."""
    is_complete: bool = True


class Grammar:
    """The question of one run, with everything that was compiled for it."""

    def __init__(self, schemas: Schemas, options: Options) -> None:
        self._schemas, self._options = schemas, options
        self._is_given = bool(options.schemas or options.schematrons)
        self._xsd = XsdGrammar(schemas, options.catalogs)
        self._schematrons = Schematrons(schemas)

    def check(self, label: Label) -> list[Message]:
        """Everything wrong with a label."""
        options = self._options
        messages: list[Message] = []
        if self._is_given:
            found = self._given(label)
        else:
            named = named_in(label)
            if not named.addresses:
                return [_missing_schema(label, options), *check_identifiers(label, options)]
            counts = options.counts_like_validate
            messages += check_named(label, named, counts_like_validate=counts)
            found = self._named(label, named)
        messages += found.messages
        messages += self._held_against_schemas(label, found)
        if found.is_complete or not options.counts_like_validate:
            messages += self._held_against_schematrons(label, found)
        messages += check_identifiers(label, options)
        return messages

    def _given(self, label: Label) -> _Found:
        """What the user gave in the place of what the label names."""
        found = _Found()
        for path in self._options.schemas:
            got = self._resolve(label, found, str(path), Kind.XSD)
            if got is not None:
                found.schemas.append((got.namespace, got))
        for path in self._options.schematrons:
            got = self._resolve(label, found, str(path), Kind.SCHEMATRON)
            if got is not None:
                found.schematrons.append(got)
        return found

    def _named(self, label: Label, named: Named) -> _Found:
        found = _Found()
        addresses = [address for _, address in named.schemas]
        for what, names in (("schema", addresses), ("Schematron", named.schematrons)):
            if len(names) > MAX_NAMED:
                reason = f"a label may name {MAX_NAMED}; this one names {len(names)}"
                found.messages.append(_unresolvable(label, what, names[MAX_NAMED], reason))
        root = label.root.tag.partition("}")[0].lstrip("{")
        seen: set[str] = set()
        for namespace, address in sorted(
            named.schemas[:MAX_NAMED], key=lambda pair: pair[0] != root
        ):
            if not address.lower().endswith(".xsd"):
                continue
            got = self._resolve(label, found, address, Kind.XSD, namespace=namespace)
            if got is not None and got.namespace == namespace and namespace not in seen:
                seen.add(namespace)
                found.schemas.append((namespace, got))
        for address in named.schematrons[:MAX_NAMED]:
            got = self._resolve(label, found, address, Kind.SCHEMATRON)
            if got is not None:
                found.schematrons.append(got)
        return found

    def _resolve(
        self, label: Label, found: _Found, address: str, kind: Kind, *, namespace: str = ""
    ) -> Pinned | None:
        """What an address leads to; else a message, and None."""
        base = None if self._is_given else label.place
        got = self._schemas.resolve(
            address, base, namespace=namespace, catalogs=self._options.catalogs
        )
        if isinstance(got, Pinned) and got.kind is kind:
            return got
        what = "schema" if kind is Kind.XSD else "Schematron"
        reason = got.reason if isinstance(got, Unresolved) else f"it is no {what}"
        found.is_complete = False
        if kind is Kind.XSD:
            found.missing.add(namespace)
        found.messages.append(_unresolvable(label, what, address, reason))
        return None

    def _held_against_schemas(self, label: Label, found: _Found) -> Iterator[Message]:
        if not found.schemas:
            return
        against = self._xsd.set_of(found.schemas)
        for each in against.unloadable:
            yield _unresolvable(label, "schema", each.address, f"it cannot be used: {each.reason}")
        counts_like_validate = self._options.counts_like_validate
        for fault in against.faults(label.root):
            if counts_like_validate:
                if fault.told:
                    yield _schema_error(label, fault, fault.told)
            elif fault.is_ours and not _is_of_missing(fault, found.missing):
                yield _schema_error(label, fault, 1)

    def _held_against_schematrons(self, label: Label, found: _Found) -> Iterator[Message]:
        if not found.schematrons:
            return
        with silence():
            document = self._schematrons.document(label)
            for pinned in found.schematrons:
                if isinstance(document, Stopped):
                    yield _not_checked(label, pinned, f"the label is not read: {document.reason}")
                    continue
                compiled = self._schematrons.compiled(pinned)
                if isinstance(compiled, str):
                    yield _not_checked(label, pinned, f"it cannot be read: {compiled}")
                else:
                    yield from self._told(label, pinned, compiled, document)

    def _told(
        self, label: Label, pinned: Pinned, compiled: Compiled, document: object
    ) -> Iterator[Message]:
        stops = self._options.counts_like_validate
        if compiled.fault and stops:
            yield _not_checked(label, pinned, compiled.fault)
            return
        for refusal in compiled.refused:
            where = "" if refusal.line is None else f"line {refusal.line}: "
            yield _not_checked(label, pinned, f"a part of it is not run: {where}{refusal.reason}")
        told = failures(compiled, document, label, stops=stops)
        if isinstance(told, Stopped):
            yield _not_checked(label, pinned, f"it stopped: {told.reason}")
            return
        for failure in told:
            yield _failed(label, pinned, failure)


def _is_of_missing(fault: xsd.Fault, missing: set[str]) -> bool:
    """Whether it only says that a schema is missing, which is told already."""
    namespace = fault.tag.partition("}")[0].lstrip("{")
    return fault.kind is xsd.Kind.UNDECLARED and namespace in missing


def _missing_schema(label: Label, options: Options) -> Message:
    """By the standard a label that names no schema is wrong; ``validate`` skips it."""
    is_lenient = options.counts_like_validate
    return Message(
        severity=Severity.WARNING if is_lenient else Severity.ERROR,
        type="error.label.missing_schema",
        path=label.path,
        line=1,
        lidvid=label.lidvid,
        message="names no schema in xsi:schemaLocation, so it was not checked against any",
        found="no address that ends in .xsd",
        expected="xsi:schemaLocation with namespace and address in pairs",
    )


def _unresolvable(label: Label, what: str, address: str, reason: str) -> Message:
    return Message(
        severity=Severity.ERROR,
        type="error.label.unresolvable_resource",
        path=label.path,
        line=1,
        lidvid=label.lidvid,
        message=f"{what} not checked: {address} cannot be had; {reason}",
        found=address,
        expected=f"an address that leads to a {what}",
        cause=f"{what} not checked: {address.rpartition('/')[2]}",
    )


def _schema_error(label: Label, fault: xsd.Fault, count: int) -> Message:
    return Message(
        severity=Severity.ERROR,
        type="error.label.schema",
        path=label.path,
        line=fault.line,
        lidvid=label.lidvid,
        message=fault.message,
        found=fault.found,
        expected=fault.expected,
        count=count,
    )


def _not_checked(label: Label, pinned: Pinned, reason: str) -> Message:
    return Message(
        severity=Severity.ERROR,
        type="error.label.schematron",
        path=label.path,
        lidvid=label.lidvid,
        message=f"not checked against {pinned.name}: {reason}",
        found=pinned.name,
        expected="a Schematron that can be run",
        cause=f"not checked against {pinned.name}: {reason}",
    )


def _failed(label: Label, pinned: Pinned, failure: Failure) -> Message:
    about = xsd.spoken(failure.tag)
    if failure.is_error:
        message = f"{about}: a rule of {pinned.name} cannot be told: {failure.message}"
    else:
        message = failure.message or f"{about}: {failure.test} does not hold"
    return Message(
        severity=failure.severity,
        type=f"{failure.severity}.label.schematron",
        path=label.path,
        line=failure.line,
        lidvid=label.lidvid,
        message=message,
        found=failure.found,
        expected=_allowed(failure.test) if failure.found else "",
    )


def _allowed(test: str) -> str:
    """The values that an assert compares a node with, where it is as simple as that."""
    match = _LIST.fullmatch(test)
    if match is None:
        return ""
    return "one of: " + ", ".join(one or other for one, other in _ITEM.findall(match[1]))
