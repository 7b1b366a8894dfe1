"""What of log and storage can be read, whatever else is damaged."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress

from perilune.errors import LogInconsistent, NotFound, ProofFails
from perilune.ingest.projection import opened
from perilune.model import act
from perilune.model.act import Act
from perilune.model.package import Manifest
from perilune.node import Node


def all_acts(node: Node) -> Iterator[tuple[int, Act | None]]:
    """Every act of the log with its entry, hidden ones opened, as far as they can be read."""
    with suppress(LogInconsistent):  # the log's own damage is told where that is looked at
        for index, entry in enumerate(node.log.entries()):
            with suppress(ProofFails):  # an opening that is damaged hides its act
                yield index, opened(act.decode(entry), node)


def manifest_in_storage(sha256: str, node: Node) -> Manifest | None:
    """A manifest; None where it is missing, or not what its name says."""
    try:
        with node.store.open(sha256) as data:
            encoded = data.read()
    except (NotFound, OSError):
        return None
    return Manifest.decode(encoded) if hashlib.sha256(encoded).hexdigest() == sha256 else None
