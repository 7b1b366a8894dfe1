"""Hostile containers, handed in by the thousand: one clear fault each, nothing anywhere else."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from starlette.testclient import TestClient

from perilune import config
from perilune.errors import DeliveryRefused
from perilune.ingest.delivery import Outcome, deliver
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.web.app import create_app

from .conftest import IS_LONG, SEED
from .containers import PACKINGS, Files, Zipped, bombs, hostile, with_a_large_window, zipped
from .deliveries import NAMESPACE, write

CONTAINERS = 10_000 if IS_LONG else 250
MUTATIONS = 2_000 if IS_LONG else 60
MOST_MEMORY_KB = 512 << 10


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a good delivery."""
    [delivery] = write(tmp_path_factory.mktemp("right"), Random(SEED), 1)
    found = sorted(path for path in delivery.path.rglob("*") if path.is_file())
    return {path.relative_to(delivery.path).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    settings = config.make("Hostile", (NAMESPACE,), releasability=Releasability.PUBLIC)
    node = Node.create(tmp_path / "here" / "node", settings)
    with node.store.batch():
        pass  # so that its folders are there
    yield node
    node.close()


def what_lies_around(node: Node) -> dict[str, int]:
    """Every path under the folder that the node's own lies in, with its size."""
    assert node.root is not None
    around = node.root.parent.parent
    return {
        str(path): path.lstat().st_size if path.is_file() else -1
        for path in around.rglob("*")
        if not path.name.startswith("catalogue.sqlite")
    }


def handed_in(data: bytes, node: Node) -> Outcome:
    return deliver(io.BytesIO(data), node)


def test_each_hostile_container_gets_its_one_fault_and_leaves_nothing(
    node: Node, right: Files
) -> None:
    assert node.root is not None
    (node.root / "quarantine").mkdir()
    (node.root / "quarantine" / "lock").touch()
    before = what_lies_around(node)

    for seed in range(SEED, SEED + CONTAINERS):
        made = hostile(seed, right)
        outcome = handed_in(made.data, node)

        faults = [each for each in outcome.report.messages if each.severity == "error"]
        assert {each.type for each in faults} == {made.kind}, (made.what, outcome.as_text())
        assert len(faults) == 1, (made.what, outcome.as_text())
        assert (outcome.receipt, outcome.accepted) == (None, 0), made.what
        assert json.loads(json.dumps(outcome.document())) == outcome.document()
        assert outcome.as_text().replace("\n", "").isprintable(), made.what

    assert what_lies_around(node) == before
    assert node.log.size == 1
    page = TestClient(create_app(node)).get("/")
    assert page.status_code == 200
    good = handed_in(zipped(*(Zipped(name=n.encode(), data=d) for n, d in right.items())), node)
    assert good.is_complete, good.as_text()


def test_a_container_with_a_byte_changed_is_refused_or_is_the_same(
    node: Node, right: Files
) -> None:
    first = handed_in(zipped(*(Zipped(name=n.encode(), data=d) for n, d in right.items())), node)
    assert first.receipt is not None
    size = node.log.size
    draw = Random(SEED)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as made:
        for name, data in right.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    wholes = [pack(plain.getvalue()) for pack in PACKINGS]
    wholes.append(zipped(*(Zipped(name=n.encode(), data=d) for n, d in right.items())))

    for number in range(MUTATIONS):
        changed = bytearray(draw.choice(wholes))
        for _ in range(draw.randrange(1, 4)):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        try:
            outcome = handed_in(bytes(changed), node)
        except DeliveryRefused:  # no label was left
            continue
        if outcome.receipt is None:
            assert outcome.report.messages, number
        else:  # a time or an owner was changed, which nobody keeps
            assert outcome.receipt.counts.held == first.receipt.counts.labels, number

    assert node.log.size == size


_IN_A_PROCESS_OF_ITS_OWN = """
import json, re, sys
from pathlib import Path
from perilune.ingest.delivery import deliver
from perilune.node import Node

node = Node.open(Path(sys.argv[1]))
outcome = deliver(Path(sys.argv[2]), node)
node.close()
print(json.dumps([
    [each.type for each in outcome.report.messages],
    int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]),
]))
"""


def test_bombs_cost_little_memory_and_are_told_as_what_they_are(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    for made in (*bombs(), with_a_large_window()):
        path.write_bytes(made.data)

        done = subprocess.run(
            [sys.executable, "-c", _IN_A_PROCESS_OF_ITS_OWN, str(node.root), str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

        assert done.returncode == 0, (made.what, done.stderr)
        types, memory_kb = json.loads(done.stdout)
        assert types == [made.kind], made.what
        assert memory_kb <= MOST_MEMORY_KB, made.what
    assert node.root is not None
    assert [each.name for each in (node.root / "quarantine").iterdir()] == ["lock"]
