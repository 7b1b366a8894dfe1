"""Columns of text into numbers and strings, many rows at once.

A column is a matrix of bytes, one row for each record. It is turned, so that one byte of all rows
lies together, and read a byte at a time: a digit multiplies by ten and adds. That gives a whole
number of at most 18 digits and a power of ten; where the one is below 2**53 and the other within
10**±22, both are exact as doubles, and one multiplication or division rounds correctly (Clinger,
How to read floating point numbers accurately, 1990, section 3). Every other value goes through
Python's own conversion, which rounds correctly too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]

BLOCK = 32_768
"""Rows that are turned together: with their temporaries they stay in the processor's cache."""
_WIDEST = 250
"""Bytes of a number; longer ones are read one by one."""
_MOST_DIGITS = 18
_MOST_EXACT_DIGITS = 15
_NUMERAL = np.zeros(256, dtype=np.bool_)
_NUMERAL[list(b" +-.0123456789Ee")] = True
_EXACT = 1 << 53
_POWERS = 10.0 ** np.arange(23)
_REAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_BLANK, _PLUS, _MINUS, _DOT, _ZERO, _LOWER_E = b" +-.0e"


@dataclass(slots=True)
class Parsed:
    """A column as numbers; what is no number has 0 and is told of."""

    values: npt.NDArray[Any]
    blank: Mask
    odd: npt.NDArray[np.intp]
    """Rows whose text is neither blank nor a number."""


@dataclass(slots=True)
class _Digits:
    """What lies in a turned block: a decimal number in each row, where it is a plain one."""

    number: _Numbers
    """The digits without the point; wrong where there are more than 18."""
    count: npt.NDArray[np.uint8]
    decimals: npt.NDArray[np.uint8]
    """Digits after the point."""
    negative: Mask
    plain: Mask
    """Whether it is blanks, a sign or none, digits with a point or none, blanks."""


def integers(rows: Rows, dtype: npt.DTypeLike = np.int64) -> Parsed:
    """A column of whole numbers; ``dtype`` is int64 or uint64. Shape (n, width) gives (n,)."""

    def simple(turned: Rows) -> tuple[npt.NDArray[Any], Mask]:
        found = _digits(turned, may_have_point=False)
        signed = np.where(found.negative, -found.number, found.number)
        right = found.plain & (found.count <= _MOST_DIGITS)
        if np.dtype(dtype).kind == "u":
            right &= ~found.negative
        return signed, right

    limits = np.iinfo(np.dtype(dtype).name)

    def exact(text: str) -> int | None:
        if _INTEGER.fullmatch(text) is None or len(text) > 4096:
            return None
        found = int(text)
        return found if limits.min <= found <= limits.max else None

    return _parsed(rows, np.dtype(dtype), simple, exact)


def reals(rows: Rows) -> Parsed:
    """A column of real numbers as the nearest doubles. Shape (n, width) gives (n,)."""
    return _parsed(rows, np.dtype(np.float64), _simple_reals, _exact_real)


def _exact_real(text: str) -> float | None:
    return float(text) if _REAL.fullmatch(text) is not None else None


def _simple_reals(turned: Rows) -> tuple[npt.NDArray[Any], Mask]:
    """Values of a turned block, and where they are right."""
    lows, highs = turned.min(axis=1), turned.max(axis=1)
    exponents = np.flatnonzero((lows | 32 == _LOWER_E) & (lows == highs))
    power: npt.NDArray[np.int64] | int = 0
    usable = None
    if len(exponents) == 1 and 0 < exponents[0] < len(turned) - 1:
        place = int(exponents[0])
        exponent = _digits(turned[place + 1 :], may_have_point=False)
        power = np.where(exponent.negative, -exponent.number, exponent.number).astype(np.int64)
        usable = exponent.plain & (exponent.count <= 4)
        usable &= (turned[place - 1] != _BLANK) & (turned[place + 1] != _BLANK)
        turned = turned[:place]
    found = _digits(turned, may_have_point=True)
    scale = power - found.decimals.astype(np.int64)
    right = found.plain & (found.count <= _MOST_DIGITS)
    if found.number.dtype.kind == "i":
        right &= found.number < _EXACT
    values = found.number.astype(np.float64, copy=False)
    least, most = int(scale.min()), int(scale.max())
    if least == most and abs(least) <= 22:
        values = values / _POWERS[-least] if least < 0 else values * _POWERS[least]
    else:
        right &= (scale >= -22) & (scale <= 22)
        sizes = _POWERS[np.minimum(np.abs(scale), 22)]
        values = np.where(scale < 0, values / sizes, values * sizes)
    if usable is not None:
        right &= usable
    if found.negative.any():
        np.negative(values, out=values, where=found.negative)
    return values, right


def _digits(turned: Rows, *, may_have_point: bool) -> _Digits:
    found = _of_one_form(turned, may_have_point=may_have_point)
    return _of_any_form(turned, may_have_point=may_have_point) if found is None else found


