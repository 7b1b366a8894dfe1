"""Nodes and deliveries to be ill-treated, and how often: `PERILUNE_TORTURE` makes it long."""

import os
import shutil
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from perilune import config
from perilune.ingest.accession import record
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import catch_up
from perilune.ledger.tiles import WIDTH
from perilune.model.act import FixityAct
from perilune.node import Node

from .deliveries import NAMESPACE, Delivery, write
from .moments import HAS_STRACE, Moment, delivering, watched
from .promise import Acknowledged, Keys

SEED = int(os.environ.get("PERILUNE_TORTURE_SEED", "26"))
IS_LONG = bool(os.environ.get("PERILUNE_TORTURE"))


@dataclass(frozen=True, slots=True)
class Scene:
    """A node in which something was acknowledged already, and more to be handed in."""

    root: Path
    keys: Keys
    acknowledged: tuple[Acknowledged, ...]
    waiting: tuple[Delivery, ...]

    @property
    def deliveries(self) -> list[Delivery]:
        """All of them."""
        return [*(each.delivery for each in self.acknowledged), *self.waiting]


def make_scene(folder: Path, *, done: int, waiting: int) -> Scene:
    """A node under ``folder`` that has taken in ``done`` deliveries of ``done + waiting``."""
    deliveries = write(folder / "deliveries", Random(SEED), done + waiting)
    root = folder / "node"
    settings = config.make("Torture", (NAMESPACE,), origin="torture.example/log")
    settings = replace(settings, high_water=".")  # a copy of the node is a node of its own
    node = Node.create(root, settings)
    _fill(node, WIDTH - 4 * done)
    acknowledged = []
    for delivery in deliveries[:done]:
        outcome = deliver(delivery.path, node, Options(releasability=delivery.releasability))
        acknowledged.append(Acknowledged(delivery, outcome.receipt_note))
    keys = Keys.of(node)
    node.close()
    return Scene(root, keys, tuple(acknowledged), tuple(deliveries[done:]))


def _fill(node: Node, entries: int) -> None:
    """Acts before the first delivery, so that a tile of the log becomes full in a later one."""
    with node.writing():
        moments = islice(node.ticks(), entries - node.log.size)
        acts = [FixityAct(t=moment, objects=0, bytes=0, damaged=()) for moment in moments]
        record(acts, node, hidden=False)
        catch_up(node)


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Not to be changed; see `copied`."""
    return make_scene(tmp_path_factory.mktemp("scene"), done=2, waiting=3)


@pytest.fixture
def root(scene: Scene, tmp_path: Path) -> Path:
    """A copy of the scene's node."""
    return Path(shutil.copytree(scene.root, tmp_path / "node"))


@pytest.fixture(scope="session")
def choices(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> list[list[Moment]]:
    """For each delivery that waits, the moments at which taking it in changes the node."""
    folder = tmp_path_factory.mktemp("watched")
    found: list[list[Moment]] = []
    for delivery in scene.waiting if HAS_STRACE else ():
        root = folder / delivery.path.name
        shutil.copytree(scene.root, root)
        found.append(watched(delivering(root, delivery), root, folder / "trace"))
        assert found[-1], "no system call was seen"
    return found
