"""Regular expressions run over a column of bytes at once, a byte of every value in each step.

`compile_pattern` makes a deterministic automaton of at most 255 states; `Automaton.accepts` steps
all values together through its table with two NumPy operations a byte, some hundred megabytes a
second. The dialect is a part of Python's with DOTALL, always matched whole: literals, escapes,
classes, groups, ``|``, ``*``, ``+``, ``?``, ``{m,n}``. So a rule is written once, as a pattern that
`re` takes too, and tests hold the two equal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

MAX_STATES = 255
_ANY = frozenset(range(256))
_DIGITS = frozenset(b"0123456789")
_BLANK = frozenset(b" \t\n\r\x0b\x0c")
_REPEAT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_DEAD = 0

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_Tree = tuple[str, object]


class TooManyStates(Exception):
    """The pattern needs a larger table than is worth having."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A table of transitions: next state times 256, by state times 256 plus byte."""

    table: npt.NDArray[np.uint16]
    accepting: Mask
    """By state times 256, as the table gives states."""

    def accepts(self, rows: Bytes) -> Mask:
        """Whether each value matches; row k of ``rows`` holds byte k of every value."""
        state = np.full(rows.shape[1], 256, dtype=np.uint16)
        for row in rows:
            np.add(state, row, out=state)
            np.take(self.table, state, out=state, mode="clip")
        accepted: Mask = self.accepting[state >> 8]
        return accepted


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Automaton | None:
    """The automaton of ``pattern``; None where it would have too many states."""
    nfa = _Nfa()
    try:
        start, stop = nfa.add(_Parser(pattern).parse())
        return _determined(nfa, start, stop)
    except TooManyStates:
        return None


class _Parser:
    """Recursive descent over the dialect; patterns are ours, so faults are ours too."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def parse(self) -> _Tree:
        tree = self._either()
        if self._at != len(self._text):
            raise ValueError(f"stray {self._text[self._at :]!r} in {self._text!r}")
        return tree

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _either(self) -> _Tree:
        choices = [self._sequence()]
        while self._peek() == "|":
            self._next()
            choices.append(self._sequence())
        return choices[0] if len(choices) == 1 else ("either", choices)

    def _sequence(self) -> _Tree:
        parts: list[_Tree] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return ("sequence", parts)

    def _repeated(self, tree: _Tree) -> _Tree:
        while (sign := self._peek()) and sign in "*+?{":
            if sign == "{":
                match = _REPEAT.match(self._text, self._at)
                if match is None:
                    raise ValueError(f"bad repetition in {self._text!r}")
                self._at = match.end()
                low = int(match[1])
                high = int(match[3]) if match[3] else (None if match[2] else low)
            else:
                self._next()
                low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            tree = ("repeat", (tree, low, high))
        return tree

    def _atom(self) -> _Tree:
        sign = self._next()
        if sign == "(":
            if self._text.startswith("?:", self._at):
                self._at += 2
            tree = self._either()
            self._next()
            return tree
        if sign == "[":
            return ("bytes", self._class())
        if sign == ".":
            return ("bytes", _ANY)
        return ("bytes", self._escaped() if sign == "\\" else frozenset((ord(sign),)))

    def _escaped(self) -> frozenset[int]:
        sign = self._next()
        if sign == "d":
            return _DIGITS
        if sign == "s":
            return _BLANK
        if sign == "S":
            return _ANY - _BLANK
        if sign == "x":
            self._at += 2
            return frozenset((int(self._text[self._at - 2 : self._at], 16),))
        return frozenset((ord(sign),))

    def _class(self) -> frozenset[int]:
        negated = self._peek() == "^"
        if negated:
            self._next()
        found: set[int] = set()
        while (sign := self._next()) != "]":
            low = self._escaped() if sign == "\\" else frozenset((ord(sign),))
            if self._peek() == "-" and self._text[self._at + 1] != "]" and len(low) == 1:
                self._next()
                sign = self._next()
                high = self._escaped() if sign == "\\" else frozenset((ord(sign),))
                low = frozenset(range(min(low), max(high) + 1))
            found |= low
        return _ANY - found if negated else frozenset(found)


class _Nfa:
    """Thompson's construction: states with edges on sets of bytes and with free edges."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[frozenset[int], int]]] = []
        self.free: list[list[int]] = []

    def state(self) -> int:
        self.edges.append([])
        self.free.append([])
        if len(self.edges) > 64 * MAX_STATES:
            raise TooManyStates
        return len(self.edges) - 1

    def add(self, tree: _Tree) -> tuple[int, int]:
        """Entry and exit of what ``tree`` matches."""
        kind, content = tree
        start, stop = self.state(), self.state()
        if kind == "bytes":
            assert isinstance(content, frozenset)
            self.edges[start].append((content, stop))
        elif kind == "either":
            assert isinstance(content, list)
            for choice in content:
                entry, leave = self.add(choice)
                self.free[start].append(entry)
                self.free[leave].append(stop)
        elif kind == "sequence":
            assert isinstance(content, list)
            here = start
            for part in content:
                entry, leave = self.add(part)
                self.free[here].append(entry)
                here = leave
            self.free[here].append(stop)
        else:
            assert isinstance(content, tuple)
            self._repeat(start, stop, *content)
        return start, stop

    def _repeat(self, start: int, stop: int, tree: _Tree, low: int, high: int | None) -> None:
        here = start
        for _ in range(low):
            entry, leave = self.add(tree)
            self.free[here].append(entry)
            here = leave
        if high is None:
            entry, leave = self.add(tree)
            self.free[here] += [entry, stop]
            self.free[leave] += [entry, stop]
            return
        self.free[here].append(stop)
        for _ in range(high - low):
            entry, leave = self.add(tree)
            self.free[here].append(entry)
            self.free[leave].append(stop)
            here = leave

    def closure(self, states: Iterator[int]) -> frozenset[int]:
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            if (state := waiting.pop()) not in found:
                found.add(state)
                waiting += self.free[state]
        return frozenset(found)


def _determined(nfa: _Nfa, start: int, stop: int) -> Automaton:
    """Subset construction; state 0 is the dead one, state 1 the first."""
    first = nfa.closure(iter((start,)))
    numbers: dict[frozenset[int], int] = {frozenset(): _DEAD, first: 1}
    waiting, rows = [first], [np.zeros(256, dtype=np.uint16), np.zeros(256, dtype=np.uint16)]
    while waiting:
        states = waiting.pop()
        targets: list[set[int]] = [set() for _ in range(256)]
        for state in states:
            for accepted, aim in nfa.edges[state]:
                for byte in accepted:
                    targets[byte].add(aim)
        closures = {key: nfa.closure(iter(key)) for key in set(map(frozenset, targets))}
        row = rows[numbers[states]]
        for byte, aims in enumerate(targets):
            reached = closures[frozenset(aims)]
            if reached not in numbers:
                if len(numbers) >= MAX_STATES:
                    raise TooManyStates
                numbers[reached] = len(rows)
                rows.append(np.zeros(256, dtype=np.uint16))
                waiting.append(reached)
            row[byte] = numbers[reached] << 8
    accepting = np.array([stop in states for states in numbers], dtype=np.bool_)
    return Automaton(np.concatenate(rows), accepting)
