"""When a product was observed: UTC inside, and the words of the label beside it.

Source: PDS4 data types ASCII_Date_Time_DOY/YMD[_UTC] (Data Dictionary, section
"Data types"). A leap second (``:60``) is kept in the text and counted as the last
microsecond before the next minute, since aware datetimes have no room for it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Scale = Literal["UTC", "TDB", "SCLK", "Moscow", "Beijing"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-(?P<doy>\d{3})|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?)?)?"
    r"Z?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """An interval of observation. ``stop`` is at or after ``start``; either may be unknown."""

    start: datetime | None
    stop: datetime | None
    start_text: str = ""
    stop_text: str = ""
    scale: Scale = "UTC"
    uncertainty_s: float = 0.0
    """How far the true ends may lie after the ends given: the precision of the words."""


def read_utc(text: str) -> tuple[datetime, float]:
    """The first instant that ``text`` can mean, aware UTC, and its precision in seconds.

    Raises ValueError on a text that is no PDS4 date, with the value.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a PDS4 date or time: {text!r}")
    part = match.groupdict()
    year = int(part["year"])
    if part["doy"]:
        day = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(part["doy"]) - 1)
        if day.year != year:
            raise ValueError(f"no such day of the year: {text!r}")
        precision = 86_400.0
    else:
        day = datetime(year, int(part["month"] or 1), int(part["day"] or 1), tzinfo=UTC)
        precision = 86_400.0 if part["day"] else (31 if part["month"] else 366) * 86_400.0
    if part["hour"] is None:
        return day, precision
    hour, minute = int(part["hour"]), int(part["minute"] or 0)
    second, fraction = int(part["second"] or 0), part["fraction"] or ""
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and minute + second > 0):
        raise ValueError(f"no such time of day: {text!r}")
    micro = int((fraction + "000000")[:6])
    moment = day + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)
    if second == 60:
        moment = day + timedelta(hours=hour, minutes=minute + 1) - timedelta(microseconds=1)
    if part["second"]:
        return moment, 10.0 ** -min(len(fraction), 6) if fraction else 1.0
    return moment, 60.0 if part["minute"] else 3600.0


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exactly."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def moment_of(count: int) -> datetime:
    """The instant that lies so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=count)
