"""Labels of PDS3: keywords and values in nested objects, up to END; what follows is data.

A value is a `Word` or a tuple of values; sets are tuples too. Names are in capitals, for a label
may write them as it likes. Source: PDS3 Standards Reference, chapter 12.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from perilune.errors import MalformedLabel

MOST_BYTES = 4 << 20
"""Of a label, attached or not."""
_MOST_DEPTH = 32
_MOST_STATEMENTS = 100_000
_BEGINS = re.compile(
    rb"\s*(?:CCSD[0-9A-Z]{16}|NJPL1I00PDS1[0-9]+\s|PDS_VERSION_ID\s*=|ODL_VERSION_ID\s*=|/\*)"
)
_TOKEN = re.compile(
    r"(?P<blank>(?:\s|/\*.*?\*/)+)"
    r'|"(?P<text>[^"]*)"'
    r"|'(?P<symbol>[^']*)'"
    r"|<(?P<unit>[^<>]*)>"
    r"|(?P<mark>[=(){},])"
    r"|(?P<word>[^\s=(){},<>\"']+)",
    re.DOTALL,
)
_END = re.compile(r"END(?![A-Z0-9_])")
"""Data may follow without a blank."""
_BLOCKS = ("OBJECT", "GROUP", "BEGIN_OBJECT", "BEGIN_GROUP")


@dataclass(frozen=True, slots=True)
class Word:
    """One value as written, without its quotes; runs of blanks are one."""

    text: str
    unit: str = ""
    is_quoted: bool = False


@dataclass(slots=True)
class Block:
    """An object or a group, or the label as a whole."""

    name: str
    line: int
    values: dict[str, "Word | tuple[object, ...]"] = field(default_factory=dict)
    """The first value of each keyword; a pointer's keyword begins with ``^``."""
    blocks: list["Block"] = field(default_factory=list)

    def text(self, *names: str) -> str:
        """The first word of the first of these keywords that has one; else empty."""
        return self.word(*names).text

    def word(self, *names: str) -> Word:
        """The same with its unit."""
        for name in names:
            for found in words(self.values.get(name, ())):
                return found
        return Word("")

    def number(self, *names: str) -> int | None:
        """The same as a whole number; None where it is none."""
        text = self.text(*names)
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else None

    def real(self, *names: str) -> float | None:
        """The same as a real number; None where it is none."""
        try:
            return float(self.text(*names))
        except ValueError:
            return None

    def every(self, *names: str) -> Iterator["Block"]:
        """All blocks of these names, at any depth."""
        for block in self.blocks:
            if block.name in names:
                yield block
            yield from block.every(*names)


def words(value: object) -> list[Word]:
    """The words of a value, of sequences in their order."""
    if isinstance(value, Word):
        return [value]
    return [each for part in value for each in words(part)] if isinstance(value, tuple) else []


def is_odl(begin: bytes) -> bool:
    """Whether a file that begins so has a label of PDS3 at its begin."""
    return _BEGINS.match(begin) is not None and b"PDS_VERSION_ID" in begin[:4096]


def read_odl(data: bytes) -> Block:
    """The label at the begin of ``data``; raise `MalformedLabel` with the line where it is none."""
    return _Reader(data[:MOST_BYTES].decode("latin-1")).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0
        self._statements = 0

    def read(self) -> Block:
        root = Block("", 1)
        open_: list[Block] = [root]
        while (key := self._next()) is not None:
            name = key.upper()
            if _END.match(name) is not None:
                if len(open_) > 1:
                    raise self._fault(f"object {open_[-1].name} has no end")
                return root
            if self._peek() != "=":
                if name in ("END_OBJECT", "END_GROUP"):
                    self._close(open_)
                elif not key.startswith(("CCSD", "NJPL")):
                    raise self._fault(f"{key[:60]!r} without a value")
                continue
            self._next()
            self._count()
            if name in ("END_OBJECT", "END_GROUP"):
                self._value()
                self._close(open_)
            elif name in _BLOCKS:
                self._open(open_)
            else:
                open_[-1].values.setdefault(name, self._value())
        if len(open_) > 1:
            raise self._fault(f"object {open_[-1].name} has no end")
        return root

    def _open(self, open_: list[Block]) -> None:
        found = words(self._value())
        if not found or len(open_) > _MOST_DEPTH:
            raise self._fault("an object without a name, or nested too deep")
        block = Block(found[0].text.upper(), self._line())
        open_[-1].blocks.append(block)
        open_.append(block)

    def _close(self, open_: list[Block]) -> None:
        if len(open_) == 1:
            raise self._fault("the end of an object that did not begin")
        open_.pop()

    def _value(self) -> "Word | tuple[object, ...]":
        token = self._match()
        if token is None:
            raise self._fault("a keyword without a value")
        if token["mark"] in ("(", "{"):
            return self._sequence(1)
        if token["mark"] is not None:
            raise self._fault(f"{token['mark']!r} where a value is due")
        return self._word(token)

    def _sequence(self, depth: int) -> tuple[object, ...]:
        parts: list[object] = []
        while (token := self._match()) is not None:
            mark = token["mark"]
            if mark in (")", "}"):
                self._unit()
                return tuple(parts)
            if mark in ("(", "{"):
                if depth > _MOST_DEPTH:
                    break
                parts.append(self._sequence(depth + 1))
            elif mark is None:
                self._count()
                parts.append(self._word(token))
        raise self._fault("a sequence that does not end")

    def _word(self, token: re.Match[str]) -> Word:
        quoted = token["text"] if token["text"] is not None else token["symbol"]
        text = token["word"] if quoted is None else " ".join(quoted.split())
        if text is None:
            raise self._fault("a unit where a value is due")
        return Word(text, self._unit(), quoted is not None)

    def _unit(self) -> str:
        """The unit that follows, if one does."""
        place = self._place
        token = self._match()
        if token is not None and token["unit"] is not None:
            return token["unit"].strip()
        self._place = place
        return ""

    def _next(self) -> str | None:
        token = self._match()
        if token is None:
            return None
        found = token["word"] or token["mark"]
        if found is None:
            raise self._fault(f"{token[0][:40]!r} where a keyword is due")
        return found

    def _peek(self) -> str | None:
        place = self._place
        token = self._match()
        self._place = place
        return None if token is None else token["mark"]

    def _match(self) -> re.Match[str] | None:
        while self._place < len(self._text):
            token = _TOKEN.match(self._text, self._place)
            if token is None:
                raise self._fault("a quote or comment that does not end")
            self._place = token.end()
            if token["blank"] is None:
                return token
        return None

    def _count(self) -> None:
        self._statements += 1
        if self._statements > _MOST_STATEMENTS:
            raise self._fault(f"more than {_MOST_STATEMENTS} values")

    def _line(self) -> int:
        return self._text.count("\n", 0, self._place) + 1

    def _fault(self, reason: str) -> MalformedLabel:
        return MalformedLabel(f"PDS3: {reason}", line=self._line())
