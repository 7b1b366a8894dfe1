"""An owner that is served, and a node that trusts it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import pytest
import uvicorn

from perilune.node import Node
from perilune.web.app import create_app

from .scene import COPIER, OWNER, change_settings, make, publish, trust

PRODUCTS = 24


@dataclass(frozen=True, slots=True)
class Pair:
    """Folder of the node that copies, and the node that it copies from."""

    root: Path
    owner: Node


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two nodes; the owner has published `PRODUCTS` products, the copier has nothing yet."""
    owner, copier = make(tmp_path, "owner", OWNER), make(tmp_path, "copier", COPIER)
    publish(owner, tmp_path / "delivery", PRODUCTS)
    with create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(create_app(owner), log_level="critical", lifespan="off")
        )
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        trust(copier, f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path / "owner")
        copier.close()
        change_settings(tmp_path / "copier", 'scrub = "whole in 30 days"', 'scrub = "never"')
        yield Pair(tmp_path / "copier", owner)
        server.should_exit = True
        thread.join(10)
    owner.close()
