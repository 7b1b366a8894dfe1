"""How often and how fast: what a setting says in words, as values. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

NEVER = "never"
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}
_INTERVAL = re.compile(r"(?P<count>[1-9]\d{0,5}) (?P<unit>s|min|h|days?)")


def read_interval(text: str) -> timedelta | None:
    """``15 min``, ``6 h``, ``90 days``; None for ``never``. Raises ValueError on anything else."""
    if text == NEVER:
        return None
    if (found := _INTERVAL.fullmatch(text)) is None:
        raise ValueError(f"not an interval such as '15 min', '6 h', '90 days', 'never': {text!r}")
    return timedelta(seconds=int(found["count"]) * _SECONDS[found["unit"]])


def interval_text(interval: timedelta | None) -> str:
    """The words that `read_interval` reads, in the largest unit that fits."""
    if interval is None:
        return NEVER
    seconds = int(interval.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


_WHOLE = "whole in "
_RATE = re.compile(r"(?P<count>[1-9]\d{0,5}) (?P<unit>kB|MB|GB)/s")
_BYTES = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_DAY = timedelta(days=1)
_LEAST_BYTES_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast everything is read back: so many bytes a second, or all of it within an interval."""

    text: str
    bytes_s: int | None = None
    whole: timedelta | None = None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """``20 MB/s`` or ``whole in 30 days``; None for ``never``. Raises ValueError else."""
        if text == NEVER:
            return None
        if found := _RATE.fullmatch(text):
            return cls(text, bytes_s=int(found["count"]) * _BYTES[found["unit"]])
        if text.startswith(_WHOLE) and (whole := read_interval(text.removeprefix(_WHOLE))):
            return cls(text, whole=whole)
        raise ValueError(f"not a pace such as '20 MB/s', 'whole in 30 days', 'never': {text!r}")

    @property
    def every(self) -> timedelta:
        """How often a reading of everything is begun."""
        return self.whole or _DAY

    def rate(self, total_bytes: int) -> float:
        """Most bytes a second, of so many in all."""
        if self.bytes_s is not None:
            return float(self.bytes_s)
        assert self.whole is not None
        return max(_LEAST_BYTES_S, 2 * total_bytes / self.whole.total_seconds())

    def pause_s(self, parts: int) -> float:
        """Seconds to wait before each of so many parts."""
        return self.whole.total_seconds() / parts if self.whole else 0.0
