"""The witness signs what continues what it signed before, and nothing else (C2SP tlog-witness)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.errors import NotFound, PeerUnreachable, PeerUntrusted, ProofFails
from perilune.federation.evidence import witnessed_proof_of
from perilune.federation.folder import SEEN, WITNESSED, log_name
from perilune.federation.link import Link
from perilune.federation.witness import Submission
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Signer, cosigned_at, open_note, sign, text_of
from perilune.ledger.policy import Policy
from perilune.ledger.proof import verify_path
from perilune.node import Node
from perilune.web.app import create_app

from .scene import OWNER, Served, befriend, hand_in, kept_of, pull, served, write

LEAVES = [tree.leaf_hash(bytes([number])) for number in range(20)]


def submission(signer: Signer, old: int, new: int, *, leaves: list[bytes] = LEAVES) -> Submission:
    """A log of ``new`` leaves, with the proof that it continues that of ``old``."""

    def nodes(height: int, index: int) -> bytes:
        return tree.root(leaves[index << height : (index + 1) << height])

    head = sign(Checkpoint(signer.name, new, tree.root(leaves[:new])).text, [signer])
    return Submission(old, tuple(tree.consistency_path(nodes, old, new)), head)


class Witness:
    """The copier as a witness of the owner's log, whose key is used here at will."""

    def __init__(self, copier: Served, owner: Node) -> None:
        self.link, self.signer = Link(copier.url), owner.signer("log")
        self.key = copier.node.signer("witness").cosigner
        self.folder = kept_of(copier.node, owner)

    def post(self, body: bytes) -> tuple[int, bytes]:
        return self.link.post("/witness/add-checkpoint", body, 1 << 16)

    def submit(self, old: int, new: int, **options: list[bytes]) -> tuple[int, bytes]:
        return self.post(submission(self.signer, old, new, **options).encode())

    def size(self) -> int:
        note = self.folder.note(WITNESSED)
        return Checkpoint.parse(text_of(note)).size if note else 0


@pytest.fixture
def witness(owner: Served, copier: Node) -> Iterator[Witness]:
    with served(copier) as found:
        yield Witness(found, owner.node)


def test_growth_is_cosigned_from_size_to_size_and_kept_before_the_answer(witness: Witness) -> None:
    for old, new in ((0, 3), (3, 3), (3, 8), (8, 13), (13, 20)):
        status, line = witness.submit(old, new)

        assert status == 200
        note = submission(witness.signer, 0, new).note + line
        assert open_note(note, [witness.signer.verifier, witness.key]).signed_by[1:] == (
            witness.key,
        )
        assert cosigned_at(note, witness.key)
        kept = witness.folder.note(WITNESSED)
        assert kept == note


def test_a_proof_from_elsewhere_is_answered_with_the_size_to_prove_from(witness: Witness) -> None:
    witness.submit(0, 8)

    for old in (0, 7, 9):
        status, body = witness.submit(old, 13)
        assert (status, body) == (409, b"8\n")
    assert witness.size() == 8


def test_the_answer_to_a_stale_proof_has_the_type_of_the_standard(
    witness: Witness, copier: Node
) -> None:
    witness.submit(0, 8)
    body = submission(witness.signer, 0, 9).encode()

    reply = TestClient(create_app(copier)).post("/witness/add-checkpoint", content=body)

    assert (reply.status_code, reply.headers["content-type"]) == (409, "text/x.tlog.size")


@pytest.mark.parametrize(("old", "new", "status"), [(8, 8, 409), (8, 13, 422), (0, 13, 409)])
def test_another_history_is_never_cosigned_and_what_shows_it_is_kept(
    witness: Witness, old: int, new: int, status: int
) -> None:
    witness.submit(0, 8)
    before = witness.folder.note(WITNESSED)
    other = [tree.leaf_hash(b"changed"), *LEAVES[1:]]

    found, _ = witness.submit(old, new, leaves=other)

    assert found == status
    assert witness.folder.note(WITNESSED) == before
    assert len(witness.folder.evidence()) == (1 if old == 8 else 0)


def test_a_proof_that_was_changed_proves_nothing(witness: Witness) -> None:
    witness.submit(0, 6)
    good = submission(witness.signer, 6, 13)

    assert len(set(good.path)) == len(good.path) > 2
    for path in ((), good.path[1:], (*good.path, good.path[0]), good.path[::-1]):
        status, _ = witness.post(Submission(6, path, good.note).encode())
        assert status == 422
    status, _ = witness.post(Submission(0, good.path, good.note).encode())
    assert status == 409
    assert witness.post(good.encode())[0] == 200


def test_a_first_checkpoint_comes_with_an_empty_proof(witness: Witness) -> None:
    first = submission(witness.signer, 0, 8)

    assert witness.post(Submission(0, (bytes(32),), first.note).encode())[0] == 422
    assert witness.size() == 0


