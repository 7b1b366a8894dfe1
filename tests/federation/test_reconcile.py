"""Two logs side by side: everything is counted, and what does not fit is never explained away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.errors import NotFound, WrongUsage
from perilune.federation import reconcile as reconciling
from perilune.federation.folder import EXCEPTED, TAKEN, Peers
from perilune.federation.possession import (
    PATH,
    Choice,
    answer,
    challenge,
    require_possession,
)
from perilune.federation.reconcile import reconcile, tally
from perilune.federation.replica import State
from perilune.ledger.tiles import WIDTH
from perilune.model.act import decode
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.web.app import create_app

from .scene import OWNER, Served, befriend, hand_in, kept_of, pull, served, write

ALL = Choice(None, 1.0, 7)


def place_of(node: Node, sha256: str) -> Path:
    assert node.root is not None
    return node.root / "objects" / sha256[:2] / sha256


def file_of(node: Node, name: str) -> str:
    return find(f"{OWNER}:mission:data:{name}", node, OPERATOR).manifest.files[1].sha256


def test_every_entry_and_every_product_of_both_logs_is_accounted_for(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(
        owner.node,
        write(tmp_path / "secret", ["kept"], seed=3),
        releasability=Releasability.NATIONAL,
    )
    with served(copier) as other:
        [peer] = [befriend(owner.node, other)]
        pull(copier, owner)
        pull(owner.node, other)
        hand_in(owner.node, write(tmp_path / "later", ["four", "five"], seed=9))

        found = reconcile(peer, owner.node)

    ours = found.there
    assert found.is_explained
    assert (ours.published, ours.held, ours.excepted) == (3, 3, {})
    assert ours.hidden == 1
    assert ours.uncovered == 2
    assert sum(ours.acts.values()) == ours.entries == owner.node.log.size
    theirs = found.here
    assert sum(theirs.acts.values()) == theirs.entries
    assert theirs.acts["copy"] == 3


def test_each_reason_for_not_holding_a_product_is_counted(owner: Served, copier: Node) -> None:
    place_of(owner.node, file_of(owner.node, "one")).unlink()
    pull(copier, owner)
    [peer] = Peers.of(copier).members()

    found = reconcile(peer, copier).here

    assert (found.published, found.held) == (3, 2)
    assert found.excepted == {State.UNAVAILABLE.value: 1}
    assert found.contradictions == ()


def test_a_receipt_that_does_not_fit_the_log_is_a_contradiction(
    owner: Served, copier: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(copier, owner)
    [peer] = Peers.of(copier).members()
    status = reconciling.status_of(peer, copier)
    assert status.here

    counts = replace(status.here.counts, published=5, held=5)
    bent = replace(status, here=replace(status.here, counts=counts))
    monkeypatch.setattr(reconciling, "status_of", lambda *_: bent)
    found = reconcile(peer, copier)

    assert not found.is_explained
    [words] = found.here.contradictions
    assert "publishes 3 products openly" in words
    assert "speaks of 5" in words


def test_a_list_of_exceptions_that_differs_from_its_receipt_is_a_contradiction(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
    [peer] = Peers.of(owner.node).members()
    listed = b'{"exceptions":[{"index":1,"lidvid":"urn:a:b:c::1.0","why":"unavailable"}],"v":1}'
    kept_of(owner.node, copier).keep(EXCEPTED, listed)

    assert "its list names 1" in reconcile(peer, owner.node).there.contradictions[0]


def test_kinds_are_counted_as_reading_each_entry_counts_them(owner: Served, tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(WIDTH + 40)]
    hand_in(owner.node, write(tmp_path / "many", names, seed=5))
    log = owner.node.log

    for start, stop in ((0, log.size), (3, log.size), (0, WIDTH), (WIDTH, log.size), (5, 5)):
        found = tally(log.file, start, stop)
        expected: dict[str, int] = {}
        for entry in log.entries(start, stop):
            name = type(decode(entry)).__name__
            expected[name] = expected.get(name, 0) + 1
        assert found.total() == stop - start
        assert found["publish"] == expected.get("PublishAct", 0)
        assert found["key"] == expected.get("KeyAct", 0)


def test_the_page_shows_both_sides_and_an_empty_state(owner: Served, copier: Node) -> None:
    alone = TestClient(create_app(Node.in_memory()))
    assert "knows no other node yet" in alone.get("/peers", headers={"Accept": "text/html"}).text
    pull(copier, owner)
    client = TestClient(create_app(copier))

    tree = html.fromstring(client.get("/peers", headers={"Accept": "text/html"}).text)
    [document] = client.get("/peers.json").json()["peers"]

    assert "every difference is explained" in tree.text_content()
    held = [row.xpath("string(td[2])") for row in tree.xpath("//tr[td[1]='held']")]
    assert held == ["3"]
    assert document["sides"][0]["held"] == 3
    assert document["explained"]


@pytest.fixture
def holder(owner: Served, copier: Node) -> Iterator[Served]:
    """The owner's view of the copier, which is served and has given a receipt."""
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
        yield other


