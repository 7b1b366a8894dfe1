"""SIGKILL at random moments of ``perilune peer sync``: nothing is half visible, the next goes on.

The owner stays as it is, served on this machine; the node that copies is killed at system calls by
which it changes its folder, in every third round twice.
"""

import json
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest
import uvicorn

from perilune import config
from perilune.federation.description import Description
from perilune.federation.joining import meet, pin
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import walk
from perilune.model.act import CopyAct
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.web.app import create_app

from . import moments, promise
from .conftest import IS_LONG, SEED
from .deliveries import NAMESPACE, write
from .moments import Moment, perilune
from .promise import Keys

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace"),
]

ROUNDS = 120 if IS_LONG else 10
PRODUCTS = 9
HASTY = """
import sys
import perilune.federation.pull as pull
from perilune.cli import main

settle = pull.Round._settle

def logging_first(self, offer, outcome, run, into):
    settle(self, offer, outcome, run, into)
    pull.accession_copies(into, self._node)

pull.Round._settle = logging_first
main(sys.argv[1:])
"""
"""The command with one safeguard taken out: products are logged before their bytes have names."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A node that knows a served one and has copied nothing."""

    root: Path
    keys: Keys
    choices: tuple[Moment, ...]
    """Moments at which a round changes the node."""


def syncing(root: Path) -> list[str]:
    return perilune(root, "peer", "sync", "--json")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    owner = Node.create(folder / "owner", config.make("Owner", (NAMESPACE,)))
    for delivery in write(folder / "deliveries", Random(SEED), 3):
        deliver(delivery.path, owner, Options(releasability=Releasability.PUBLIC))
    settings = replace(config.make("Copier", ("urn:esa:psa",)), high_water=".")
    copier = Node.create(folder / "copier", settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(owner), log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        stranger = meet(f"http://127.0.0.1:{listener.getsockname()[1]}", copier)
        pin(stranger, Description.of(owner).fingerprint, copier)
        keys = Keys.of(copier)
        copier.close()
        watched = Path(shutil.copytree(folder / "copier", folder / "watched"))
        choices = moments.watched(syncing(watched), watched, folder / "trace")
        assert len(choices) > 50
        yield Pair(folder / "copier", keys, tuple(choices))
        server.should_exit = True
        thread.join(10)
    owner.close()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_round_leaves_nothing_half_visible_and_the_next_needs_no_help(
    number: int, pair: Pair, tmp_path: Path
) -> None:
    random = Random(f"{SEED} sync {number}")
    root = Path(shutil.copytree(pair.root, tmp_path / "node"))
    story = []

    with moments.seeing_heads(root) as heads:
        for is_second in (False, True)[: 2 if number % 3 == 2 else 1]:
            moment = random.choice(pair.choices)
            ended = moments.disturbed(syncing(root), moment, "signal=SIGKILL")
            story.append(f"{moment}: {ended.returncode}")
            assert ended.returncode == -SIGKILL or is_second, (story, ended.stderr)
            assert promise.broken(root, pair.keys, (), heads) == [], story
        ended = moments.run(syncing(root))

    assert ended.returncode == 0, (story, ended.stderr)
    [found] = json.loads(ended.stdout)["peers"]
    assert (found["held"], found["excepted"]) == (PRODUCTS, 0), story
    assert promise.broken(root, pair.keys, (), heads) == [], story
    assert promise.rebuilt_otherwise(root) == [], story
    assert left_behind(root) == [], story
    node = Node.open(root)
    copied = [act.lidvid for _, act in walk(node) if isinstance(act, CopyAct)]
    node.close()
    assert len(copied) == len(set(copied)) == PRODUCTS, story


def left_behind(root: Path) -> list[str]:
    incoming = [path.name for path in (root / "objects" / "incoming").iterdir()]
    parts = [path.name for path in (root / "peers").glob("*/parts/*")]
    return [name for name in incoming if name != "lock"] + parts


def test_a_log_written_before_the_bytes_have_their_names_does_not_survive_kills(
    pair: Pair, tmp_path: Path
) -> None:
    random = Random(f"{SEED} sync control")

    def hasty(root: Path) -> list[str]:
        return [sys.executable, "-c", HASTY, "-n", str(root), "peer", "sync", "--json"]

    watched = Path(shutil.copytree(pair.root, tmp_path / "watched"))
    found = moments.watched(hasty(watched), watched, tmp_path / "trace")
    names = [place for place, each in enumerate(found) if each.call == "rename"]
    logged = next(place for place in names if ', "/log/checkpoint' in found[place].arguments)
    named = next(place for place in names if ', "/objects/' in found[place].arguments)
    between = found[logged : named + 1]

    def breaks(number: int) -> bool:
        root = Path(shutil.copytree(pair.root, tmp_path / str(number)))
        moments.disturbed(hasty(root), random.choice(between), "signal=SIGKILL")
        return promise.broken(root, pair.keys, (), ()) != []

    assert any(breaks(number) for number in range(5))
