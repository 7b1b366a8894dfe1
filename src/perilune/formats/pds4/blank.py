"""A blank: all of a label but its values. Labels of a collection are a few blanks, filled in.

Whether bytes are XML, and what they say, the parser alone decides (`perilune.formats.xml`). What it
has decided of one label holds for every label that differs from it in values only: the same tags,
byte for byte, the same text between them, and values of plain characters, without markup,
references or what XML forbids. Those need not be parsed again. Of anything else a blank says
nothing.
"""

import re
from functools import partial
from operator import itemgetter

from perilune.formats.pds4.tree import Form, Tree

LARGEST = 1 << 16
"""Bytes of a label that is recognised by its blank."""
MAX_VALUE = 10_000
"""Characters of a value that is kept as a property; longer ones are prose or data."""

_MOST_PIECES = 1 << 18
"""Of all blanks together: a usual one has a thousand, and takes about 50 kB."""
_MOST_MET = 1 << 14

_BOM = b"\xef\xbb\xbf"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0 (section 2.2)."""


class Pieces:
    """A label cut at its tags, if it is a small one."""

    __slots__ = ("all", "tags")

    def __init__(self, data: bytes) -> None:
        text = data.removeprefix(_BOM) if len(data) <= LARGEST else b""
        self.all = text.replace(b">", b"<>").split(b"<")
        """At odd places the tags; at even ones, after the ``>`` of a tag, what follows it."""
        self.tags = b"<".join(self.all[1::2])

    def line_of(self, place: int) -> int:
        """Line of the label on which a tag ends."""
        return b"".join(self.all[: place + 1]).count(b"\n") + 1

    def starts(self) -> list[int] | None:
        """Places of the start tags, of a label known to be XML; None where that is hard to tell."""
        if len(self.all) < 6 or not all(each.startswith(b">") for each in self.all[2::2]):
            return None
        found = []
        for place in range(1, len(self.all), 2):
            tag = self.all[place]
            if tag.startswith((b"!", b">")) or (tag.startswith(b"?") and not tag.endswith(b"?")):
                return None
            if not tag.startswith((b"/", b"?")):
                found.append(place)
        return found


class Blank:
    """A form with the places to fill in, and what has to stand around them."""

    __slots__ = ("_between", "_count", "_filled", "_gaps", "_lines", "_size", "_starts", "form")

    def __init__(self, form: Form, pieces: Pieces, starts: list[int], filled: list[int]) -> None:
        self.form = form
        self._size, self._starts, self._count = len(pieces.all), starts, len(filled)
        self._filled = itemgetter(*filled)
        self._gaps = itemgetter(*sorted({*range(0, self._size, 2)}.difference(filled)))
        self._between = self._gaps(pieces.all)
        self._lines: dict[int, int] = {}

    def tree(self, pieces: Pieces) -> Tree | None:
        """A label with the same tags; None where only a parser can tell."""
        if len(pieces.all) != self._size or self._gaps(pieces.all) != self._between:
            return None
        try:
            text = b"<".join(self._filled(pieces.all)).decode()
        except UnicodeDecodeError:
            return None
        is_line = text.isprintable()
        if "&" in text or not (is_line or _FORBIDDEN.search(text) is None):
            return None
        values = text[1:].split("<>")  # so many only if each begins with the ">" of its tag
        if text[0] != ">" or len(values) != self._count:
            return None
        if not is_line or "  " in text or "> " in text or " <" in text or text.endswith(" "):
            values = [" ".join(each.split()) for each in values]
        if "" in values or (len(text) > MAX_VALUE and max(map(len, values)) > MAX_VALUE):
            return None
        values.append("")
        return Tree(
            self.form, values, partial(self._line_of, pieces, self._lines if is_line else {})
        )

    def _line_of(self, pieces: Pieces, known: dict[int, int], row: int) -> int:
        """Where values have no line ends, an element is on the same line in all labels."""
        if row not in known:
            known[row] = pieces.line_of(self._starts[row])
        return known[row]


def blank_of(tree: Tree, pieces: Pieces) -> Blank | None:
    """The blank of a label that was parsed; None where its pieces do not show its elements."""
    starts, slots = pieces.starts(), tree.form.slots[:-1]
    if starts is None or len(starts) != len(slots):
        return None
    filled = [start + 1 for start, slot in zip(starts, slots, strict=True) if slot >= 0]
    are_whole = all(pieces.all[place + 1].startswith(b"/") for place in filled)
    if len(filled) < 2 or not are_whole or max(map(len, tree.values)) > MAX_VALUE:
        return None
    return Blank(tree.form, pieces, starts, filled)


class Blanks:
    """Blanks by the tags of their labels, within bounds: a hostile label has many tags."""

    def __init__(self) -> None:
        self._blanks: dict[bytes, Blank] = {}
        self._room = _MOST_PIECES
        self._met: set[int] = set()

    def get(self, pieces: Pieces) -> Blank | None:
        """The blank of labels with such tags."""
        return self._blanks.get(pieces.tags)

    def is_worth_one(self, pieces: Pieces) -> bool:
        """Whether such a label was met before. Many a form has one label, and a blank its price."""
        mark = hash(pieces.tags)
        if mark in self._met:
            return True
        if len(self._met) >= _MOST_MET:
            self._met.clear()
        self._met.add(mark)
        return False

    def add(self, pieces: Pieces, blank: Blank | None) -> None:
        """Keep a blank, and no other where there is no room."""
        if blank is None:
            return
        self._room -= len(pieces.all)
        if self._room < 0:
            self._blanks.clear()
            self._room = _MOST_PIECES - len(pieces.all)
        self._blanks[pieces.tags] = blank

    def clear(self) -> None:
        """Forget all."""
        self._blanks.clear()
        self._met.clear()
        self._room = _MOST_PIECES
