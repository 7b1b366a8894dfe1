"""One run of two nodes around a dark product, seen by everyone who may not know of it.

Run twice with different truths, all that is seen has to be the same. What is random by design, or
follows from it, is replaced where it stands (`normal`); the list in docs/explanation/embargo.md
says the same in words:

* keys, salts, commitments, roots, signatures and other digests: hexadecimal of 12 digits and more,
  key IDs, Base64 and Bech32 of 40 characters and more;
* encrypted copies: of these the size counts, but for the head, to which age adds up to some 300
  bytes at random, and so the sum of all bytes that the partner read back;
* what SQLite writes: of the catalogue every row counts;
* how long a search took, when a zip was asked for, and the folder and the port of the run.

So that this hides nothing, nowhere may any name, word, digest or stretch of the truth itself stand.
"""

import base64
import hashlib
import io
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product as combinations_of
from pathlib import Path
from random import Random
from string import Formatter
from typing import Any
from urllib.parse import quote

from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.federation.folder import Peers, log_name
from perilune.federation.status import status_of
from perilune.ingest.release import release
from perilune.ledger.tiles import tile_path
from perilune.model.product import Embargo, Releasability
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.testing.build import NOON
from perilune.testing.labels import bounding_box, discipline, file_area, label, observation, times
from perilune.web.app import create_app

from .scene import COPIER, OWNER, Served, befriend, hand_in, pull, served, write

NEVER = "qvzkrtwpm"
_ROUTES_AT_LEAST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What nobody may know."""

    name: str
    """Last part of the LID, as long as `NEVER`."""
    title: str
    mission: str
    west: int
    seed: int
    embargo: Embargo | None = Embargo.DARK

    @property
    def lid(self) -> str:
        return f"{OWNER}:mission:data:{self.name}"

    @property
    def data(self) -> bytes:
        return Random(self.seed).randbytes(4_000)

    def write(self, folder: Path) -> Path:
        """The delivery."""
        (folder / "data").mkdir(parents=True)
        (folder / "data" / f"{self.name}.img").write_bytes(self.data)
        box = bounding_box(str(self.west), str(self.west + 2), "10", "12")
        mission = f"<Investigation_Area><name>{self.mission}</name><type>Mission</type>"
        reference = (
            "<Internal_Reference><lid_reference>urn:nasa:pds:context:investigation:mission.x"
            "</lid_reference><reference_type>data_to_investigation</reference_type>"
            "</Internal_Reference></Investigation_Area>"
        )
        moment = times(f"20{self.seed}-01-01T00:00:00Z", f"20{self.seed}-01-01T01:00:00Z")
        made = label(
            observation(moment, mission + reference),
            file_area(f"{self.name}.img", size=str(len(self.data))),
            lid=self.lid,
        )
        area = discipline(box).encode()
        place = area[area.index(b"<Discipline_Area>") : -len(b"</Observation_Area>")]
        made = made.replace(b"</Observation_Area>", place + b"</Observation_Area>")
        made = made.replace(b"An image of the Moon", self.title.encode())
        (folder / "data" / f"{self.name}.xml").write_bytes(made)
        return folder


@dataclass(slots=True)
class World:
    """What was seen, in order, and what may be seen nowhere."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    canaries: dict[str, bytes] = field(default_factory=dict)
    answers: int = 0
    twins: int = 0
    """Questions that name the truth, each compared with the same question of a name never used."""
    found_after: int = 0

    def note(self, what: str, text: str) -> None:
        self.seen.append((what, text))


def live(root: Path, truth: Truth) -> World:
    """Publish, hand in the truth, copy, audit; look at everything; release and look for it."""
    world = World()
    handler = _Lines(world)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        _live(root, truth, world)
    finally:
        logging.getLogger().setLevel(level)
        logging.getLogger().removeHandler(handler)
    return world


def _live(root: Path, truth: Truth, world: World) -> None:
    owner, copier = _make(root, "owner", OWNER), _make(root, "copier", COPIER)
    hand_in(owner, write(root / "open", ["one", "two"]))
    given = truth.write(root / "given")
    outcome = hand_in(owner, given, embargo=truth.embargo)
    assert outcome.receipt is not None
    delivery = outcome.receipt.delivery
    world.canaries = _canaries(truth, given, delivery, owner)
    with served(owner) as there, served(copier) as here:
        befriend(copier, there)
        befriend(owner, here)
        for node, other in ((copier, there), (owner, here), (copier, there)):
            _look_at_round(node, other, root, world)
        audit(owner)
        audit(copier)
        _look_at_round(copier, there, root, world)
        for served_ in (there, here):
            _crawl(served_.node, truth, root, world)
            world.note("asked", normal("\n".join(served_.asked), root))
            _require_no_canary("\n".join(served_.asked).encode(), "requests", world)
        _look_at_disk(copier, root, world)
        release(delivery, owner)
        pull(copier, there)
        for node in (owner, copier):
            held = find(truth.lid, node, VISITOR)
            body = TestClient(create_app(node)).get(
                f"/objects/{held.product.id}/data/{truth.name}.img"
            )
            world.found_after += body.content == truth.data
    owner.close()
    copier.close()


