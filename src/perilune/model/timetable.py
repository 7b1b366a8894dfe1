"""How fast may be copied, and when: rclone's words for ``--bwlimit``.

One rate, ``10M``, or a timetable, ``08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off``; each
entry may name its day of the week, ``Mon-08:00,512k``. A rate is bytes in a second, by the powers
of 1024: a number with ``B``, ``k``, ``M`` or ``G``; without a letter it is KiB, as in rclone.
Source: https://rclone.org/docs/, "--bwlimit".
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from perilune.errors import WrongUsage

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_UNITS = {"b": 1, "k": 1 << 10, "": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([bkmg]?)(?:i?b)?", re.IGNORECASE)
_ENTRY = re.compile(r"(?:([a-z]{3})[a-z]*-)?([01]\d|2[0-3]):([0-5]\d),(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timetable:
    """From when in the week, in minutes of local time, which limit holds, in order."""

    entries: tuple[tuple[int, float | None], ...] = ((0, None),)
    """Limits are bytes/s; None is without limit."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The timetable that ``text`` writes; empty is without limit.

        Raises `WrongUsage` for a text of another form.
        """
        words = text.split()
        if len(words) == 1 and "," not in words[0]:
            return cls(((0, _rate(words[0])),))
        found: dict[int, float | None] = {}
        for word in words:
            match = _ENTRY.fullmatch(word)
            day = match[1].lower() if match and match[1] else ""
            if match is None or (day and day not in _DAYS):
                raise WrongUsage(f"not a time and a rate, as 08:00,512k or Mon-08:00,10M: {word!r}")
            minute = int(match[2]) * 60 + int(match[3])
            days = [_DAYS.index(day)] if day else range(7)
            for number in days:
                found[number * _DAY_MINUTES + minute] = _rate(match[4])
        return cls(tuple(sorted(found.items()))) if found else cls()

    def at(self, moment: datetime) -> float | None:
        """The limit at ``moment``, which is in local time, in bytes/s; None is without limit."""
        minute = moment.weekday() * _DAY_MINUTES + moment.hour * 60 + moment.minute
        before = [limit for start, limit in self.entries if start <= minute]
        return before[-1] if before else self.entries[-1][1]


def _rate(text: str) -> float | None:
    if text.lower() == "off":
        return None
    match = _RATE.fullmatch(text)
    if match is None or not float(match[1]):
        raise WrongUsage(f"not a rate, as 512k, 10M or off: {text!r}")
    return float(match[1]) * _UNITS[match[2].lower()]
