"""The query language of the PDS Search API, read into a condition.

Source: NASA-PDS/registry-api ``Search.g4`` (API 1.6)::

    query      : term EOF
    term       : comparison | group
    group      : NOT? ( expression )
    expression : term (AND term)* | term (OR term)*
    comparison : FIELD (eq|ne|gt|ge|lt|le) (NUMBER|STRING) | FIELD like STRING

Taken more widely than there: an expression may stand without parentheses, ``not`` may be written
in any case, and ``FIELD exists`` asks whether there is any value. `and` and `or` are never mixed
without parentheses, since readers disagree on what that means.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from perilune.catalogue.fields import check
from perilune.catalogue.query import And, Comparison, Condition, Not, Op, Or
from perilune.catalogue.question import DEEPEST
from perilune.catalogue.values import operand
from perilune.errors import BadQuestion

_LONGEST = 20_000
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|\"(?P<string>[^\"]*)\""
    r"|(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![\w.:/]))"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.:/]*)|(?P<end>\Z))"
)
_RESERVED = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def parse_q(text: str) -> Condition:
    """The condition that ``text`` writes; raise `BadQuestion`, with the place, if it is none."""
    if len(text) > _LONGEST:
        raise BadQuestion(f"a query of more than {_LONGEST} characters")
    reader = _Reader(text)
    condition = reader.expression(DEEPEST)
    if reader.next.kind != "end":
        reader.refuse("the end")
    return condition


class _Reader:
    """Reads one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.next = self._token(0)

    def expression(self, depth: int) -> Condition:
        """Terms joined by one and the same word."""
        terms = [self._term(depth)]
        joint = self.next.text.lower() if self.next.is_word("and", "or") else ""
        while joint and self.next.is_word(joint):
            self._take()
            terms.append(self._term(depth))
        if self.next.is_word("and", "or"):
            self.refuse(f"parentheses, since {joint} is mixed with {self.next.text}")
        if not joint:
            return terms[0]
        return And(tuple(terms)) if joint == "and" else Or(tuple(terms))

    def refuse(self, expected: str) -> NoReturn:
        """Raise `BadQuestion` with what was found instead."""
        found = "the end" if self.next.kind == "end" else repr(self.next.text[:60])
        raise BadQuestion(f"at character {self.next.at + 1}: expected {expected}, found {found}")

    def _term(self, depth: int) -> Condition:
        if depth == 0:
            self.refuse(f"no more than {DEEPEST} levels of parentheses")
        if self.next.is_word("not"):
            self._take()
            return Not(self._group(depth))
        return self._group(depth) if self.next.kind == "open" else self._comparison()

    def _group(self, depth: int) -> Condition:
        if self.next.kind != "open":
            self.refuse("an opening parenthesis")
        self._take()
        condition = self.expression(depth - 1)
        if self.next.kind != "close":
            self.refuse("a closing parenthesis")
        self._take()
        return condition

    def _comparison(self) -> Condition:
        start = self.next
        if start.kind != "word" or start.is_word(*_RESERVED):
            self.refuse("a field")
        field = self._take().replace("/", ".")
        if self.next.kind != "word" or self.next.text.lower() not in set(Op):
            self.refuse("one of " + ", ".join(Op))
        op = Op(self._take().lower())
        comparison = Comparison(field, op, "" if op is Op.EXISTS else self._value(op))
        try:
            check(field)
            operand(comparison)
        except BadQuestion as error:
            raise BadQuestion(f"at character {start.at + 1}: {error}") from error
        return comparison

    def _value(self, op: Op) -> str | float:
        if self.next.kind == "string":
            return self._take()
        if self.next.kind != "number" or op is Op.LIKE:
            self.refuse("a text in double quotes" + ("" if op is Op.LIKE else " or a number"))
        return float(self._take())

    def _take(self) -> str:
        taken = self.next
        self.next = self._token(self._after)
        return taken.text

    def _token(self, start: int) -> _Token:
        match = _TOKEN.match(self._text, start)
        if match is None:
            at = start + len(self._text[start:]) - len(self._text[start:].lstrip())
            raise BadQuestion(
                f"at character {at + 1}: cannot be read: {self._text[at : at + 20]!r}"
            )
        self._after = match.end()
        kind = match.lastgroup or "end"
        return _Token(kind, match[kind], match.start(kind))
