"""A report as text, for someone who must act on it now."""

from collections.abc import Iterable, Iterator
from typing import TextIO

from perilune.validation.report import Group, Message, Report, Severity, Spot

_PLACES_SHOWN = 3
_LONGEST = 300


def as_text(report: Report) -> str:
    """What, how often, why, how to mend it, where first."""
    return "\n".join([_headline(report), *_told(report.groups)]) + "\n"


def write(report: Report, stream: TextIO) -> None:
    """Write the report as text."""
    stream.write(as_text(report))


def place_of(message: Message) -> str:
    """Where it is, in words: the file, then the line of the label or the place in the data."""
    parts = [message.path]
    if message.line is not None:
        parts.append(f"label line {message.line}")
    if message.spot is not None:
        parts.append(spot_in_words(message.spot))
    return ", ".join(parts)


def spot_in_words(spot: Spot) -> str:
    """A place in a data file: ``table 1, record 7, field 2``."""
    parts = [f"{spot.kind} {spot.number}"]
    if spot.record is not None:
        parts.append(f"record {spot.record}")
    if spot.field is not None:
        parts.append(f"field {spot.field}")
    if spot.location:
        parts.append(f"element ({', '.join(str(index) for index in spot.location)})")
    return ", ".join(parts)


def printable(text: str) -> str:
    """The text on one line of a terminal, whatever a delivery put into it."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _headline(report: Report) -> str:
    products = report.summary.products
    skipped = f", {products.skipped} not looked at" if products.skipped else ""
    errors = report.summary.count(Severity.ERROR)
    warnings = report.summary.count(Severity.WARNING)
    return (
        f"{report.subject}: {_counted(products.total, 'label')}, {products.passed} right, "
        f"{products.failed} wrong{skipped}; "
        f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _told(groups: Iterable[Group]) -> Iterator[str]:
    for group in groups:
        yield ""
        yield f"{group.severity.upper()}  {group.count} x {group.type}"
        if group.cause:
            yield f"  why:  {printable(group.cause)}"
        yield f"  mend: {group.advice}"
        for message in group.first[:_PLACES_SHOWN]:
            yield from _shown(message, group.cause)
        shown = sum(message.count for message in group.first[:_PLACES_SHOWN])
        if (rest := group.count - shown) > 0:
            yield f"  and {rest} more"


def _shown(message: Message, told: str) -> Iterator[str]:
    yield f"  {printable(place_of(message))}"
    if message.found or message.expected:
        yield f"      found    {printable(message.found) or 'nothing'}"
        yield f"      expected {printable(message.expected) or 'nothing'}"
    else:
        yield f"      {printable(message.message)}"
    if message.cause != told:
        yield f"      {printable(message.cause)}"
