"""Binary numbers, of an array or a field, against the bounds and constants of the label.

`NumberCheck.suspects` looks at a whole window at the speed of memory and gives the places that may
be wrong; `NumberCheck.faults` judges one value exactly. Special constants come first: what is one
breaks no bound. A constant is written as a decimal number or as the bit pattern of the element.
Bounds of floating-point numbers hold to the last digit that the label gives.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.literals import decimal_of, pattern_of
from perilune.formats.pds4.numbers import element_of, typed
from perilune.formats.pds4.parts import Constants, Statistics
from perilune.validation.content.findings import Fault
from perilune.validation.content.java import is_beyond_like_validate

Values = npt.NDArray[np.number]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Message types for one kind of object."""

    valid_range: str
    extremes: str
    scaled: str
    constant: str
    not_a_number: str | None
    """None where NaN is a value like any other."""


ARRAY = Keys(
    valid_range="warning.array.value_out_of_special_constant_min_max_range",
    extremes="error.array.value_out_of_min_max_range",
    scaled="error.array.value_out_of_scaled_min_max_range",
    constant="warning.array.invalid_special_constant",
    not_a_number=None,
)
FIELD = Keys(
    valid_range="warning.table.field_value_out_of_special_constant_min_max_range",
    extremes="error.table.field_value_out_of_min_max_range",
    scaled="error.table.field_value_out_of_min_max_range",
    constant="warning.field.invalid_special_constant",
    not_a_number="error.table.field_value_not_a_number",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit of the label."""

    key: str
    name: str
    text: str
    value: Decimal
    is_low: bool
    is_scaled: bool = False


class NumberCheck:
    """All that the label promises of the numbers of one array or field."""

    def __init__(  # noqa: PLR0913  # what a label says of numbers
        self,
        dtype: np.dtype[np.number],
        keys: Keys,
        constants: Constants | None,
        statistics: Statistics | None,
        *,
        scaling: tuple[str, str] = ("", ""),
        like_validate: bool,
    ) -> None:
        self._dtype, self._keys, self._like_validate = dtype, keys, like_validate
        self.faults_of_label: list[Fault] = []
        found = (
            self._constant(*given) for given in (() if constants is None else constants.values)
        )
        self._specials = [value for value in found if value is not None]
        self._scale = decimal_of(scaling[0] or "1") or Decimal(1)
        self._offset = decimal_of(scaling[1] or "0") or Decimal(0)
        self._bounds = list(self._all_bounds(constants, statistics, is_scaled=any(scaling)))
        self._has_valid_range = any(bound.key == keys.valid_range for bound in self._bounds)
        self._low, self._high = self._limits()

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to compare with."""
        return not self._bounds

    def suspects(self, values: Values) -> Places:
        """Places of values (in native byte order) that may break a bound."""
        with np.errstate(invalid="ignore"):  # comparing a signalling NaN is no fault of ours
            least, most = values.min(), values.max()
            if least >= self._low and most <= self._high:
                return np.empty(0, dtype=np.intp)
            outside = (values < self._low) | (values > self._high)
            if self._dtype.kind == "f" and (self._has_valid_range or self._keys.not_a_number):
                outside |= ~np.isfinite(values)
            places = np.flatnonzero(outside)
            return places[self._are_ordinary(values[places])] if self._specials else places

    def _are_ordinary(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which values are no special constants: by their bits, as numbers, or as any NaN."""
        bits = _bits(values)
        ordinary = np.ones(len(values), dtype=np.bool_)
        for special in self._specials:
            if np.isnan(special):
                ordinary &= ~np.isnan(values)
            else:
                ordinary &= (bits != _bits(special)) & (values != special)
        return ordinary

    def faults(self, value: np.number) -> Iterator[Fault]:
        """What is wrong with one value that is no special constant."""
        text = number_text(value)
        if not np.isfinite(value):
            yield from self._of_no_number(value, text)
            return
        exact = Decimal(text)
        for bound in self._bounds:
            number = exact * self._scale + self._offset if bound.is_scaled else exact
            if self._breaks(bound, number, value):
                yield _beyond(bound, text, number)

    def fault(self, bound: Bound, value: np.number) -> Fault:
        """That ``value`` breaks ``bound``, as it is known to do."""
        text = number_text(value)
        exact = Decimal(text)
        number = exact * self._scale + self._offset if bound.is_scaled else exact
        return _beyond(bound, text, number)

    def clear(self, values: Values) -> tuple[list[tuple[Bound, Mask]], Mask]:
        """For each bound, which values break it beyond doubt; and for which values there is doubt.

        So that an image of which every element is wrong is counted as quickly as a right one.
        """
        if self._like_validate or self._dtype.kind != "f":
            return [], np.ones(len(values), dtype=np.bool_)
        doubt: Mask = ~np.isfinite(values)
        numbers = values.astype(np.float64)
        found: list[tuple[Bound, Mask]] = []
        with np.errstate(over="ignore", invalid="ignore"):
            for bound in self._bounds:
                limit = float(bound.value)
                scaled = numbers
                if bound.is_scaled:
                    scaled = numbers * float(self._scale) + float(self._offset)
                slack = 1e-6 * abs(limit) + float(_last_place(bound.value))
                found.append((bound, scaled < limit if bound.is_low else scaled > limit))
                doubt |= ~(np.abs(scaled - limit) > slack)
        return [(bound, mask & ~doubt) for bound, mask in found], doubt

    def _of_no_number(self, value: np.number, text: str) -> Iterator[Fault]:
        keys = self._keys
        if keys.not_a_number is not None:
            bounds = ", ".join(f"{bound.name} {bound.text}" for bound in self._bounds)
            words = f"{text} cannot be compared with {bounds}"
            yield Fault(keys.not_a_number, words, text, "a number")
            return
        for bound in self._bounds:
            if bound.is_low != (float(str(value)) == -math.inf):
                continue
            if bound.key == keys.valid_range or not np.isnan(value):
                words = f"{text} is beyond the {bound.name} {bound.text}"
                yield Fault(bound.key, words, text, bound.text)

    def _breaks(self, bound: Bound, number: Decimal, value: np.number) -> bool:
        is_beyond = number < bound.value if bound.is_low else number > bound.value
        if not is_beyond or self._dtype.kind in "iu" or bound.key == self._keys.valid_range:
            return is_beyond
        if self._like_validate:
            return bound.is_scaled or is_beyond_like_validate(value, bound.text, bound.is_low)
        return abs(number - bound.value) > _last_place(bound.value) / 2

    def _all_bounds(
        self, constants: Constants | None, statistics: Statistics | None, *, is_scaled: bool
    ) -> Iterator[Bound]:
        keys = self._keys
        if constants is not None:
            for name in ("valid_minimum", "valid_maximum"):
                text = getattr(constants, name)
                value = self._constant(name, text) if text else None
                if value is not None and np.isfinite(value):
                    exact = Decimal(number_text(value))
                    yield Bound(keys.valid_range, name, text, exact, name == "valid_minimum")
        if statistics is None:
            return
        given = [
            (keys.extremes, "minimum", statistics.minimum, False),
            (keys.extremes, "maximum", statistics.maximum, False),
        ]
        if is_scaled:
            given += [
                (keys.scaled, "minimum_scaled_value", statistics.minimum_scaled, True),
                (keys.scaled, "maximum_scaled_value", statistics.maximum_scaled, True),
            ]
        for key, name, text, scaled in given:
            if (number := decimal_of(text)) is not None:
                yield Bound(key, name, text, number, name.startswith("min"), scaled)

    def _constant(self, name: str, text: str) -> np.number | None:
        """The element that a constant stands for; None, and a fault, where it is none."""
        value = element_of(text, self._dtype)
        is_number = pattern_of(text) is not None or decimal_of(text) is not None
        if value is None and not (self._like_validate and is_number):
            self.faults_of_label.append(
                Fault(
                    self._keys.constant,
                    f"{name} {text!r} is no value of the type",
                    text,
                    f"a {self._dtype.itemsize}-byte number",
                )
            )
        return value

    def _limits(self) -> tuple[np.number | int, np.number | int]:
        """Numbers of the type between which, these included, no bound is broken."""
        low, high = Decimal("-Infinity"), Decimal("Infinity")
        for bound in self._bounds:
            value, is_low = bound.value, bound.is_low
            if bound.is_scaled:
                if not self._scale:
                    continue
                value = (value - self._offset) / self._scale
                is_low = is_low == (self._scale > 0)
            if self._dtype.kind == "f" or bound.is_scaled:
                value += abs(value) * Decimal("1e-6") * (1 if is_low else -1)
            if is_low:
                low = max(low, value)
            else:
                high = min(high, value)
        return _within(low, self._dtype, is_low=True), _within(high, self._dtype, is_low=False)


def _beyond(bound: Bound, text: str, number: Decimal) -> Fault:
    """That the value written as ``text``, scaled to ``number`` where that is asked, breaks it."""
    what = f"{text}, scaled to {number:g}," if bound.is_scaled else text
    words = f"{what} is {'less' if bound.is_low else 'more'} than the {bound.name} {bound.text}"
    return Fault(bound.key, words, text, f"{'>=' if bound.is_low else '<='} {bound.text}")


def _last_place(number: Decimal) -> Decimal:
    """One in the last digit that is written of it."""
    return Decimal(1).scaleb(int(number.as_tuple().exponent))


def number_text(value: np.number) -> str:
    """The shortest decimal number that is this value of its type."""
    return str(value.item()) if value.dtype.kind in "iu" else str(value)


def _within(limit: Decimal, dtype: np.dtype[np.number], *, is_low: bool) -> np.number | int:
    """``limit`` for comparisons with the type; its own extreme where there is none."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return typed(float(limit), dtype)
    if limit.is_finite():
        return math.ceil(limit) if is_low else math.floor(limit)
    limits = np.iinfo(dtype.name)
    return int(limits.min if is_low else limits.max)


def _bits(values: Values | np.number) -> npt.NDArray[np.unsignedinteger]:
    array = np.asarray(values)
    return array.view(f"u{array.dtype.itemsize}")
