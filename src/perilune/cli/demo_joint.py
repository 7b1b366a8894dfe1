"""The joint part of the demo: two served nodes that copy each other, by the commands users type.

Everything is counted from outside: through the interfaces of the other node, by signatures
verified here, from the bytes on its disk.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perilune.catalogue.query import Query
from perilune.client.remote import RemoteNode
from perilune.errors import PeriluneError, ProofFails
from perilune.federation.custody import CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import log_name
from perilune.federation.link import Link

_PATIENCE_S = 30.0
_MOST_BYTES = 1 << 20
_MOST_PRODUCTS = 10_000


@dataclass(slots=True, kw_only=True)
class DemoNode:
    """One of the two nodes."""

    name: str
    root: Path
    delivered: Path
    accepted: int
    url: str = ""

    def document(self) -> dict[str, str]:
        """Where it is, for programs."""
        return {"url": self.url, "path": str(self.root)}

    def own(self) -> list[dict[str, Any]]:
        """Products that it publishes itself, as its interface lists them."""
        return [each for each in self.listed() if each["origin"] is None]

    def listed(self) -> list[dict[str, Any]]:
        """All products that its interface lists."""
        found: list[dict[str, Any]] = RemoteNode(self.url).search(Query(limit=_MOST_PRODUCTS))[
            "products"
        ]
        return found

    def description(self) -> Description:
        """What it says of itself."""
        return Description.decode(Link(self.url).get("/federation/node", _MOST_BYTES))


@dataclass(frozen=True, slots=True)
class Joint:
    """The two nodes together."""

    first: DemoNode
    second: DemoNode

    @property
    def pairs(self) -> tuple[tuple[DemoNode, DemoNode], ...]:
        """Each node with the other."""
        return ((self.first, self.second), (self.second, self.first))

    def go_through(self) -> dict[str, int]:
        """Peer, copy, acknowledge, damage and repair; what of it can be counted afterwards."""
        self.befriend()
        self.sync()
        return {
            "replicated": self.replicated(),
            "custody_receipts": self.custody_receipts(),
            "repaired": self.repaired(),
        }

    def befriend(self) -> None:
        """Each pins the other's keys by the fingerprint that the other's own folder gives."""
        for node, other in self.pairs:
            fingerprint = perilune("peer", "list", "-n", other.root)["self"]["fingerprint"]
            perilune("peer", "add", other.url, "--fingerprint", fingerprint, "-n", node.root)

    def sync(self) -> None:
        """Each copies from the other; once more, so that the first fetches its receipt."""
        for node in (self.first, self.second, self.first):
            perilune("peer", "sync", "-n", node.root)

    def replicated(self) -> int:
        """Products that the other node serves with the very digests of the owner's files."""
        count = 0
        for owner, other in self.pairs:
            origin = owner.description().origin
            there = {each["lidvid"] for each in other.listed() if each["origin"] == origin}
            for each in owner.own():
                if each["lidvid"] in there:
                    count += _digests(owner, each["lidvid"]) == _digests(other, each["lidvid"])
        return count

    def custody_receipts(self) -> int:
        """Receipts that verify, speak of the owner's log as it was, and leave nothing out."""
        return sum(self._has_receipt(owner, other) for owner, other in self.pairs)

    def _has_receipt(self, owner: DemoNode, other: DemoNode) -> bool:
        receipt = self.receipt(owner, other)
        if receipt is None:
            return False
        counts = receipt.counts
        is_whole = counts.excepted == 0 and counts.held == counts.published == owner.accepted
        return is_whole and receipt.log.origin == owner.description().origin

    def receipt(self, owner: DemoNode, other: DemoNode) -> CustodyReceipt | None:
        """What ``other`` signed of the log of ``owner``; None where that does not verify."""
        name = log_name(owner.description().origin)
        note = Link(other.url).get(f"/federation/{name}/custody", _MOST_BYTES)
        try:
            return CustodyReceipt.verify(note, other.description().keys["custody"])
        except ProofFails:
            return None

    def repaired(self) -> int:
        """Flip a bit of a copy; objects that the audit repaired and that are right again."""
        sha256, good = self._flip()
        done = perilune("audit", "--repair", "-n", self.second.root)
        origin = self.first.description().origin
        found = [each["sha256"] for each in done["repaired"] if each["from"] == origin]
        return found.count(sha256) if _object(self.second, sha256).read_bytes() == good else 0

    def _flip(self) -> tuple[str, bytes]:
        product = RemoteNode(self.first.url).product(self.first.own()[0]["lidvid"])
        sha256 = max(product["contents"], key=lambda entry: int(entry["size"]))["sha256"]
        place = _object(self.second, sha256)
        good = place.read_bytes()
        middle = len(good) // 2
        place.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
        return sha256, good


def perilune(*arguments: object) -> dict[str, Any]:
    """What a command prints; raise `PeriluneError` with its words where it fails."""
    command = [sys.executable, "-m", "perilune", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        words = " ".join(map(str, arguments))
        raise PeriluneError(f"perilune {words} ended with {done.returncode}: {done.stdout.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def served(root: Path, host: str, port: int) -> Iterator[str]:
    """The address of the node in ``root``, served by a process of its own meanwhile."""
    options = ["-n", str(root), "--host", host, "--port", str(port), "--json"]
    arguments = [sys.executable, "-m", "perilune", "serve", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # ourselves
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline() or "{}")
            if "url" not in told:
                words = told.get("error", {}).get("detail", "it did not start")
                raise PeriluneError(f"{root.name} is not served: {words}")
            yield told["url"]
        finally:
            server.terminate()
            server.wait(_PATIENCE_S)


def _digests(node: DemoNode, lidvid: str) -> list[tuple[str, str]]:
    contents = RemoteNode(node.url).product(lidvid)["contents"]
    return [(entry["path"], entry["sha256"]) for entry in contents]


def _object(node: DemoNode, sha256: str) -> Path:
    return node.root / "objects" / sha256[:2] / sha256
