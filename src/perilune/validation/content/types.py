"""What a text value of each data type looks like, as patterns and bounds.

Two tables: `STANDARD` follows the schema of information model 1.26 (PDS4_PDS_1Q00.xsd), `VALIDATE`
what NASA's ``validate`` accepts, which is wider for dates, narrower for names of one letter, and
does not look at some types at all. Text is one character a byte (Latin-1), since lengths in PDS4
are bytes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from perilune.formats.pds4.literals import INTEGERS, STRINGS

_LONGEST = 4096
"""Bytes of a value that is no string; longer ones are none, and matching stays quick."""
NUMBERS = INTEGERS | {"ASCII_Real"}

UTF8 = (
    r"([\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]"
    r"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*"
)
"""Well-formed UTF-8, RFC 3629, section 4."""
REAL = r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?"
_LID = r"urn(:[a-z\d\-._]+){3,5}"
_LIDVID = _LID + r"::[1-9]\d*\.\d+"


@dataclass(frozen=True)
class TypeRule:
    """How values of a type are told from others."""

    pattern: str
    """What the trimmed value matches, whole; in the dialect of `automaton`."""
    longest: int | None = None
    test: Callable[[str], bool] | None = None
    """A further condition, for values that match."""
    certain: str | None = None
    """A narrower pattern, where there is such a condition or the pattern is too large."""
    instead: Callable[[str], bool] | None = None
    """The same as ``pattern``, for values of any length."""

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.ASCII | re.DOTALL)

    @property
    def screen(self) -> str:
        """The pattern of values that are right beyond doubt, unless they are too long."""
        return self.pattern if self.certain is None else self.certain

    def holds(self, text: str) -> bool:
        """Whether ``text`` is a value of the type."""
        if self.instead is not None:
            return self.instead(text)
        if len(text) > (_LONGEST if self.longest is None else self.longest):
            return False
        if self._compiled.fullmatch(text) is None:
            return False
        return self.test is None or self.test(text)


def _fits_int64(text: str) -> bool:
    return -(1 << 63) <= int(text) < 1 << 63


def _fits_uint64(text: str) -> bool:
    return int(text) < 1 << 64


def _is_utf8(text: str) -> bool:
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_finite(text: str) -> bool:
    return abs(float(text)) != float("inf")


def _is_short_path(text: str) -> bool:
    return all(len(part) <= 255 for part in text.split("/"))


_HOUR = r"([01]\d|2[0-3])"
_CLOCK = rf"{_HOUR}(:[0-5]\d(:[0-5]\d(\.\d+)?)?)?"
_LEAP_YEAR = r"(\d\d(0[48]|[2468][048]|[13579][26])|(0[048]|[2468][048]|[13579][26])00)"
_MONTH_DAY = (
    r"((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)"
    r"|02-(0[1-9]|1\d|2[0-8]))"
)
_YMD = rf"-?(\d{{4}}-{_MONTH_DAY}|{_LEAP_YEAR}-02-29)"
_DAY = r"(00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-5])"
_DOY = rf"-?(\d{{4}}-{_DAY}|{_LEAP_YEAR}-366)"
_DECEMBERS = "1971|1972|1973|1974|1975|1976|1977|1978|1979|1987|1989|1990|1995|1998|2005|2008|2016"
_JUNES = "1972|1981|1982|1983|1985|1992|1993|1994|1997|2012|2015"
_SIXTIETH = r"T23:59:60(\.\d+)?"
_LEAP_YMD = rf"(({_DECEMBERS})-12-31|({_JUNES})-06-30){_SIXTIETH}"


def _leap_days() -> str:
    """The same days as days of the year."""
    days = [f"{year}-{365 + (int(year) % 4 == 0)}" for year in _DECEMBERS.split("|")]
    days += [f"{year}-{181 + (int(year) % 4 == 0)}" for year in _JUNES.split("|")]
    return "|".join(days)


_LEAP_DOY = rf"({_leap_days()}){_SIXTIETH}"
_YEAR = r"-?\d{4}"


def _dates(zone: str) -> dict[str, str]:
    """Patterns of dates and times with ``zone`` at their end, after the schema."""
    return {
        "DOY": rf"({_YEAR}|{_DOY}){zone}",
        "YMD": rf"({_YEAR}(-(0[1-9]|1[0-2]))?|{_YMD}){zone}",
        "Time_DOY": rf"({_YEAR}|{_DOY}(T{_CLOCK})?|{_LEAP_DOY}){zone}",
        "Time_YMD": rf"({_YEAR}(-(0[1-9]|1[0-2]))?|{_YMD}(T{_CLOCK})?|{_LEAP_YMD}){zone}",
    }


_PLAIN, _UTC = _dates("Z?"), _dates("Z")
_ANY_DATE = rf"\d{{4}}-({_MONTH_DAY}|{_DAY})(T{_CLOCK})?"
_FILE_NAME = r"[A-Za-z\d]([A-Za-z\d\-_.]*[A-Za-z\d])?\.[A-Za-z\d]([A-Za-z\d\-_]*[A-Za-z\d])?"
_FOLDER = r"[A-Za-z\d]([A-Za-z\d_\-]*[A-Za-z\d])?"
_URI = (
    r"([A-Za-z][A-Za-z\d+.\-]*:)?([A-Za-z\d\-._~:/?\[\]@!$&'()*+,;=\x80-\xff]|%[\dA-Fa-f]{2})*"
    r"(#([A-Za-z\d\-._~:/?@!$&'()*+,;=\x80-\xff]|%[\dA-Fa-f]{2})*)?"
)
_ASCII = r"[\x00-\x7f]*"

_COMMON = {
    "ASCII_Integer": TypeRule(r"[+-]?\d+", test=_fits_int64, certain=r"[+-]?\d{1,18}"),
    "ASCII_NonNegative_Integer": TypeRule(r"\+?\d+", test=_fits_uint64, certain=r"\+?\d{1,19}"),
    "ASCII_Real": TypeRule(
        REAL, test=_is_finite, certain=r"[+-]?\d*(\d|\.\d|\d\.)\d*([Ee][+-]?\d{1,2})?"
    ),
    "ASCII_Numeric_Base2": TypeRule(r"[01]+", longest=255),
    "ASCII_Numeric_Base8": TypeRule(r"[0-7]+", longest=255),
    "ASCII_Numeric_Base16": TypeRule(r"[\da-fA-F]+", longest=255),
    "ASCII_MD5_Checksum": TypeRule(r"[\da-fA-F]{32}"),
    "ASCII_AnyURI": TypeRule(_URI),
    "ASCII_DOI": TypeRule(r"10\.\S+/\S+"),
    "ASCII_LID": TypeRule(_LID),
    "ASCII_LIDVID": TypeRule(_LIDVID),
    "ASCII_LIDVID_LID": TypeRule(rf"{_LID}(::[1-9]\d*\.\d+)?"),
    "ASCII_VID": TypeRule(r"[1-9]\d*\.\d+(\.\d+)?(\.\d+)?"),
    "ASCII_String": TypeRule(_ASCII, instead=str.isascii),
}
STANDARD: Mapping[str, TypeRule] = MappingProxyType(
    _COMMON
    | {name: TypeRule(_ASCII, instead=str.isascii) for name in STRINGS if name.startswith("ASCII_")}
    | {name: TypeRule(UTF8, instead=_is_utf8) for name in STRINGS if name.startswith("UTF8_")}
    | {
        "ASCII_Boolean": TypeRule(r"true|false|1|0"),
        "ASCII_BibCode": TypeRule(r"\d{4}[A-Za-z\d&.]{5}[A-Za-z\d.]{9}[A-Z.]"),
        "ASCII_Date_DOY": TypeRule(_PLAIN["DOY"]),
        "ASCII_Date_YMD": TypeRule(_PLAIN["YMD"]),
        "ASCII_Date": TypeRule(f"{_PLAIN['DOY']}|{_PLAIN['YMD']}"),
        "ASCII_Date_Time_DOY": TypeRule(_PLAIN["Time_DOY"]),
        "ASCII_Date_Time_DOY_UTC": TypeRule(_UTC["Time_DOY"]),
        "ASCII_Date_Time_YMD": TypeRule(_PLAIN["Time_YMD"]),
        "ASCII_Date_Time_YMD_UTC": TypeRule(_UTC["Time_YMD"]),
        "ASCII_Date_Time": TypeRule(
            f"{_PLAIN['Time_DOY']}|{_PLAIN['Time_YMD']}", certain=rf"{_ANY_DATE}Z?"
        ),
        "ASCII_Date_Time_UTC": TypeRule(
            f"{_UTC['Time_DOY']}|{_UTC['Time_YMD']}", certain=rf"{_ANY_DATE}Z"
        ),
        "ASCII_Time": TypeRule(rf"({_CLOCK}|23:59:60(\.\d+)?)Z?"),
        "ASCII_File_Name": TypeRule(_FILE_NAME, longest=255),
        "ASCII_Directory_Path_Name": TypeRule(rf"{_FOLDER}(/{_FOLDER})*/?", longest=255),
        "ASCII_File_Specification_Name": TypeRule(rf"/?({_FOLDER}/)*{_FILE_NAME}", longest=255),
    }
)

_VALIDATE_DAY = r"(00[1-9]|0[1-9]\d|[12]\d\d|3([0-5]\d|6[0-6]))"
_VALIDATE_YMD = r"-?\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_VALIDATE_DOY = rf"-?\d{{4}}-{_VALIDATE_DAY}"
_VALIDATE_CLOCK = rf"({_HOUR}(:[0-5]\d(:([0-5]\d|60)(\.\d{{1,6}})?)?)?|24(:00(:00(\.0{{1,6}})?)?)?)"
_VALIDATE_NAME = r"[A-Za-z\d]+[A-Za-z\d\-_.]*\.[A-Za-z\d\-_]*[A-Za-z\d]+"
_TWO_LETTERS = r"[A-Za-z\d][A-Za-z\d_\-]*[A-Za-z\d]"


def _validate_dates(zone: str) -> dict[str, str]:
    month = r"(0[1-9]|1[0-2])"
    return {
        "DOY": rf"({_YEAR}|{_VALIDATE_DOY}){zone}",
        "YMD": rf"({_YEAR}(-{month})?|{_VALIDATE_YMD}){zone}",
        "Time_DOY": rf"({_YEAR}|{_VALIDATE_DOY}(T{_VALIDATE_CLOCK})?){zone}",
        "Time_YMD": rf"({_YEAR}(-{month})?|{_VALIDATE_YMD}(T{_VALIDATE_CLOCK})?){zone}",
    }


_V_PLAIN, _V_UTC = _validate_dates("Z?"), _validate_dates("Z")
VALIDATE: Mapping[str, TypeRule] = MappingProxyType(
    _COMMON
    | {
        "ASCII_Real": TypeRule(REAL),
        "ASCII_BibCode": TypeRule(r"\d{4}[A-Za-z\d.&]{5}[A-Za-z\d.]{9}[A-Z]"),
        "ASCII_Date_DOY": TypeRule(_V_PLAIN["DOY"]),
        "ASCII_Date_YMD": TypeRule(_V_PLAIN["YMD"]),
        "ASCII_Date_Time_DOY": TypeRule(_V_PLAIN["Time_DOY"]),
        "ASCII_Date_Time_DOY_UTC": TypeRule(_V_UTC["Time_DOY"]),
        "ASCII_Date_Time_YMD": TypeRule(_V_PLAIN["Time_YMD"]),
        "ASCII_Date_Time_YMD_UTC": TypeRule(_V_UTC["Time_YMD"]),
        "ASCII_Time": TypeRule(
            rf"({_HOUR}(:[0-5]\d(:([0-5]\d|60)(\.\d+)?)?)?|24(:00(:00(\.0+)?)?)?)Z?"
        ),
        "ASCII_File_Name": TypeRule(_VALIDATE_NAME, longest=255),
        "ASCII_Directory_Path_Name": TypeRule(
            rf"{_TWO_LETTERS}(/{_TWO_LETTERS})*/*", test=_is_short_path, certain=""
        ),
        "ASCII_File_Specification_Name": TypeRule(
            rf"/?({_TWO_LETTERS}/|[A-Za-z\d][^\-_/]?/)*{_VALIDATE_NAME}", longest=510
        ),
    }
)
