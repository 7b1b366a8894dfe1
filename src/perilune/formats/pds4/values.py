"""Values of one variable: from text or from binary numbers, masked and scaled.

Masked is what is a special constant of the label, by its number or as it is written, and what is
blank where a number is due. Scaled is ``raw * scaling_factor + value_offset``, a double, or a whole
number where all three are. Source: PDS4 Data Dictionary, Special_Constants, scaling_factor.
"""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.errors import UnreadableData
from perilune.formats.pds4 import bulk
from perilune.formats.pds4.literals import INTEGERS, RADIX, constant_of, decimal_of
from perilune.formats.pds4.numbers import element_of
from perilune.formats.pds4.parts import Constants
from perilune.formats.pds4.variables import Variable

Values = np.ma.MaskedArray[Any, Any]
"""What readers give: an array with a mask."""
_INT64_DIGITS = 18
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_KEPT_BEGIN = ("Preserved", "_String")


class OddValue(Exception):  # caught by the reader, which knows the record
    """Text that is no value of its type; ``place`` counts from 0 among the rows given."""

    def __init__(self, place: int, text: str) -> None:
        super().__init__(text)
        self.place, self.text = place, text


class Gathered:
    """A column put together from windows of records."""

    def __init__(self, count: int) -> None:
        self._count, self._filled = count, 0
        self._data: npt.NDArray[Any] | None = None
        self._mask: bulk.Mask | None = None

    def add(self, values: Values) -> None:
        """Add the next window's values; a wider type of text takes the place of a narrower one."""
        stop = self._filled + len(values)
        if self._data is None:
            if stop == self._count:
                self._data, self._filled = values.data, stop
                self._mask = None if values.mask is np.ma.nomask else np.ma.getmaskarray(values)
                return
            self._data = np.empty((self._count, *values.shape[1:]), values.dtype)
        dtype = np.result_type(self._data, values.dtype)
        if dtype != self._data.dtype:
            self._data = self._data.astype(dtype)
        self._data[self._filled : stop] = values.data
        if values.mask is not np.ma.nomask:
            if self._mask is None:
                self._mask = np.zeros(self._data.shape, dtype=np.bool_)
            self._mask[self._filled : stop] = values.mask
        self._filled = stop

    @property
    def values(self) -> Values:
        """All of them, once all windows were added."""
        assert self._data is not None
        assert self._filled == self._count
        return np.ma.array(self._data, mask=np.ma.nomask if self._mask is None else self._mask)


def of_text(rows: bulk.Rows, variable: Variable) -> Values:
    """A column of text, shape (n, width), as values, shape (n,).

    Raises `OddValue` for text that is neither a value of the type nor a special constant.
    """
    data_type = variable.data_type
    constants = _constants(variable)
    if data_type == "ASCII_Real":
        return _checked(bulk.reals(rows), rows, variable, constants)
    if data_type in INTEGERS:
        parsed = bulk.integers(rows, _integer_type(variable))
        return _checked(parsed, rows, variable, constants)
    if data_type in RADIX or data_type == "ASCII_Boolean":
        return _few(rows, variable, constants)
    found = bulk.strings(rows, keeps_begin=data_type.endswith(_KEPT_BEGIN))
    texts = [text for _, text in constants.values] if constants is not None else []
    return np.ma.array(found, mask=np.isin(found, texts) if texts else np.ma.nomask)


def of_numbers(
    raw: npt.NDArray[Any], constants: Constants | None, scaling: tuple[str, str], line: int | None
) -> Values:
    """Numbers of any shape as values of the same shape; ``raw`` is in native byte order."""
    mask = special(raw, constants)
    return scaled(np.ma.array(raw, mask=mask), scaling, line)


