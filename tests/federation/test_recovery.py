"""A node put back from yesterday's copy of its folder: it signs nothing, catches up, goes on."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import Response

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find
from perilune.cli import main
from perilune.errors import LogInconsistent, Unarmed
from perilune.federation.arming import arm, arm_at
from perilune.federation.folder import SEEN, WITNESSED
from perilune.ingest.clear import clear, clearing
from perilune.ingest.projection import catch_up
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import text_of
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.orders.order import SignedOrder
from perilune.preservation.rebuild import rebuild

from .scene import COPIER, Served, befriend, hand_in, kept_of, make, pull, served, write


@dataclass
class Pair:
    """An owner and a partner that each copied from the other, and the owner's folder of before."""

    owner: Served
    partner: Served
    yesterday: Path

    def put_back(self) -> Node:
        """The owner as it was yesterday, in the place where it was."""
        root = self.owner.node.root
        assert root is not None
        self.owner.node.close()
        shutil.rmtree(root)
        shutil.copytree(self.yesterday, root)
        return Node.open(root)


@pytest.fixture
def pair(owner: Served, tmp_path: Path) -> Iterator[Pair]:
    node = make(tmp_path, "partner", COPIER)
    with served(node) as partner:
        befriend(node, owner)
        befriend(owner.node, partner)
        pull(node, owner)
        pull(owner.node, partner)
        assert owner.node.root is not None
        yesterday = Path(shutil.copytree(owner.node.root, tmp_path / "yesterday"))
        hand_in(node, write(tmp_path / "theirs", ["far"], namespace=COPIER, seed=3))
        hand_in(owner.node, write(tmp_path / "later", ["later", "last"], seed=9))
        pull(owner.node, partner)
        pull(node, owner)
        pull(owner.node, partner)
        pull(node, owner)
        yield Pair(owner, partner, yesterday)
    node.close()


def rows(node: Node) -> list[str]:
    """All that the catalogue has, but for how far it was read."""
    return [row for row in node.catalogue.dump() if not row.startswith('state ["applied"')]


def forget_mark(node: Node) -> None:
    """What is left where the whole machine was lost."""
    assert node.tiles is not None
    assert node.tiles.mark is not None
    node.tiles.mark.path.unlink()


@pytest.mark.parametrize("has_mark", [True, False])
def test_a_node_that_was_put_back_signs_nothing_at_all(
    pair: Pair, tmp_path: Path, *, has_mark: bool
) -> None:
    node = pair.put_back()
    if not has_mark:
        forget_mark(node)
    size = node.log.size

    with pytest.raises(Unarmed):
        hand_in(node, write(tmp_path / "else", ["else"], seed=10))
    with pytest.raises(Unarmed), node.writing():
        node.log.append([b"{}"])
    for use in ("log", "receipt", "witness", "custody", "roster"):
        with pytest.raises(Unarmed):
            node.signer(use).line("a text\n")
        with pytest.raises(Unarmed):
            node.signer(use).cosignature("a text\n", node.now())
    with pytest.raises(Unarmed, match=f"a head of {size + 4} entries that its own key signed"):
        arm(node)
    assert node.log.size == size
    node.close()


@pytest.mark.parametrize("has_mark", [True, False])
def test_it_catches_up_from_its_partner_and_goes_on_without_an_equivocation(
    pair: Pair, tmp_path: Path, *, has_mark: bool
) -> None:
    newest = pair.owner.node.log.checkpoint
    holdings = rows(pair.owner.node)
    node = pair.put_back()
    if not has_mark:
        forget_mark(node)

    done = pull(node, pair.partner)

    assert node.log.root_at(newest.size) == newest.root
    assert (done.recovered.entries, done.recovered.products) == (4, 3)
    assert (done.recovered.missing, done.recovered.hidden) == ([], 0)
    assert rows(node) == holdings
    for name in ("later", "last"):
        for entry in find(f"urn:ros:rssa:mission:data:{name}", node, OPERATOR).manifest.files:
            with node.store.open(entry.sha256) as data:
                assert len(data.read()) == entry.size
    hand_in(node, write(tmp_path / "else", ["else"], seed=10))
    pair.owner.__init__(node, pair.owner.url)  # type: ignore[misc]
    pull(pair.partner.node, pair.owner)
    assert kept_of(pair.partner.node, node).evidence() == []
    assert kept_of(node, pair.partner.node).evidence() == []
    rebuild(node)


