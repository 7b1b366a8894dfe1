"""Field formats, ``%+10.3f`` and the like, and whether a value is written so.

Source: PDS4 Standards Reference, section 4A "Field Formats"; the checks are those that NASA's
``validate`` makes of field_format (warnings) and of validation_format (errors).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

BLANKS = "".join(map(chr, range(33)))
"""What counts as blank at the ends of a value."""
_FORMAT = re.compile(r"%([+,-])?(\d{1,9})(?:\.(\d{1,9}))?([doxfeEs])")
_MANTISSA = r"[+-]?(\d+(\.\d*)?|\.\d+)"
_WRITTEN = {
    "f": _MANTISSA,
    "e": r"[+-]?\d?(\.\d*)?[Ee][+-]?\d+",
    "d": r"[+-]?\d+",
    "o": r"\+?[0-7]+",
    "x": r"\+?[\dA-Fa-f]+",
}
_DECIMAL_OCTAL = r"\+?\d+"
"""What ``validate`` takes for octal."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """In which way a value is not written as its format asks."""

    key: str
    """End of the message type, ``not_right_justified`` for instance."""
    text: str
    expected: str


@dataclass(frozen=True, slots=True)
class FieldFormat:
    """A field format taken apart."""

    text: str
    sign: str
    width: int
    precision: int | None
    specifier: str
    like_validate: bool

    @classmethod
    def parse(cls, text: str, *, like_validate: bool) -> Self | None:
        """Read ``text``; None where it is no field format, of which nothing is checked."""
        if (match := _FORMAT.fullmatch(text)) is None:
            return None
        sign, width, precision, specifier = match.groups()
        places = None if precision is None else int(precision)
        return cls(text, sign or "", int(width), places, specifier, like_validate)

    @property
    def pattern(self) -> str | None:
        """What a value looks like by the specifier alone; None where anything goes."""
        specifier = self.specifier.lower()
        if specifier == "o" and self.like_validate:
            return _DECIMAL_OCTAL
        return _WRITTEN.get(specifier)

    def screen(self, width: int) -> str | None:
        """A pattern of values in a column of ``width`` bytes, blanks around, that surely agree.

        None where one pattern cannot say it.
        """
        blank = r"[\x00-\x20]*"
        if width > self.width:
            return None
        if self.specifier == "s":
            body = r"[^\x00-\x20](.*[^\x00-\x20])?"
        elif self.precision is None or self.specifier in "dox":
            body = f"({self.pattern})"
        else:
            digits = rf"\d{{0,{min(self.precision, 40)}}}"
            exponent = r"[Ee][+-]?\d+" if self.specifier in "eE" else ""
            body = rf"[+-]?\d{'' if exponent else '+'}(\.{digits})?{exponent}"
        before = "" if self.sign == "-" else blank
        after = "" if self.sign == "+" else blank
        return f"{before}{body}{after}|{blank}"

    def unlike(self, value: str) -> Iterator[Unlike]:
        """In which ways ``value``, blanks around it included, is not written so."""
        text = value.strip(BLANKS)
        if self.sign == "+" and value[-1:] in BLANKS:
            yield Unlike("not_right_justified", f"{value!r} is not right-justified", self.text)
        if self.sign == "-" and value[:1] in BLANKS:
            yield Unlike("not_left_justified", f"{value!r} is not left-justified", self.text)
        pattern = self.pattern
        if pattern is not None and re.fullmatch(pattern, text, re.ASCII) is None:
            words = f"{text!r} is not written as %{self.specifier} asks"
            yield Unlike("format_specifier_mismatch", words, self.text)
        if len(text) > self.width:
            words = f"{text!r} has {len(text)} characters, the format {self.width}"
            yield Unlike("too_long", words, self.text)
        if self.precision is not None and self.specifier in "feE":
            mantissa = re.split("[eE]", text, maxsplit=1)[0]
            digits = len(mantissa.partition(".")[2])
            if digits > self.precision:
                words = f"{text!r} has {digits} digits after the point, the format {self.precision}"
                yield Unlike("format_precision_mismatch", words, self.text)
