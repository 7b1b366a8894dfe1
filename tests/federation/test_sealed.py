"""What is under embargo: held by the partner sealed, read by nobody, opened by its release act."""

import hashlib
import io
import shutil
from pathlib import Path

import pyrage
import pytest
from starlette.responses import Response

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find
from perilune.errors import NotFound, OrderRefused, WrongUsage
from perilune.federation.custody import SealCounts
from perilune.federation.reopening import reopen
from perilune.federation.replica import State
from perilune.ingest.accession import record
from perilune.ingest.projection import walk
from perilune.ingest.release import release, release_ordered, releasing
from perilune.ingest.seal import keyring_of, leaf_of
from perilune.model import act
from perilune.model.act import CommitAct
from perilune.model.product import Embargo
from perilune.model.sealed import OpenAct, Opened, SealAct, Sealed
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.preservation.rebuild import rebuild
from perilune.sealing.key import identity_of
from perilune.testing.persons import known, signed

from .scene import OWNER, Served, befriend, hand_in, pull, served, write

VEILED = f"{OWNER}:mission:data:veiled"


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
    secret = find(VEILED, owner.node, OPERATOR).manifest.files[1]
    with owner.node.store.open(secret.sha256) as data:
        bytes_ = data.read()

    before = pull(copier, owner)

    assert before.counts.sealed == SealCounts(announced=1, held=1)
    assert before.is_undisputed
    for node in (owner.node, copier):
        with pytest.raises(NotFound):
            find(VEILED, node, VISITOR)
    with pytest.raises(NotFound):
        find(VEILED, copier, OPERATOR)
    assert copier.root is not None
    assert not holds(copier.root, b"veiled", bytes_[:64], secret.sha256.encode())

    release(delivery, owner.node)
    owner.asked.clear()
    after = pull(copier, owner)

    assert after.counts.sealed == SealCounts(announced=1, held=1, opened=1)
    assert after.copied == 1
    assert not [each for each in owner.asked if "sealed" in each or "objects" in each]
    theirs, ours = find(VEILED, owner.node, VISITOR), find(VEILED, copier, VISITOR)
    assert ours.manifest == theirs.manifest
    for entry in ours.manifest.files:
        with copier.store.open(entry.sha256) as data:
            assert hashlib.file_digest(data, "sha256").hexdigest() == entry.sha256


def recipients(owner: Served, count: int = 3, threshold: int = 2) -> list[str]:
    """Have ``count`` people share what is sealed from here on; their private keys."""
    people = [pyrage.x25519.Identity.generate() for _ in range(count)]
    keyring = keyring_of(owner.node)
    for number, each in enumerate(people):
        needed = threshold if number + 1 >= threshold else None
        found = keyring.recipients.with_one(f"person {number}", str(each.to_public()), needed)
        keyring.keep_recipients(found)
    return [str(each) for each in people]


def test_a_lost_secret_comes_back_with_two_of_three_recovery_keys(
    owner: Served, tmp_path: Path
) -> None:
    people = recipients(owner)
    delivery = deliver_dark(owner, tmp_path / "dark", ("veiled", "covered"))
    assert owner.node.root is not None
    shutil.rmtree(owner.node.root / "keys" / "seals")
    with pytest.raises(WrongUsage, match="perilune keys recover"):
        release(delivery, owner.node)
    with pytest.raises(WrongUsage, match="2 are needed"):
        reopen(people[2:], owner.node)

    found = reopen(people[:2], owner.node)

    assert (found.products, found.deliveries, found.came_back) == (2, {delivery}, 0)
    assert release(delivery, owner.node).products == 2
    assert find(VEILED, owner.node, VISITOR).is_public


