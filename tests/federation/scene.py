"""Two nodes of two agencies on this machine, and a way to bend what one of them answers."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from perilune import config
from perilune.federation.description import Description
from perilune.federation.folder import PeerFolder, Peers
from perilune.federation.joining import meet, pin
from perilune.federation.pull import Synced, sync
from perilune.federation.roster import Member
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.model.product import Lifecycle, Releasability
from perilune.node import Node
from perilune.testing.labels import file_area, label
from perilune.web.app import create_app

OWNER, COPIER = "urn:ros:rssa", "urn:cnsa:grss"
Bend = Callable[[Request], Response | None]
"""Answers in the place of the node, or None to let it answer."""


@dataclass
class Served:
    """A node behind an address, whose answers can be bent."""

    node: Node
    url: str = ""
    bend: Bend = lambda _request: None
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as a server does."""
        app: ASGIApp = self._app
        if scope["type"] == "http":
            self.asked.append(scope["path"])
            app = self.bend(Request(scope)) or app
        await app(scope, receive, send)

    def __post_init__(self) -> None:
        self._app = create_app(self.node)


def make(root: Path, name: str, namespace: str, lifecycle: Lifecycle = Lifecycle.RELEASED) -> Node:
    """A node under ``root`` that publishes openly."""
    settings = config.make(
        name, (namespace,), releasability=Releasability.PUBLIC, lifecycle=lifecycle
    )
    return Node.create(root / name, settings)


@contextmanager
def served(node: Node) -> Iterator[Served]:
    """``node`` on a free port of this machine."""
    made = Served(node)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(made, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield made
        server.should_exit = True
        thread.join(10)


def write(
    folder: Path, names: list[str], *, namespace: str = OWNER, seed: int = 1, large: int = 0
) -> Path:
    """A delivery of one product for each name."""
    random = Random(seed)
    (folder / "data").mkdir(parents=True)
    for name in names:
        data = random.randbytes(random.randrange(1, 5_000) + large)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        area = file_area(f"{name}.img", size=str(len(data)), md5=md5)
        (folder / "data" / f"{name}.img").write_bytes(data)
        lid = f"{namespace}:mission:data:{name}"
        (folder / "data" / f"{name}.xml").write_bytes(label(area, lid=lid))
    return folder


def hand_in(node: Node, folder: Path, **options: Any) -> Outcome:
    """Deliver, and insist that it is taken."""
    outcome = deliver(folder, node, Options(**options))
    assert outcome.is_complete, outcome.as_text()
    return outcome


def befriend(node: Node, other: Served) -> Member:
    """Have ``node`` trust ``other``, as its operator would."""
    stranger = meet(other.url, node)
    pin(stranger, Description.of(other.node).fingerprint, node)
    return Peers.of(node).named(other.node.config.name)


def pull(node: Node, other: Served) -> Synced:
    """One round of ``node`` with ``other``."""
    return sync(Peers.of(node).named(other.node.config.name), node)


def kept_of(node: Node, other: Node) -> PeerFolder:
    """What ``node`` keeps of ``other``."""
    return Peers.of(node).folder(other.config.origin)
