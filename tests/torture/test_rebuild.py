"""The catalogue made again: after damage of any kind, and though it was killed half-way."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from perilune.errors import Damaged
from perilune.node import Node

from . import moments, promise
from .conftest import IS_LONG, SEED, Scene
from .moments import Moment, perilune

pytestmark = pytest.mark.torture

ROUNDS = 60 if IS_LONG else 5


def rows(root: Path) -> list[str]:
    node = Node.open(root)
    try:
        return list(node.catalogue.dump())
    finally:
        node.close()


@pytest.fixture(scope="session")
def choices(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> list[Moment]:
    """The moments at which a rebuild changes the node."""
    folder = tmp_path_factory.mktemp("rebuilt")
    if not moments.HAS_STRACE:
        pytest.skip("needs strace")
    root = Path(shutil.copytree(scene.root, folder / "node"))
    found = moments.watched(perilune(root, "rebuild"), root, folder / "trace")
    assert any(each.call == "rename" for each in found)
    return found


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_rebuild_leaves_a_catalogue_that_is_whole(
    number: int, root: Path, scene: Scene, choices: list[Moment]
) -> None:
    moment = Random(f"{SEED} rebuild {number}").choice(choices)
    before = rows(root)

    ended = moments.disturbed(perilune(root, "rebuild"), moment, "signal=SIGKILL")

    assert ended.returncode == -SIGKILL, moment
    assert promise.broken(root, scene.keys, scene.acknowledged, ()) == [], moment
    assert rows(root) == before, moment
    assert moments.run(perilune(root, "rebuild")).returncode == 0
    assert rows(root) == before
    held = [each.delivery for each in scene.acknowledged]
    assert promise.unfinished(root, held) == [], moment


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(Random(SEED).randbytes(4096) + data[4096:])


@pytest.mark.parametrize("spoil", [cut_off, overwritten, Path.unlink])
def test_a_catalogue_that_is_damaged_or_gone_is_made_again(
    spoil: Callable[[Path], None], root: Path
) -> None:
    before = rows(root)
    spoil(root / "catalogue.sqlite")
    if spoil is not Path.unlink:
        with pytest.raises(Damaged):
            rows(root)

    ended = moments.run(perilune(root, "rebuild"))

    assert ended.returncode == 0, ended.stderr
    assert rows(root) == before
