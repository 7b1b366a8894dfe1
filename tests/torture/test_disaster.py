"""SIGKILL at random moments of a rotation and of a restore: the next command needs no help.

The partner is served on this machine all the while; what is killed is the owner's command.
"""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from signal import SIGKILL

import pyrage
import pytest
import uvicorn

from perilune import config
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import meet, pin
from perilune.federation.pull import sync
from perilune.ingest.delivery import Options, deliver
from perilune.model.product import Releasability
from perilune.node import USES, Node
from perilune.preservation.backup import backup
from perilune.sealing.key import recipient_of
from perilune.sealing.keyring import Keyring, Recipients
from perilune.web.app import create_app

from . import moments
from .conftest import IS_LONG, SEED
from .deliveries import NAMESPACE, write
from .moments import perilune

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace"),
]

ROUNDS = 60 if IS_LONG else 5


@dataclass(frozen=True, slots=True)
class Drill:
    """An owner whose partner holds all that it published, and its backup."""

    root: Path
    partner: Node
    file: Path
    identity: Path
    rows: list[str]


def rows(node: Node) -> list[str]:
    return [row for row in node.catalogue.dump() if not row.startswith('state ["applied"')]


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("drill")
    settings = replace(config.make("Owner", (NAMESPACE,)), high_water="../marks")
    owner = Node.create(folder / "of" / "owner", settings)
    partner = Node.create(folder / "partner", config.make("Partner", ("urn:esa:psa",)))
    identity = str(pyrage.x25519.Identity.generate())
    (folder / "identity").write_text(f"{identity}\n")
    keyring = Keyring(folder / "of" / "owner" / "keys")
    keyring.keep_recipients(Recipients(1, {"one": recipient_of(identity)}))
    deliveries = write(folder / "deliveries", Random(SEED), 3)
    deliver(deliveries[0].path, owner, Options(releasability=Releasability.PUBLIC))
    file, _ = backup(owner, folder)
    for delivery in deliveries[1:]:
        deliver(delivery.path, owner, Options(releasability=Releasability.PUBLIC))
    with serving(owner) as theirs, serving(partner) as ours:
        for node, other, url in ((owner, partner, ours), (partner, owner, theirs)):
            pin(meet(url, node), Description.of(other).fingerprint, node)
        for _ in range(2):
            for node in (partner, owner):
                [peer] = Peers.of(node).members()
                sync(peer, node)
        file.unlink()
        file, _ = backup(owner, folder)
        found = rows(owner)
        owner.close()
        yield Drill(folder / "of" / "owner", partner, file, folder / "identity", found)
    partner.close()


class serving:  # noqa: N801  # used as a function
    """A node on a free port of this machine."""

    def __init__(self, node: Node) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        settings = uvicorn.Config(create_app(node), log_level="critical", lifespan="off")
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), daemon=True
        )

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_anything: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_rotation_is_undone_or_ended_and_the_partner_follows(
    number: int, drill: Drill, tmp_path: Path
) -> None:
    random = Random(f"{SEED} rotate {number}")
    use = USES[number % len(USES)]
    watched = Path(shutil.copytree(drill.root.parent, tmp_path / "watched")) / "owner"
    found = moments.watched(rotating(watched, use), watched, tmp_path / "trace")
    assert len(found) > 10
    root = Path(shutil.copytree(drill.root.parent, tmp_path / "of")) / "owner"
    before = dict(keys(root))
    moment = random.choice(found)

    with moments.seeing_heads(root) as heads:
        ended = moments.disturbed(rotating(root, use), moment, "signal=SIGKILL")
        assert ended.returncode == -SIGKILL, (moment, ended.stderr)
        after = dict(keys(root))

    changed = {each for each in USES if before[each] != after[each]}
    assert changed <= {use}, moment
    node = Node.open(root)
    versions = len(Peers.of(node).versions())
    assert versions == (3 if changed else 2), moment
    for head in heads:
        size = int(head.split(b"\n")[1])
        assert size <= node.log.size
    assert not list((root / "keys").glob("*.next.pem")), moment
    node.close()
    again = moments.run(rotating(root, use))
    assert again.returncode == 0, (moment, again.stderr)
    assert keys(root)[use] not in (before[use], after[use])


def rotating(root: Path, use: str) -> list[str]:
    return perilune(root, "keys", "rotate", use, "--json")


def keys(root: Path) -> dict[str, str]:
    """The keys that the node uses, as the next command finds them."""
    done = moments.run(perilune(root, "keys", "list", "--json"))
    assert done.returncode == 0, done.stderr
    return {each["use"]: each["vkey"] for each in json.loads(done.stdout)["keys"]}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_restore_is_begun_again_or_goes_on_and_everything_is_back(
    number: int, drill: Drill, tmp_path: Path
) -> None:
    random = Random(f"{SEED} restore {number}")
    place = tmp_path / "again"

    def restoring(folder: Path) -> list[str]:
        words = ("restore", str(drill.file), str(folder / "owner"))
        return [*perilune(folder, *words, "--identity", str(drill.identity), "--json")]

    watched = tmp_path / "watched"
    watched.mkdir()
    found = moments.watched(restoring(watched), watched, tmp_path / "trace")
    assert len(found) > 50
    place.mkdir()
    moment = random.choice(found)

    ended = moments.disturbed(restoring(place), moment, "signal=SIGKILL")
    assert ended.returncode == -SIGKILL, (moment, ended.stderr)
    root = place / "owner"
    command = perilune(root, "restore", "--json") if root.exists() else restoring(place)
    again = moments.run(command)

    assert again.returncode == 0, (moment, again.stdout, again.stderr)
    told = json.loads(again.stdout)
    assert (told["armed"], told["missing"], told["lost"]) == (True, [], []), moment
    node = Node.open(root)
    assert rows(node) == drill.rows, moment
    node.log.check()
    node.close()
    left = [path.name for path in place.iterdir() if path.name not in ("owner", "marks")]
    assert left == [], moment
