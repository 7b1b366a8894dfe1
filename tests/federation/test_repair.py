"""Damage is repaired from the other node; where no good copy is, nothing is touched."""

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.ingest.projection import walk
from perilune.model.act import RepairAct
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.preservation.repair import audit_and_repair

from .scene import OWNER, Served, befriend, hand_in, pull, served, write


def place_of(node: Node, sha256: str) -> Path:
    assert node.root is not None
    return node.root / "objects" / sha256[:2] / sha256


def flip(node: Node, sha256: str) -> bytes:
    """Change one bit; what the file now holds."""
    path = place_of(node, sha256)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    return bytes(data)


def file_of(node: Node, name: str, number: int = 1) -> str:
    return find(f"{OWNER}:mission:data:{name}", node, OPERATOR).manifest.files[number].sha256


def test_the_copier_repairs_from_the_owner(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    good = place_of(owner.node, file_of(copier, "one")).read_bytes()
    bad = flip(copier, file_of(copier, "one"))
    place_of(copier, file_of(copier, "two", 0)).unlink()

    done = audit_and_repair(copier)

    assert done.is_clean
    assert {each.sha256: each.origin for each in done.repaired} == {
        file_of(copier, "one"): owner.node.config.origin,
        file_of(copier, "two", 0): owner.node.config.origin,
    }
    assert place_of(copier, file_of(copier, "one")).read_bytes() == good
    assert copier.root is not None
    [kept] = (copier.root / "objects" / "quarantine").iterdir()
    assert kept.read_bytes() == bad
    fixity = copier.catalogue.fixity()
    assert fixity is not None
    assert fixity.damaged == ()
    assert audit(copier).is_clean
    [repair] = [each for _, each in walk(copier) if isinstance(each, RepairAct)]
    assert repair.origin == owner.node.config.origin
    assert sorted(repair.repaired) == sorted(each.sha256 for each in done.repaired)


def test_the_owner_repairs_from_the_node_whose_receipt_it_has(owner: Served, copier: Node) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
        flip(owner.node, file_of(owner.node, "three"))

        done = audit_and_repair(owner.node)

    assert done.is_clean
    assert [each.origin for each in done.repaired] == [copier.config.origin]


def test_a_large_file_is_repaired_and_no_part_is_left(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=3 << 20))
    pull(copier, owner)
    flip(copier, file_of(copier, "large"))

    assert audit_and_repair(copier).is_clean

    assert copier.root is not None
    assert list((copier.root / "peers").glob("*/parts/*")) == []


def test_a_manifest_is_made_again_from_the_catalogue(owner: Served) -> None:
    manifest = find(f"{OWNER}:mission:data:one", owner.node, OPERATOR).manifest
    flip(owner.node, manifest.sha256)

    done = audit_and_repair(owner.node)

    assert done.is_clean
    assert [each.origin for each in done.repaired] == [owner.node.config.origin]
    assert place_of(owner.node, manifest.sha256).read_bytes() == manifest.encode()


def test_where_both_copies_are_bad_nothing_is_overwritten(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    name = file_of(copier, "one")
    flip(owner.node, name)
    bad = flip(copier, name)

    done = audit_and_repair(copier)

    assert not done.is_clean
    assert list(done.failed) == [name]
    assert place_of(copier, name).read_bytes() == bad
    fixity = copier.catalogue.fixity()
    assert fixity is not None
    assert fixity.damaged == (name,)


@pytest.mark.parametrize("body", [b"", b"something else", bytes(1 << 20)], ids=range(3))
def test_a_peer_that_gives_other_bytes_repairs_nothing(
    owner: Served, copier: Node, body: bytes
) -> None:
    pull(copier, owner)
    name = file_of(copier, "one")
    bad = flip(copier, name)

    def bend(request: Request) -> Response | None:
        return Response(body) if request.url.path.startswith("/objects/") else None

    owner.bend = bend
    done = audit_and_repair(copier)

    assert list(done.failed) == [name]
    assert place_of(copier, name).read_bytes() == bad


def test_nobody_is_asked_for_what_they_may_not_know_of(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    folder = write(tmp_path / "secret", ["kept_at_home"], seed=3)
    hand_in(owner.node, folder, releasability=Releasability.NATIONAL)
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
        flip(owner.node, file_of(owner.node, "kept_at_home"))
        flip(owner.node, file_of(owner.node, "one"))
        other.asked.clear()

        done = audit_and_repair(owner.node)

    assert [each.sha256 for each in done.repaired] == [file_of(owner.node, "one")]
    assert list(done.failed) == [file_of(owner.node, "kept_at_home")]
    assert not [path for path in other.asked if "kept_at_home" in path]
    hidden = [each for _, each in walk(owner.node) if isinstance(each, RepairAct)]
    raw = [each for each in owner.node.log.entries() if b'"act":"repair"' in each]
    assert len(hidden) == 1
    assert raw == [], "digests of a node with national holdings show only as a commitment"