def test_it_catches_up_when_the_partner_has_seen_all_and_the_mark_less(
    pair: Pair,
) -> None:
    """The whole disk was put back, mark and all, and the machine started again."""
    mark = pair.owner.node.tiles.mark  # type: ignore[union-attr]
    assert mark is not None
    node = pair.put_back()
    mark.path.unlink()
    mark.raise_to(node.log.head)
    noted = json.loads(mark.path.read_text())
    mark.path.write_text(json.dumps(noted | {"boot": "another"}))

    with pytest.raises(Unarmed):
        node.signer("log").line("a text\n")
    with pytest.raises(Unarmed, match="partner has a head of"):
        arm(node)
    pull(node, pair.partner)

    assert node.is_armed
    node.close()


def test_where_the_partner_is_silent_the_mark_decides(pair: Pair) -> None:
    node = pair.put_back()
    pair.partner.bend = lambda _request: Response(status_code=503)

    with pytest.raises(Unarmed, match="this machine has a head of"):
        arm(node)
    forget_mark(node)
    with pytest.raises(Unarmed, match="no high-water mark"):
        arm(node)
    node.close()


def test_after_a_start_of_the_machine_the_mark_suffices_where_the_partner_is_silent(
    owner: Served, copier: Node
) -> None:
    mark = copier.tiles.mark  # type: ignore[union-attr]
    assert mark is not None
    noted = json.loads(mark.path.read_text())
    mark.path.write_text(json.dumps(noted | {"boot": "another"}))
    owner.bend = lambda _request: Response(status_code=503)
    assert not copier.is_armed

    [seen] = arm(copier)

    assert (seen.by, copier.is_armed) == ("this machine", True)


def test_entries_of_which_nobody_has_a_copy_keep_the_node_from_signing(
    pair: Pair, tmp_path: Path
) -> None:
    name = "/mirror/"
    old = kept_of(pair.partner.node, pair.owner.node).log.head()
    assert old is not None
    hand_in(pair.owner.node, write(tmp_path / "seen", ["seen"], seed=11))
    pull(pair.owner.node, pair.partner)  # witnessed there, not copied
    node = pair.put_back()
    forget_mark(node)

    def bend(request: Request) -> Response | None:
        is_head = request.url.path.startswith(name) and request.url.path.endswith("/checkpoint")
        return Response(old) if is_head else None

    pair.partner.bend = bend
    with pytest.raises(Unarmed, match="are nowhere to be had from it"):
        pull(node, pair.partner)

    assert Checkpoint.parse(text_of(old)).size == node.log.size
    assert not node.is_armed
    node.close()


def test_a_history_that_another_process_went_on_with_is_never_overwritten(
    pair: Pair, tmp_path: Path
) -> None:
    node = pair.put_back()
    forget_mark(node)
    node.tiles.mark.raise_to(node.log.head)  # type: ignore[union-attr]
    hand_in(node, write(tmp_path / "fork", [f"fork{n}" for n in range(9)], seed=12))
    head = node.log.head

    with pytest.raises(LogInconsistent, match="another history"):
        pull(node, pair.partner)

    assert node.log.head == head
    assert len(kept_of(node, pair.partner.node).evidence()) == 1
    node.close()