def special(raw: npt.NDArray[Any], constants: Constants | None) -> bulk.Mask | np.bool_:
    """Which numbers are special constants of the label; `numpy.ma.nomask` where none is given.

    A complex number is one if either part is.
    """
    if constants is None or not constants.values:
        return np.ma.nomask
    if raw.dtype.kind == "c":
        return special(raw.real, constants) | special(raw.imag, constants)
    found = np.zeros(raw.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for _, text in constants.values:
            value = element_of(text, raw.dtype)
            if value is not None:
                found |= np.isnan(raw) if np.isnan(value) else raw == value
    return found


def scaled(values: Values, scaling: tuple[str, str], line: int | None) -> Values:
    """``values * scaling_factor + value_offset``; the same array where there is no scaling.

    Whole numbers stay whole where both are, and the type's extremes scaled fit 64 bits.
    """
    given = [_scale(text, line) for text in scaling]
    factor = Decimal(1) if given[0] is None else given[0]
    offset = Decimal(0) if given[1] is None else given[1]
    if factor == 1 and not offset:
        return values
    if (data := _scaled_whole(values.data, factor, offset)) is None:
        real: npt.NDArray[Any]
        real = values.data.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
        if factor != 1:
            real *= float(factor)
        if offset:
            real += float(offset)
        data = real
    return np.ma.array(data, mask=values.mask)


def _scaled_whole(
    data: npt.NDArray[Any], factor: Decimal, offset: Decimal
) -> npt.NDArray[Any] | None:
    if data.dtype.kind not in "iuO" or factor != int(factor) or offset != int(offset):
        return None
    if data.dtype.kind == "O":
        return data * int(factor) + int(offset)
    limits = np.iinfo(data.dtype.name)
    ends = [int(end) * int(factor) + int(offset) for end in (limits.min, limits.max)]
    if min(ends) < -(1 << 63) or max(ends) >= 1 << 63:
        return None
    return data.astype(np.int64) * int(factor) + int(offset)


def _scale(text: str, line: int | None) -> Decimal | None:
    if not text:
        return None
    if (found := decimal_of(text)) is None:
        raise UnreadableData(f"a scaling of {text[:40]!r} is no number", line=line)
    return found


def _constants(variable: Variable) -> Constants | None:
    described = variable.field if variable.bits is None else variable.bits
    return described.constants


def _integer_type(variable: Variable) -> type[np.int64 | np.uint64]:
    """int64, where the field may hold more than that uint64; by the label alone."""
    longest = variable.field.length or variable.field.max_length or 0
    if variable.data_type == "ASCII_NonNegative_Integer" and longest > _INT64_DIGITS:
        return np.uint64
    return np.int64


def _checked(
    parsed: bulk.Parsed, rows: bulk.Rows, variable: Variable, constants: Constants | None
) -> Values:
    mask = parsed.blank
    if len(parsed.odd):
        texts = {text for _, text in constants.values} if constants is not None else set()
        for place, raw in zip(
            parsed.odd.tolist(), bulk.byte_strings(rows[parsed.odd]), strict=True
        ):
            text = raw.decode("latin-1").strip(" ")
            if text not in texts:
                raise OddValue(place, text)
        mask[parsed.odd] = True
    if constants is not None:
        for _, text in constants.values:
            number = constant_of(text, variable.data_type)
            if number is not None:
                mask |= parsed.values == _like(number, parsed.values.dtype)
    found = np.ma.array(parsed.values, mask=mask if mask.any() else np.ma.nomask)
    return scaled(found, variable.scaling, variable.line)


def _like(number: Decimal, dtype: np.dtype[Any]) -> float | int:
    if dtype.kind == "f" or number != number.to_integral_value():
        return float(number)
    return int(number)


def _few(rows: bulk.Rows, variable: Variable, constants: Constants | None) -> Values:
    """Types that are read one by one: truths, and whole numbers to another base."""
    texts = {text for _, text in constants.values} if constants is not None else set()
    radix = RADIX.get(variable.data_type)
    found: list[int] = []
    mask = np.zeros(len(rows), dtype=np.bool_)
    for place, raw in enumerate(bulk.byte_strings(rows)):
        text = raw.decode("latin-1").strip(" ")
        if not text or text in texts:
            mask[place] = True
            found.append(0)
            continue
        try:
            found.append(_TRUTHS[text] if radix is None else _whole(text, radix))
        except (KeyError, ValueError):
            raise OddValue(place, text) from None
    if radix is None:
        return np.ma.array(np.array(found, dtype=np.bool_), mask=mask)
    bits = (radix.bit_length() - 1) * (variable.field.length or variable.field.max_length or 255)
    is_scaled = any(variable.scaling)
    fits = not is_scaled and (bits <= 64 or max(found, default=0) < 1 << 64)
    values = np.ma.array(np.array(found, dtype=np.uint64 if fits else np.object_), mask=mask)
    return scaled(values, variable.scaling, variable.line)


def _whole(text: str, radix: int) -> int:
    if not (text.isascii() and text.isalnum()):
        raise ValueError(text)
    return int(text, radix)
