"""The report of a check: every message, grouped by cause, with the value found and how to mend it.

`perilune.validation.findings` makes it; `perilune.validation.writing` writes it for people and for
programs. Results may be a million: they are walked through, never held all at once.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from perilune.model.canonical import Json
from perilune.validation.advice import advice_on


class Severity(StrEnum):
    """How bad it is: an error keeps a product out, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


WORST_FIRST = tuple(Severity)


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


class Status(StrEnum):
    """What became of a label, in the words of ``validate``."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Result:
    """A label, or a file or folder without one, and what was found of it."""

    status: Status
    label: str
    lidvid: str | None
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one type and one kind of cause."""

    severity: Severity
    type: str
    cause: str
    """The cause; where the messages' causes differ in numbers only, with ``…`` for these."""
    count: int
    """How many findings there are."""
    first: tuple[Message, ...]
    """The first of its messages."""

    @property
    def advice(self) -> str:
        """How to mend it, in one sentence."""
        return advice_on(self.type, self.cause)


@dataclass(slots=True)
class Tally:
    """How many passed, failed, or were not looked at."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.skipped

    def add(self, status: Status) -> None:
        """Count one more."""
        match status:
            case Status.PASS:
                self.passed += 1
            case Status.FAIL:
                self.failed += 1
            case Status.SKIP:
                self.skipped += 1


@dataclass(slots=True)
class Summary:
    """Counts of everything found."""

    products: Tally = field(default_factory=Tally)
    """Labels, each for itself."""
    integrity: Tally = field(default_factory=Tally)
    """Files and folders with messages about how products belong together."""
    kinds: Counter[tuple[Severity, str]] = field(default_factory=Counter)

    def count(self, severity: Severity) -> int:
        """Number of findings of that severity."""
        return sum(n for (each, _), n in self.kinds.items() if each is severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was asked, and of which program: the head of a written report."""

    version: str = ""
    date: str = ""
    arguments: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a check found out about ``subject``."""

    subject: str
    products: Collection[Result]
    """One for each label, in the order of their names."""
    general: Collection[Result]
    """One for each file or folder with messages that belong to no label alone."""
    summary: Summary
    groups: tuple[Group, ...]
    """By type and cause: errors first, then by number, then by name."""
    about: About = About()

    @property
    def is_right(self) -> bool:
        """Whether there is no error."""
        return self.summary.count(Severity.ERROR) == 0

    @property
    def messages(self) -> Iterator[Message]:
        """All messages, label by label."""
        for results in (self.products, self.general):
            for result in results:
                yield from result.messages

    def faults(self) -> list[dict[str, Json]]:
        """What a receipt says of the report: type, severity and count, the worst first."""
        worst_first = sorted(
            self.summary.kinds.items(), key=lambda item: (WORST_FIRST.index(item[0][0]), item)
        )
        return [
            {"type": kind, "severity": severity.value, "count": count}
            for (severity, kind), count in worst_first
        ]
