"""What two persons of the owner order holds at the partner too: cleared, withdrawn, corrected."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.responses import Response
from starlette.testclient import TestClient

from perilune.access.evidence import proof_of
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import NotFound, PeerUntrusted, Withdrawn
from perilune.federation.custody import Counts
from perilune.federation.replica import State
from perilune.ingest.clear import clear, clearing
from perilune.ingest.projection import walk
from perilune.ingest.release import release
from perilune.ingest.withdraw import correct, withdraw, withdrawing
from perilune.ledger.policy import Policy
from perilune.ledger.proof import read_proof
from perilune.model import act
from perilune.model.act import CommitAct, CopyAct
from perilune.model.disclosure import decode_openings, encode_openings
from perilune.model.ordered import Cause, ClearAct, ErratumAct, Following, WithdrawAct
from perilune.model.product import Lifecycle, Releasability
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.preservation.rebuild import rebuild
from perilune.testing.persons import Signatory, known, signed
from perilune.web.app import create_app

from .scene import COPIER, OWNER, Served, befriend, hand_in, make, pull, served, write

SECRET = f"{OWNER}:mission:data:secret"
ONE = f"{OWNER}:mission:data:one::1.0"


def hidden(owner: Node, folder: Path, *names: str) -> str:
    """A national delivery of the owner; its name."""
    outcome = hand_in(
        owner, write(folder, list(names), seed=7), releasability=Releasability.NATIONAL
    )
    assert outcome.receipt is not None
    return outcome.receipt.delivery


def two(node: Node) -> list[Signatory]:
    """The persons of ``node``, whose keys its folder keeps for the tests."""
    assert node.root is not None
    kept = node.root / "persons"
    if not kept.exists():
        made = known(node, "Anna", "Boris")
        kept.write_bytes(b"".join(each.key.private_bytes_raw() for each in made))
        return made
    raw = kept.read_bytes()
    keys = [Ed25519PrivateKey.from_private_bytes(raw[at : at + 32]) for at in (0, 32)]
    return [Signatory(name, key) for name, key in zip(("Anna", "Boris"), keys, strict=True)]


def order_clear(node: Node, *targets: str) -> ClearAct:
    order = clearing(targets, Releasability.PUBLIC, "agreed", node)
    clear(signed(order, *two(node)), node)
    [*_, last] = node.catalogue.recorded(["clear"])
    assert isinstance(last.act, ClearAct)
    return last.act


def order_withdraw(node: Node, *targets: str) -> None:
    order = withdrawing(targets, Cause.ERROR, "calibrated with the wrong table", node)
    withdraw(signed(order, *two(node)), node)


def seen(node: Node) -> set[str]:
    hits = search(Query(limit=50, versions="all"), node, VISITOR).hits
    return {hit.product.id.lid.text.rpartition(":")[2] for hit in hits}


def test_nothing_leaves_before_it_is_cleared_and_all_of_it_after(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hidden(owner.node, tmp_path / "hidden", "secret", "secret_too", "other")
    before = pull(copier, owner)
    entries = b"".join(owner.node.log.entries(0, owner.node.log.size))
    assert b"secret" not in entries
    assert (before.copied, before.counts) == (3, Counts(published=3, held=3, hidden=3))

    cleared = order_clear(owner.node, f"{SECRET}::1.0", f"{SECRET}_too")
    after = pull(copier, owner)

    assert cleared.cleared == 2
    # two persons' acts stay hidden, and so does the third product
    assert after.copied == 2
    assert after.counts == Counts(published=5, held=5, hidden=3)
    assert seen(copier) == {"one", "two", "three", "secret", "secret_too"}
    with pytest.raises(NotFound):
        find(f"{OWNER}:mission:data:other", copier, OPERATOR)
    for name in (SECRET, f"{SECRET}_too"):
        ours, theirs = find(name, copier, VISITOR), find(name, owner.node, VISITOR)
        assert ours.manifest == theirs.manifest
        assert ours.releasability is Releasability.PUBLIC
    copies = [each for _, each in walk(copier) if isinstance(each, CopyAct)]
    for each in copies[3:]:
        assert isinstance(act.decode(owner.node.log.entry(each.index)), CommitAct)
    assert audit(copier).damage == ()


def test_a_round_that_is_repeated_counts_and_logs_nothing_twice(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hidden(owner.node, tmp_path / "hidden", "secret")
    order_clear(owner.node, SECRET)
    correct(ONE, "a bad column", owner.node)
    order_withdraw(owner.node, ONE)
    first = pull(copier, owner)
    size = copier.log.size
    # as after a kill before the receipt was kept
    taken = next((copier.root or Path()).glob("peers/*/taken"))
    taken.unlink()

    again = pull(copier, owner)

    assert again.counts == first.counts
    acts = [each for _, each in walk(copier)]
    for kind in (ClearAct, WithdrawAct, ErratumAct):
        assert len([each for each in acts if isinstance(each, kind)]) == 1
    assert copier.log.size == size + 1  # the receipt


def test_a_release_of_what_was_cleared_reaches_the_partner(tmp_path: Path) -> None:
    for is_released_first in (True, False):
        folder = tmp_path / str(is_released_first)
        folder.mkdir()
        node = make(folder, "owner", OWNER, lifecycle=Lifecycle.NOT_REVIEWED)
        copier = make(folder, "copier", COPIER)
        with served(node) as owner:
            befriend(copier, owner)
            delivery = hidden(node, folder / "hidden", "secret")
            if is_released_first:
                release(delivery, node)
                order_clear(node, delivery)
            else:
                order_clear(node, delivery)
                waiting = pull(copier, owner)
                assert [each.why for each in waiting.excepted] == [State.NOT_RELEASED]
                release(delivery, node)

            done = pull(copier, owner)

            assert done.counts.held == 1
            assert done.counts.excepted == 0
            assert seen(copier) == {"secret"}
        node.close()
        copier.close()


def test_what_is_withdrawn_is_gone_at_both_and_kept_at_both(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    bytes_before = dict(copier.catalogue.objects("kept"))

    order_withdraw(owner.node, ONE)
    done = pull(copier, owner)

    assert (done.counts.published, done.counts.held) == (3, 3)
    for node in (owner.node, copier):
        assert seen(node) == {"two", "three"}
        for asker in (VISITOR, OPERATOR):
            with pytest.raises(Withdrawn, match="wrong table") as gone:
                find(ONE, node, asker)
            assert (gone.value.lidvid, gone.value.cause) == (ONE, "error")
        client = TestClient(create_app(node))
        for path in (
            f"/objects/{ONE}/data/one.img",
            f"/manifests/{ONE}",
            f"/extract/{ONE}.zip",
            f"/api/search/1/products/{ONE}",
            f"/products/{ONE}",
        ):
            answer = client.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == 410, path
            assert "wrong table" in answer.text
        assert audit(node).damage == ()
    assert dict(copier.catalogue.objects("kept")) == bytes_before
    [place] = [n for n, each in walk(owner.node) if isinstance(each, WithdrawAct)]
    [followed] = [each for _, each in walk(copier) if isinstance(each, WithdrawAct)]
    assert followed.follows == Following(owner.node.log.origin, place)
    rebuild(copier)
    assert copier.root is not None
    again = Node.open(copier.root)
    assert seen(again) == {"two", "three"}
    again.close()


def test_what_was_withdrawn_before_it_was_fetched_is_not_asked_for(
    owner: Served, copier: Node
) -> None:
    order_withdraw(owner.node, ONE)
    done = pull(copier, owner)

    assert [(str(each.lidvid), each.why) for each in done.excepted] == [(ONE, State.WITHDRAWN)]
    assert done.is_undisputed
    assert not [path for path in owner.asked if ONE in path]
    assert pull(copier, owner).counts == done.counts


def test_an_erratum_shows_at_the_partner_too(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    correct(ONE, "column 3 is in kelvin", owner.node)
    pull(copier, owner)

    for node in (owner.node, copier):
        page = TestClient(create_app(node)).get(f"/products/{ONE}")
        assert "column 3 is in kelvin" in page.text
        described = TestClient(create_app(node)).get(f"/products/{ONE}.json").json()
        assert [each["text"] for each in described["errata"]] == ["column 3 is in kelvin"]


def bent(owner: Served, cleared: ClearAct, data: bytes) -> None:
    owner.bend = lambda request: (
        Response(data) if request.url.path.endswith(cleared.openings) else None
    )


def test_a_list_that_is_not_the_one_named_is_not_believed(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hidden(owner.node, tmp_path / "hidden", "secret")
    bent(owner, order_clear(owner.node, SECRET), b"{}")

    with pytest.raises(PeerUntrusted, match="is not"):
        pull(copier, owner)
    assert "secret" not in seen(copier)


@pytest.mark.parametrize("by", [-1, 1_000])
def test_what_was_never_committed_to_cannot_be_cleared(
    by: int, owner: Served, copier: Node, tmp_path: Path
) -> None:
    hidden(owner.node, tmp_path / "hidden", "secret")
    node = owner.node
    cleared = order_clear(node, SECRET)
    with node.store.open(cleared.openings) as data:
        [(place, opening)] = decode_openings(data.read())
    listed = encode_openings([(place + by, opening)])
    with node.writing():
        false = ClearAct(
            t=next(node.ticks()),
            to=Releasability.PUBLIC,
            cleared=1,
            openings=hashlib.sha256(listed).hexdigest(),
            reason="forged",
        )
        node.log.append([act.encode(false)])
    bent(owner, false, listed)

    with pytest.raises(PeerUntrusted, match="no such commitment"):
        pull(copier, owner)


def test_a_peer_withdraws_nothing_of_others(owner: Served, copier: Node, tmp_path: Path) -> None:
    mine = f"{COPIER}:mission:data:mine"
    hand_in(copier, write(tmp_path / "mine", ["mine"], namespace=COPIER))
    with owner.node.writing():
        foreign = WithdrawAct(
            t=next(owner.node.ticks()),
            lidvid=find(mine, copier, VISITOR).product.id,
            cause=Cause.LAW,
            text="we do not like it",
        )
        owner.node.log.append([act.encode(foreign)])

    pull(copier, owner)

    assert find(mine, copier, VISITOR).is_public


def test_a_cleared_product_is_proved_to_have_been_committed_to(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hidden(owner.node, tmp_path / "hidden", "secret")
    order_clear(owner.node, SECRET)
    pull(copier, owner)

    proof, policy = proof_of(find(SECRET, owner.node, VISITOR), owner.node)

    assert read_proof(proof).verify(Policy.parse(policy))
    listed = TestClient(create_app(owner.node)).get("/federation/openings/" + "0" * 64)
    assert listed.status_code == 404
    assert json.loads(listed.text)["code"] == "not-found"
