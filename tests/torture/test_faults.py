"""A disk that fails or is full: nothing is acknowledged that is not kept, and nothing is left over.

The kernel fails one system call of ``perilune deliver``, at random among those that change the
node's folder; then the disk is well again. And a real disk, of a few megabytes, is filled up.
"""

import json
import re
import shutil
from pathlib import Path
from random import Random

import pytest

from . import moments, power, promise
from .conftest import IS_LONG, SEED, Scene
from .moments import Moment, delivering
from .promise import Acknowledged

pytestmark = pytest.mark.torture

ROUNDS = 200 if IS_LONG else 12
_MUST_FAIL = re.compile("write|pwrite64|fsync|fdatasync|syncfs|rename.*|ftruncate")
_OF_SQLITE = "/catalogue.sqlite"
_PAGE = 4096
_TO_OPEN = 8
"""Pages that SQLite needs to open a catalogue, even to read."""


def must_fail(moment: Moment) -> bool:
    """Whether nothing may be acknowledged when this call fails.

    Tidying up may fail, and what SQLite does with its files after the commit.
    """
    return bool(_MUST_FAIL.fullmatch(moment.call)) and _OF_SQLITE not in moment.arguments


@pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_failing_disk_costs_a_refusal_and_nothing_else(
    number: int, error: str, root: Path, scene: Scene, choices: list[list[Moment]]
) -> None:
    random = Random(f"{SEED} {error} {number}")
    acknowledged = list(scene.acknowledged)
    victim = random.randrange(len(scene.waiting))
    delivery, moment = scene.waiting[victim], random.choice(choices[victim])

    with moments.seeing_heads(root) as heads:
        ended = moments.disturbed(delivering(root, delivery), moment, f"error={error}")
    if ended.returncode == 0:
        assert not must_fail(moment), moment
        acknowledged.append(Acknowledged.printed(delivery, ended.stdout))
    else:
        assert ended.returncode == 1, (moment, ended.stdout)
        assert "Traceback" not in ended.stderr, (moment, ended.stderr)

    assert promise.broken(root, scene.keys, acknowledged, heads) == [], moment
    again = moments.run(delivering(root, delivery))
    assert again.returncode == 0, (moment, again.stderr)
    acknowledged.append(Acknowledged.printed(delivery, again.stdout))
    assert promise.broken(root, scene.keys, acknowledged, heads) == [], moment
    held = [*(each.delivery for each in scene.acknowledged), delivery]
    assert promise.unfinished(root, held) == [], moment


@pytest.mark.skipif(not power.may_mount(), reason="needs root, to mount")
@pytest.mark.parametrize("free", range(0, 60, 3 if IS_LONG else 15))
def test_a_full_disk_takes_nothing_in_and_goes_on_when_there_is_room(
    free: int, scene: Scene, tmp_path: Path
) -> None:
    sizes = [path.stat().st_size for path in scene.root.rglob("*") if path.is_file()]
    used = sum(-(-size // _PAGE) for size in sizes)
    with power.small_disk(tmp_path, size=(used + free) * _PAGE) as disk:
        root = Path(shutil.copytree(scene.root, disk / "node"))
        ended = [(each, moments.run(delivering(root, each))) for each in scene.waiting]
        acknowledged = list(scene.acknowledged)
        for each, done in ended:
            if done.returncode == 0:
                acknowledged.append(Acknowledged.printed(each, done.stdout))
            else:
                assert json.loads(done.stdout)["error"]["code"] == "no-space", done.stderr

        assert len(acknowledged) < len(scene.deliveries)
        if free >= _TO_OPEN:
            assert promise.broken(root, scene.keys, acknowledged, ()) == []
        power.enlarge(disk, size=8 * used * _PAGE)

        assert promise.refused(root, scene.deliveries) == []
        assert promise.broken(root, scene.keys, acknowledged, ()) == []
        assert promise.unfinished(root, scene.deliveries) == []
