"""SIGKILL at random moments of sealing, releasing and opening: all of a delivery shows, or none.

Three commands are killed at the system calls by which they change a node's folder: the owner's
``deliver --embargo dark``, its ``release``, and the partner's ``peer sync`` that opens what was
released. Each then goes on without help.
"""

import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest
import uvicorn

from perilune import config
from perilune.access.policy import VISITOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import meet, pin
from perilune.federation.pull import sync
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.release import release
from perilune.model.product import Embargo, Releasability
from perilune.node import Node
from perilune.web.app import create_app

from . import moments, promise
from .conftest import IS_LONG, SEED
from .deliveries import NAMESPACE, Delivery, write
from .moments import Moment, perilune
from .promise import Keys

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace"),
]

ROUNDS = 60 if IS_LONG else 2
PRODUCTS = 3
DARK = Options(releasability=Releasability.PUBLIC, embargo=Embargo.DARK)


@dataclass(frozen=True, slots=True)
class Stage:
    """A node before a command, the command, and the moments at which it changes the node."""

    root: Path
    command: tuple[str, ...]
    keys: Keys
    moments: tuple[Moment, ...]


def make(folder: Path, name: str, namespace: str) -> Node:
    settings = replace(config.make(name, (namespace,)), high_water=".")
    return Node.create(folder / name.lower(), settings)


def stage(root: Path, command: tuple[str, ...], keys: Keys, folder: Path) -> Stage:
    seen = Path(shutil.copytree(root, folder / f"{root.name}-watched"))
    found = moments.watched(perilune(seen, *command), seen, folder / f"{root.name}-trace")
    assert len(found) > 10
    return Stage(root, command, keys, tuple(found))


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stage]]:
    folder = tmp_path_factory.mktemp("release")
    [delivery] = write(folder / "deliveries", Random(SEED), 1)
    empty = make(folder, "Empty", NAMESPACE)
    keys = Keys.of(empty)
    empty.close()
    found = {"deliver": stage(folder / "empty", handing_in(delivery), keys, folder)}

    owner = make(folder, "Owner", NAMESPACE)
    outcome = deliver(delivery.path, owner, DARK)
    assert outcome.receipt is not None
    name = outcome.receipt.delivery
    kept = Path(shutil.copytree(folder / "owner", folder / "dark"))
    found["release"] = stage(kept, ("release", name, "--json"), Keys.of(owner), folder)

    copier = make(folder, "Copier", "urn:esa:psa")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(owner), log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        stranger = meet(f"http://127.0.0.1:{listener.getsockname()[1]}", copier)
        pin(stranger, Description.of(owner).fingerprint, copier)
        sync(Peers.of(copier).named("Owner"), copier)
        release(name, owner)
        copier.close()
        opening = ("peer", "sync", "--json")
        found["open"] = stage(folder / "copier", opening, Keys.of(copier), folder)
        yield found
        server.should_exit = True
        thread.join(10)
    owner.close()


def handing_in(delivery: Delivery) -> tuple[str, ...]:
    how = ("--embargo", "dark", "--releasability", "public", "--json")
    return ("deliver", *how, str(delivery.path))


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("name", ["deliver", "release", "open"])
def test_a_kill_shows_all_or_nothing_and_the_next_command_finishes(
    name: str, number: int, stages: dict[str, Stage], tmp_path: Path
) -> None:
    at = stages[name]
    random = Random(f"{SEED} {name} {number}")
    root = Path(shutil.copytree(at.root, tmp_path / "node"))
    moment = random.choice(at.moments)

    with moments.seeing_heads(root) as heads:
        ended = moments.disturbed(perilune(root, *at.command), moment, "signal=SIGKILL")
        assert ended.returncode == -SIGKILL, (moment, ended.stderr)
        assert promise.broken(root, at.keys, (), heads) == [], moment
        assert shown(root) in ({0} if name == "deliver" else {0, PRODUCTS}), moment
        again = moments.run(perilune(root, *at.command))

    was_done = name == "release" and shown(root) == PRODUCTS
    assert again.returncode == 0 or was_done, (moment, again.stdout, again.stderr)
    assert promise.broken(root, at.keys, (), heads) == [], moment
    assert promise.rebuilt_otherwise(root) == [], moment
    assert shown(root) == (0 if name == "deliver" else PRODUCTS), moment
    assert sealed(root, name) == PRODUCTS, moment


def shown(root: Path) -> int:
    """How many products a visitor finds."""
    node = Node.open(root)
    try:
        return search(Query(limit=0), node, VISITOR).total
    finally:
        node.close()


def sealed(root: Path, name: str) -> int:
    """How many products have their sealed copy, or are out because it was opened."""
    if name != "deliver":
        return shown(root)
    node = Node.open(root)
    try:
        return sum(each.seal is not None for each in node.catalogue.embargoed())
    finally:
        node.close()
