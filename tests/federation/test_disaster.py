"""The drill: an owner's node is destroyed, and made again from its backup and its partner."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from starlette.responses import Response

from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import Unarmed
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.preservation.backup import Header, backup
from perilune.preservation.fixity import audit
from perilune.preservation.rebuild import rebuild
from perilune.preservation.restore import Restored, finish, unpack
from perilune.sealing.key import recipient_of
from perilune.sealing.keyring import Keyring, Recipients

from .scene import COPIER, Served, befriend, hand_in, kept_of, make, pull, served, write

IDENTITIES = [str(pyrage.x25519.Identity.generate()) for _ in range(2)]


@dataclass
class Disaster:
    """An owner with public and national holdings and copies, its partner, its backup."""

    owner: Served
    partner: Served
    root: Path
    file: Path
    header: Header
    rows: list[str]

    def strikes(self) -> None:
        """Nothing is left of the owner: neither its folder nor what its machine noted."""
        mark = self.owner.node.tiles.mark  # type: ignore[union-attr]
        assert mark is not None
        self.owner.node.close()
        shutil.rmtree(self.root)
        mark.path.unlink()

    def restored(self) -> tuple[Node, Restored, float]:
        started = time.monotonic()
        unpack(self.file, self.root, IDENTITIES)
        node = Node.open(self.root)
        result = finish(node)
        return node, result, time.monotonic() - started


def rows(node: Node) -> list[str]:
    """All that the catalogue has, but for how far it was read."""
    return [row for row in node.catalogue.dump() if not row.startswith('state ["applied"')]


@pytest.fixture
def disaster(owner: Served, tmp_path: Path) -> Iterator[Disaster]:
    """The backup is of before the last delivery and the last copy."""
    node = owner.node
    assert node.root is not None
    by_name = {str(place): recipient_of(each) for place, each in enumerate(IDENTITIES)}
    Keyring(node.root / "keys").keep_recipients(Recipients(2, by_name))
    partner = make(tmp_path, "partner", COPIER)
    with served(partner) as other:
        befriend(partner, owner)
        befriend(node, other)
        hand_in(partner, write(tmp_path / "theirs", ["far"], namespace=COPIER, seed=3))
        hidden = write(tmp_path / "hidden", ["ours"], seed=2)
        hand_in(node, hidden, releasability=Releasability.NATIONAL)
        for _ in range(2):
            pull(node, other)
            pull(partner, owner)
        file, header = backup(node, tmp_path)
        hand_in(partner, write(tmp_path / "more", ["farther"], namespace=COPIER, seed=4))
        hand_in(node, write(tmp_path / "later", ["later", "last"], seed=9))
        for _ in range(2):
            pull(node, other)
            pull(partner, owner)
        yield Disaster(owner, other, node.root, file, header, rows(node))
    partner.close()


def test_everything_comes_back_from_backup_and_partner_counted_and_timed(
    disaster: Disaster, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    newest, held = disaster.owner.node.log.checkpoint, 7
    assert search(Query(scope="own", limit=0), disaster.owner.node, OPERATOR).total == held + 1
    disaster.strikes()

    node, result, seconds = disaster.restored()

    record_property("seconds", seconds)
    assert seconds < 60
    assert (result.is_whole, result.lost, result.recovered.hidden) == (True, [], 0)
    assert node.log.checkpoint == newest
    assert result.recovered.entries == newest.size - disaster.header.size
    assert result.recovered.products == held, "all but the national one, which the backup has"
    assert rows(node) == disaster.rows
    assert audit(node).is_clean
    hand_in(node, write(tmp_path / "again", ["again"], seed=10))
    disaster.owner.__init__(node, disaster.owner.url)  # type: ignore[misc]
    pull(disaster.partner.node, disaster.owner)
    pull(node, disaster.partner)
    assert kept_of(disaster.partner.node, node).evidence() == []
    assert kept_of(node, disaster.partner.node).evidence() == []
    rebuild(node)


def test_what_the_partner_signed_for_is_not_in_the_backup(disaster: Disaster) -> None:
    public = [
        entry.sha256
        for hit in search(Query(limit=100), disaster.owner.node, OPERATOR).hits
        for entry in hit.manifest.files
        if hit.releasability is Releasability.PUBLIC
    ]

    unpack(disaster.file, disaster.root.parent / "looked", IDENTITIES)
    looked = Node.open(disaster.root.parent / "looked")

    assert disaster.header.with_peers == 4 * 3
    assert [name for name in public if name in looked.store] == []
    assert len(list(looked.store)) == disaster.header.objects
    looked.close()


def test_a_restore_waits_for_a_silent_partner_and_goes_on_when_it_answers(
    disaster: Disaster, tmp_path: Path
) -> None:
    disaster.strikes()
    disaster.partner.bend = lambda _request: Response(status_code=503)

    node, result, _ = disaster.restored()

    assert (result.is_whole, result.is_armed, result.lost) == (False, False, [])
    assert len(result.recovered.missing) == 4
    with pytest.raises(Unarmed):
        hand_in(node, write(tmp_path / "else", ["else"], seed=10))
    disaster.partner.bend = lambda _request: None
    again = finish(node)
    assert (again.is_whole, again.recovered.missing) == (True, [])
    assert rows(node) == disaster.rows
    node.close()


def test_what_only_the_lost_disk_had_is_counted_as_lost(disaster: Disaster, tmp_path: Path) -> None:
    hidden = write(tmp_path / "late", ["late"], seed=11)
    hand_in(disaster.owner.node, hidden, releasability=Releasability.NATIONAL)
    pull(disaster.partner.node, disaster.owner)
    disaster.strikes()

    node, result, _ = disaster.restored()

    assert (result.is_armed, result.is_whole, result.recovered.hidden) == (True, False, 1)
    assert rows(node) == disaster.rows
    node.close()
