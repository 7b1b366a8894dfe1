"""Each log carries the other's checkpoints: what is cut off from one is told by the other."""

import shutil
from pathlib import Path

import pytest

from perilune.errors import LogInconsistent, PeerUntrusted
from perilune.federation.anchoring import anchor, anchored
from perilune.federation.folder import ANCHORED, WITNESSED
from perilune.federation.mirror import checkpoint_in
from perilune.ingest.projection import walk
from perilune.ledger.note import Signer, cosigned_at, sign, text_of
from perilune.model.guard import AnchorAct
from perilune.node import Node
from perilune.preservation.rebuild import rebuild

from .scene import Served, befriend, hand_in, kept_of, pull, served, write


def anchors(node: Node) -> list[AnchorAct]:
    return [each for _, each in walk(node) if isinstance(each, AnchorAct)]


def test_the_cosigned_checkpoint_of_a_peer_is_carried_once(owner: Served, copier: Node) -> None:
    assert anchor(copier) == []
    pull(copier, owner)

    [(peer, checkpoint)] = anchor(copier)

    [act] = anchors(copier)
    who = owner.node
    assert (peer.who.origin, checkpoint) == (who.log.origin, who.log.checkpoint)
    assert anchored(act, [who.signer("log").verifier]) == checkpoint
    note = act.checkpoint.encode()
    cosigned_at(note, copier.signer("witness").cosigner)
    assert (act.origin, act.size) == (checkpoint.origin, checkpoint.size)
    assert kept_of(copier, who).note(ANCHORED) == note
    assert (anchor(copier), len(anchors(copier))) == ([], 1)
    assert copier.catalogue.applied == copier.log.size
    rebuild(copier)


def test_an_anchor_that_the_log_did_not_sign_says_nothing(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    anchor(copier)
    [act] = anchors(copier)

    other = Signer.generate(owner.node.log.origin)

    assert anchored(act, [other.verifier]) is None


def test_two_idle_nodes_that_anchor_do_not_write_custody_receipts_for_ever(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        for _ in range(3):
            pull(copier, owner)
            pull(owner.node, other)
        sizes = owner.node.log.size, copier.log.size

        for _ in range(3):
            anchor(copier)
            pull(copier, owner)
            anchor(owner.node)
            pull(owner.node, other)

        assert (owner.node.log.size, copier.log.size) == (sizes[0] + 3, sizes[1] + 3)


def test_a_partner_that_cut_its_log_back_is_found_out_though_the_copy_of_it_was_lost(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    root = owner.node.root
    assert root is not None
    shutil.copytree(root / "log", tmp_path / "yesterday")
    hand_in(owner.node, write(tmp_path / "later", ["later"], seed=9))
    pull(copier, owner)
    kept = kept_of(copier, owner.node)
    shutil.rmtree(kept.root / "log")
    shutil.rmtree(root / "log")
    shutil.copytree(tmp_path / "yesterday", root / "log")
    owner.__init__(Node.open(root), owner.url)  # type: ignore[misc]

    with pytest.raises(PeerUntrusted, match="fewer entries than the 5 that we cosigned"):
        pull(copier, owner)

    assert [path.name.split("-")[0] for path in kept.evidence()] == ["rollback"]


def test_a_node_that_lost_its_newest_entries_meets_its_own_signature_in_the_partners_log(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    """Neither the mark nor what the partner says that it saw tells of them: only the anchor."""
    node = owner.node
    assert node.root is not None
    pull(copier, owner)
    with served(copier) as other:
        befriend(node, other)
        shutil.copytree(node.root, tmp_path / "yesterday")
        old = kept_of(copier, node).note(WITNESSED)
        assert old is not None
        hand_in(node, write(tmp_path / "later", ["later"], seed=9))
        pull(copier, owner)
        anchor(copier)
        kept_of(copier, node).keep(WITNESSED, old)
        shutil.rmtree(node.root)
        shutil.copytree(tmp_path / "yesterday", node.root)
        back = Node.open(node.root)
        assert back.tiles is not None
        assert back.tiles.mark is not None
        back.tiles.mark.path.unlink()
        back.tiles.mark.raise_to(back.log.head)

        with pytest.raises(LogInconsistent, match="carries a checkpoint of 5 entries"):
            pull(back, other)

        assert back.log.size == checkpoint_in(old).size
        assert len(kept_of(back, copier).evidence()) == 1
        back.close()


def test_a_forged_anchor_hinders_nobody(owner: Served, copier: Node) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        kept = kept_of(copier, owner.node)
        note = kept.note(WITNESSED)
        assert note is not None
        text = text_of(note).replace("\n4\n", "\n9\n")
        kept.keep(WITNESSED, sign(text, [Signer.generate(owner.node.log.origin)]))
        anchor(copier)
        kept.keep(WITNESSED, note)

        pull(owner.node, other)

        assert [each.size for each in anchors(copier)] == [9]
        assert kept_of(owner.node, copier).evidence() == []
