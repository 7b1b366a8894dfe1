"""The list of openings that a `clear` act names: what its commitments hide, for whom it is cleared.

Format: docs/reference/formats.md, "List of openings".
"""

from collections.abc import Sequence

from perilune.errors import ProofFails
from perilune.model import canonical
from perilune.model.act import Opening
from perilune.model.reading import read_count

LIST_VERSION = 1

Opened = tuple[int, Opening]
"""Position of a commitment in the log, and what it hides."""


def encode_openings(opened: Sequence[Opened]) -> bytes:
    """The canonical bytes of the list, by position."""
    listed: list[canonical.Json] = [
        {"index": index, "opening": opening.document()}
        for index, opening in sorted(opened, key=lambda each: each[0])
    ]
    return canonical.encode({"v": LIST_VERSION, "openings": listed})


def decode_openings(data: bytes) -> list[Opened]:
    """Read `encode_openings`; raise `ProofFails` on anything else."""
    found = canonical.decode(data)
    try:
        if found["v"] != LIST_VERSION:
            raise ValueError(f"of unknown version {found['v']!r}")  # noqa: TRY301
        opened = [
            (read_count(each["index"]), Opening.decode(canonical.encode(each["opening"])))
            for each in found["openings"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProofFails(f"malformed list of openings: {error}") from error
    places = [index for index, _ in opened]
    if places != sorted(set(places)):
        raise ProofFails("a list of openings that is not in the order of the log")
    return opened
