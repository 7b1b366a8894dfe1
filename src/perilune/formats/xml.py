"""The one XML parser for bytes that came from elsewhere.

What it returns was complete and bounded: any document type declaration is refused before parsing
(so there are no entities to expand or fetch), nothing is looked up, and size, depth, tags and
attributes have limits. Encoding is UTF-8, as the PDS4 Standards Reference asks of labels.
"""

import re

from lxml import etree

from perilune.errors import MalformedLabel

MAX_BYTES = 16 << 20
MAX_DEPTH = 256
"""libxml2 refuses deeper documents by itself as long as ``huge_tree`` is off."""
MAX_TAGS = 1_000_000
MAX_ATTRIBUTES = 10_000

_SHORTEST_ATTRIBUTE = len(b' a=""')
_MAX_LINE = 65_535
"""libxml2 counts no further in a document's tree."""
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([^"'>]{1,40})["']""")
_UTF8 = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_PLACE = re.compile(r", line \d+, column \d+$")
_HUGE = re.compile(r"(?:, try|: \d+ use) XML_PARSE_HUGE.*")
_LONGEST_REASON = 300
_PROLOG = re.compile(rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--.*?-->)*+", re.DOTALL)


def parse(data: bytes, *, keeps_blanks: bool = True) -> etree._Element:
    """The root element, without comments and processing instructions.

    ``keeps_blanks=False`` leaves out white space between elements, which takes a fifth of the time.
    Raises `MalformedLabel` with the line and the reason.
    """
    text = data.removeprefix(_BOM)
    _check_bytes(text)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=not keeps_blanks,
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise MalformedLabel(_reason(error.msg), line=error.lineno) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedLabel("a document type declaration (DOCTYPE) is not allowed")
    _check_attributes(text, root)
    return root


def _reason(words: str | None) -> str:
    """What libxml2 says, without its own place and its advice to lift its limits."""
    told = (words or "not well-formed XML").strip()
    told = _PLACE.sub("", told)
    return _HUGE.sub("", told)[:_LONGEST_REASON]


def line_of(element: etree._Element) -> int | None:
    """Line of the document on which an element begins; None where the parser lost count."""
    line = element.sourceline
    return line if isinstance(line, int) and line < _MAX_LINE else None


def _check_bytes(text: bytes) -> None:
    if len(text) > MAX_BYTES:
        raise MalformedLabel(f"{len(text)} bytes; a label may have {MAX_BYTES}")
    if text.startswith(_WIDE):
        raise MalformedLabel("is encoded in UTF-16 or UTF-32; labels are UTF-8", line=1)
    if (nul := text.find(b"\x00")) >= 0:
        raise MalformedLabel("holds a NUL byte", line=_line(text, nul))
    declared = _ENCODING.match(text)
    if declared is not None and declared[1].lower() not in _UTF8:
        name = declared[1].decode("ascii", "replace")
        raise MalformedLabel(f"is declared to be encoded in {name!r}; labels are UTF-8", line=1)
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog is not None else 0
    if start == len(text):
        raise MalformedLabel("the file is empty")
    if text.startswith(b"<!DOCTYPE", start):
        reason = "a document type declaration (DOCTYPE) is not allowed"
        raise MalformedLabel(reason, line=_line(text, start))
    if not text.startswith(b"<", start):
        begin = text[start : start + 40].decode("utf-8", "replace")
        raise MalformedLabel(f"is no XML; it begins with {begin!r}", line=_line(text, start))
    if len(text) > MAX_TAGS and text.count(b"<") > MAX_TAGS:
        raise MalformedLabel(f"more than {MAX_TAGS} tags")


def _check_attributes(text: bytes, root: etree._Element) -> None:
    if len(text) < MAX_ATTRIBUTES * _SHORTEST_ATTRIBUTE or text.count(b"=") <= MAX_ATTRIBUTES:
        return
    for element in root.iter():
        if len(element.attrib) > MAX_ATTRIBUTES:
            reason = f"an element with {len(element.attrib)} attributes; {MAX_ATTRIBUTES} allowed"
            raise MalformedLabel(reason, line=line_of(element))


def _line(text: bytes, position: int) -> int:
    return text.count(b"\n", 0, position) + 1