def _make(root: Path, name: str, namespace: str) -> Node:
    settings = config.make(name, (namespace,), releasability=Releasability.PUBLIC)
    return Node.create(root / name, settings, now=lambda: NOON)


def _canaries(truth: Truth, given: Path, delivery: str, owner: Node) -> dict[str, bytes]:
    """Every name, word, digest and stretch of bytes by which the truth could show."""
    manifest = find(truth.lid, owner, OPERATOR).manifest
    found = {
        "name": truth.name.encode(),
        "title": truth.title.encode(),
        "mission": truth.mission.encode(),
        "delivery": delivery.encode(),
        "manifest": manifest.sha256.encode(),
    }
    for path in sorted(given.rglob("*.*")):
        data = path.read_bytes()
        if path.suffix == ".img":  # labels begin alike
            for at in range(0, len(data) - 24, 100):
                found[f"data from {at}"] = data[at : at + 24]
        for name in ("sha256", "md5"):
            digest = hashlib.new(name, data, usedforsecurity=False).digest()
            found |= {
                f"{name} of {path.suffix}": digest.hex().encode(),
                f"{name} of {path.suffix}, bytes": digest,
                f"{name} of {path.suffix}, Base64": base64.b64encode(digest)[:-4],
            }
    return found


def _require_no_canary(data: bytes, where: str, world: World) -> None:
    shown = [name for name, canary in world.canaries.items() if canary in data]
    assert not shown, f"{where} shows {shown}"


def _look_at_round(node: Node, other: Served, root: Path, world: World) -> None:
    done = pull(node, other)
    status = status_of(Peers.of(node).named(other.node.config.name), node)
    text = f"{done!r}\n{status!r}"
    _require_no_canary(text.encode(), "a round", world)
    world.note("round", normal(text, root))


