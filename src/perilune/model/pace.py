"""How often and how fast: what a setting says in words, as values. Pure."""

import re
from datetime import timedelta

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