def _of_one_form(turned: Rows, *, may_have_point: bool) -> _Digits | None:
    """The same where all rows have the form of a printed column; None where they have not.

    Its bytes are, in this order: blanks in all rows; blanks, a sign or digits; digits in all rows,
    with a point at the same byte in all. That takes a third of the time of `_of_any_form`.
    """
    lows, highs = turned.min(axis=1), turned.max(axis=1)
    is_full = (lows >= _ZERO) & (highs <= _ZERO + 9)
    point = len(turned)
    if may_have_point:
        points = np.flatnonzero((lows == _DOT) & (highs == _DOT))
        if len(points) > 1:
            return None
        if len(points):
            point = int(points[0])
            is_full[point] = True
    if not is_full[-1] or (point < len(turned) and point + 1 == len(turned)):
        return None
    full = len(turned) - int(np.argmin(is_full[::-1])) if not is_full.all() else 0
    if point < full:
        return None
    is_blank = (lows == _BLANK) & (highs == _BLANK)
    first = int(np.argmin(is_blank))
    digits = turned[first:] - np.uint8(_ZERO)
    begun = np.zeros(turned.shape[1], dtype=np.bool_)
    negative, counts = np.zeros_like(begun), np.zeros(turned.shape[1], dtype=np.uint8)
    right = np.ones_like(begun)
    for place, row in enumerate(turned[first:full]):
        is_digit = digits[place] < 10
        is_minus = row == _MINUS
        is_begin = is_minus | (row == _PLUS) | (row == _BLANK)
        is_begin &= ~begun
        right &= is_digit | is_begin
        negative |= is_minus
        begun |= row != _BLANK
        digits[place] *= is_digit
        counts += is_digit
    if not right.all():
        return None
    decimals = max(len(turned) - 1 - point, 0)
    if point < len(turned):
        digits = np.concatenate((digits[: point - first], digits[point - first + 1 :]))
    counts += np.uint8(len(turned) - full - (point < len(turned)))
    return _Digits(
        _grouped(digits, counts), counts, np.full(len(begun), decimals, np.uint8), negative, right
    )


