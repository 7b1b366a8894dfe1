"""The report of a check: every message, grouped by cause, with the value found and how to mend it.

As text it is for someone who must act on it now; as JSON it has the shape and the message types of
NASA's ``validate`` (see docs/reference/report.md), and our ``groups`` beside.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from perilune.model.canonical import Json
from perilune.validation.advice import advice_on

_PLACES_SHOWN = 3
_NUMBER = re.compile(r"\d+")


class Severity(StrEnum):
    """How bad it is: an error keeps a product out, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_WORST_FIRST = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where in a data file: numbers count from 1, as in the label."""

    kind: str
    """``table`` or ``array``."""
    number: int
    """Which of the label's objects of that kind in that file."""
    record: int | None = None
    field: int | None = None
    location: tuple[int, ...] = ()
    """Element of an array, an index for each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing found."""

    severity: Severity
    type: str
    """Message type, ``error.label.missing_file`` for instance."""
    path: str
    """The file it is about, relative to what was checked."""
    line: int | None = None
    """Line of the label."""
    column: int | None = None
    spot: Spot | None = None
    lidvid: str | None = None
    message: str
    """What is wrong, with the value found, in one sentence."""
    found: str = ""
    expected: str = ""
    cause: str = ""
    """Why, where that can be shown; messages of one type and cause are told together."""
    count: int = 1
    """How many findings this stands for: a check names the first places one by one and then
    sums up the rest, since a table may hold a fault in every record."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A label that was looked at."""

    label: str
    lidvid: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one type and one kind of cause."""

    severity: Severity
    type: str
    cause: str
    """The cause; where the messages' causes differ in numbers only, with ``…`` for these."""
    messages: tuple[Message, ...]

    @property
    def advice(self) -> str:
        """How to mend it, in one sentence."""
        return advice_on(self.type, self.cause)

    @property
    def count(self) -> int:
        """How many findings its messages stand for."""
        return sum(message.count for message in self.messages)


@dataclass(frozen=True)
class Report:
    """Everything a check found out about ``subject``."""

    subject: str
    examined: tuple[Examined, ...]
    messages: tuple[Message, ...]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """By type and cause: errors first, then by number, then by name."""
        together: defaultdict[tuple[Severity, str, str], list[Message]] = defaultdict(list)
        for message in self.messages:
            kind = _NUMBER.sub("…", message.cause)
            together[message.severity, message.type, kind].append(message)
        groups = [
            Group(severity, type_, _common(kind, found), tuple(found))
            for (severity, type_, kind), found in together.items()
        ]
        return tuple(sorted(groups, key=_rank))

    @cached_property
    def failed(self) -> frozenset[str]:
        """Labels with an error of their own or of a file of theirs."""
        wrong = [message for message in self.messages if message.severity is Severity.ERROR]
        lidvids = {message.lidvid for message in wrong if message.lidvid is not None}
        paths = {message.path for message in wrong}
        return frozenset(
            each.label for each in self.examined if each.label in paths or each.lidvid in lidvids
        )

    def count(self, severity: Severity) -> int:
        """Number of messages of that severity."""
        return sum(each.count for each in self.messages if each.severity is severity)

    def faults(self) -> list[dict[str, Json]]:
        """What a receipt says of the report: type, severity and count, the worst first."""
        counts: Counter[tuple[Severity, str]] = Counter()
        for message in self.messages:
            counts[message.severity, message.type] += message.count
        worst_first = sorted(
            counts.items(), key=lambda item: (_WORST_FIRST.index(item[0][0]), item)
        )
        return [
            {"type": kind, "severity": severity.value, "count": count}
            for (severity, kind), count in worst_first
        ]

    def as_text(self) -> str:
        """The report for a reader: what, how often, why, how to mend it, where first."""
        return "\n".join([self._headline(), *_told(self.groups)]) + "\n"

    def as_json(self) -> dict[str, Json]:
        """The report for programs; keys in docs/reference/report.md."""
        own, general = self._by_label()
        kinds: Counter[str] = Counter()
        for message in self.messages:
            kinds[message.type] += message.count
        failed, total = len(self.failed), len(self.examined)
        return {
            "title": f"Check of {self.subject}",
            "productLevelValidationResults": [
                _product_document(each, own.get(each.label, []), is_wrong=each.label in self.failed)
                for each in self.examined
            ],
            "pds4BundleLevelValidationResults": [_file_document(*each) for each in general],
            "summary": {
                "totalProducts": total,
                "totalErrors": self.count(Severity.ERROR),
                "totalWarnings": self.count(Severity.WARNING),
                "productValidation": {
                    "passed": total - failed,
                    "failed": failed,
                    "skipped": 0,
                    "total": total,
                },
                "messageTypes": [
                    {"messageType": kind, "total": count} for kind, count in sorted(kinds.items())
                ],
            },
            "groups": [_group_document(group) for group in self.groups],
        }

    def _headline(self) -> str:
        total, failed = len(self.examined), len(self.failed)
        errors, warnings = self.count(Severity.ERROR), self.count(Severity.WARNING)
        return (
            f"{self.subject}: {_counted(total, 'label')}, {total - failed} right, {failed} wrong; "
            f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
        )

    def _by_label(self) -> tuple[Mapping[str, list[Message]], list[tuple[str, list[Message]]]]:
        """Messages by the label they belong to, and those of no label by path."""
        labels = {each.label for each in self.examined}
        label_of = {each.lidvid: each.label for each in reversed(self.examined) if each.lidvid}
        own: defaultdict[str, list[Message]] = defaultdict(list)
        general: defaultdict[str, list[Message]] = defaultdict(list)
        for message in self.messages:
            if message.path in labels:
                own[message.path].append(message)
            elif message.lidvid in label_of:
                own[label_of[message.lidvid]].append(message)
            else:
                general[message.path].append(message)
        return own, list(general.items())


