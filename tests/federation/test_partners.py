"""What is cleared for partners: they hold it, and nobody else learns of it anywhere."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import NotFound, PeerUntrusted, ProofFails, Withdrawn
from perilune.federation.asking import asking
from perilune.federation.custody import Counts
from perilune.federation.partners import told
from perilune.ingest.clear import clear, clearing
from perilune.ingest.withdraw import correct, withdraw, withdrawing
from perilune.ledger.note import Signer
from perilune.ledger.request import Question, Signed, digest_of, signed_headers
from perilune.model.ordered import Cause
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.orders.order import SignedOrder
from perilune.preservation.fixity import audit
from perilune.preservation.rebuild import rebuild
from perilune.testing.build import NOON
from perilune.web.app import create_app

from .scene import COPIER, OWNER, Served, befriend, hand_in, make, pull, served, write

SECRET = f"{OWNER}:mission:data:secret::1.0"
OTHER = f"{OWNER}:mission:data:other::1.0"
NOBODY = "urn:esa:psa"


@pytest.fixture
def pair(owner: Served, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """The owner, with one product for partners and one for nobody; and a partner of it."""
    folder = write(tmp_path / "hidden", ["secret", "other"], seed=5)
    hand_in(owner.node, folder, releasability=Releasability.NATIONAL)
    let(owner.node, Releasability.PARTNER)
    node = make(tmp_path, "partner", COPIER)
    with served(node) as partner:
        befriend(node, owner)
        befriend(owner.node, partner)
        yield owner, partner
    node.close()


def let(node: Node, to: Releasability) -> None:
    clear(SignedOrder(clearing([SECRET], to, "treaty, annex 2", node)), node)


def seen(node: Node) -> set[str]:
    hits = search(Query(limit=50, versions="all"), node, VISITOR).hits
    return {hit.product.id.lid.text.rpartition(":")[2] for hit in hits}


def test_a_partner_holds_it_and_shows_it_to_its_own_people_alone(
    pair: tuple[Served, Served],
) -> None:
    owner, partner = pair
    done = pull(partner.node, owner)

    assert (done.for_partners, done.faults) == (1, ())
    assert done.counts == Counts(published=3, held=3, hidden=3)
    ours, theirs = (find(SECRET, each.node, OPERATOR) for each in (partner, owner))
    assert ours.manifest == theirs.manifest
    assert (ours.releasability, ours.origin) == (Releasability.PARTNER, owner.node.log.origin)
    with pytest.raises(NotFound):
        find(OTHER, partner.node, OPERATOR)
    assert audit(partner.node).damage == ()
    for node in (owner.node, partner.node):
        assert seen(node) == {"one", "two", "three"}
        entries = b"".join(node.log.entries(0, node.log.size))
        assert b"secret" not in entries
        assert b"annex" not in entries
        client = TestClient(create_app(node))
        for path in ("products.json", f"products/{SECRET}", f"manifests/{SECRET}", "search.json"):
            assert "secret" not in client.get(f"/{path}").text.replace(SECRET, "")
        assert client.get(f"/objects/{SECRET}/data/secret.img").status_code == 404
        assert client.get("/federation/told").status_code == 404
    size = partner.node.log.size
    assert pull(partner.node, owner).for_partners == 1
    assert partner.node.log.size == size
    rebuild(partner.node)
    assert partner.node.root is not None
    again = Node.open(partner.node.root)
    assert find(SECRET, again, OPERATOR) == ours
    again.close()


def test_a_partner_of_the_partner_learns_nothing(
    pair: tuple[Served, Served], tmp_path: Path
) -> None:
    owner, partner = pair
    pull(partner.node, owner)
    third = make(tmp_path, "third", NOBODY)
    befriend(third, partner)
    with served(third) as address:
        befriend(partner.node, address)

    ask = asking(third, partner.node.config.origin)
    assert ask is not None
    client = TestClient(create_app(partner.node))
    for path in ("/federation/told", f"/manifests/{SECRET}", "/search.json"):
        answer = client.get(path, headers=dict(ask(Question("GET", path))))
        assert "secret" not in answer.text.replace(SECRET, "")
        assert answer.status_code == (404 if "manifests" in path else 200)
    third.close()


def test_what_is_cleared_for_all_later_shows_at_the_partner_too(
    pair: tuple[Served, Served],
) -> None:
    owner, partner = pair
    pull(partner.node, owner)
    let(owner.node, Releasability.PUBLIC)

    done = pull(partner.node, owner)

    assert (done.copied, done.for_partners) == (0, 0)
    assert (done.counts.published, done.counts.held, done.counts.excepted) == (4, 4, 0)
    assert "secret" in seen(partner.node)


def test_the_partner_obeys_what_is_ordered_of_it(pair: tuple[Served, Served]) -> None:
    owner, partner = pair
    correct(SECRET, "in kelvin", owner.node)
    pull(partner.node, owner)
    assert [each.text for each in find(SECRET, partner.node, OPERATOR).errata] == ["in kelvin"]
    order = withdrawing([SECRET], Cause.SECURITY, "not to be shared", owner.node)
    withdraw(SignedOrder(order), owner.node)

    pull(partner.node, owner)

    with pytest.raises(Withdrawn, match="not to be shared"):
        find(SECRET, partner.node, OPERATOR)
    with pytest.raises(NotFound) as guess:
        find(SECRET, partner.node, VISITOR)
    assert not isinstance(guess.value, Withdrawn)
    size = partner.node.log.size
    pull(partner.node, owner)
    assert partner.node.log.size == size


def test_a_stranger_is_told_nothing_whatever_it_signs(
    pair: tuple[Served, Served], tmp_path: Path
) -> None:
    owner, partner = pair
    stranger = make(tmp_path, "stranger", NOBODY)
    befriend(stranger, owner)
    client = TestClient(create_app(owner.node))
    name = f"{partner.node.config.origin}/request"
    to = owner.node.config.origin
    question = Question("GET", "/federation/told")
    false = signed_headers(question, to, Signer.generate(name), owner.node.now())
    key = partner.node.signer("request")
    asked_now = signed_headers(question, to, key, owner.node.now())
    for headers in (
        signed_headers(question, to, stranger.signer("request"), owner.node.now()),
        false,
        signed_headers(question, "another/log", key, owner.node.now()),
        signed_headers(question, to, key, owner.node.now() - timedelta(minutes=6)),
        signed_headers(Question("GET", "/search"), to, key, owner.node.now()),
        asked_now | {"signature-input": "perilune=()"},
        asked_now | {"signature": "perilune=:AAAA:"},
    ):
        answer = client.get("/federation/told", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "asker-refused"
        assert client.get(f"/manifests/{SECRET}", headers=headers).status_code == 404
        assert client.get(f"/manifests/{OWNER}:mission:data:one", headers=headers).is_success
    assert client.get("/federation/told", headers=asked_now).status_code == 200
    stranger.close()


def test_what_is_posted_is_what_was_signed(pair: tuple[Served, Served]) -> None:
    owner, partner = pair
    ask = asking(partner.node, owner.node.config.origin)
    assert ask is not None
    path, body = "/federation/products", SECRET.encode()
    headers = dict(ask(Question("POST", path, body)))
    client = TestClient(create_app(owner.node))

    assert len(client.post(path, content=body, headers=headers).content) > 8
    assert client.post(path, content=body).content == bytes(8)
    assert client.post(path, content=OTHER.encode(), headers=headers).status_code == 400
    bare = {name: value for name, value in headers.items() if name != "content-digest"}
    assert client.post(path, content=body, headers=bare).content == bytes(8)


def test_an_owner_that_tells_what_it_did_not_commit_to_is_not_believed(
    pair: tuple[Served, Served], tmp_path: Path
) -> None:
    owner, partner = pair
    other = make(tmp_path, "liar", OWNER)
    folder = write(tmp_path / "more", ["secret"], seed=5)
    hand_in(other, folder, releasability=Releasability.PARTNER)
    listed = TestClient(create_app(other, OPERATOR))
    assert listed.get("/federation/told").status_code == 404

    owner.bend = lambda request: (
        Response(told(other)) if request.url.path == "/federation/told" else None
    )

    with pytest.raises(PeerUntrusted, match="committed to something else"):
        pull(partner.node, owner)
    with pytest.raises(NotFound):
        find(SECRET, partner.node, OPERATOR)
    other.close()
    shutil.rmtree(tmp_path / "more")


def test_a_signed_question_is_these_headers() -> None:
    """RFC 9421, section 2.5: the base that the signature covers, written out by hand."""
    signer = Signer.generate("b.example/log/request")
    headers = signed_headers(Question("POST", "/a/b%20c", b"names"), "a.example/log", signer, NOON)
    seconds = int(NOON.timestamp())
    parameters = (
        f'("@method" "@path" "perilune-to" "content-digest");created={seconds}'
        ';keyid="b.example/log/request";alg="ed25519";tag="perilune-request"'
    )
    base = (
        '"@method": POST\n"@path": /a/b%20c\n"perilune-to": a.example/log\n'
        f'"content-digest": {digest_of(b"names")}\n"@signature-params": {parameters}'
    )

    assert headers["signature-input"] == f"perilune={parameters}"
    signed = Signed.read("POST", "/a/b%20c", headers)
    assert signed is not None
    signed.require(signer.verifier, NOON)
    signer.key.public_key().verify(signed._signature, base.encode())
    for method, path, later in (
        ("PUT", "/a/b%20c", timedelta()),
        ("POST", "/a/b", timedelta()),
        ("POST", "/a/b%20c", timedelta(minutes=6)),
    ):
        with pytest.raises(ProofFails):
            _checked(method, path, headers, signer, NOON + later)


def _checked(
    method: str, path: str, headers: dict[str, str], signer: Signer, now: datetime
) -> None:
    found = Signed.read(method, path, headers)
    assert found is not None
    found.require(signer.verifier, now)