def test_what_the_owner_lost_comes_back_from_the_sealed_copies_of_its_partner(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    people = recipients(owner)
    deliver_dark(owner, tmp_path / "dark")
    kept = find(VEILED, owner.node, OPERATOR)
    pull(copier, owner)
    node = owner.node
    assert node.root is not None
    lost = [node.root / "objects" / name[:2] / name for name in dark_objects(node)]
    for path in lost:
        path.unlink()
    shutil.rmtree(node.root / "keys" / "seals")

    with served(copier) as other:
        befriend(node, other)
        found = reopen(people[1:], node)
        asked = {path.rpartition("/")[0].rpartition("/")[2] for path in other.asked}

    assert (found.products, found.came_back, found.failed) == (1, 1, {})
    assert asked >= {"sealed", "recovery"}
    assert all(path.is_file() for path in lost)
    rebuild(node)
    again = Node.open(node.root)
    back = find(VEILED, again, OPERATOR)
    assert (back.manifest, back.product, back.embargo) == (
        kept.manifest,
        kept.product,
        Embargo.DARK,
    )
    assert audit(again).is_clean
    again.close()


def dark_objects(node: Node) -> list[str]:
    """Every object that the log of ``node`` or a dark holding names."""
    names: list[str] = []
    for entry in node.log.entries():
        match act.decode(entry):
            case CommitAct(commitment=name):
                names.append(name)
            case SealAct(sealed=sealed, recovery=recovery):
                assert recovery is not None
                names += [sealed.sha256, recovery.sha256]
    manifest = find(VEILED, node, OPERATOR).manifest
    return [*names, manifest.sha256, *(each.sha256 for each in manifest.files)]


def test_two_persons_end_an_embargo_once_two_are_known(owner: Served, tmp_path: Path) -> None:
    delivery = deliver_dark(owner, tmp_path / "dark")
    node = owner.node
    anna, boris = known(node, "Anna", "Boris")
    order = releasing(delivery, "the embargo is over", node)

    with pytest.raises(OrderRefused):
        release(delivery, node)
    with pytest.raises(OrderRefused):
        release_ordered(signed(order, anna), node)
    assert not find(VEILED, node, OPERATOR).is_public
    assert release_ordered(signed(order, anna, boris), node).products == 1

    assert find(VEILED, node, VISITOR).is_public
    [made] = [each for _, each in walk(node) if isinstance(each, OpenAct)]
    assert made.warrant.order == order.digest
    assert len(made.warrant.signatures) == 2


def released_with(owner: Served, key: str, seal: int, entry: int) -> None:
    """Have the owner's log tell ``key`` for a sealed copy, as a hostile owner would."""
    with owner.node.writing():
        opens = (Opened(entry, seal, key),)
        record([OpenAct(t=next(owner.node.ticks()), opens=opens)], owner.node, hidden=False)


def seal_of(node: Node) -> tuple[int, SealAct]:
    """The first sealed copy that the log of ``node`` names."""
    acts = ((index, act.decode(entry)) for index, entry in enumerate(node.log.entries()))
    return next((index, found) for index, found in acts if isinstance(found, SealAct))


def test_a_wrong_key_opens_nothing_and_the_right_one_later_does(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    delivery = deliver_dark(owner, tmp_path / "dark")
    pull(copier, owner)
    index, seal = seal_of(owner.node)
    released_with(owner, str(pyrage.x25519.Identity.generate()), index, seal.entry)

    done = pull(copier, owner)

    assert [(each.seal, each.why) for each in done.sealed] == [(index, State.WRONG_KEY)]
    assert (done.copied, done.is_undisputed) == (0, False)
    assert done.counts.sealed == SealCounts(announced=1, held=1)
    again = pull(copier, owner)
    assert [each.why for each in again.sealed] == [State.WRONG_KEY]
    secret = keyring_of(owner.node).secret(delivery)
    assert secret is not None
    key = identity_of(secret, leaf_of(seal.entry, owner.node))
    released_with(owner, key, index, seal.entry)
    assert pull(copier, owner).counts.sealed == SealCounts(announced=1, held=1, opened=1)
    assert find(VEILED, copier, VISITOR).is_public


@pytest.mark.parametrize("spoilt", [b"", b"x" * 20_000, "flipped"])
def test_another_ciphertext_than_the_log_names_is_not_kept(
    owner: Served, copier: Node, tmp_path: Path, spoilt: bytes | str
) -> None:
    deliver_dark(owner, tmp_path / "dark")
    _, seal = seal_of(owner.node)
    with owner.node.store.open(seal.sealed.sha256) as data:
        good = data.read()
    given = spoilt if isinstance(spoilt, bytes) else good[:-1] + bytes([good[-1] ^ 1])
    names = set(copier.store)

    owner.bend = lambda request: Response(given) if "/sealed/" in request.url.path else None
    done = pull(copier, owner)

    assert done.counts.sealed == SealCounts(announced=1, held=0)
    assert not done.is_undisputed
    assert hashlib.sha256(given).hexdigest() not in set(copier.store) - names
    owner.bend = lambda _request: None
    assert pull(copier, owner).counts.sealed == SealCounts(announced=1, held=1)


def test_a_sealed_copy_of_other_bytes_than_were_committed_to_opens_nothing(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    """The key is right and so is the digest, but within lies what nobody committed to."""
    pull(copier, owner)
    deliver_dark(owner, tmp_path / "dark")
    _, seal = seal_of(owner.node)
    identity = pyrage.x25519.Identity.generate()
    forged = pyrage.encrypt(b"\0" * 4_096, [identity.to_public()])
    with owner.node.store.batch() as batch:
        put = batch.put(io.BytesIO(forged))
    made = Sealed(put.sha256, put.size)
    public = str(identity.to_public())
    with owner.node.writing():
        t = next(owner.node.ticks())
        index = owner.node.log.size
        named = SealAct(t=t, entry=seal.entry, sealed=made, recipient=public)
        record([named], owner.node, hidden=False)
    released_with(owner, str(identity), index, seal.entry)

    done = pull(copier, owner)

    assert [(each.seal, each.why) for each in done.sealed] == [(index, State.WRONG_BYTES)]
    assert done.copied == 0
    with pytest.raises(NotFound):
        find(VEILED, copier, OPERATOR)


def test_a_round_of_copying_carries_out_the_releases_that_are_due(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    given = write(tmp_path / "dark", ["veiled"], seed=9)
    hand_in(owner.node, given, embargo=Embargo.DARK, release_at=owner.node.now())
    assert not find(VEILED, owner.node, OPERATOR).is_public

    with served(copier) as other:
        befriend(owner.node, other)
        pull(owner.node, other)

    assert find(VEILED, owner.node, VISITOR).is_public
