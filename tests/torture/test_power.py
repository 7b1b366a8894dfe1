"""Power cuts: what was acknowledged is there again, whatever the disk had not yet written.

Deliveries are recorded write by write on a disk of ours; then power goes at moments of that
recording, half of them the very moment a receipt was given, half any other. A build without one of
its safeguards must not pass.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import pytest

from perilune import config
from perilune.node import Node

from . import power, promise
from .conftest import IS_LONG, SEED, Scene
from .deliveries import NAMESPACE, Delivery
from .moments import DRIVER
from .power import Disk, Recording
from .promise import Acknowledged

WHY_NOT = power.why_not()
pytestmark = [pytest.mark.torture, pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")]

CUTS = 250 if IS_LONG else 16
MOST_CUTS_OF_A_CONTROL = 100


@dataclass(frozen=True, slots=True)
class Story:
    """A recorded run of deliveries, and what was said outside at which event."""

    recording: Recording
    begin: int
    acknowledged: tuple[tuple[int, Acknowledged], ...]
    heads: tuple[tuple[int, bytes], ...]

    def cut(self, random: Random) -> int:
        """A moment for power to go."""
        if random.random() < 0.5:
            return random.choice(self.acknowledged)[0]
        return random.randrange(self.begin, len(self.recording.events) + 1)


def told(folder: Path, scene: Scene, *, is_busy: bool, without: str | None = None) -> Story:
    """Record the deliveries that wait, beside another program that syncs all the time if busy."""
    acknowledged = []
    with power.recorded(folder) as disk:
        root = Path(shutil.copytree(scene.root, disk.mount / "node"))
        subprocess.run(["sync", "-f", str(root)], check=True)
        begin = disk.position
        with seeing_heads(root, disk) as heads, syncing(disk.mount, is_busy=is_busy):
            for delivery, note in delivered(root, scene, without):
                acknowledged.append((disk.position, Acknowledged(delivery, note)))
    recording = power.recording(folder)
    return Story(
        recording,
        recording.count(begin),
        tuple((recording.count(position), each) for position, each in acknowledged),
        tuple((recording.count(position), head) for head, position in heads.items()),
    )


def delivered(root: Path, scene: Scene, without: str | None) -> Iterator[tuple[Delivery, bytes]]:
    """Each delivery that waits, and its receipt, at the moment it is given."""
    command = [sys.executable, str(DRIVER), *(["--without", without] if without else []), str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for delivery in scene.waiting:
            print(delivery.releasability.value, delivery.path, file=process.stdin, flush=True)
            yield delivery, json.loads(process.stdout.readline()).encode()


@contextmanager
def seeing_heads(root: Path, disk: Disk) -> Iterator[dict[bytes, int]]:
    """Signed heads as a reader of the node sees them, and what was recorded when they were seen."""
    heads: dict[bytes, int] = {}

    def look() -> None:
        head = (root / "log" / "checkpoint").read_bytes()
        heads.setdefault(head, disk.position)

    with again_and_again(look, 0.001):
        yield heads


@contextmanager
def syncing(mount: Path, *, is_busy: bool) -> Iterator[None]:
    """Another program that makes its own small file durable, again and again."""
    numbers = count()

    def write() -> None:
        with (mount / "other").open("wb", buffering=0) as file:
            file.write(b"%d" % next(numbers))
            os.fsync(file.fileno())

    with again_and_again(write if is_busy else lambda: None, 0.002):
        yield


@contextmanager
def again_and_again(act: Callable[[], None], pause_s: float) -> Iterator[None]:
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(pause_s):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def broken_at(story: Story, cut: int, random: Random, scene: Scene, folder: Path) -> list[str]:
    """Promises broken when power goes at ``cut``."""
    with power.mounted(story.recording.cut(cut, random), folder) as mount:
        return promise.broken(mount / "node", scene.keys, *known_at(story, cut, scene))


def broken_after(story: Story, cut: int, random: Random, scene: Scene, folder: Path) -> list[str]:
    """Promises broken when power goes at ``cut``, or else once everything is handed in again."""
    with power.mounted(story.recording.cut(cut, random), folder) as mount:
        root, known = mount / "node", known_at(story, cut, scene)
        return (
            promise.broken(root, scene.keys, *known)
            or promise.refused(root, scene.deliveries)
            or promise.broken(root, scene.keys, *known)
            or promise.unfinished(root, scene.deliveries)
            or promise.rebuilt_otherwise(root)
        )


def known_at(story: Story, cut: int, scene: Scene) -> tuple[list[Acknowledged], list[bytes]]:
    """Receipts given and heads seen before power goes at ``cut``."""
    acknowledged = [*scene.acknowledged, *(each for at, each in story.acknowledged if at <= cut)]
    return acknowledged, [head for at, head in story.heads if at <= cut]


@pytest.mark.parametrize("is_busy", [False, True], ids=["alone", "beside another program"])
def test_after_a_power_cut_everything_acknowledged_is_there_and_the_rest_can_be_handed_in(
    scene: Scene, tmp_path: Path, *, is_busy: bool
) -> None:
    random = Random(f"{SEED} power {is_busy}")
    story = told(tmp_path, scene, is_busy=is_busy)
    assert len(story.acknowledged) == len(scene.waiting)

    for number in range(CUTS):
        cut = story.cut(random)
        faults = broken_after(story, cut, random, scene, tmp_path)
        assert faults == [], f"cut {number}, after event {cut} of {len(story.recording.events)}"


@pytest.mark.parametrize(
    "safeguard",
    [
        "sync_of_the_store",
        "sync_of_the_tiles",
        "sync_of_the_head",
        "sync_of_the_catalogue",
        "sync_of_the_receipt",
        "data_before_name",
    ],
)
def test_a_build_without_one_of_its_safeguards_does_not_survive_power_cuts(
    safeguard: str, scene: Scene, tmp_path: Path
) -> None:
    random = Random(f"{SEED} {safeguard}")
    story = told(tmp_path, scene, is_busy=False, without=safeguard)

    assert any(
        broken_at(story, story.cut(random), random, scene, tmp_path)
        for _ in range(MOST_CUTS_OF_A_CONTROL)
    )


def test_a_node_being_made_is_there_whole_or_not_at_all_when_power_goes(tmp_path: Path) -> None:
    random = Random(f"{SEED} init")
    settings = config.make("Torture", (NAMESPACE,), origin="torture.example/log")
    with power.recorded(tmp_path) as disk:
        begin = disk.position
        Node.create(disk.mount / "node", settings).close()
        made = disk.position
    recording = power.recording(tmp_path)
    first, last = recording.count(begin), recording.count(made)

    for cut in [last, *(random.randrange(first, last) for _ in range(CUTS // 2))]:
        with power.mounted(recording.cut(cut, random), tmp_path) as mount:
            root = mount / "node"
            if cut == last or root.exists():
                node = Node.open(root)
                node.log.check()
                assert node.log.size == 1
                node.close()