def test_a_false_copy_of_its_own_log_gives_a_node_nothing(pair: Pair) -> None:
    node = pair.put_back()
    head = node.log.head

    def bend(request: Request) -> Response | None:
        is_bundle = request.url.path.startswith("/mirror/") and "entries" in request.url.path
        return Response(b"\x00\x02{}" * (node.log.size + 4)) if is_bundle else None

    pair.partner.bend = bend
    with pytest.raises(LogInconsistent, match="the entries that owner/log gives hash to"):
        pull(node, pair.partner)

    assert (node.log.head, node.is_armed) == (head, False)
    node.close()


def test_a_node_without_peers_is_armed_by_its_mark_or_by_its_operator(tmp_path: Path) -> None:
    node = make(tmp_path, "alone", COPIER)
    forget_mark(node)

    with pytest.raises(Unarmed, match="no high-water mark"):
        arm(node)
    arm_at(1, node)

    assert node.is_armed
    hand_in(node, write(tmp_path / "one", ["one"], namespace=COPIER))
    node.close()


def test_a_command_arms_a_node_by_itself_after_the_machine_was_started(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, "alone", COPIER)
    mark = node.tiles.mark  # type: ignore[union-attr]
    assert mark is not None
    mark.path.write_text(json.dumps(json.loads(mark.path.read_text()) | {"boot": "another"}))
    delivery = write(tmp_path / "one", ["one"], namespace=COPIER)

    done = CliRunner().invoke(main, ["-n", str(tmp_path / "alone"), "deliver", str(delivery)])

    assert (done.exit_code, node.is_armed) == (0, True)
    node.close()


def test_marks_never_go_back(owner: Served) -> None:
    node = owner.node
    mark = node.tiles.mark  # type: ignore[union-attr]
    assert mark is not None
    first = mark.read()
    assert first is not None
    with node.writing():
        catch_up(node)
    old = kept_of(node, node)  # nothing is kept of oneself
    assert (old.note(SEEN), old.note(WITNESSED)) == (None, None)

    mark.raise_to(first.head.replace(b"\n4\n", b"\n3\n"))

    assert mark.read() == first


def test_the_command_tells_why_a_node_does_not_sign_and_takes_its_operators_word(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, "alone", COPIER)
    hand_in(node, write(tmp_path / "one", ["one"], namespace=COPIER))
    forget_mark(node)

    def run(*words: str) -> tuple[int, dict[str, object]]:
        done = CliRunner().invoke(main, ["-n", str(node.root), "keys", *words, "--json"])
        return done.exit_code, json.loads(done.stdout)

    code, told = run("arm")
    assert (code, told["armed"], told["seen"]) == (3, False, [])
    assert "no high-water mark of its log" in str(told["why"])
    assert run("list")[1]["armed"] is False
    code, told = run("arm", "--size", "1")
    assert (code, told["error"]["code"]) == (2, "wrong-usage")  # type: ignore[index]
    assert run("arm", "--size", "2") == (
        0,
        {"armed": True, "entries": 2, "seen": [], "why": None},
    )
    code, told = run("list")
    keys = [each["use"] for each in told["keys"]]  # type: ignore[attr-defined]
    assert (code, told["armed"], keys) == (0, True, [use for use, _ in node.keys])
    node.close()


def test_what_was_cleared_since_comes_back_with_what_it_opened(pair: Pair, tmp_path: Path) -> None:
    owner = pair.owner.node
    secret = "urn:ros:rssa:mission:data:secret::1.0"
    folder = write(tmp_path / "hidden", ["secret"], seed=11)
    hand_in(owner, folder, releasability=Releasability.NATIONAL)
    clear(SignedOrder(clearing([secret], Releasability.PUBLIC, "agreed", owner)), owner)
    pull(pair.partner.node, pair.owner)
    manifest = find(secret, owner, OPERATOR).manifest
    node = pair.put_back()

    done = pull(node, pair.partner)

    assert (done.recovered.missing, done.recovered.hidden) == ([], 0)
    again = find(secret, node, VISITOR)
    assert (again.manifest, again.origin) == (manifest, "")
    node.close()
