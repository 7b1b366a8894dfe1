"""What is under embargo: held by the partner sealed, read by nobody, opened by its release act."""

import hashlib
from pathlib import Path

import pytest

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find
from perilune.errors import NotFound
from perilune.federation.custody import SealCounts
from perilune.ingest.release import release
from perilune.model.product import Embargo
from perilune.node import Node

from .scene import OWNER, Served, hand_in, pull, write

HIDDEN = f"{OWNER}:mission:data:veiled"


def deliver_dark(owner: Served, folder: Path, names: tuple[str, ...] = ("veiled",)) -> str:
    """Hand in products that nobody may know of; the name of the delivery."""
    outcome = hand_in(owner.node, write(folder, list(names), seed=9), embargo=Embargo.DARK)
    assert outcome.receipt is not None
    return outcome.receipt.delivery


def holds(root: Path, *words: bytes) -> list[Path]:
    """Files under ``root`` in which one of ``words`` stands."""
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_a_dark_delivery_is_held_sealed_and_opened_by_its_release_without_being_fetched(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    delivery = deliver_dark(owner, tmp_path / "dark")
    secret = find(HIDDEN, owner.node, OPERATOR).manifest.files[1]
    with owner.node.store.open(secret.sha256) as data:
        bytes_ = data.read()

    before = pull(copier, owner)

    assert before.counts.sealed == SealCounts(announced=1, held=1)
    assert before.is_undisputed
    for node in (owner.node, copier):
        with pytest.raises(NotFound):
            find(HIDDEN, node, VISITOR)
    with pytest.raises(NotFound):
        find(HIDDEN, copier, OPERATOR)
    assert copier.root is not None
    assert not holds(copier.root, b"veiled", bytes_[:64], secret.sha256.encode())

    release(delivery, owner.node)
    owner.asked.clear()
    after = pull(copier, owner)

    assert after.counts.sealed == SealCounts(announced=1, held=1, opened=1)
    assert after.copied == 1
    assert not [each for each in owner.asked if "sealed" in each or "objects" in each]
    theirs, ours = find(HIDDEN, owner.node, VISITOR), find(HIDDEN, copier, VISITOR)
    assert ours.manifest == theirs.manifest
    for entry in ours.manifest.files:
        with copier.store.open(entry.sha256) as data:
            assert hashlib.file_digest(data, "sha256").hexdigest() == entry.sha256
