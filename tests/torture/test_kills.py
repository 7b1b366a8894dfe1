"""SIGKILL at random moments of a delivery: nothing acknowledged lost, nothing half visible.

The moments are the system calls by which ``perilune deliver`` changes the node's folder, each as
likely as any other; in every third round the delivery that would mend the first kill is killed too.
"""

import re
import shutil
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from . import moments, promise
from .conftest import IS_LONG, SEED, Scene
from .moments import Moment, delivering, driving
from .promise import Acknowledged

pytestmark = pytest.mark.torture

ROUNDS = 200 if IS_LONG else 20


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_delivery_loses_nothing_and_the_next_one_needs_no_help(
    number: int, root: Path, scene: Scene, choices: list[list[Moment]]
) -> None:
    random = Random(f"{SEED} kill {number}")
    acknowledged = list(scene.acknowledged)
    victim = random.randrange(len(scene.waiting))
    delivery = scene.waiting[victim]
    story = []

    with moments.seeing_heads(root) as heads:
        for is_second in (False, True)[: 2 if number % 3 == 2 else 1]:
            if moments.HAS_STRACE:
                moment = random.choice(choices[victim])
                ended = moments.disturbed(delivering(root, delivery), moment, "signal=SIGKILL")
                story.append(f"{moment}: {ended.returncode}")
            else:
                incoming = root / "objects" / "incoming"
                ended = moments.killed_in_time(delivering(root, delivery), incoming, random)
            # a second delivery has less to do, and may be over before the moment comes
            assert ended.returncode == -SIGKILL or is_second or not moments.HAS_STRACE, story
            if ended.returncode == 0:
                acknowledged.append(Acknowledged.printed(delivery, ended.stdout))
            assert promise.broken(root, scene.keys, acknowledged, heads) == [], story

        ended = moments.run(delivering(root, delivery))
        assert ended.returncode == 0, (story, ended.stderr)
        acknowledged.append(Acknowledged.printed(delivery, ended.stdout))

    assert promise.broken(root, scene.keys, acknowledged, heads) == [], story
    assert (
        promise.unfinished(root, [*(each.delivery for each in scene.acknowledged), delivery]) == []
    ), story
    assert promise.rebuilt_otherwise(root) == [], story


@pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace")
def test_a_log_written_before_the_bytes_have_their_names_does_not_survive_kills(
    scene: Scene, tmp_path: Path
) -> None:
    random = Random(f"{SEED} control")
    delivery = scene.waiting[0]
    folder = tmp_path / "watched"

    def sabotaged(root: Path) -> list[str]:
        return driving(root, delivery, without="bytes_before_log")

    shutil.copytree(scene.root, folder)
    found = moments.watched(sabotaged(folder), folder, tmp_path / "trace")
    between = found[place_of(found, "/log/checkpoint") : place_of(found, "/objects/../") + 1]

    def breaks(number: int) -> bool:
        root = Path(shutil.copytree(scene.root, tmp_path / str(number)))
        moments.disturbed(sabotaged(root), random.choice(between), "signal=SIGKILL")
        return promise.broken(root, scene.keys, scene.acknowledged, ()) != []

    assert any(breaks(number) for number in range(5))


def place_of(found: list[Moment], target: str) -> int:
    """Where something was first given a name that matches ``target``."""
    pattern = re.compile(f', "{target}')
    names = (place for place, each in enumerate(found) if each.call == "rename")
    return next(place for place in names if pattern.search(found[place].arguments))
