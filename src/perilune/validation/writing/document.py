"""A report for programs: JSON with the keys of NASA's ``validate``, and our ``groups`` beside.

The keys are listed in docs/reference/report.md. Written to a file it goes result by result, so that
the report on a million labels needs no more memory than that on one.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TextIO

from perilune.model.canonical import Json
from perilune.validation.report import Group, Message, Report, Result, Severity, Spot, Tally

_PLACES_SHOWN = 3


def as_document(report: Report) -> dict[str, Json]:
    """The whole report as one value."""
    return {
        name: list(value) if isinstance(value, Iterator) else value
        for name, value in _members(report)
    }


def write(report: Report, stream: TextIO) -> None:
    """Write the report as JSON, one result a line."""
    before = "{"
    for name, value in _members(report):
        stream.write(f"{before}\n{json.dumps(name)}: ")
        if isinstance(value, Iterator):
            separator = "["
            for each in value:
                stream.write(f"{separator}\n{_dumped(each)}")
                separator = ","
            stream.write("[]" if separator == "[" else "\n]")
        else:
            stream.write(_dumped(value))
        before = ","
    stream.write("\n}\n")


def _dumped(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # names may be no UTF-8


def _members(report: Report) -> Iterator[tuple[str, Json | Iterator[Json]]]:
    about = report.about
    yield "title", f"Check of {report.subject}"
    if about.version:
        yield (
            "configuration",
            {"version": about.version, "date": about.date, "cliArgs": about.arguments},
        )
        yield "parameters", dict(about.parameters)
    yield "productLevelValidationResults", (_product(each) for each in report.products)
    yield "pds4BundleLevelValidationResults", (_beside(each) for each in report.general)
    summary = report.summary
    kinds: dict[str, int] = {}
    for (_, kind), count in summary.kinds.items():
        kinds[kind] = kinds.get(kind, 0) + count
    yield (
        "summary",
        {
            "totalProducts": summary.products.total,
            "totalErrors": summary.count(Severity.ERROR),
            "totalWarnings": summary.count(Severity.WARNING),
            "productValidation": _tally(summary.products),
            "referentialIntegrity": _tally(summary.integrity),
            "messageTypes": [
                {"messageType": kind, "total": count} for kind, count in sorted(kinds.items())
            ],
        },
    )
    yield "groups", [_group(group) for group in report.groups]


def _tally(tally: Tally) -> dict[str, Json]:
    return {
        "passed": tally.passed,
        "failed": tally.failed,
        "skipped": tally.skipped,
        "total": tally.total,
    }


def _product(result: Result) -> Json:
    in_label = [message for message in result.messages if message.path == result.label]
    in_data = sorted(
        (message for message in result.messages if message.path != result.label),
        key=lambda message: message.path,
    )
    return {
        "status": result.status.value,
        "label": result.label,
        "lidvid": result.lidvid,
        "messages": _messages(in_label),
        "fragments": [],
        "dataContents": [
            {"dataFile": path, "messages": _messages(found)}
            for path, found in groupby(in_data, key=lambda message: message.path)
        ],
    }


def _beside(result: Result) -> Json:
    return {
        "status": result.status.value,
        "label": result.label,
        "messages": _messages(result.messages),
    }


def _messages(messages: Iterable[Message]) -> list[Json]:
    return [_message(message) for message in messages]


def _message(message: Message) -> dict[str, Json]:
    document: dict[str, Json] = {"severity": message.severity.upper(), "type": message.type}
    if message.spot is not None:
        document |= spot_members(message.spot)
    if message.line is not None:
        document["line"] = message.line
    if message.column is not None:
        document["column"] = message.column
    document["message"] = message.message
    for name in ("found", "expected", "cause"):
        if value := getattr(message, name):
            document[name] = value
    if message.count > 1:
        document["count"] = message.count
    return document


def spot_members(spot: Spot) -> dict[str, Json]:
    """A place in a data file under the names that ``validate`` gives its parts."""
    members: dict[str, Json] = {spot.kind: spot.number}
    if spot.record is not None:
        members["record"] = spot.record
    if spot.field is not None:
        members["field"] = spot.field
    if spot.location:
        members["location"] = f"({', '.join(str(index) for index in spot.location)})"
    return members


def _group(group: Group) -> Json:
    return {
        "severity": group.severity.value,
        "type": group.type,
        "cause": group.cause,
        "count": group.count,
        "advice": group.advice,
        "first": [
            {"path": message.path, **_message(message)} for message in group.first[:_PLACES_SHOWN]
        ],
    }
