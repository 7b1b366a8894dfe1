"""Findings: what checks say, one label after the other, until it is a `Report`.

Memory is bounded: results beyond the first few thousand lie in a temporary file that ends with
the report, and of each group of messages only the first places are kept.
"""

import pickle
import re
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from perilune.validation.report import (
    WORST_FIRST,
    About,
    Examined,
    Group,
    Message,
    Report,
    Result,
    Severity,
    Status,
    Summary,
)

_PLACES_KEPT = 10
"""Of each group."""
_MOST_GROUPS = 10_000
"""Causes beyond these are told together: a hostile delivery may have one for each file."""
_KEPT_IN_MEMORY = 4_096
"""Results."""
_BATCH = 1_024
_NOTHING_ASKED = About()
_NUMBER = re.compile(r"\d+")
_LID_ON_TWO_LINES = "error.validation.invalid_field_value"
_NOT_IN_TALLIES = "error.execution.no_products_found"


@dataclass(slots=True)
class _Gathered:
    """A group in the making."""

    count: int = 0
    first: list[Message] = field(default_factory=list)
    causes: set[str] = field(default_factory=set)
    """One, or two where they differ."""

    def add(self, message: Message) -> None:
        self.count += message.count
        if len(self.first) < _PLACES_KEPT:
            self.first.append(message)
        if len(self.causes) < 2:
            self.causes.add(message.cause)

    def cause(self, kind: str) -> str:
        return next(iter(self.causes)) if len(self.causes) == 1 else kind


class Shelf(Collection[Result]):
    """Results in the order they were put in; those beyond the first few thousand lie on disk."""

    def __init__(self) -> None:
        self._first: list[Result] = []
        self._batch: list[Result] = []
        self._file: IO[bytes] | None = None
        self._count = 0

    def append(self, result: Result) -> None:
        """Put one more at the end."""
        self._count += 1
        if len(self._first) < _KEPT_IN_MEMORY:
            self._first.append(result)
            return
        self._batch.append(result)
        if len(self._batch) == _BATCH:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="perilune-")  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            self._file.seek(0, 2)
            pickle.dump(self._batch, self._file, pickle.HIGHEST_PROTOCOL)
            self._batch = []

    def __iter__(self) -> Iterator[Result]:
        yield from self._first
        place = 0
        while self._file is not None:
            self._file.seek(place)
            try:
                batch: list[Result] = pickle.load(self._file)  # noqa: S301 - written by us
            except EOFError:
                break
            place = self._file.tell()
            yield from batch
        yield from self._batch

    def __len__(self) -> int:
        return self._count

    def __contains__(self, wanted: object) -> bool:
        return any(result == wanted for result in self)


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    least: Severity = Severity.WARNING
    """Messages less severe than this are not kept."""
    counts_like_validate: bool = False
    summary: Summary = field(default_factory=Summary)
    products: Shelf = field(default_factory=Shelf)
    general: Shelf = field(default_factory=Shelf)
    _groups: dict[tuple[Severity, str, str], _Gathered] = field(default_factory=dict)

    def product(
        self,
        label: str,
        lidvid: str | None,
        messages: Iterable[Message],
        *,
        is_skipped: bool = False,
    ) -> None:
        """Take in what was found of one label."""
        kept = self._keep(messages)
        status = Status.SKIP if is_skipped else _status(kept)
        self.summary.products.add(status)
        if self.counts_like_validate:
            self.summary.products.failed += _counted_apart(kept)
        self.products.append(Result(status, label, lidvid, kept))

    def beside(self, path: str, messages: Iterable[Message]) -> None:
        """Take in what was found of one file or folder that no label answers for."""
        kept = self._keep(messages)
        if not kept:
            return
        status = _status(kept)
        if any(message.type != _NOT_IN_TALLIES for message in kept):
            self.summary.integrity.add(status)
        self.general.append(Result(status, path, None, kept))

    def skip(self) -> None:
        """Count what was not looked at and is no label."""
        self.summary.products.add(Status.SKIP)

    def report(self, subject: str, about: About = _NOTHING_ASKED) -> Report:
        """Everything found."""
        groups = [
            Group(severity, type_, gathered.cause(kind), gathered.count, tuple(gathered.first))
            for (severity, type_, kind), gathered in self._groups.items()
        ]
        return Report(
            subject=subject,
            products=self.products,
            general=self.general,
            summary=self.summary,
            groups=tuple(sorted(groups, key=_rank)),
            about=about,
        )

    def _keep(self, messages: Iterable[Message]) -> tuple[Message, ...]:
        worst = WORST_FIRST.index(self.least)
        kept = tuple(each for each in messages if WORST_FIRST.index(each.severity) <= worst)
        for message in kept:
            self.summary.kinds[message.severity, message.type] += message.count
            kind = _NUMBER.sub("…", message.cause)
            if len(self._groups) >= _MOST_GROUPS:
                kind = ""
            self._groups.setdefault((message.severity, message.type, kind), _Gathered()).add(
                message
            )
        return kept


def report_on(subject: str, examined: Iterable[Examined], messages: Iterable[Message]) -> Report:
    """The report of messages that name their label or their product, in any order."""
    labels = list(examined)
    paths = {each.label for each in labels}
    label_of = {each.lidvid: each.label for each in reversed(labels) if each.lidvid}
    own: defaultdict[str, list[Message]] = defaultdict(list)
    others: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.path in paths:
            own[message.path].append(message)
        elif message.lidvid in label_of:
            own[label_of[message.lidvid]].append(message)
        else:
            others[message.path].append(message)
    findings = Findings(least=Severity.INFO)
    for each in labels:
        findings.product(each.label, each.lidvid, own[each.label])
    for path, found in others.items():
        findings.beside(path, found)
    return findings.report(subject)


def _status(messages: Iterable[Message]) -> Status:
    is_wrong = any(message.severity is Severity.ERROR for message in messages)
    return Status.FAIL if is_wrong else Status.PASS


def _counted_apart(messages: Iterable[Message]) -> int:
    """Identifiers on two lines: ``validate`` counts each as one more product that failed."""
    return sum(
        message.count
        for message in messages
        if message.type == _LID_ON_TWO_LINES and message.spot is None
    )


def _rank(group: Group) -> tuple[int, int, str, str]:
    return WORST_FIRST.index(group.severity), -group.count, group.type, group.cause