@pytest.mark.usefixtures("holder")
def test_a_partner_that_holds_what_it_says_proves_it(owner: Served) -> None:
    [peer] = Peers.of(owner.node).members()

    found = challenge(peer, owner.node, ALL)
    again = challenge(peer, owner.node, Choice(2, 1.0, 7))

    assert found.is_proved
    assert (found.products, found.pieces) == (3, 6)
    assert (again.products, again.pieces) == (2, 4)
    assert again.bytes == challenge(peer, owner.node, Choice(2, 1.0, 7)).bytes


@pytest.mark.usefixtures("holder")
def test_a_partner_that_lost_or_changed_a_file_is_named_and_counted(
    owner: Served, copier: Node
) -> None:
    [peer] = Peers.of(owner.node).members()
    place_of(copier, file_of(copier, "one")).unlink()
    changed = place_of(copier, file_of(copier, "two"))
    changed.write_bytes(bytes(len(changed.read_bytes())))

    found = challenge(peer, owner.node, ALL)

    assert not found.is_proved
    assert found.missing == {
        f"{OWNER}:mission:data:one::1.0": "data/one.img: it says that it has it not",
        f"{OWNER}:mission:data:two::1.0": "data/two.img: its answer is not that of the bytes "
        "that we hold",
    }
    kept = find(f"{OWNER}:mission:data:three", owner.node, OPERATOR)
    require_possession(kept, peer, owner.node)
    with pytest.raises(NotFound, match="does not prove"):
        require_possession(
            find(f"{OWNER}:mission:data:one", owner.node, OPERATOR), peer, owner.node
        )


def test_an_answer_of_yesterday_proves_nothing(owner: Served, holder: Served) -> None:
    [peer] = Peers.of(owner.node).members()
    kept: list[bytes] = []

    def bend(request: Request) -> Response | None:
        if request.url.path == PATH and kept:
            return Response(kept[0], media_type="application/json")
        return None

    client = TestClient(create_app(holder.node))
    lidvid = f"{OWNER}:mission:data:one::1.0"
    piece = {"lidvid": lidvid, "path": "data/one.img", "start": 0, "size": 1}
    asked = {"nonce": "00" * 32, "pieces": [piece] * 2}
    kept.append(client.post(PATH, json=asked).content)
    holder.bend = bend

    found = challenge(peer, owner.node, Choice(1, 1.0, 3))

    assert not found.is_proved


def test_nobody_learns_by_a_challenge_of_what_they_may_not_know_of(
    owner: Served, tmp_path: Path
) -> None:
    hand_in(
        owner.node,
        write(tmp_path / "secret", ["kept"], seed=3),
        releasability=Releasability.NATIONAL,
    )
    client = TestClient(create_app(owner.node))
    names = [f"{OWNER}:mission:data:{name}::1.0" for name in ("kept", "not_there", "one")]
    pieces = [
        {"lidvid": name, "path": f"data/{name.split(':')[5]}.img", "start": 0, "size": 1}
        for name in names
    ]

    answers = client.post(PATH, json={"nonce": "11" * 32, "pieces": pieces}).json()["answers"]

    assert answers[:2] == [None, None]
    assert answers[2] is not None


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"[]",
        b'{"nonce":"00","pieces":[]}',
        b'{"nonce":"' + b"00" * 32 + b'","pieces":[{"lidvid":"x","path":"y","start":0,"size":1}]}',
        b'{"nonce":"' + b"00" * 32 + b'","pieces":'
        b'[{"lidvid":"urn:a:b:c::1.0","path":"y","start":-1,"size":1}]}',
        b'{"nonce":"' + b"00" * 32 + b'","pieces":'
        b'[{"lidvid":"urn:a:b:c::1.0","path":"y","start":0,"size":9999999999}]}',
    ],
    ids=range(6),
)
def test_what_is_no_challenge_is_refused(owner: Served, question: bytes) -> None:
    reply = TestClient(create_app(owner.node)).post(PATH, content=question)

    assert reply.status_code == 400
    assert answer(b'{"nonce":"' + b"00" * 32 + b'","pieces":[]}', owner.node, OPERATOR) == []


def test_without_a_receipt_there_is_nothing_to_prove(owner: Served, copier: Node) -> None:
    [peer] = Peers.of(copier).members()
    with pytest.raises(WrongUsage, match="no custody receipt yet"):
        challenge(peer, copier, ALL)
    assert kept_of(copier, owner.node).note(TAKEN) is None
