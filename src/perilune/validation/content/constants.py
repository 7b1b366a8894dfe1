"""Numbers and special constants as labels write them, and whether a value is one of these.

A constant may be a decimal number, the bit pattern of the value (``16#FF7FFFFB#``, ``0xFF7FFFFB``
and so on), or a word. In fields of text a bit pattern stands for an integer, or for the IEEE 754
number of its width. Source: PDS4 Data Dictionary, Special_Constants.
"""

import struct
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from perilune.formats.pds4.literals import INTEGERS, RADIX, decimal_of, pattern_of
from perilune.formats.pds4.parts import Constants

_EXACT = Context(prec=5000, Emax=MAX_EMAX, Emin=MIN_EMIN)
LOOSE_CONSTANTS = frozenset(
    (
        "error_constant",
        "invalid_constant",
        "missing_constant",
        "not_applicable_constant",
        "saturated_constant",
        "unknown_constant",
    )
)
"""Those that may be no value of the field's type, ``N/A`` for instance."""


@dataclass(frozen=True, slots=True)
class Numerals:
    """How numbers are written in a field of text of one data type."""

    data_type: str
    like_validate: bool

    def value(self, text: str) -> Decimal | None:
        """The number that a value is; None where it is none."""
        if (radix := RADIX.get(self.data_type)) is None:
            return decimal_of(text)
        if len(text) > 4096:
            return None
        try:
            return Decimal(int(text, radix))
        except ValueError:
            return None

    def constant(self, text: str) -> Decimal | None:
        """The number that a constant or a valid bound stands for."""
        if (pattern := pattern_of(text)) is None:
            return self.value(text)
        bits, width = pattern
        is_whole = self.data_type in INTEGERS or self.data_type in RADIX
        if is_whole and not self.like_validate:
            return Decimal(bits)
        # validate takes the number of one bits for the width
        is_double = bits.bit_count() > 32 if self.like_validate else width > 32
        size = 8 if is_double else 4
        raw = (bits & (1 << 8 * size) - 1).to_bytes(size, "big")
        found = Decimal(repr(struct.unpack(">d" if is_double else ">f", raw)[0]))
        return found if found.is_finite() else None


class TextConstants:
    """The special constants of a field of text."""

    def __init__(self, constants: Constants | None, numerals: Numerals) -> None:
        given = () if constants is None else constants.values
        self._like_validate = numerals.like_validate
        self._loose = {text for name, text in given if name in LOOSE_CONSTANTS}
        self._texts = {text for _, text in given}
        numbers = (numerals.constant(text) for text in self._texts)
        self.numbers = {number for number in numbers if number is not None}

    def may_break_type(self, text: str) -> bool:
        """Whether ``text`` is a constant that need not be a value of the field's type."""
        return text in self._loose

    def holds(self, text: str, number: Decimal | None) -> bool:
        """Whether a value is a special constant.

        It is one as it is written or as a number; to ``validate``, where the number without
        zeros at its end is written as the constant is.
        """
        if not self._like_validate:
            return text in self._texts or number in self.numbers
        return number is not None and str(number.normalize(_EXACT)) in self._texts
