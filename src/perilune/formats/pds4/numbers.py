"""Binary numbers of PDS4 as NumPy types.

Source: PDS4 Standards Reference, sections 5A to 5C, and the enumerations of data_type.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from perilune.formats.pds4.literals import INF_NAN, decimal_of, pattern_of


def _types() -> dict[str, np.dtype[np.number]]:
    found: dict[str, np.dtype[np.number]] = {
        "SignedByte": np.dtype("i1"),
        "UnsignedByte": np.dtype("u1"),
    }
    for order, sign in (("LSB", "<"), ("MSB", ">")):
        for size in (2, 4, 8):
            found[f"Signed{order}{size}"] = np.dtype(f"{sign}i{size}")
            found[f"Unsigned{order}{size}"] = np.dtype(f"{sign}u{size}")
        found[f"IEEE754{order}Single"] = np.dtype(f"{sign}f4")
        found[f"IEEE754{order}Double"] = np.dtype(f"{sign}f8")
        found[f"Complex{order}8"] = np.dtype(f"{sign}c8")
        found[f"Complex{order}16"] = np.dtype(f"{sign}c16")
    return found


NUMBER_TYPES: Mapping[str, np.dtype[np.number]] = MappingProxyType(_types())
"""By data_type."""
BIT_STRINGS = frozenset(("SignedBitString", "UnsignedBitString"))


def element_of(text: str, dtype: np.dtype[np.number]) -> np.number | None:
    """The number of type ``dtype`` that a label writes as ``text``; None where it is none."""
    if (pattern := pattern_of(text)) is not None:
        bits, _ = pattern
        if bits.bit_length() > 8 * dtype.itemsize:
            return None
        raw = bits.to_bytes(dtype.itemsize, "little")
        return typed(np.frombuffer(raw, dtype=dtype.newbyteorder("<"))[0], dtype)
    number = decimal_of(text)
    if dtype.kind == "f":
        if number is None and text.upper() not in INF_NAN:
            return None
        with np.errstate(over="ignore"):
            return typed(float(text), dtype)
    limits = np.iinfo(dtype.name)
    if number is None or number != number.to_integral_value():
        return None
    return typed(int(number), dtype) if limits.min <= number <= limits.max else None


def typed(value: float | np.number, dtype: np.dtype[np.number]) -> np.number:
    """``value`` as an element of ``dtype``."""
    found: np.number = np.full(1, value, dtype=dtype)[0]
    return found
