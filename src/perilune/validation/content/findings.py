"""Findings on their way into the report: the first places one by one, the rest as one count.

A table may hold the same fault in each of a million records. A `Tally` keeps, for each type of
message and each field, the first places and the exact number, so that totals are right and memory
is bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from perilune.validation.report import Message, Severity, Spot

PLACES = 100
"""Findings of one type in one field that are told one by one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, wherever it stands."""

    type: str
    text: str
    """In a few words, to be read after the place."""
    found: str = ""
    expected: str = ""
    cause: str = ""

    @property
    def severity(self) -> Severity:
        """As the type's first word says; records_mismatch alone is said with either."""
        return Severity.WARNING if self.type.startswith("warning.") else Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that findings are about: where its bytes are and who describes it."""

    path: str
    """Data file relative to what is checked."""
    lidvid: str | None
    kind: str
    """``table`` or ``array``."""
    number: int
    name: str
    line: int | None

    def spot(
        self,
        record: int | None = None,
        field: int | None = None,
        location: tuple[int, ...] = (),
    ) -> Spot:
        """A place in it."""
        return Spot(
            kind=self.kind, number=self.number, record=record, field=field, location=location
        )


@dataclass(slots=True)
class _Heap:
    first: list[Message] = field(default_factory=list)
    total: int = 0
    sample: Fault | None = None


class Tally:
    """Collects the findings about one object."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._heaps: dict[tuple[str, int | None], _Heap] = {}

    def room(self, type: str, key: int | None) -> int:
        """How many more findings of that type would be told one by one."""
        heap = self._heaps.get((type, key))
        return PLACES if heap is None else PLACES - len(heap.first)

    def has(self, type: str, key: int | None) -> bool:
        """Whether anything of that type was found in that field."""
        return (type, key) in self._heaps

    def add(  # noqa: PLR0913  # the parts of a place
        self,
        fault: Fault,
        *,
        record: int | None = None,
        column: int | None = None,
        location: tuple[int, ...] = (),
        key: int | None = None,
        line: int | None = None,
        severity: Severity | None = None,
    ) -> None:
        """One finding; ``key`` tells fields apart (those of a repeated group share one)."""
        heap = self._heap(fault, key)
        heap.total += 1
        if len(heap.first) >= PLACES:
            return
        subject = self._subject
        heap.first.append(
            Message(
                severity=severity or fault.severity,
                type=fault.type,
                path=subject.path,
                line=subject.line if line is None else line,
                spot=subject.spot(record, column, location),
                lidvid=subject.lidvid,
                message=f"{self._place(record, column, location)}: {fault.text}",
                found=fault.found,
                expected=fault.expected,
                cause=fault.cause,
            )
        )

    def add_many(self, fault: Fault, count: int, *, key: int | None = None) -> None:
        """So many more findings, of which no place will be told."""
        if count > 0:
            self._heap(fault, key).total += count

    def messages(self) -> Iterator[Message]:
        """What was found, by type and field in the order of the first finding."""
        subject = self._subject
        for heap in self._heaps.values():
            yield from heap.first
            rest = heap.total - len(heap.first)
            if rest > 0 and heap.sample is not None:
                last = heap.first[-1] if heap.first else None
                yield Message(
                    severity=heap.sample.severity if last is None else last.severity,
                    type=heap.sample.type,
                    path=subject.path,
                    line=subject.line if last is None else last.line,
                    spot=subject.spot(
                        field=None if last is None or last.spot is None else last.spot.field
                    ),
                    lidvid=subject.lidvid,
                    message=f"{self._place(None, None, ())}: {rest} more like: {heap.sample.text}",
                    expected=heap.sample.expected,
                    cause=heap.sample.cause,
                    count=rest,
                )

    def _heap(self, fault: Fault, key: int | None) -> _Heap:
        heap = self._heaps.setdefault((fault.type, key), _Heap())
        if heap.sample is None:
            heap.sample = fault
        return heap

    def _place(self, record: int | None, column: int | None, location: tuple[int, ...]) -> str:
        subject = self._subject
        words = [f"{subject.kind} {subject.number}"]
        if subject.name:
            words[0] += f" ({subject.name})"
        if record is not None:
            words.append(f"record {record}")
        if column is not None:
            words.append(f"field {column}")
        if location:
            words.append(f"element ({', '.join(map(str, location))})")
        return ", ".join(words)
