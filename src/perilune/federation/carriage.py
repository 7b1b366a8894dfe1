"""Small products from a peer, many at a time, into a batch of the store.

Threads ask, several questions at once; other processes, where there is enough for them to do,
verify what came against the log, write it and read its labels. What a peer does not give in this
way is left to be asked for by itself.
"""

import io
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from perilune.errors import NotFound, PeerUnreachable, PeriluneError, ProofFails
from perilune.federation import frames
from perilune.federation.promise import Offer, promised_manifest, promised_product, require_same
from perilune.federation.source import Source
from perilune.ingest.accession import Arrival
from perilune.ingest.workers import Workers
from perilune.model.package import FileEntry, Manifest
from perilune.model.plain import plain_product, read_product
from perilune.storage.port import Batch, Hand, Handed

_AT_ONCE = 6
"""Questions under way."""
_PRODUCTS = 64
_BYTES = 1 << 20
"""Of one question, unless a single product has more."""


class Brought(NamedTuple):
    """A product that came as promised, its bytes where the hand has put them."""

    manifest: bytes
    handed: list[Handed]
    product: bytes


Outcome = Brought | PeriluneError | None
"""None: ask for it by itself."""


@dataclass(frozen=True, slots=True)
class Load:
    """Products that were asked for together."""

    offers: Sequence[Offer]
    outcomes: Future[list[Outcome]]


class Carriage:
    """Brings products from ``source``; `close` when done, or broken off."""

    def __init__(self, source: Source, workers: Workers) -> None:
        self._source, self._processes = source, workers.pool
        self._threads = ThreadPoolExecutor(_AT_ONCE, "carriage")

    def begin(self, offers: Sequence[Offer], hand: Hand) -> list[Load]:
        """Have these products brought, in questions of a good size; `is_small` of each."""
        return [
            Load(each, self._threads.submit(self._carry, each, hand)) for each in _parted(offers)
        ]

    def close(self) -> None:
        """Return when nothing is being done any more."""
        self._threads.shutdown(cancel_futures=True)

    def _carry(self, offers: Sequence[Offer], hand: Hand) -> list[Outcome]:
        sizes = [offer.size for offer in offers]
        asked = frames.question([str(offer.publish.lidvid) for offer in offers])
        most = sum(sizes) + 8 * len(sizes)
        try:
            answer = self._source.frames(asked, most)
            found = frames.read_answer(answer, sizes)
        except (NotFound, PeerUnreachable):
            return [None] * len(offers)
        if self._processes is None:
            return [_taken(offer, frame, hand) for offer, frame in zip(offers, found, strict=True)]
        return self._processes.submit(_taken_all, list(offers), answer, hand).result()


def is_small(offer: Offer) -> bool:
    """Whether a product travels in a frame."""
    return (
        offer.publish.manifest_size >= 0
        and offer.publish.bytes >= 0
        and (offer.size <= frames.MOST_BYTES)
    )


def arrived(offer: Offer, brought: Brought, origin: str, batch: Batch) -> Arrival:
    """The product, its objects taken over by ``batch``."""
    for handed in brought.handed:
        batch.take_over(handed)
    return Arrival(
        origin=origin,
        index=offer.index,
        leaf=offer.leaf,
        publish=offer.publish,
        manifest=Manifest.decode(brought.manifest),
        product=read_product(orjson.loads(brought.product)),
    )


def _parted(offers: Sequence[Offer]) -> list[list[Offer]]:
    parts: list[list[Offer]] = []
    size = 0
    for offer in offers:
        if not parts or len(parts[-1]) >= _PRODUCTS or size + offer.size > _BYTES:
            parts.append([])
            size = 0
        parts[-1].append(offer)
        size += offer.size
    return parts


def _taken_all(offers: list[Offer], answer: bytes, hand: Hand) -> list[Outcome]:
    found = frames.read_answer(answer, [offer.size for offer in offers])
    return [_taken(offer, frame, hand) for offer, frame in zip(offers, found, strict=True)]


def _taken(offer: Offer, frame: memoryview, hand: Hand) -> Outcome:
    """Verify one product and write it; what is false stays where its batch leaves it behind."""
    if not frame:
        return NotFound(f"the peer does not give {offer.publish.lidvid}")
    try:
        return _verified(offer, frame, hand)
    except ProofFails as error:
        return error


def _verified(offer: Offer, frame: memoryview, hand: Hand) -> Brought:
    split = offer.publish.manifest_size
    encoded = bytes(frame[:split])
    manifest = promised_manifest(encoded, offer.publish)
    handed = [hand.put(io.BytesIO(encoded))]
    contents: dict[str, bytes] = {}
    for entry in manifest.files:
        contents[entry.path] = content = bytes(frame[split : split + entry.size])
        split += entry.size
        put = hand.put(io.BytesIO(content))
        require_same(put.digests, entry, manifest)
        handed.append(put)

    def content_of(entry: FileEntry) -> bytes:
        return contents[entry.path]

    product = promised_product(manifest, content_of)
    return Brought(encoded, handed, orjson.dumps(plain_product(product)))
