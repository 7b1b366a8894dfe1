"""How the values of labels are read and compared: numbers, times, and all else as text.

The one definition of what a comparison means; every catalogue gives the answers of
`matches`. What a value *is* depends on nothing but its own text:

* a decimal number is a number, compared as a float64;
* a date of PDS4 that says at least its month or day of year is a time, compared in microseconds;
* anything else is text, compared by code point.

What a comparison *asks* depends on the value it names. A number (unquoted) meets numbers only.
A quoted time meets times only. A quoted number meets numbers when it asks for an order, and
meets its own exact spelling when it asks for equality, so that version 1.1 is never 1.10.
Other text meets the text of every value.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Literal, NamedTuple

from perilune.catalogue.query import Comparison, Op
from perilune.errors import BadQuestion
from perilune.model.timespan import microseconds, read_utc

ValueType = Literal["string", "float", "timestamp"]

LONGEST_PATTERN = 1_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]")


class Kind(IntEnum):
    """What a value is, in the order in which the kinds sort."""

    NUMBER = 0
    TIME = 1
    TEXT = 2


class Value(NamedTuple):  # there are dozens in every product: made four times as fast as a class
    """A value of a label. Sorts numbers, then times, then text."""

    kind: Kind
    number: float
    """The number, or the microseconds since 1970 of the time, exactly; 0 for text."""
    text: str


@dataclass(frozen=True, slots=True)
class Operand:
    """What a comparison compares with: a kind, and the number or the text in it."""

    kind: Kind
    number: float
    text: str


@lru_cache(maxsize=8_192)
def read_value(text: str) -> Value:
    """What ``text`` is."""
    if not text or text[0] not in "0123456789+-.":
        return Value(Kind.TEXT, 0, text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return Value(Kind.NUMBER, number, text)
    if _TIME.match(text):
        try:
            return Value(Kind.TIME, microseconds(read_utc(text)[0]), text)
        except (ValueError, OverflowError):
            pass
    return Value(Kind.TEXT, 0, text)


def property_type(kinds: Iterable[Kind]) -> ValueType:
    """The type of a property whose values are of these kinds."""
    match sorted(set(kinds)):
        case [Kind.NUMBER]:
            return "float"
        case [Kind.TIME]:
            return "timestamp"
        case _:
            return "string"


def operand(comparison: Comparison) -> Operand:
    """What ``comparison`` compares with; raise `BadQuestion` where that is nothing."""
    value = comparison.value
    if isinstance(value, str):
        if "\0" in value or len(value) > LONGEST_PATTERN:
            raise BadQuestion(f"value of {comparison.field} is too long or holds a NUL")
        found = read_value(value)
        is_spelt = found.kind is Kind.NUMBER and comparison.op in (Op.EQ, Op.NE)
        kind = Kind.TEXT if is_spelt or comparison.op is Op.LIKE else found.kind
        return Operand(kind, found.number, value)
    if not math.isfinite(value):
        raise BadQuestion(f"{comparison.field} cannot be compared with {value}")
    if comparison.op is Op.LIKE:
        raise BadQuestion(f"like takes a quoted pattern, not {value}")
    return Operand(Kind.NUMBER, float(value), str(value))


def matches(comparison: Comparison, values: Iterable[str]) -> bool:
    """Whether a product with these values of the field matches."""
    wanted = operand(comparison)
    match comparison.op:
        case Op.EXISTS:
            return any(True for _ in values)
        case Op.NE:
            return not any(_holds(Op.EQ, read_value(value), wanted) for value in values)
        case Op.LIKE:
            is_like = like(wanted.text)
            return any(is_like(value) for value in values)
        case op:
            return any(_holds(op, read_value(value), wanted) for value in values)


def _holds(op: Op, found: Value, wanted: Operand) -> bool:
    if wanted.kind is Kind.TEXT:
        return _ordered(op, _compare(found.text, wanted.text))
    return found.kind is wanted.kind and _ordered(op, _compare(found.number, wanted.number))


def _compare(left: str | float, right: str | float) -> int:
    return (left > right) - (left < right)  # type: ignore[operator]  # always of one type


def _ordered(op: Op, sign: int) -> bool:
    match op:
        case Op.EQ:
            return sign == 0
        case Op.GT:
            return sign > 0
        case Op.GE:
            return sign >= 0
        case Op.LT:
            return sign < 0
        case _:
            return sign <= 0


def like(pattern: str) -> Callable[[str], bool]:
    """Whether a text fits ``pattern``, told in time linear in the text for each part of it.

    A character fits its own upper and lower case, ASCII only ASCII.
    """
    head, *rest = pattern.split("*")
    if not rest:
        whole = re.compile(_part(head), re.DOTALL)
        return lambda text: whole.fullmatch(text) is not None
    first = re.compile(_part(head), re.DOTALL)
    middle = [re.compile(_part(part), re.DOTALL) for part in rest[:-1] if part]
    last, length = re.compile(_part(rest[-1]), re.DOTALL), len(rest[-1])

    def fits(text: str) -> bool:
        found = first.match(text)
        for part in middle:  # the leftmost fit is as good as any: no trying back
            if found is None:
                return False
            found = part.search(text, found.end())
        if found is None or len(text) - found.end() < length:
            return False
        return last.fullmatch(text, len(text) - length) is not None

    return fits


def _part(part: str) -> str:
    return "".join("." if char == "?" else _either_case(char) for char in part)


def _either_case(char: str) -> str:
    cases = {char, *(other for other in (char.lower(), char.upper()) if len(other) == 1)}
    if not char.isascii():
        cases = {case for case in cases if not case.isascii()}
    return f"[{''.join(re.escape(case) for case in sorted(cases))}]"
