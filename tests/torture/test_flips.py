"""One bit changes: the audit finds it and names it, and no reader ever gets it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from perilune.access import read
from perilune.access.extract import extract
from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import Damaged, LogInconsistent
from perilune.ingest import check
from perilune.ingest.delivery import deliver
from perilune.ledger.tiles import WIDTH
from perilune.node import Node
from perilune.preservation.fixity import audit

from . import moments
from .conftest import IS_LONG, SEED, Scene
from .deliveries import Delivery, write
from .moments import perilune

pytestmark = pytest.mark.torture

FLIPS = 1000 if IS_LONG else 50


@contextmanager
def flipped(path: Path, random: Random) -> Iterator[None]:
    """Within it, one bit of the file is another."""
    before = path.read_bytes()
    flip(path, random)
    try:
        yield
    finally:
        path.write_bytes(before)


def flip(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    bit = random.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def objects(root: Path) -> list[Path]:
    return sorted(path for path in (root / "objects").glob("??/*") if path.stat().st_size)


def served_in_spite_of(sha256: str, node: Node, folder: Path) -> list[str]:
    """Files that come out although their object was changed, by reading or by taking out."""
    served = []
    for holding in search(Query(limit=1000, versions="all"), node, OPERATOR).hits:
        for entry in holding.manifest.files:
            if entry.sha256 != sha256:
                continue
            with suppress(Damaged):
                served.append(f"{entry.path}: {len(read.whole(entry, node))} bytes")
            with suppress(Damaged):
                extract(holding, node, folder / holding.product.id.lid.text.replace(":", "_"))
                served.append(entry.path)
    return served


def test_every_changed_bit_of_an_object_is_found_named_and_never_served(
    root: Path, tmp_path: Path
) -> None:
    random = Random(f"{SEED} flips")
    node = Node.open(root)

    for number in range(FLIPS):
        path = random.choice(objects(root))
        with flipped(path, random):
            found = audit(node)
            assert [(each.sha256, each.state) for each in found.damage] == [(path.name, "changed")]
            assert found.log_is_sound
            assert served_in_spite_of(path.name, node, tmp_path / str(number)) == []
    assert audit(node).is_clean
    node.close()


def test_a_reader_that_believes_the_disk_serves_changed_bits(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Believed(str):
        __slots__ = ()

        def __ne__(self, _other: object) -> bool:
            return False

        def __eq__(self, _other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    believing = SimpleNamespace(sha256=lambda _data: SimpleNamespace(hexdigest=Believed))
    monkeypatch.setattr(read, "hashlib", believing)
    random = Random(f"{SEED} believed")
    node = Node.open(root)
    path = root / "objects" / (name := file_object(node))[:2] / name

    with flipped(path, random):
        assert served_in_spite_of(name, node, tmp_path / "out") != []
    node.close()


def file_object(node: Node) -> str:
    return search(Query(limit=1), node, OPERATOR).hits[0].manifest.files[1].sha256


def test_perilune_audit_names_each_changed_object_and_ends_with_3(root: Path) -> None:
    random = Random(f"{SEED} audit")
    changed = random.sample(objects(root), 5)
    for path in changed:
        flip(path, random)

    ended = moments.run(perilune(root, "audit", "--json"))

    assert ended.returncode == 3, ended.stderr
    named = {each["sha256"] for each in json.loads(ended.stdout)["damage"]}
    assert named == {path.name for path in changed}


def covered_by_the_head(root: Path) -> list[Path]:
    """The checkpoint, the full tiles and bundles, and the newest partial ones."""
    log = root / "log"
    node = Node.open(root)
    size = node.log.size
    node.close()
    widths, count = {"entries": size % WIDTH}, size
    for level in range(64):
        widths[str(level)], count = count % WIDTH, count // WIDTH
    files = [path for path in (log / "tile").rglob("*") if path.is_file()]
    newest = [
        path
        for path in files
        if not path.parent.name.endswith(".p")
        or int(path.name) == widths[path.relative_to(log).parts[1]]
    ]
    return [log / "checkpoint", *sorted(newest)]


def test_every_changed_bit_of_the_log_is_found(root: Path, scene: Scene) -> None:
    random = Random(f"{SEED} log")
    node = Node.open(root)
    for each in scene.waiting:
        deliver(each.path, node)
    node.close()
    files = covered_by_the_head(root)
    assert len(files) == 6, "checkpoint, full and partial bundle, two tiles below and one above"

    for _ in range(FLIPS):
        path = random.choice(files)
        with flipped(path, random), pytest.raises(LogInconsistent):
            look_through(root)
    look_through(root)


def look_through(root: Path) -> None:
    node = Node.open(root)
    try:
        node.log.check()
    finally:
        node.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Delivery:
    return write(tmp_path / "fresh", Random(f"{SEED} fresh"), 1)[0]


def refusals(node: Node, fresh: Delivery, random: Random, times: int) -> list[bool]:
    """Whether the delivery was refused for its MD5, each time with one bit of a file changed."""
    data = [fresh.path / name for name in sorted(fresh.files) if not name.endswith(".xml")]
    refused = []
    for _ in range(times):
        path = random.choice(data)
        with flipped(path, random):
            outcome = deliver(fresh.path, node)
        names = {(message.type, message.path) for message in outcome.report.messages}
        name = str(path.relative_to(fresh.path))
        refused.append(outcome.receipt is None and ("error.label.checksum_mismatch", name) in names)
    return refused


def test_every_changed_bit_of_a_delivery_is_refused_by_the_md5_of_its_label(
    fresh: Delivery,
) -> None:
    node = Node.in_memory()

    refused = refusals(node, fresh, Random(f"{SEED} md5"), FLIPS // 5)

    assert all(refused)
    assert node.log.size == 1
    assert list(node.store) == []


def test_a_check_that_leaves_out_the_md5_takes_changed_bits_in(
    fresh: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check._State, "_compare", lambda *_anything: None)

    refused = refusals(Node.in_memory(), fresh, Random(f"{SEED} md5"), 1)

    assert refused == [False]
