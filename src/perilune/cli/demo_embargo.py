"""The embargo of the demo: delivered, sealed at the other node, found nowhere, released, found.

Counted from outside, by asking every interface of both nodes for every product, and by reading
the other node's disk. The same questions are asked before and after the release.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from perilune.cli.demo_joint import DemoNode, Joint, perilune
from perilune.errors import NotFound
from perilune.federation.link import Link
from perilune.federation.source import quoted
from perilune.mission.simulate import write_landing_sites
from perilune.model.identifier import Lidvid

_MOST_BYTES = 64 << 20
_NAMED = (
    "/products/{lidvid}",
    "/products/{lidvid}.json",
    "/products/{lid}.json",
    "/api/search/1/products/{lidvid}",
    "/api/search/1/products/{lid}",
    "/api/search/1/products/{lid}/latest",
    "/api/search/1/products/{lid}/all",
    "/api/search/1/products/{lidvid}/members",
    "/api/search/1/products/{lidvid}/member-of",
    "/manifests/{lidvid}",
    "/objects/{lidvid}/{file}",
    "/extract/{lidvid}.zip",
    "/extract/{lidvid}.tar",
    "/extract/{lidvid}.meta4",
    "/map/features/{lidvid}.json",
    "/log/proof/{lidvid}",
)
"""Addresses that name a product: any answer is a hit."""
_ASKED = (
    "/search.json?q={word}&limit=500",
    "/search.json?limit=500",
    "/api/search/1/products?q={query}&limit=500",
    "/api/search/1/products?limit=500",
    "/api/search/1/classes/ancillarys?limit=500",
    "/map/features.json?q={word}",
    "/extract/search.curl?q={word}",
)
"""Addresses that ask for products: an answer that names it is a hit."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Products under embargo at the first node of the demo."""

    joint: Joint
    folder: Path
    products: tuple[Lidvid, ...]
    delivery: str

    @classmethod
    def deliver(cls, joint: Joint) -> "Reserved":
        """Hand them in, under a namespace of the first node."""
        first = joint.first
        folder = first.root.parent / "reserved_simulated"
        namespace = first.description().namespaces[0]
        products = write_landing_sites(folder, seed=26, bundle=f"{namespace}:reserved_simulated")
        done = perilune("deliver", folder, "--embargo", "dark", "-n", first.root)
        return cls(joint, folder, products, done["receipt"]["delivery"])

    def release(self) -> None:
        """End the embargo, and have the other node hear of it."""
        perilune("release", self.delivery, "-n", self.joint.first.root)
        self.joint.sync()

    def hits(self) -> int:
        """Answers of either node that tell of any product, and files of the other that name one."""
        answers = sum(
            _tells(node, address, product)
            for node in (self.joint.first, self.joint.second)
            for product in self.products
            for address in (*_NAMED, *_ASKED)
        )
        return answers + sum(self._names_one(path) for path in self._files_of_other())

    def sealed(self) -> int:
        """Sealed copies that the other node has, by the receipt that it signed."""
        receipt = self.joint.receipt(self.joint.first, self.joint.second)
        return receipt.counts.sealed.held if receipt is not None else 0

    def found(self) -> int:
        """Products that both nodes serve with the bytes that were handed in."""
        nodes = (self.joint.first, self.joint.second)
        return sum(
            all(self._is_served(product, node) for node in nodes) for product in self.products
        )

    def _is_served(self, product: Lidvid, node: DemoNode) -> bool:
        name = product.lid.text.rpartition(":")[2]
        for suffix in (".xml", ".csv"):
            path = f"sites/{name}{suffix}"
            try:
                data = Link(node.url).get(f"/objects/{quoted(str(product))}/{path}", _MOST_BYTES)
            except NotFound:
                return False
            given = (self.folder / path).read_bytes()
            if hashlib.sha256(data).digest() != hashlib.sha256(given).digest():
                return False
        return True

    def _files_of_other(self) -> Iterator[Path]:
        return (path for path in self.joint.second.root.rglob("*") if path.is_file())

    def _names_one(self, path: Path) -> bool:
        data = path.read_bytes()
        return any(product.lid.text.encode() in data for product in self.products)


def go_through(joint: Joint) -> dict[str, int]:
    """Deliver, seal, release; what of it can be counted."""
    reserved = Reserved.deliver(joint)
    joint.sync()
    hits = reserved.hits()
    reserved.release()
    return {"sealed_hits_before_release": hits, "found_after_release": reserved.found()}


def _tells(node: DemoNode, address: str, product: Lidvid) -> bool:
    name = product.lid.text.rpartition(":")[2]
    path = address.format(
        lidvid=quoted(str(product)),
        lid=quoted(product.lid.text),
        file=f"sites/{name}.csv",
        word=name.partition("_")[0],
        query=quote(f'(lid like "*:sites:{name}")'),
    )
    try:
        body = Link(node.url).get(path, _MOST_BYTES)
    except NotFound:
        return False
    return address in _NAMED or product.lid.text.encode() in body
