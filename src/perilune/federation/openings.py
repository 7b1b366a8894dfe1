"""Lists of openings, as they come from another node: believed as far as the log bears them out."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator

from perilune.errors import ProofFails
from perilune.model import act
from perilune.model.act import CommitAct
from perilune.model.disclosure import Opened, decode_openings
from perilune.model.ordered import ClearAct
from perilune.node import Node

_MOST_BYTES = 64 << 20

Entries = Callable[[int, int], Iterable[tuple[int, bytes]]]
"""Entries of a log with their places, from one up to another."""


def take_openings(
    cleared: ClearAct, index: int, entries: Entries, node: Node, fetch: Callable[[str, int], bytes]
) -> list[Opened]:
    """What the clear act at ``index`` of a log opens; list and openings are objects on return.

    Raises `ProofFails` where the list is not the one that the act names, or opens what the log did
    not commit to, and whatever ``fetch`` raises.
    """
    listed = fetch(f"/federation/openings/{cleared.openings}", _MOST_BYTES)
    if hashlib.sha256(listed).hexdigest() != cleared.openings:
        raise ProofFails(f"what entry {index} opens is not {cleared.openings}")
    opened = decode_openings(listed)
    for place, opening in opened:
        if place >= index or opening.commitment not in _committed(entries(place, place + 1)):
            raise ProofFails(f"entry {index} opens {place}, where no such commitment stands")
    with node.store.batch() as batch:
        batch.put(io.BytesIO(listed))
        for _, opening in opened:
            batch.put(io.BytesIO(opening.encode()))
    return opened


def _committed(entries: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    for _, entry in entries:
        found = act.decode(entry)
        if isinstance(found, CommitAct):
            yield found.commitment
