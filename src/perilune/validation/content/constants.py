"""Numbers and special constants as labels write them, and whether a value is one of these.

A constant may be a decimal number, the bit pattern of the value (``16#FF7FFFFB#``, ``0xFF7FFFFB``
and so on), or a word. In fields of text a bit pattern stands for an integer, or for the IEEE 754
number of its width. Source: PDS4 Data Dictionary, Special_Constants.
"""

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from perilune.formats.pds4.literals import constant_of, double_of, number_of, pattern_of
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
        return number_of(text, self.data_type)

    def constant(self, text: str) -> Decimal | None:
        """The number that a constant or a valid bound stands for."""
        if not self.like_validate or (pattern := pattern_of(text)) is None:
            return constant_of(text, self.data_type)
        # validate takes the number of one bits for the width
        return double_of(pattern[0], is_double=pattern[0].bit_count() > 32)


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