def _look_at_disk(node: Node, root: Path, world: World) -> None:
    assert node.root is not None
    files = []
    for path in sorted(node.root.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        _require_no_canary(data, str(path), world)
        name = re.sub(r"objects/../", "objects/", str(path.relative_to(node.root)))
        name = normal(name, root)
        if path.name.startswith("catalogue.sqlite"):
            files.append((name, "", ""))
            continue
        text = "" if path.suffix == ".pem" else _text(data)
        files.append((name, str(_payload(data)), normal(text, root)))
    world.note("disk", "\n".join(map(str, sorted(files))))
    catalogue = SqliteCatalogue(node.root / "catalogue.sqlite")
    rows = "\n".join(catalogue.dump())
    catalogue.close()
    _require_no_canary(rows.encode(), "the catalogue", world)
    world.note("catalogue", "\n".join(sorted(normal(rows, root).splitlines())))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def routes(part: object) -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of included routers too."""
    for route in getattr(part, "routes", ()):
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner)
        elif path := getattr(route, "path", ""):
            yield from (
                (method, re.sub(r"\{(\w+):\w+\}", r"{\1}", path))
                for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"})
            )


def _crawl(node: Node, truth: Truth, root: Path, world: World) -> None:
    """Ask every route of the node everything, and of the truth by its name."""
    app = create_app(node)
    found = sorted(routes(app))
    assert len(found) >= _ROUTES_AT_LEAST
    client = TestClient(app, headers={"Accept-Encoding": "identity"}, follow_redirects=False)
    visitor = _Visitor(client, truth, root, world)
    for method, path in found:
        for filled in _filled(path, node):
            visitor.ask(method, filled)
        if method == "GET":
            for query in _QUERIES:
                for filled in _filled(path, node, shallow=True):
                    visitor.ask(method, f"{filled}?{query}")


_SECRET = "XQX"
_BY_LID = f'(lid eq "{OWNER}:mission:data:{_SECRET}")'
_ALL = '(lid like "*:data:*")'
_BY_TITLE = '(pds:Identification_Area.pds:title like "*")'
_UNTITLED = "not (pds:Identification_Area.pds:title exists)"
_QUERIES = (
    f"q={_SECRET}",
    "q=image",
    "q=image&sort=title&limit=1",
    f"q={_SECRET[:2]}*",
    "site=11,21&radius=400",
    "from=2000-01-01&to=2099-01-01",
    "mission=Nobody",
    "limit=0&facet-fields=pds:Investigation_Area.pds:name,pds:Identification_Area.pds:title",
    f"q={quote(_BY_LID)}",
    f"q={quote(_ALL)}",
    f"q={quote(_BY_TITLE)}",
    f"q={quote(_UNTITLED)}",
    "sort=-ops:Harvest_Info.ops:harvest_date_time&limit=500",
    "fields=nothing:like:this",
    "members=true",
    "witnessed=true",
    "after=junk",
)
_VALUES = {
    "form": ("zip", "tar", "curl", "aria2", "meta4", "py", "exe"),
    "view": ("south", "north", "global", "nowhere"),
    "versions": ("latest", "all"),
    "class": ("observationals", "bundles", "unheard-of"),
    "path": (f"data/{_SECRET}.img", f"data/{_SECRET}.xml", "data/one.img", "data/one.xml"),
}


def _values(name: str, node: Node, path: str) -> tuple[str, ...]:
    if name in ("identifier", "name"):
        lid = f"{OWNER}:mission:data"
        plain = (f"{lid}:{_SECRET}::1.0", f"{lid}:{_SECRET}", f"{lid}:{_SECRET}::2.0", lid)
        plain += (f"{lid}:one::1.0", f"{lid}:two", "nonsense")
        return (
            (*plain, *(f"{each}.json" for each in plain)) if path.startswith("/products") else plain
        )
    if name == "log":
        return log_name("owner/log"), log_name("copier/log"), "ab" * 32
    if name == "index":
        return tuple(str(index) for index in range(node.log.size + 2))
    if name == "path" and "tile" in path:
        size = node.log.size
        return tile_path("entries", 0, size), tile_path(0, 0, size), tile_path("entries", 9)
    return _VALUES.get(name, ("x", _SECRET))


def _filled(path: str, node: Node, *, shallow: bool = False) -> Iterator[str]:
    """``path`` with every value for each of its parameters."""
    names = [name for _, name, _, _ in Formatter().parse(path) if name]
    values = [_values(name, node, path)[: 1 if shallow else None] for name in names]
    for chosen in combinations_of(*values):
        yield path.format(**dict(zip(names, chosen, strict=True)))


def _named(address: str, name: str) -> str:
    return address.replace(_SECRET, name).replace(_SECRET[:2], name[:5])


@dataclass(frozen=True, slots=True)
class _Visitor:
    """Somebody who may know nothing, and asks."""

    client: TestClient
    truth: Truth
    root: Path
    world: World

    def ask(self, method: str, address: str) -> None:
        """Note the answer; of the truth, it has to be that of a name that never was."""
        world = self.world
        if _SECRET[:2] not in address:
            told = self._answer(method, address, "")
            _require_no_canary(told.encode("utf-8", "surrogateescape"), address, world)
        else:
            told = self._answer(method, address, self.truth.name)
            never = self._answer(method, address, NEVER)
            assert told == never, f"{address} tells the truth from a name that never was"
            world.twins += 1
        world.answers += 1
        world.note(f"{method} {normal(address, self.root)}", told)

    def _answer(self, method: str, address: str, name: str) -> str:
        body = f"{OWNER}:mission:data:{name or 'one'}::1.0\n" if method == "POST" else None
        extra: dict[str, Any] = {"content": body} if body else {}
        reply = self.client.request(method, _named(address, name), **extra)
        content = reply.content
        if reply.headers.get("content-type") == "application/zip":
            content = _listed(content)
        elif reply.status_code == 200 and _OPAQUE.search(address):
            content = str(_payload(content)).encode()
            del reply.headers["content-length"]
        headers = "\n".join(f"{key}: {value}" for key, value in sorted(reply.headers.items()))
        text = f"{reply.status_code}\n{headers}\n\n{content.decode('latin-1')}"
        for shown in (name, name[:5]):
            text = text.replace(shown, _SECRET) if shown else text
        return normal(text, self.root)


def _listed(data: bytes) -> bytes:
    """What is in a zip, but for the times at which it was asked for."""
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        names = [each.filename for each in container.infolist()]
        return b"".join(name.encode() + container.read(name) for name in names)


def _payload(data: bytes) -> int:
    """Size of ``data``; of an encrypted copy what follows its head."""
    head = re.match(rb"age-encryption\.org/v1\n.*?\n--- [^\n]*\n", data, re.DOTALL)
    return len(data) - (head.end() if head else 0)


_OPAQUE = re.compile(r"/sealed/\d|/tile/\d")
"""Addresses of encrypted copies, and of hashes as bytes."""
_RANDOM = re.compile(
    r"b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"|age1[a-z0-9]{40,}|\+[0-9a-f]{8}\+|[0-9a-f]{12,}"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)"
    r"|(?<![A-Za-z0-9+/])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{40,}={0,2}"
)
_RUN = re.compile(
    r'"sealed":{"sha256":"[^"]*","size":\d+'
    r'|"took": ?\d+|127\.0\.0\.1:\d+|0x[0-9a-f]+|<pds_api:took>\d+'
)


_READ_BACK = re.compile(r'((?:fixity|read_back).{0,200}?bytes\\?": ?)\d+')


def normal(text: str, root: Path) -> str:
    """``text`` without what is random by design."""
    text = _READ_BACK.sub(r"\1~", text.replace(str(root), "ROOT"))
    return _RANDOM.sub("#", _RUN.sub("~", text))


class _Lines(logging.Handler):
    """Keeps what the program logs, every level of it."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.DEBUG)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("perilune"):
            self._world.note("log line", _RANDOM.sub("#", record.getMessage()))
