"""Reading single members of the formats; what is not as it must be raises ValueError."""

import re
from datetime import UTC, datetime
from typing import Any

from perilune.errors import ProofFails

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def time_text(moment: datetime) -> str:
    """An instant as the formats write it: UTC, microseconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time(text: str) -> datetime:
    """Read `time_text`; raise `ProofFails` on any other form."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ProofFails(f"not a time of an act: {text!r}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ProofFails(f"not a time of an act: {text!r}") from error


def read_text(found: Any) -> str:
    """``found``, if it is a text that is not empty."""
    if not isinstance(found, str) or not found:
        raise ValueError(f"not a text: {found!r}")
    return found


def read_count(found: Any) -> int:
    """``found``, if it is an integer of at least 0."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError(f"not a count: {found!r}")
    return found


def is_digest(found: Any) -> bool:
    """Whether ``found`` is a SHA-256 in lower-case hexadecimal."""
    return isinstance(found, str) and _SHA256.fullmatch(found) is not None


def read_digest(found: Any) -> str:
    """``found``, if it is a SHA-256 in lower-case hexadecimal."""
    if not is_digest(found):
        raise ValueError(f"not a SHA-256: {found!r}")
    return str(found)
