"""A node behind an address, as the check of a delivery must know it.

What is held there is asked of its PDS Search API, many identifiers at a time; what it asks of a
delivery stands in the JSON twin of its page. It is seen as a visitor sees it: what is not released
and public counts as not held. Schemas and lists of context products are the asker's own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from perilune import config as settings
from perilune.client.remote import RemoteNode
from perilune.config import Config, Refusal, Validation
from perilune.errors import MalformedIdentifier, NotFound, PeerUnreachable, WrongUsage
from perilune.ingest.keeper import Kept, context_product, parsed
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.validation.context import ContextProduct, Registry
from perilune.validation.schemas import Schemas

_API = "/api/search/1"
_ASKED_TOGETHER = 50
"""LIDs in one question: at 255 characters each they still fit into an address."""
_PAGE = 500


class RemoteKeeper:
    """The node that ``remote`` reaches; raise `PeerUnreachable` where it does not answer.

    ``schemas`` and ``known`` are what the asker has pinned and knows to be registered.
    """

    def __init__(self, remote: RemoteNode, schemas: Schemas, known: Registry) -> None:
        self._remote, self._schemas, self._known = remote, schemas, known
        self._config = _config(remote)

    @property
    def config(self) -> Config:
        """What the node says of itself."""
        return self._config

    @property
    def schemas(self) -> Schemas:
        """The asker's."""
        return self._schemas

    def registry(self) -> Registry:
        """The asker's lists, and the context products that are held there."""
        return self._known.including(self._context_products())

    def kept(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Kept]:
        """Those held there, each with its manifest."""
        held = self.holds([str(each) for each in ids])
        return {each: self._kept(each) for each in ids if str(each) in held}

    def holds(self, identifiers: Collection[str]) -> Collection[str]:
        """Those held there; one question for many, and one more for each older version."""
        asked = parsed(identifiers)
        lids = sorted({name.lid if isinstance(name, Lidvid) else name for name in asked})
        newest: dict[str, Lidvid] = {}
        for start in range(0, len(lids), _ASKED_TOGETHER):
            some = lids[start : start + _ASKED_TOGETHER]
            wanted = " or ".join(f'lid eq "{each}"' for each in some)
            page = self._page("/products", {"q": wanted, "fields": "lidvid", "limit": len(some)})
            for name, _ in _products(page):
                newest[name.lid.text] = name
        return {
            text
            for name, text in asked.items()
            if (self._has(name, newest) if isinstance(name, Lidvid) else name.text in newest)
        }

    def _has(self, name: Lidvid, newest: Mapping[str, Lidvid]) -> bool:
        latest = newest.get(name.lid.text)
        if latest is None or name > latest:
            return False
        if name == latest:
            return True
        try:
            self._remote.document(f"{_API}/products/{name}?fields=lidvid")
        except NotFound:
            return False
        return True

    def _kept(self, name: Lidvid) -> Kept:
        found = self._remote.product(str(name))
        try:
            files = [
                FileEntry(
                    path=each["path"],
                    role=each["role"],
                    size=each["size"],
                    digests={"sha256": each["sha256"]},
                )
                for each in found["contents"]
            ]
            return Kept(Manifest(name, tuple(files)), int(found["custody"]["index"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _odd(self._remote, f"of {name}") from error

    def _context_products(self) -> Iterator[ContextProduct]:
        after: list[str] = []
        while True:
            page = self._page(
                "/classes/context",
                {"sort": "lidvid", "limit": _PAGE, **({"search-after": after} if after else {})},
            )
            products = list(_products(page))
            for name, properties in products:
                yield context_product(name, properties.items())
            if len(products) < _PAGE:
                return
            after = page["summary"]["search_after"]

    def _page(self, address: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        asked = urlencode(parameters, doseq=True)
        page = self._remote.document(f"{_API}{address}?{asked}")
        if not isinstance(page.get("data"), list):
            raise _odd(self._remote, "of its PDS Search API")
        return page


def _products(page: Mapping[str, Any]) -> Iterator[tuple[Lidvid, Mapping[str, list[str]]]]:
    """The products of a page with their properties; raise `PeerUnreachable` on other things."""
    for each in page["data"]:
        try:
            name, properties = Lidvid.parse(each["id"]), each["properties"]
        except (KeyError, TypeError, MalformedIdentifier) as error:
            raise PeerUnreachable("a page of products with other things in it") from error
        if not isinstance(properties, dict):
            raise PeerUnreachable(f"{name} without properties")
        yield name, properties


def _config(remote: RemoteNode) -> Config:
    found = remote.document("/node.json")
    try:
        base = settings.make(found["name"], tuple(found["namespaces"]), origin=found["origin"])
        asks = found["asks"]
        return replace(
            base,
            validation=Validation(asks["validation"]),
            refuses=Refusal(asks["refuses"]),
            schemas_required=bool(asks["schemas_required"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, WrongUsage) as error:
        raise _odd(remote, "of what it asks") from error


def _odd(remote: RemoteNode, what: str) -> PeerUnreachable:
    return PeerUnreachable(f"{remote.url} gives another account {what} than a node does")
