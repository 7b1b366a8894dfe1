"""Values as labels and text fields write them: which types are text, which numbers, and how.

A constant may be a decimal number, the bit pattern of a value (``16#FF7FFFFB#``, ``0xFF7FFFFB``
and so on), or a word. Source: PDS4 Data Dictionary, Special_Constants; the data types of the
Standards Reference, section 5.
"""

import re
import struct
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

_RADIX = re.compile(
    r"(?:(0[xX]|16#)(?P<hex>[\dA-Fa-f]{1,64})|(0[oO]|8#)(?P<octal>[0-7]{1,128})"
    r"|(0[bB]|2#)(?P<binary>[01]{1,256}))#?",
    re.ASCII,
)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[Ee][+-]?\d{1,6})?", re.ASCII)
STRINGS = frozenset(
    (
        "ASCII_String",
        "ASCII_Short_String_Collapsed",
        "ASCII_Short_String_Preserved",
        "ASCII_Text_Collapsed",
        "ASCII_Text_Preserved",
        "UTF8_String",
        "UTF8_Short_String_Collapsed",
        "UTF8_Short_String_Preserved",
        "UTF8_Text_Collapsed",
        "UTF8_Text_Preserved",
    )
)
INTEGERS = frozenset(("ASCII_Integer", "ASCII_NonNegative_Integer"))
INF_NAN = frozenset(sign + word for sign in ("", "+", "-") for word in ("INF", "INFINITY", "NAN"))
RADIX: Mapping[str, int] = MappingProxyType(
    {"ASCII_Numeric_Base2": 2, "ASCII_Numeric_Base8": 8, "ASCII_Numeric_Base16": 16}
)
"""Of data types whose values are whole numbers in another system."""


def decimal_of(text: str) -> Decimal | None:
    """The decimal number that ``text`` is; None where it is none."""
    if len(text) > 4096 or _DECIMAL.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def pattern_of(text: str) -> tuple[int, int] | None:
    """Value and width in bits of a bit pattern; None where ``text`` is none."""
    if (match := _RADIX.fullmatch(text.strip())) is None:
        return None
    if digits := match["hex"]:
        return int(digits, 16), 4 * len(digits)
    if digits := match["octal"]:
        return int(digits, 8), 3 * len(digits)
    return int(match["binary"], 2), len(match["binary"])


def number_of(text: str, data_type: str) -> Decimal | None:
    """The number that a field of text of that type writes as ``text``; None where it is none."""
    if (radix := RADIX.get(data_type)) is None:
        return decimal_of(text)
    if len(text) > 4096:
        return None
    try:
        return Decimal(int(text, radix))
    except ValueError:
        return None


def constant_of(text: str, data_type: str) -> Decimal | None:
    """The number that a constant of a field of text stands for; None where it is none.

    A bit pattern stands for a whole number, or for the IEEE 754 number of its width.
    """
    if (pattern := pattern_of(text)) is None:
        return number_of(text, data_type)
    bits, width = pattern
    if data_type in INTEGERS or data_type in RADIX:
        return Decimal(bits)
    return double_of(bits, is_double=width > 32)


def double_of(bits: int, *, is_double: bool) -> Decimal | None:
    """The IEEE 754 number with these bits; None where it is infinite or none."""
    size = 8 if is_double else 4
    raw = (bits & (1 << 8 * size) - 1).to_bytes(size, "big")
    found = Decimal(repr(struct.unpack(">d" if is_double else ">f", raw)[0]))
    return found if found.is_finite() else None
