"""Two honest nodes: what one publishes openly, the other holds, once, and says so."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import NotFound
from perilune.federation.custody import Counts, CustodyReceipt
from perilune.federation.folder import GIVEN, SEEN, TAKEN, WITNESSED, Peers
from perilune.federation.pull import sync
from perilune.federation.replica import State
from perilune.federation.status import elsewhere, status_of
from perilune.ingest.projection import walk
from perilune.ingest.release import release
from perilune.ledger import tree
from perilune.ledger.note import open_note
from perilune.model.act import CopyAct, PublishAct, ReceiveAct
from perilune.model.product import Lifecycle, Releasability
from perilune.model.reading import time_text
from perilune.model.timetable import Timetable
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.preservation.rebuild import rebuild
from perilune.web.app import create_app

from .scene import COPIER, OWNER, Served, befriend, hand_in, kept_of, make, pull, served, write

ONE = f"{OWNER}:mission:data:one"


def test_what_is_published_openly_is_held_byte_for_byte_after_one_round(
    owner: Served, copier: Node
) -> None:
    done = pull(copier, owner)

    assert (done.copied, done.counts) == (3, Counts(published=3, held=3))
    assert done.is_undisputed
    for theirs in search(Query(limit=10), owner.node, OPERATOR).hits:
        ours = find(str(theirs.product.id), copier, VISITOR)
        assert ours.manifest == theirs.manifest
        assert ours.product == theirs.product
        assert (ours.origin, theirs.origin) == (owner.node.config.origin, "")
        for entry in ours.manifest.files:
            with copier.store.open(entry.sha256) as data:
                assert hashlib.file_digest(data, "sha256").hexdigest() == entry.sha256


def test_the_own_log_tells_what_was_copied_from_which_entry(owner: Served, copier: Node) -> None:
    pull(copier, owner)

    copies = [each for _, each in walk(copier) if isinstance(each, CopyAct)]
    assert len(copies) == 3
    for each in copies:
        entry = owner.node.log.entry(each.index)
        assert each.leaf == tree.leaf_hash(entry).hex()
        assert each.origin == owner.node.log.origin


def test_a_second_round_asks_for_no_product_and_adds_nothing_to_either_log(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
        pull(copier, owner)
        sizes = owner.node.log.size, copier.log.size
        owner.asked.clear()

        again, back = pull(copier, owner), pull(owner.node, other)

    assert (again.copied, back.copied) == (0, 0)
    assert (owner.node.log.size, copier.log.size) == sizes
    asked = ("/objects/", "/manifests/", "/federation/products")
    assert not [path for path in owner.asked if path.startswith(asked)]


def test_only_what_is_new_is_fetched_when_the_owner_publishes_more(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    pull(copier, owner)
    hand_in(owner.node, write(tmp_path / "second", ["four"], seed=2))
    owner.asked.clear()

    done = pull(copier, owner)

    assert (done.copied, done.counts.held) == (1, 4)
    assert owner.asked.count("/federation/products") == 1


def test_what_is_not_public_is_neither_named_nor_asked_for(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    folder = write(tmp_path / "secret", ["kept_at_home"], seed=3)
    hand_in(owner.node, folder, releasability=Releasability.NATIONAL)

    done = pull(copier, owner)

    assert done.counts == Counts(published=3, held=3, hidden=1)
    assert not [path for path in owner.asked if "kept_at_home" in path]
    assert copier.root is not None
    for path in copier.root.rglob("*"):
        assert not path.is_file() or b"kept_at_home" not in path.read_bytes(), path


def test_what_is_not_released_is_an_exception_until_it_is(tmp_path: Path) -> None:
    node = make(tmp_path, "owner", OWNER, lifecycle=Lifecycle.NOT_REVIEWED)
    outcome = hand_in(node, write(tmp_path / "first", ["one", "two"]))
    copier = make(tmp_path, "copier", COPIER)
    with served(node) as owner:
        befriend(copier, owner)
        before = pull(copier, owner)
        assert outcome.receipt is not None
        release(outcome.receipt.delivery, node)
        after = pull(copier, owner)

    assert [each.why for each in before.excepted] == [State.NOT_RELEASED] * 2
    assert before.counts == Counts(published=2, excepted=2)
    assert before.is_undisputed
    assert (after.copied, after.counts) == (2, Counts(published=2, held=2))
    assert find(ONE, copier, VISITOR).lifecycle is Lifecycle.RELEASED


def test_large_files_come_in_pieces_and_are_gone_on_with(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=9 << 20))
    [holding] = search(Query(text="large", limit=1), owner.node, OPERATOR).hits
    entry = holding.manifest.files[1]
    with owner.node.store.open(entry.sha256) as data:
        part = data.read(3 << 20)
    kept_of(copier, owner.node).part(entry.sha256).write_bytes(part[:-10] + b"x" * 10)
    ranges: list[str | None] = []

    def noting(request: object) -> None:
        ranges.append(request.headers.get("range"))  # type: ignore[attr-defined]

    owner.bend = noting
    pull(copier, owner)

    assert sorted(each for each in ranges if each) == [
        f"bytes={2 << 20}-{(6 << 20) - 1}",
        f"bytes={6 << 20}-{entry.size - 1}",
    ]
    assert find(str(holding.product.id), copier, OPERATOR).manifest == holding.manifest
    assert kept_of(copier, owner.node).parts() == []


def test_the_owner_gets_a_custody_receipt_and_a_cosignature_that_it_can_verify(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        peer = befriend(owner.node, other)
        pull(copier, owner)
        done = pull(owner.node, other)
    kept = kept_of(owner.node, copier)
    note, seen = kept.note(GIVEN), kept.note(SEEN)
    assert note is not None
    assert seen is not None

    receipt = CustodyReceipt.verify(note, peer.who.keys["custody"])
    opened = open_note(seen, [owner.node.signer("log").verifier, peer.who.keys["witness"]])

    assert done.given == receipt
    assert receipt.log.root == owner.node.log.root_at(receipt.log.size)
    assert receipt.counts == Counts(published=3, held=3)
    assert len(opened.signed_by) == 2
    received = [each for _, each in walk(copier) if isinstance(each, ReceiveAct)]
    assert [each.receipt for each in received] == [hashlib.sha256(note).hexdigest()]
    assert received[0].exception_list == receipt.exceptions
    assert {receipt.exceptions, received[0].receipt} <= set(copier.store)


def test_the_status_tells_what_is_here_what_is_there_and_what_is_not_covered(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    with served(copier) as other:
        peer = befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
    hand_in(owner.node, write(tmp_path / "second", ["four", "five"], seed=2))

    found = status_of(peer, owner.node)

    assert found.there is not None
    assert found.there.counts.held == 3
    assert found.here is not None
    assert found.here.counts == Counts()
    assert found.uncovered == 2
    assert found.witnessed is not None
    assert found.evidence == ()
    [there] = elsewhere(find(ONE, owner.node, OPERATOR), owner.node)
    assert (there.name, there.is_owner, there.verified) == ("copier", False, found.there.t)
    assert elsewhere(find(f"{OWNER}:mission:data:four", owner.node, OPERATOR), owner.node) == []
    [back] = elsewhere(find(ONE, copier, OPERATOR), copier)
    assert (back.name, back.is_owner) == ("owner", True)


def test_the_catalogue_with_copies_can_be_rebuilt_and_everything_is_intact(
    owner: Served, copier: Node
) -> None:
    pull(copier, owner)
    before = list(copier.catalogue.dump())

    assert audit(copier).is_clean
    rebuild(copier)
    assert copier.root is not None
    again = Node.open(copier.root)

    assert [row for row in again.catalogue.dump() if not row.startswith("state")] == [
        row for row in before if not row.startswith("state")
    ]
    assert find(ONE, again, OPERATOR).origin == owner.node.config.origin
    again.close()


def test_what_both_publish_is_in_both(owner: Served, copier: Node, tmp_path: Path) -> None:
    hand_in(copier, write(tmp_path / "theirs", ["six"], namespace=COPIER, seed=5))
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)

        for node in (owner.node, copier):
            assert search(Query(limit=0), node, VISITOR).total == 4
            published = [each for _, each in walk(node) if isinstance(each, PublishAct)]
            assert {node.config.owns(each.lidvid.lid.text) for each in published} == {True}


def test_a_log_longer_than_a_tile_is_copied_whole(owner: Served, tmp_path: Path) -> None:
    names = [f"n{number:03d}" for number in range(300)]
    hand_in(owner.node, write(tmp_path / "many", names, seed=6))
    copier = make(tmp_path, "copier", COPIER)
    befriend(copier, owner)

    done = pull(copier, owner)

    assert (done.copied, done.counts.held) == (303, 303)
    kept = kept_of(copier, owner.node).log
    for level, number in (("0", 0), ("entries", 0)):
        path = f"tile/{level}/{number:03d}"
        assert kept.read(path) == owner.node.log.file(path)


def test_copies_are_not_offered_on_as_if_they_were_ones_own(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    pull(copier, owner)
    third = make(tmp_path, "third", "urn:esa:psa")
    with served(copier) as other:
        befriend(third, other)
        done = pull(third, other)

    assert done.counts == Counts()
    with pytest.raises(NotFound):
        find(ONE, third, OPERATOR)
    third.close()


def test_notes_to_be_fetched_are_there_for_peers_alone(owner: Served, copier: Node) -> None:
    pull(copier, owner)

    assert kept_of(copier, owner.node).note(TAKEN) is not None
    assert kept_of(copier, owner.node).note(WITNESSED) is not None
    assert kept_of(copier, owner.node).note(GIVEN) is None


def test_the_page_of_a_product_tells_who_published_it_and_who_holds_it_too(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
    receipt = status_of(Peers.of(owner.node).named("copier"), owner.node).there
    assert receipt is not None
    theirs, ours = TestClient(create_app(owner.node)), TestClient(create_app(copier))

    at_owner = theirs.get(f"/products/{ONE}.json").json()["custody"]
    at_copier = ours.get(f"/products/{ONE}.json").json()["custody"]

    assert (at_owner["origin"], at_copier["origin"]) == (None, owner.node.config.origin)
    assert at_owner["elsewhere"] == [
        {
            "node": "copier",
            "origin": copier.config.origin,
            "is_owner": False,
            "verified": time_text(receipt.t),
        }
    ]
    assert [each["is_owner"] for each in at_copier["elsewhere"]] == [True]
    html = {"accept": "text/html"}
    page = theirs.get(f"/products/{ONE}", headers=html).text
    assert "Published by owner" in page
    assert "Held by copier too" in page
    copy = ours.get(f"/products/{ONE}", headers=html).text
    assert copy.index("Published by owner") < copy.index("Copied by copier")
    assert "Held by" not in copy


def test_what_the_settings_name_first_is_copied_first(owner: Served, tmp_path: Path) -> None:
    settings = config.make("urgent", (COPIER,))
    first = (f"{OWNER}:mission:data:three", f"{OWNER}:mission:data:t*")
    copier = Node.create(tmp_path / "urgent", replace(settings, transfer_first=first))
    befriend(copier, owner)

    pull(copier, owner)

    copies = [each for _, each in walk(copier) if isinstance(each, CopyAct)]
    names = [each.lidvid.lid.text.rpartition(":")[2] for each in copies]
    assert names == ["three", "two", "one"]
    copier.close()


def test_a_round_is_no_faster_than_its_limit(owner: Served, copier: Node, tmp_path: Path) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=9 << 20))
    start = time.monotonic()

    done = sync(Peers.of(copier).named("owner"), copier, limit=Timetable.parse("3M"))

    took = time.monotonic() - start
    assert done.counts.held == 4
    assert took > done.bytes / (3 << 20) - 0.5