def _common(kind: str, messages: list[Message]) -> str:
    causes = {message.cause for message in messages}
    return causes.pop() if len(causes) == 1 else kind


def _rank(group: Group) -> tuple[int, int, str, str]:
    return _WORST_FIRST.index(group.severity), -group.count, group.type, group.cause


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _told(groups: Iterable[Group]) -> Iterator[str]:
    for group in groups:
        yield ""
        yield f"{group.severity.upper()}  {group.count} x {group.type}"
        if group.cause:
            yield f"  why:  {group.cause}"
        yield f"  mend: {group.advice}"
        for message in group.messages[:_PLACES_SHOWN]:
            yield from _shown(message, group.cause)
        shown = sum(message.count for message in group.messages[:_PLACES_SHOWN])
        if (rest := group.count - shown) > 0:
            yield f"  and {rest} more"


def _shown(message: Message, told: str) -> Iterator[str]:
    place = message.path if message.line is None else f"{message.path}, label line {message.line}"
    yield f"  {_printable(place)}"
    if message.found or message.expected:
        yield f"      found    {_printable(message.found) or 'nothing'}"
        yield f"      expected {_printable(message.expected) or 'nothing'}"
    else:
        yield f"      {_printable(message.message)}"
    if message.cause != told:
        yield f"      {message.cause}"


def _printable(text: str) -> str:
    """The text on one line of a terminal, whatever a delivery put into it."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= 300 else f"{shown[:300]}..."


def _message_document(message: Message) -> dict[str, Json]:
    document: dict[str, Json] = {
        "severity": message.severity.upper(),
        "type": message.type,
        "message": message.message,
    }
    if message.line is not None:
        document["line"] = message.line
    for name in ("found", "expected", "cause"):
        if value := getattr(message, name):
            document[name] = value
    return document


def _product_document(
    examined: Examined, messages: list[Message], *, is_wrong: bool
) -> dict[str, Json]:
    in_label = [message for message in messages if message.path == examined.label]
    in_data = sorted(
        (message for message in messages if message.path != examined.label),
        key=lambda message: message.path,
    )
    return {
        "status": "FAIL" if is_wrong else "PASS",
        "label": examined.label,
        "lidvid": examined.lidvid,
        "messages": [_message_document(message) for message in in_label],
        "dataContents": [
            {"dataFile": path, "messages": [_message_document(message) for message in found]}
            for path, found in groupby(in_data, key=lambda message: message.path)
        ],
    }


def _file_document(path: str, messages: list[Message]) -> dict[str, Json]:
    is_wrong = any(message.severity is Severity.ERROR for message in messages)
    return {
        "status": "FAIL" if is_wrong else "PASS",
        "label": path,
        "messages": [_message_document(message) for message in messages],
    }


def _group_document(group: Group) -> dict[str, Json]:
    return {
        "severity": group.severity.value,
        "type": group.type,
        "cause": group.cause,
        "count": group.count,
        "advice": group.advice,
        "first": [
            {"path": message.path, **_message_document(message)}
            for message in group.messages[:_PLACES_SHOWN]
        ],
    }
