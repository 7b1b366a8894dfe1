"""Logical identifiers of PDS4, parsed once and compared by number.

Source: PDS4 Standards Reference 1.22, section 6D "Logical Identifier Formation":
a LID is ``urn:agency:authority:bundle[:collection[:product]]``, at most 255 characters of
lower-case letters, digits, dash, full stop and underscore; a VID is ``M.m``, M from 1,
neither part with leading zeros, so that one version has one spelling. A plus sign in
a LID is asked for in information-model issue #270 and is not allowed until it is.
"""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Self

from perilune.errors import MalformedIdentifier

_LID = re.compile(r"urn(?::[a-z0-9][a-z0-9._-]*){3,5}")
_VID = re.compile(r"([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
_MAX_LENGTH = 255


@total_ordering
@dataclass(frozen=True, slots=True)
class Lid:
    """The name of a product, whatever its version."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a LID; raise `MalformedIdentifier` on anything else."""
        if _LID.fullmatch(text) is None or len(text) > _MAX_LENGTH:
            raise MalformedIdentifier(f"not a LID: {text[:300]!r}")
        return cls(text)

    @property
    def parent(self) -> "Lid | None":
        """The collection (or bundle) whose identifier this one extends; None for a bundle."""
        head, _, _ = self.text.rpartition(":")
        return Lid(head) if head.count(":") >= 3 else None

    @property
    def authority(self) -> str:
        """The first three parts, ``urn:agency:authority``."""
        return ":".join(self.text.split(":")[:3])

    def within(self, namespace: str) -> bool:
        """Whether this LID lies in ``namespace``, whole parts compared."""
        return self.text == namespace or self.text.startswith(namespace + ":")

    def __lt__(self, other: "Lid") -> bool:
        return self.text < other.text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class Lidvid:
    """One version of one product. Sorts by LID, then oldest version first."""

    lid: Lid
    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``urn:...::M.m``; raise `MalformedIdentifier` on anything else."""
        name, separator, version = text.partition("::")
        if not separator or (match := _VID.fullmatch(version)) is None:
            raise MalformedIdentifier(f"not a LIDVID: {text[:300]!r}")
        return cls(Lid.parse(name), int(match[1]), int(match[2]))

    @property
    def version(self) -> str:
        """The VID, ``M.m``."""
        return f"{self.major}.{self.minor}"

    def __str__(self) -> str:
        return f"{self.lid.text}::{self.major}.{self.minor}"


def parse_identifier(text: str) -> Lid | Lidvid:
    """Read a LIDVID where ``::`` is present, else a LID; raise `MalformedIdentifier`."""
    return Lidvid.parse(text) if "::" in text else Lid.parse(text)
