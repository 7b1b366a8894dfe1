"""A report as one page of HTML that needs nothing beside: for a phone, a print, an attachment.

Grouped by cause, the worst first. Every text from a delivery is escaped; there is no script.
"""

from html import escape
from typing import TextIO

from perilune.validation.report import Group, Message, Report, Result, Severity, Status
from perilune.validation.writing.text import place_of

_LONGEST = 2_000
_LABELS_SHOWN = 500
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --error: #b3261e; --warning: #8a5a00;
  --right: #1b6e3c; }
@media (prefers-color-scheme: dark) {
  :root { --error: #ff8a80; --warning: #ffcc66; --right: #7bd99a; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 60rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; display: inline; overflow-wrap: anywhere; }
section, details.labels { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem;
  margin: 1rem 0; }
.error { color: var(--error); } .warning { color: var(--warning); } .right { color: var(--right); }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; margin: .25rem 0; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; } li { margin: .5rem 0; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; padding: 0; list-style: none; }
.counts strong { font-size: 1.3rem; }
"""


def write(report: Report, stream: TextIO) -> None:
    """Write the report as a page."""
    title = f"Check of {report.subject}"
    stream.write(
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n<h1>{_safe(title)}</h1>\n"
    )
    stream.write(_verdict(report))
    stream.writelines(_section(group) for group in report.groups)
    _labels(report, stream)
    about = report.about
    if about.version:
        stream.write(f"<footer><p>{_safe(f'{about.version}, {about.date}')}</p></footer>\n")
    stream.write("</html>\n")


def _verdict(report: Report) -> str:
    products = report.summary.products
    errors, warnings = (report.summary.count(each) for each in (Severity.ERROR, Severity.WARNING))
    word, kind = ("Nothing is wrong.", "right") if report.is_right else ("Not right.", "error")
    counts = [
        (products.total, "labels"),
        (products.passed, "right"),
        (products.failed, "wrong"),
        (products.skipped, "not looked at"),
        (errors, "errors"),
        (warnings, "warnings"),
    ]
    items = "".join(f"<li><strong>{count:,}</strong> {name}</li>" for count, name in counts)
    return f'<p class="{kind}"><strong>{word}</strong></p>\n<ul class="counts">{items}</ul>\n'


def _section(group: Group) -> str:
    cause = f"<p>{_safe(group.cause)}</p>\n" if group.cause else ""
    places = "".join(_place(message, group.cause) for message in group.first)
    rest = group.count - sum(message.count for message in group.first)
    more = f"<p>and {rest:,} more</p>\n" if rest > 0 else ""
    return (
        f'<section>\n<h2><span class="{group.severity}">{group.severity.upper()}</span> '
        f"{group.count:,} &times; {_safe(group.type)}</h2>\n{cause}"
        f"<p><strong>To mend it:</strong> {_safe(group.advice)}</p>\n<ul>\n{places}</ul>\n{more}"
        "</section>\n"
    )


def _place(message: Message, told: str) -> str:
    rows = [
        (name, value)
        for name, value in (("found", message.found), ("expected", message.expected))
        if value
    ]
    if message.cause and message.cause != told:
        rows.append(("why", message.cause))
    values = "".join(f"<dt>{name}</dt><dd><code>{_safe(value)}</code></dd>" for name, value in rows)
    table = f"<dl>{values}</dl>" if values else ""
    return f"<li><code>{_safe(place_of(message))}</code><br>{_safe(message.message)}{table}</li>\n"


def _labels(report: Report, stream: TextIO) -> None:
    """The labels that failed, the first hundreds of them."""
    if not report.summary.products.failed:
        return
    stream.write('<details class="labels"><summary>Labels that are wrong</summary>\n<ul>\n')
    shown = 0
    for result in report.products:
        if result.status is Status.FAIL:
            if shown == _LABELS_SHOWN:
                stream.write("<li>and more</li>\n")
                break
            stream.write(_label(result))
            shown += 1
    stream.write("</ul>\n</details>\n")


def _label(result: Result) -> str:
    lidvid = f"<br>{_safe(result.lidvid)}" if result.lidvid else ""
    return f"<li><code>{_safe(result.label)}</code>{lidvid}</li>\n"


def _safe(text: str) -> str:
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
