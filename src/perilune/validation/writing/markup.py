"""A report as XML, with the names that NASA's ``validate`` gives its elements."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from perilune.validation.report import Message, Report, Result, Severity, Tally
from perilune.validation.writing.document import spot_members

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def write(report: Report, stream: TextIO) -> None:
    """Write the report as XML, result by result."""
    about = report.about
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<validateReport>\n')
    stream.write(_element("title", f"Check of {report.subject}"))
    stream.write("<configuration>\n")
    stream.write(_element("version", about.version))
    stream.write(_element("date", about.date))
    stream.write(_element("cliArgs", about.arguments))
    stream.write("</configuration>\n<parameters>\n")
    for name, value in about.parameters.items():
        if _NAME.fullmatch(name):
            stream.write(_element(name, value))
    stream.write("</parameters>\n<productLevelValidationResults>\n")
    for result in report.products:
        _result(result, stream)
    stream.write("</productLevelValidationResults>\n<pds4BundleLevelValidationResults>\n")
    for result in report.general:
        _result(result, stream)
    stream.write("</pds4BundleLevelValidationResults>\n")
    _summary(report, stream)
    stream.write("</validateReport>\n")


def _result(result: Result, stream: TextIO) -> None:
    lidvid = f" lidvid={_quoted(result.lidvid)}" if result.lidvid else ""
    stream.write(
        f'<label target={_quoted(result.label)} status="{result.status}"{lidvid}>\n<messages>\n'
    )
    own = [message for message in result.messages if message.path == result.label]
    data = sorted(
        (message for message in result.messages if message.path != result.label),
        key=lambda message: message.path,
    )
    _messages(own, stream)
    stream.write("</messages>\n<fragments/>\n<dataContents>\n")
    for path, found in groupby(data, key=lambda message: message.path):
        stream.write(f"<dataFile target={_quoted(path)}>\n<messages>\n")
        _messages(found, stream)
        stream.write("</messages>\n</dataFile>\n")
    stream.write("</dataContents>\n</label>\n")


def _messages(messages: Iterable[Message], stream: TextIO) -> None:
    for message in messages:
        places: dict[str, object] = {}
        if message.spot is not None:
            places |= spot_members(message.spot)
        places |= {"line": message.line, "column": message.column}
        if message.count > 1:
            places["count"] = message.count
        told = "".join(
            f" {name}={_quoted(str(value))}" for name, value in places.items() if value is not None
        )
        kind = f'severity="{message.severity.upper()}" type={_quoted(message.type)}'
        stream.write(f"<message {kind}{told}>\n")
        stream.write(_element("content", message.message))
        for name in ("found", "expected", "cause"):
            if value := getattr(message, name):
                stream.write(_element(name, value))
        stream.write("</message>\n")


def _summary(report: Report, stream: TextIO) -> None:
    summary = report.summary
    stream.write("<summary>\n")
    stream.write(_element("totalProducts", str(summary.products.total)))
    stream.write(_element("totalErrors", str(summary.count(Severity.ERROR))))
    stream.write(_element("totalWarnings", str(summary.count(Severity.WARNING))))
    stream.write(_tally("productValidation", summary.products))
    stream.write(_tally("referentialIntegrity", summary.integrity))
    stream.write("<messageTypes>\n")
    stream.writelines(
        f'<messageType total="{count}">{escape(_clean(kind))}</messageType>\n'
        for (_, kind), count in sorted(summary.kinds.items(), key=lambda item: item[0][1])
    )
    stream.write("</messageTypes>\n</summary>\n")


def _tally(name: str, tally: Tally) -> str:
    counts = "".join(
        _element(each, str(getattr(tally, each))) for each in ("passed", "failed", "skipped")
    )
    return f"<{name}>\n{counts}{_element('total', str(tally.total))}</{name}>\n"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_clean(text))}</{name}>\n"


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """The text with what XML cannot hold written as a replacement character."""
    return _NO_XML.sub("\ufffd", text)
