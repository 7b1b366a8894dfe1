"""Bounds that a label promises for the values of a text field.

Special_Constants give a valid range (outside it: a warning), Field_Statistics the extremes of all
values that are no special constants (outside them: an error). Numbers are compared as decimals;
to count like NASA's ``validate`` extremes are compared as doubles.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from perilune.formats.pds4.literals import decimal_of
from perilune.formats.pds4.parts import Constants, Statistics
from perilune.validation.content.constants import Numerals, TextConstants
from perilune.validation.content.findings import Fault

_VALID = "warning.table.field_value_out_of_special_constant_min_max_range"
_EXTREME = "error.table.field_value_out_of_min_max_range"
_INVALID = "warning.field.invalid_special_constant"
_DATE = re.compile(
    r"(-?\d{4})(?:-(\d{3})|-(\d{2})(?:-(\d{2}))?)?(?:T(.*))?Z?|(\d{2}(?::.*)?)", re.ASCII
)
_CLOCK = re.compile(r"(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d*)?))?)?Z?", re.ASCII)
_BEFORE_MONTH = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
"""Days of a leap year before each month; order is all that is asked."""


def moment_of(text: str) -> Decimal | None:
    """A date or time as a number that orders as time does; None where it is none."""
    if (match := _DATE.fullmatch(text)) is None:
        return None
    year, day_of_year, month, day, clock, clock_alone = match.groups()
    days = Decimal(0)
    if year is not None:
        days += Decimal(int(year)) * 367
        if day_of_year is not None:
            # from March on, days of the year of a common year are one less
            is_leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
            number = int(day_of_year)
            days += number + (not is_leap and number >= 60)
        elif month is not None and 1 <= int(month) <= 12:
            days += _BEFORE_MONTH[int(month) - 1] + int(day or 1)
        elif month is None:
            days += 1
        else:
            return None
    if (clock := clock if clock_alone is None else clock_alone) is None:
        return days * 86_400
    if (parts := _CLOCK.fullmatch(clock)) is None:
        return None
    hours, minutes, seconds = parts.groups()
    return days * 86_400 + int(hours) * 3600 + int(minutes or 0) * 60 + Decimal(seconds or "0")


@dataclass(frozen=True, slots=True)
class _Bound:
    """One limit of the label."""

    key: str
    name: str
    text: str
    value: Decimal
    is_low: bool

    def breaks(self, number: Decimal) -> bool:
        """Whether ``number`` lies beyond."""
        return number < self.value if self.is_low else number > self.value


class TextRange:
    """The bounds of one field of text."""

    def __init__(
        self,
        data_type: str,
        constants: Constants | None,
        statistics: Statistics | None,
        *,
        like_validate: bool,
    ) -> None:
        self._is_time = data_type.startswith(("ASCII_Date", "ASCII_Time"))
        self._like_validate = like_validate
        self._numerals = Numerals(data_type, like_validate)
        self.constants = TextConstants(constants, self._numerals)
        self.faults_of_label: list[Fault] = []
        self._valid: list[_Bound] = []
        self._extremes: list[_Bound] = []
        if constants is not None:
            self._take(self._valid, _VALID, "valid_minimum", constants.valid_minimum)
            self._take(self._valid, _VALID, "valid_maximum", constants.valid_maximum)
        if statistics is not None:
            self._take(self._extremes, _EXTREME, "minimum", statistics.minimum)
            self._take(self._extremes, _EXTREME, "maximum", statistics.maximum)

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to compare with."""
        return not self._valid and not self._extremes

    def limits(self) -> tuple[float, float]:
        """Numbers strictly between these break no bound."""
        bounds = self._valid + self._extremes
        low = [float(bound.value) for bound in bounds if bound.is_low]
        high = [float(bound.value) for bound in bounds if not bound.is_low]
        return max(low, default=float("-inf")), min(high, default=float("inf"))

    def faults(self, text: str) -> Iterator[Fault]:
        """What is wrong with a value that is not blank."""
        number = moment_of(text) if self._is_time else self._numerals.value(text)
        if self.constants.holds(text, number):
            return
        if number is None:
            kind, what = ("datetime", "date or time") if self._is_time else ("number", "number")
            bounds = (f"{bound.name} {bound.text}" for bound in self._valid + self._extremes)
            yield Fault(
                f"error.table.field_value_not_a_{kind}",
                f"{text[:80]!r} is no {what} that could be compared with {', '.join(bounds)}",
                text[:80],
                f"a {what}",
            )
            return
        for bound in self._valid:
            if bound.breaks(number):
                yield _beyond(bound, text)
        if self._like_validate:
            # a valid bound itself is a special constant to validate, and extremes are doubles
            if self._valid and number == self._valid[0].value:
                return
            number = Decimal(float(number))
        for bound in self._extremes:
            if bound.breaks(number):
                yield _beyond(bound, text)

    def _take(self, bounds: list[_Bound], key: str, name: str, text: str) -> None:
        if not text:
            return
        is_valid = key == _VALID
        if self._is_time:
            value = moment_of(text)
        else:
            value = self._numerals.constant(text) if is_valid else decimal_of(text)
        if value is not None:
            if self._like_validate and not is_valid:
                value = Decimal(float(value))
            bounds.append(_Bound(key, name, text, value, name.endswith("minimum")))
        elif is_valid:
            what = "date or time" if self._is_time else "number"
            fault = Fault(_INVALID, f"{name} {text!r} is no {what}", text, f"a {what}")
            self.faults_of_label.append(fault)


def _beyond(bound: _Bound, text: str) -> Fault:
    words = (
        f"{text[:80]} is {'less' if bound.is_low else 'more'} than the {bound.name} {bound.text}"
    )
    expected = f"{'>=' if bound.is_low else '<='} {bound.text}"
    return Fault(bound.key, words, text[:80], expected)
