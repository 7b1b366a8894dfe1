"""What gives the bytes of a node's products: the node itself, another that holds them, a folder.

Nothing that a source gives is believed: whoever asks verifies it against the owner's log.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol
from urllib.parse import quote

from perilune.model.identifier import Lidvid

_SAFE = ":@!$&'()*+,;=~"


class Source(Protocol):
    """Gives bytes, never more than were asked for.

    Each method raises `NotFound` where the source does not give it, and `PeerUnreachable` where
    it breaks off or gives something of another length.
    """

    @property
    def name(self) -> str:
        """What it is called where it is dropped."""
        ...

    def get(self, path: str, most: int) -> bytes:
        """What lies at ``path`` of the node's addresses, of at most ``most`` bytes."""
        ...

    def span(
        self, path: str, start: int, stop: int, size: int
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Bytes ``start`` to before ``stop`` of a file of ``size``, run by run."""
        ...

    def frames(self, question: bytes, most: int) -> bytes:
        """The frames of small products (`perilune.federation.frames`), of at most so many bytes."""
        ...


def manifest_path(product: Lidvid) -> str:
    """Where a node has the manifest of a product."""
    return f"/manifests/{quoted(str(product))}"


def file_path(product: Lidvid, path: str) -> str:
    """Where a node has a file of a product."""
    return f"/objects/{quoted(str(product))}/{quoted(path)}"


def quoted(text: str) -> str:
    """``text`` as a part of an address."""
    return quote(text, safe=_SAFE)