def test_a_log_that_is_not_known_and_a_key_that_is_not_are_told_apart(witness: Witness) -> None:
    stranger = Signer.generate("stranger/log")
    forger = Signer.generate(witness.signer.name)

    assert witness.post(submission(stranger, 0, 3).encode())[0] == 404
    assert witness.post(submission(forger, 0, 3).encode())[0] == 403
    assert witness.size() == 0


def test_a_size_beyond_the_checkpoint_is_a_bad_question(witness: Witness) -> None:
    good = submission(witness.signer, 0, 3)

    assert witness.post(Submission(4, (), good.note).encode())[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        b"old 0\n\nhello\n",
        b"old 00\n\nNOTE",
        b"old -1\n\nNOTE",
        b"old 1 \n\nNOTE",
        b"old 0\nAAAA\n\nNOTE",
        b"old 0\nnot base64\n\nNOTE",
        b"OLD 0\n\nNOTE",
        b"\xff\n\nNOTE",
        b"old 0\n" + b"A" * 43 + b"=\n" + (b"A" * 43 + b"=\n") * 63 + b"\nNOTE",
        bytes(1 << 17),
    ],
    ids=range(13),
)
def test_what_is_no_submission_is_a_bad_question(witness: Witness, body: bytes) -> None:
    note = submission(witness.signer, 0, 3).note

    assert witness.post(body.replace(b"NOTE", note))[0] == 400
    assert witness.size() == 0


def test_lines_of_others_are_not_kept_with_the_checkpoint(witness: Witness) -> None:
    good = submission(witness.signer, 0, 3)
    other = Signer.generate("somebody/else")
    note = good.note + other.line(text_of(good.note)).encode()

    status, line = witness.post(Submission(0, (), note).encode())

    assert status == 200
    assert witness.folder.note(WITNESSED) == good.note + line


def test_a_log_that_shows_another_history_than_it_had_witnessed_is_found_when_it_is_copied(
    witness: Witness, owner: Served, copier: Node
) -> None:
    assert witness.submit(0, 3)[0] == 200

    with pytest.raises(PeerUntrusted, match="no part of the"):
        pull(copier, owner)

    assert witness.size() == 3
    assert len(witness.folder.evidence()) == 1


def test_a_round_has_the_newest_head_witnessed_by_the_peer(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    with served(copier) as other:
        peer = befriend(owner.node, other)
        pull(owner.node, other)
        for number in range(2):
            hand_in(owner.node, write(tmp_path / str(number), [f"n{number}"], seed=number))
            pull(owner.node, other)
            seen = kept_of(owner.node, copier).note(SEEN)
            assert seen is not None
            assert Checkpoint.parse(text_of(seen)) == owner.node.log.checkpoint
            assert cosigned_at(seen, peer.who.keys["witness"])


def test_a_product_is_proved_to_a_reader_who_asks_for_a_witness(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    holding = find(f"{OWNER}:mission:data:one", owner.node, OPERATOR)
    with pytest.raises(NotFound, match="no witness has seen"):
        witnessed_proof_of(holding, owner.node)
    with served(copier) as other:
        befriend(owner.node, other)
        pull(owner.node, other)
    hand_in(owner.node, write(tmp_path / "later", ["later"], seed=9))

    evidence, text = witnessed_proof_of(holding, owner.node)

    verified = verify_path(tmp_path / "first", evidence, Policy.parse(text))
    assert verified.signed_by == (
        owner.node.config.origin,
        f"{copier.config.origin}/witness",
    )
    alone = Link(owner.url).get(f"/log/proof/{holding.product.id}", 1 << 20)
    with pytest.raises(ProofFails, match="quorum peers is not reached"):
        verify_path(tmp_path / "first", alone, Policy.parse(text))
    with pytest.raises(NotFound, match="no witness has seen"):
        witnessed_proof_of(find(f"{OWNER}:mission:data:later", owner.node, OPERATOR), owner.node)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response("hello\n"), PeerUntrusted),
        (Response(status_code=500), PeerUnreachable),
        (Response("999\n", 409), PeerUnreachable),
        (Response(b"", 200), PeerUntrusted),
    ],
    ids=range(4),
)
def test_a_witness_that_does_not_do_its_work_is_told(
    owner: Served, copier: Node, answer: Response, error: type[Exception]
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)

        def bend(request: Request) -> Response | None:
            return answer if request.method == "POST" else None

        other.bend = bend
        with pytest.raises(error):
            pull(owner.node, other)
    assert kept_of(owner.node, copier).note(SEEN) is None


def test_a_node_in_memory_witnesses_nothing(owner: Served) -> None:
    with served(Node.in_memory()) as other:
        body = submission(owner.node.signer("log"), 0, 3).encode()

        assert Link(other.url).post("/witness/add-checkpoint", body, 1 << 16)[0] == 404
        name = log_name(owner.node.config.origin)
        with pytest.raises(NotFound):
            Link(other.url).get(f"/federation/{name}/checkpoint", 1 << 16)
