"""How far a container is followed, and what is said of one that is not.

Two things can be wrong: an entry, which is left out and named (a link, an unsafe name), or the
container, of which then nothing is taken (`Refused`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Message types of what can be wrong with a container; docs/reference/report.md."""

    BROKEN = "error.delivery.unreadable_container"
    TOO_LARGE = "error.delivery.too_large"
    NO_FILE = "error.delivery.unreadable_file"
    UNSAFE = "error.delivery.unsafe_name"
    CLASH = "error.delivery.name_clash"


class Refused(Exception):
    """The container is not taken, with what was found and what would be right."""

    def __init__(
        self, kind: Kind, message: str, *, path: str = "", found: str = "", expected: str = ""
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.path = kind, message, path
        self.found, self.expected = found, expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is over is refused."""

    bytes: int = 1 << 40
    """Of all files together."""
    files: int = 1_000_000
    """Files and folders."""
    names: int = 64 << 20
    """Bytes of all names together: they are kept in memory."""
    depth: int = 32
    """Parts of a path."""
    ratio: int = 250
    """Bytes that one packed byte may become, once there are more than ``ratio_from``."""
    ratio_from: int = 256 << 20
    faults: int = 1_000
    """Entries that are left out and named."""
    reserve: int = 256 << 20
    """Bytes of the disk that unpacking leaves free."""


def broken(message: str, *, path: str = "", found: str = "", expected: str = "") -> Refused:
    """The fault of a container that is not what its format wants."""
    return Refused(Kind.BROKEN, message, path=path, found=found, expected=expected)


def too_large(what: str, found: int, most: int) -> Refused:
    """The fault of a container that holds more than is taken."""
    return Refused(
        Kind.TOO_LARGE,
        f"{what}: {found:,}, more than {most:,}",
        found=str(found),
        expected=f"at most {most}",
    )
