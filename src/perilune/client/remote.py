"""A node that is reached by its address: found, taken out and proved through its own interfaces.

What is taken out is verified against the SHA-256 that the node states, written beside its place
and renamed, so that a file is whole or not there; one that was broken off is gone on with. What
the node states is worth as much as the node: `RemoteNode.proof` gives what a third party can check.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from perilune.access.cursor import write_cursor
from perilune.access.extract import place, require_same
from perilune.catalogue.query import Cap, Query, Sort
from perilune.errors import NotFound, PeerUnreachable, PeriluneError, WrongUsage
from perilune.model.identifier import Lid
from perilune.model.package import Manifest
from perilune.model.reading import time_text
from perilune.outbound import AllowList, Limits, Origin, Reply, fetch, stream

Document = dict[str, Any]

_MOST_DOCUMENT_BYTES = 64 << 20
_LEAST_BYTES_S = 16_384
"""A slower peer than this is given up; what has come of a file is kept for the next time."""
FILE_NAMES = ("ops:Data_File_Info.ops:file_name", "ops:Label_File_Info.ops:file_name")
"""Fields of a search that hold the names of a product's files."""
_SAFE = ":@!$&'()*+,;=~"
_LISTED = (
    "lidvid",
    "title",
    "class",
    "missions",
    "instruments",
    "targets",
    "level",
    "start",
    "stop",
    "simulated",
    "accessioned",
    "lifecycle",
    "releasability",
    "origin",
    "files",
    "bytes",
)
"""Members of a product in a list, the same as ``perilune search --json`` gives on a folder."""


class RemoteNode:
    """The node at ``url``, seen as a visitor sees it: what is released and public.

    Every method raises `PeerUnreachable` where the node does not answer as it should, and
    the node's own error where it answers with one.
    """

    def __init__(self, url: str) -> None:
        origin = Origin.of(url)
        self.url = f"{origin}{urlsplit(url).path.rstrip('/')}"
        self._allowed = AllowList(frozenset((origin,)), inward=frozenset((origin,)))

    def search(self, query: Query) -> Document:
        """``{"products", "total", "next"}``; ``next`` is the cursor of the following page, or None.

        Raises `WrongUsage` for a question that only the node's own folder answers.
        """
        if query.id is not None:
            found = [_listed(each) for each in self._named(query)]
            return {"products": found, "total": len(found), "next": None}
        parameters = _parameters(query)
        products: list[Document] = []
        total, cursor = 0, write_cursor(query.cursor) if query.cursor else None
        while True:
            left = query.limit - len(products)
            asked = [*parameters, ("limit", str(max(1, left)))]
            if cursor:
                asked += [("after", cursor), ("n", str(len(products) + 2))]
            page = self.document(f"/search.json?{urlencode(asked)}")
            total, found = page["total"], [_listed(each) for each in page["products"]]
            if len(found) > max(1, left):
                raise PeerUnreachable(f"{self.url} gives {len(found)} products for {left}")
            products += found[:left]
            cursor = _cursor(page["next"])
            if cursor is None or not found or len(products) >= query.limit:
                following = cursor if query.limit else None
                return {"products": products, "total": total, "next": following}

    def product(self, identifier: str) -> Document:
        """All that the node tells of the product: the JSON twin of its page."""
        return self.document(f"/products/{quote(identifier, safe=_SAFE)}.json")

    def download(self, identifier: str, folder: Path) -> list[Path]:
        """Write label and data under ``folder`` at the paths of the delivery; each is verified.

        A file that is there with the same bytes is left; one with other bytes is never
        overwritten (`WrongUsage`).
        """
        found = self.product(identifier)
        return [self._take(entry, folder) for entry in _contents(found)]

    def with_file(self, name: str) -> list[str]:
        """LIDVIDs of products that have a file of that name, of many a few."""
        if set(name) & set('"\\'):
            return []  # the query's grammar has no words for such a name
        asked = " or ".join(f'{field} eq "{name}"' for field in FILE_NAMES)
        query = urlencode({"q": f"({asked})", "fields": "lidvid", "limit": "5"})
        found = self.document(f"/api/search/1/products?{query}").get("data")
        return [str(each["id"]) for each in found] if isinstance(found, list) else []

    def manifest(self, identifier: str) -> Manifest:
        """The product's manifest: its files with the digests of their pieces."""
        return Manifest.decode(self._fetch(f"/manifests/{quote(identifier, safe=_SAFE)}").body)

    def range(self, identifier: str, path: str, start: int, stop: int) -> bytes:
        """Bytes ``start`` to before ``stop`` of a file of the product, as the node sends them."""
        address = f"/objects/{quote(identifier, safe=_SAFE)}/{quote(path, safe=_SAFE + '/')}"
        reply = fetch(
            f"{self.url}{address}",
            allowed=self._allowed,
            limits=Limits(max_bytes=max(stop - start, _MOST_DOCUMENT_BYTES)),
            headers={"Range": f"bytes={start}-{stop - 1}"},
        )
        if reply.status not in (200, 206):
            _raise(reply.body, reply.status, reply.url)
        found = reply.body[start:stop] if reply.status == 200 else reply.body
        if len(found) != stop - start:
            raise PeerUnreachable(f"{reply.url} gives {len(found)} bytes for {stop - start}")
        return found

    def proof(self, identifier: str, *, witnessed: bool = False) -> bytes:
        """The proof that the product is in the node's log (a C2SP tlog-proof).

        With ``witnessed`` another node cosigned its checkpoint; raises `NotFound` before one has.
        """
        asked = f"/log/proof/{quote(identifier, safe=_SAFE)}"
        return self._fetch(f"{asked}?witnessed=true" if witnessed else asked).body

    def policy(self, *, witnessed: bool = False) -> str:
        """The node's own word for whose signatures to trust (a C2SP tlog-policy)."""
        asked = "/log/policy?witnessed=true" if witnessed else "/log/policy"
        return self._fetch(asked).body.decode()

    def _named(self, query: Query) -> Iterator[Document]:
        alone = Query(
            id=query.id,
            scope=query.scope,
            versions=query.versions,
            sort=query.sort,
            cursor=query.cursor,
            limit=query.limit,
        )
        if query != alone:
            raise WrongUsage("an identifier is asked for alone through a URL")
        try:
            found = self.product(str(query.id))
        except NotFound:
            return
        yield found
        if query.versions == "all" and isinstance(query.id, Lid):
            for version in found["versions"]:
                name = f"{query.id}::{version['version']}"
                if name != found["lidvid"]:
                    yield self.product(name)

    def _take(self, entry: Mapping[str, Any], folder: Path) -> Path:
        sha256, size = str(entry["sha256"]), int(entry["size"])
        target = place(folder, str(entry["path"]))
        if target.exists():
            require_same(target, sha256)
            return target
        part = target.with_name(f".{target.name[:100]}.{sha256[:16]}.part")
        address = _same_origin(str(entry["href"]))
        if not self._go_on(address, part, sha256, size):
            part.unlink()
            if not self._go_on(address, part, sha256, size):
                part.unlink()
                raise PeerUnreachable(f"{self.url}{address} is not what the node says it is")
        part.replace(target)
        return target

    def _go_on(self, address: str, part: Path, sha256: str, size: int) -> bool:
        """Fetch what ``part`` still lacks; whether it then is the file meant."""
        have = part.stat().st_size if part.exists() else 0
        if have < size or not part.exists():
            headers = {"Range": f"bytes={have}-"} if have else {}
            limits = Limits(
                max_bytes=max(size, _MOST_DOCUMENT_BYTES), total_s=60 + size / _LEAST_BYTES_S
            )
            with stream(
                f"{self.url}{address}", allowed=self._allowed, limits=limits, headers=headers
            ) as found:
                if found.status not in (200, 206):
                    _raise(b"".join(found.chunks), found.status, found.url)
                with part.open("ab" if found.status == 206 else "wb") as file:
                    for chunk in found.chunks:
                        file.write(chunk)
        with part.open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest() == sha256

    def document(self, address: str) -> Document:
        """The JSON object that the node answers with at an ``address`` of its own."""
        reply = self._fetch(address)
        try:
            found = json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            raise PeerUnreachable(f"{reply.url} gives no JSON") from error
        if not isinstance(found, dict):
            raise PeerUnreachable(f"{reply.url} gives other JSON than a node does")
        return found

    def _fetch(self, address: str) -> Reply:
        reply = fetch(
            f"{self.url}{address}",
            allowed=self._allowed,
            limits=Limits(max_bytes=_MOST_DOCUMENT_BYTES),
            headers={"Accept": "application/json, */*;q=0.1"},
        )
        if reply.status != 200:
            _raise(reply.body, reply.status, reply.url)
        return reply


