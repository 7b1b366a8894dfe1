"""Reports on paper: text for people, JSON and XML in the shape of ``validate``, a page of HTML."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from perilune.validation.report import Report
from perilune.validation.writing import document, markup, page, text

_BY_SUFFIX: dict[str, Callable[[Report, TextIO], None]] = {
    ".json": document.write,
    ".xml": markup.write,
    ".html": page.write,
    ".htm": page.write,
}


def write_report(report: Report, place: Path, style: str = "") -> None:
    """Write the report to a file in the style that is named, else by the file's suffix.

    JSON for ``.json``, XML for ``.xml``, a page for ``.html``, else text.
    """
    write = _BY_SUFFIX.get(f".{style}" if style else place.suffix.lower(), text.write)
    with place.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        write(report, stream)
