"""A column of text: what is right in each value, quickly for those beyond doubt.

`TextColumn.faults` is the one judge of a value. `TextColumn.doubtful` is quicker by orders: it runs
automata over whole columns and marks every value that they do not show to be right; only these,
each different one once, are judged. It may doubt a right value, never pass a wrong one.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.literals import INF_NAN, STRINGS
from perilune.formats.pds4.parts import Column
from perilune.validation.content.automaton import Automaton, Bytes, Mask, compile_pattern
from perilune.validation.content.findings import Fault
from perilune.validation.content.formats import BLANKS, FieldFormat
from perilune.validation.content.ranges import TextRange
from perilune.validation.content.types import NUMBERS, STANDARD, VALIDATE

_BLANK = r"[\x00-\x20]*"
_BLANK_IN_LINE = r"[\x00-\x09\x0b\x0c\x0e-\x20]*"
PAD = 0xFF
"""Fills short values of delimited tables up; no byte of ASCII nor UTF-8."""
_INVALID_VALUE = "error.validation.invalid_field_value"
_REMEMBERED = 100_000
_LONGEST_SCREENED = 200


class TextColumn:
    """One field of text, in a table of fixed records or in a delimited one."""

    def __init__(
        self,
        column: Column,
        *,
        is_delimited: bool,
        like_validate: bool,
        is_in_binary: bool = False,
    ) -> None:
        field = column.field
        self._is_delimited = is_delimited
        self._type = column.data_type
        self._max_length = field.max_length
        self._like_validate = like_validate
        self._rule = (VALIDATE if like_validate else STANDARD).get(self._type)
        self.range = TextRange(
            self._type, field.constants, field.statistics, like_validate=like_validate
        )
        self._formats: list[tuple[str, FieldFormat]] = []
        severity, text = "warning", field.format
        if field.validation_format:
            severity, text = "error", field.validation_format
        # in a binary table a format tells how to show numbers, not how text is written
        found = FieldFormat.parse(text, like_validate=like_validate)
        if found is not None and not is_in_binary:
            self._formats.append((severity, found))
        self._judged: dict[bytes, tuple[Fault, ...]] = {}
        self._screens: dict[int, tuple[Automaton, ...] | None] = {}

    def judge(self, value: bytes) -> tuple[Fault, ...]:
        """`faults`, remembered."""
        if (found := self._judged.get(value)) is None:
            found = tuple(self.faults(value.decode("latin-1")))
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[value] = found
        return found

    def faults(self, value: str) -> Iterator[Fault]:
        """What is wrong with a value, blanks and quotes around it included."""
        if self._is_delimited and ("\r" in value or "\n" in value):
            words = f"{shown(value)} holds a line break"
            yield Fault(_INVALID_VALUE, words, shown(value), "a value on one line")
            return
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
            if '"' in value:
                words = f"{shown(value)} stands in double quotes and holds one"
                yield Fault(_INVALID_VALUE, words, shown(value), "no double quote inside")
        text = value.strip(BLANKS)
        if not text:
            return
        yield from self._too_long(text)
        if not self.range.constants.may_break_type(text):
            yield from self._mismatch(text)
            for severity, format_ in self._formats:
                for unlike in format_.unlike(value):
                    kind = f"{severity}.table.field_value_{unlike.key}"
                    yield Fault(kind, unlike.text, shown(text), unlike.expected)
        if not self.range.is_open:
            yield from self.range.faults(text)

    def _too_long(self, text: str) -> Iterator[Fault]:
        most = self._max_length
        if most is not None and len(text) > most:
            yield Fault(
                "error.table.field_value_too_long",
                f"{shown(text)} has {len(text)} bytes, maximum_field_length is {most}",
                f"{len(text)} bytes",
                f"at most {most} bytes",
            )

    def _mismatch(self, text: str) -> Iterator[Fault]:
        is_right = self._rule is None or self._rule.holds(text)
        if is_right and self._type == "UTF8_String" and self._like_validate:
            is_right = "\\s" not in text
        if is_right and text.upper() in INF_NAN:
            is_right = self._type in STRINGS or self._rule is None
        if not is_right:
            yield Fault(
                "error.table.field_value_data_type_mismatch",
                f"{shown(text)} is no {self._type}",
                shown(text),
                self._type,
            )

    def doubtful(self, rows: Bytes, lengths: npt.NDArray[np.int64] | None = None) -> Mask:
        """Which values are not shown to be right; row k of ``rows`` holds byte k of each.

        ``lengths`` for delimited tables, whose values are filled up with `PAD`.
        """
        automata = self._automata(len(rows))
        if automata is None:
            return np.ones(rows.shape[1], dtype=np.bool_)
        passed = np.ones(rows.shape[1], dtype=np.bool_)
        for automaton in automata:
            passed &= automaton.accepts(rows)
        if lengths is not None:
            passed |= lengths == 0
            filled = len(rows) - np.minimum(lengths, len(rows))
            pads = rows == PAD
            if np.count_nonzero(pads) != filled.sum():
                passed &= np.count_nonzero(pads, axis=0) == filled
            if self._max_length is not None:
                passed &= lengths <= self._max_length
            for _, format_ in self._formats:
                passed &= lengths <= format_.width
        if not self.range.is_open:
            passed &= self._inside(rows)
        return ~passed

    def _automata(self, width: int) -> tuple[Automaton, ...] | None:
        if width not in self._screens:
            patterns = self._patterns(width)
            found = [None if text is None else compile_pattern(text) for text in patterns]
            known = tuple(each for each in found if each is not None)
            self._screens[width] = known if len(known) == len(found) else None
        return self._screens[width]

    def _patterns(self, width: int) -> Iterator[str | None]:
        rule = self._rule
        if not self._is_delimited and self._max_length is not None and width > self._max_length:
            yield None
        if rule is None or self._type in STRINGS:
            body = _without_quotes(self._type, is_delimited=self._is_delimited)
            yield f'("{body}"|{body})\\xff*' if self._is_delimited else f'({body})|"{body}"'
        elif width > (rule.longest or (_LONGEST_SCREENED if rule.test else width)):
            yield None
        elif self._is_delimited:
            blank = _BLANK_IN_LINE
            # separators are told apart by quotes, so a value has none or a pair
            yield f'"?{blank}({rule.screen})?{blank}"?\\xff*'
        else:
            yield f"{_BLANK}({rule.screen})?{_BLANK}"
        for _, format_ in self._formats:
            pattern = format_.screen(0 if self._is_delimited else width)
            yield f"({pattern})\\xff*" if pattern and self._is_delimited else pattern

    def _inside(self, rows: Bytes) -> Mask:
        """Which values are numbers well inside all bounds, and blanks."""
        if self._type not in NUMBERS:
            return np.zeros(rows.shape[1], dtype=np.bool_)
        numbers, is_blank = _approximate(rows)
        low, high = self.range.limits()
        with np.errstate(invalid="ignore"):
            margin = 1e-9 * np.abs(numbers)
            inside: Mask = (numbers - margin > low) & (numbers + margin < high)
            for constant in self.range.constants.numbers:
                inside &= np.abs(numbers - float(constant)) > margin
        return inside | is_blank


def shown(text: str) -> str:
    """A value for a message: not too long, and on one line."""
    short = text if len(text) <= 80 else f"{text[:80]}..."
    return repr(short)


def _without_quotes(data_type: str, *, is_delimited: bool) -> str:
    """Strings of the type that hold no double quote (nor line break, in delimited tables)."""
    plain = r"\x00-\x09\x0b\x0c\x0e-\x21\x23-\x7f" if is_delimited else r"\x00-\x21\x23-\x7f"
    if not data_type.startswith("UTF8"):
        return f"[{plain}]*"
    return (
        rf"([{plain}]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]"
        r"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
        r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*"
    )


def _approximate(rows: Bytes) -> tuple[npt.NDArray[np.float64], Mask]:
    """Numbers to twelve digits, where the values are numbers; and which are blank."""
    count = rows.shape[1]
    mantissa = np.zeros(count)
    exponent = np.zeros(count, dtype=np.int32)
    places = np.zeros(count, dtype=np.int32)
    in_fraction = np.zeros(count, dtype=np.bool_)
    in_exponent = np.zeros(count, dtype=np.bool_)
    is_negative = np.zeros(count, dtype=np.bool_)
    is_shrinking = np.zeros(count, dtype=np.bool_)
    is_blank = np.ones(count, dtype=np.bool_)
    has_exponent = bool(((rows == 69) | (rows == 101)).any())
    for row in rows:
        digit = row - np.uint8(48)
        is_digit = digit < 10
        is_blank &= (row <= 32) | (row == PAD)
        if has_exponent:
            in_exponent |= (row | 32) == 101
            grows = is_digit & in_exponent
            np.multiply(exponent, 10, out=exponent, where=grows & (exponent < 10_000))
            np.add(exponent, digit, out=exponent, where=grows, casting="unsafe")
            is_shrinking |= in_exponent & (row == 45)
            is_digit &= ~in_exponent
        np.multiply(mantissa, 10.0, out=mantissa, where=is_digit)
        np.add(mantissa, digit, out=mantissa, where=is_digit)
        in_fraction |= row == 46
        places += is_digit & in_fraction
        is_negative |= (row == 45) & ~in_exponent
    exponent[is_shrinking] *= -1
    scale = np.clip(exponent - places, -400, 400).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        numbers = mantissa * np.power(10.0, scale)
    numbers[is_negative] *= -1
    return numbers, is_blank