def _parameters(query: Query) -> list[tuple[str, str]]:
    """The search page's own parameters; raise `WrongUsage` where it has none for ``query``."""
    if query.where or query.family or query.versions != "latest" or query.count:
        raise WrongUsage("this question is answered on the node's own folder, not through a URL")
    found = [("q", query.text)] if query.text else []
    found += [(facet, word) for facet, words in query.facets for word in sorted(words)]
    if query.site is not None:
        found += _site(query.site)
    if query.after is not None:
        found.append(("from", time_text(query.after)))
    if query.before is not None:
        found.append(("to", time_text(query.before)))
    return [*found, ("sort", _order(query.sort))]


def _site(site: Cap) -> list[tuple[str, str]]:
    if site.body != "Moon":
        raise WrongUsage("through a URL a site lies on the Moon")
    return [("site", f"{site.lat:.9f}, {site.lon:.9f}"), ("radius", f"{site.radius_km:.6f}")]


def _order(sorts: tuple[Sort, ...]) -> str:
    first = sorts[0] if sorts else Sort()
    return f"-{first.field}" if first.descending else first.field


def _cursor(address: str | None) -> str | None:
    found = parse_qs(urlsplit(address).query).get("after") if address else None
    return found[0] if found else None


def _listed(found: Mapping[str, Any]) -> Document:
    try:
        return {name: found[name] for name in _LISTED}
    except KeyError as error:
        raise PeerUnreachable(f"a product without {error.args[0]!r}") from error


def _contents(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The product's files; raise `PeerUnreachable` where one would lie outside its folder."""
    entries = found.get("contents")
    if not isinstance(entries, list) or not entries:
        raise PeerUnreachable("a product without contents")
    for entry in entries:
        path = str(entry.get("path", ""))
        is_inside = not path.startswith("/") and not set(path.split("/")) & {"", ".", ".."}
        if not (is_inside and path.isprintable() and "\\" not in path and "href" in entry):
            raise PeerUnreachable(f"a file at {path!r}")
    return entries


def _same_origin(address: str) -> str:
    if not address.startswith("/") or address.startswith("//"):
        raise PeerUnreachable(f"a file at another machine: {address!r}")
    return address


def _raise(body: bytes, status: int, url: str) -> None:
    """Raise the error that a node answered with; a stranger's as `PeerUnreachable`."""
    try:
        found = json.loads(body)
        code, detail = found["code"], str(found["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code, detail = "", ""
    for known in _every(PeriluneError):
        if known.code == code and known.status == status:
            raise known(detail)
    raise PeerUnreachable(f"{url} answers {status}")


def _every(error: type[PeriluneError]) -> Iterator[type[PeriluneError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _every(kind)