def _grouped(digits: Rows, counts: npt.NDArray[np.uint8]) -> _Numbers:
    """Digits of each row as one number: two at a time in bytes, then four, then as `_number`."""
    width, count = digits.shape
    padded = np.zeros((-(-width // 4) * 4, count), dtype=np.uint8)
    padded[len(padded) - width :] = digits
    pairs = padded[::2] * np.uint8(10) + padded[1::2]
    fours = pairs[::2].astype(np.uint16) * np.uint16(100) + pairs[1::2]
    fits = int(counts.max(initial=0)) <= _MOST_EXACT_DIGITS
    dtype = np.float64 if fits else np.int64
    number: _Numbers = fours[0].astype(dtype)
    for four in fours[1:]:
        np.multiply(number, 10_000, out=number)
        np.add(number, four, out=number)
    return number


def _of_any_form(turned: Rows, *, may_have_point: bool) -> _Digits:
    digits = turned - np.uint8(_ZERO)
    is_digit = digits < 10
    counts = _count(is_digit)
    core, decimals = is_digit, np.zeros(turned.shape[1], dtype=np.uint8)
    plain = counts > 0
    if may_have_point:
        is_point = turned == _DOT
        points = _count(is_point)
        if points.any():
            plain &= points <= 1
            core = is_digit | is_point
            decimals = _count(is_digit & _from_here_on(is_point))
    begins = core.copy()
    begins[1:] &= ~core[:-1]
    plain &= _count(begins) == 1
    is_minus = turned == _MINUS
    is_sign = is_minus | (turned == _PLUS)
    negative = is_minus.any(axis=0)
    if negative.any() or is_sign.any():
        before = np.zeros_like(begins)
        before[:-1] = begins[1:]
        plain &= ~(is_sign & ~before).any(axis=0)
    plain &= (core | is_sign | (turned == _BLANK)).all(axis=0)
    return _Digits(_number(digits, is_digit, counts), counts, decimals, negative, plain)


def _number(digits: Rows, is_digit: Mask, counts: npt.NDArray[np.uint8]) -> _Numbers:
    """The digits of each row as one number; as doubles where these are exact, for speed."""
    digits *= is_digit
    fits = int(counts.max(initial=0)) <= _MOST_EXACT_DIGITS
    dtype = np.float64 if fits else np.int64
    number: _Numbers = np.zeros(digits.shape[1], dtype=dtype)  # type: ignore[assignment]  # either
    begun = np.zeros(digits.shape[1], dtype=np.bool_)
    for here, digit in zip(is_digit, digits, strict=True):
        if (
            begun > here
        ).any():  # digits that lie further on, or none: this byte counts for nothing
            if not here.any():
                continue
            np.multiply(number, np.where(here, 10, 1), out=number)
        else:
            np.multiply(number, 10, out=number)
        np.add(number, digit, out=number)
        begun |= here
    return number


def _from_here_on(mask: Mask) -> Mask:
    """Where a byte is meant, or one before it in its row; NumPy's accumulate is far slower."""
    found = mask.copy()
    for before, here in pairwise(found):
        np.logical_or(before, here, out=here)
    return found


def _count(mask: Mask) -> npt.NDArray[np.uint8]:
    """How many bytes of each row are meant; of at most 255."""
    found: npt.NDArray[np.uint8] = mask.view(np.uint8).sum(axis=0, dtype=np.uint8)
    return found


def _parsed(
    rows: Rows,
    dtype: np.dtype[Any],
    simple: Callable[[Rows], tuple[npt.NDArray[Any], Mask]],
    exact: Callable[[str], float | None],
) -> Parsed:
    count, width = rows.shape
    values = np.zeros(count, dtype=dtype)
    blank = np.zeros(count, dtype=np.bool_)
    odd: list[int] = []
    if not width:
        blank[:] = True
    for start in range(0, count if width else 0, BLOCK):
        block = rows[start : start + BLOCK]
        here = values[start : start + len(block)]
        turned = np.ascontiguousarray(block.T)
        right = np.zeros(len(block), dtype=np.bool_)
        if width <= _WIDEST:
            found, right = simple(turned)
            if right.all():
                here[:] = found
                continue
            here[right] = found[right]
        empty = (turned == _BLANK).all(axis=0)
        blank[start : start + len(block)] = empty
        rest = np.flatnonzero(~right & ~empty)
        if not _together(block[rest], rest, here):
            odd += [start + place for place in _one_by_one(block[rest], rest, here, exact)]
    return Parsed(values, blank, np.array(odd, dtype=np.intp))


def _together(block: Rows, places: npt.NDArray[np.intp], values: npt.NDArray[Any]) -> bool:
    """Fill in the values of these rows if all are numerals of doubles; whether they are."""
    if values.dtype != np.float64 or not _NUMERAL[block].all():
        return False
    raw = np.ascontiguousarray(block).view(f"S{block.shape[1]}").reshape(len(block))
    try:
        values[places] = raw.astype(np.float64)
    except ValueError:
        return False
    return True


def _one_by_one(
    block: Rows,
    places: npt.NDArray[np.intp],
    values: npt.NDArray[Any],
    exact: Callable[[str], float | None],
) -> list[int]:
    """Fill in the values of these rows; places of those that are no number."""
    odd = []
    for place, raw in zip(places.tolist(), byte_strings(block), strict=True):
        found = exact(raw.strip(b" ").decode("latin-1"))
        if found is None:
            odd.append(place)
        else:
            values[place] = found
    return odd


def byte_strings(rows: Rows) -> list[bytes]:
    """Each row as bytes."""
    width = rows.shape[1]
    if not width:
        return [b""] * len(rows)
    data = np.ascontiguousarray(rows).tobytes()
    return [data[start : start + width] for start in range(0, len(data), width)]


def strings(rows: Rows, *, keeps_begin: bool) -> npt.NDArray[np.str_]:
    """A column of UTF-8 text without the blanks that pad it at its end, and at its begin.

    ``keeps_begin``: blanks at the begin belong to the value. What is not UTF-8 is read as Latin-1.
    """
    count, width = rows.shape
    if not width or not count:
        return np.zeros(count, dtype="U1")
    wide = np.empty((count, width), dtype=np.uint32)
    for start in range(0, count, BLOCK):
        block = rows[start : start + BLOCK]
        is_padded = not keeps_begin and bool((block[:, 0] == _BLANK).any())
        if is_padded or block.max() > 127:
            return _strings_one_by_one(rows, keeps_begin=keeps_begin)
        last = block[:, -1]
        if ((last == _BLANK) | (last == 0)).any():
            block = _without_padding(block)
        wide[start : start + len(block)] = block
    return wide.view(f"U{width}").reshape(count)


def _without_padding(block: Rows) -> Rows:
    """The rows with NUL, with which NumPy pads, in place of the blanks at their ends."""
    turned = np.array(block.T, order="C")
    padding = np.ones(len(block), dtype=np.bool_)
    for byte in turned[::-1]:
        padding &= (byte == _BLANK) | (byte == 0)
        if not padding.any():
            break
        np.multiply(byte, ~padding, out=byte)
    return turned.T


def _strings_one_by_one(rows: Rows, *, keeps_begin: bool) -> npt.NDArray[np.str_]:
    texts = [_text(raw) for raw in byte_strings(rows)]
    found = [text.rstrip(" \0") if keeps_begin else text.strip(" \0") for text in texts]
    return np.array(found, dtype=np.str_)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
