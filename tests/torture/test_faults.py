"""A disk that fails or is full: nothing is acknowledged that is not kept, and nothing is left over.

The kernel fails one system call of ``perilune deliver``, at random among those that change the
node's folder; then the disk is well again.
"""

import re
from pathlib import Path
from random import Random

import pytest

from . import moments, promise
from .conftest import IS_LONG, SEED, Scene
from .moments import Moment, delivering
from .promise import Acknowledged

pytestmark = pytest.mark.torture

ROUNDS = 200 if IS_LONG else 12
_MUST_FAIL = re.compile("write|pwrite64|fsync|fdatasync|syncfs|rename.*|ftruncate")
_OF_SQLITE = "/catalogue.sqlite"


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
