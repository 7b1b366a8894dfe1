"""ML-DSA-44 lines beside Ed25519: made, asked for where the key is known, ignored where not.

The key of RFC 9881, appendix C.1 (seed 00 to 1f) is the published vector of the algorithm as it is
here; what is signed is composed by hand as C2SP tlog-cosignature v1.1.0-rc.1 says.
"""

import base64
import hashlib
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from starlette.requests import Request
from starlette.responses import Response

from perilune.cli import main
from perilune.errors import PeerUntrusted, ProofFails
from perilune.federation.folder import SEEN, WITNESSED, Peers
from perilune.federation.rotation import make_missing, rotate
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import (
    MLDSA44,
    Signer,
    Verifier,
    cosigned_at,
    open_note,
    sign,
    signed_only_by,
    text_of,
)
from perilune.ledger.policy import Policy
from perilune.node import ALL_USES, SECOND, USES, Node

from .scene import Served, befriend, hand_in, kept_of, make, pull, served, write

RFC_9881_PUBLIC_KEY = "d7b2b47254aae0db45e7930d4a98d2c97d8f1397d1789dafa17024b316e9bec9"
"""Its first 32 bytes."""
T = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TEXT = Checkpoint("a/log", 7, bytes(range(32))).text


def rfc_signer(name: str) -> Signer:
    return Signer(name, MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))))


@pytest.fixture
def modern(owner: Served, copier: Node) -> Iterator[tuple[Served, Served]]:
    """Both nodes of the scene, with ML-DSA keys of their own."""
    for node in (owner.node, copier):
        assert make_missing(node) == [f"log{SECOND}", f"witness{SECOND}"]
    reopen(owner)
    assert copier.root is not None
    with served(Node.open(copier.root)) as other:
        befriend(owner.node, other)
        yield owner, other


def reopen(served_: Served) -> None:
    """As when ``perilune serve`` is started again."""
    node = served_.node
    node.close()
    assert node.root is not None
    served_.__init__(Node.open(node.root), served_.url)  # type: ignore[misc]


def second(node: Node, use: str) -> Verifier:
    return node.signer(f"{use}{SECOND}").verifier


def test_the_key_is_the_published_one_and_its_name_of_the_standard() -> None:
    signer = rfc_signer("a/log")

    public = signer.verifier.public
    assert (len(public), public[:32].hex()) == (1312, RFC_9881_PUBLIC_KEY)
    key_id = hashlib.sha256(b"a/log\n\x06" + public).digest()[:4]
    told = base64.b64encode(b"\x06" + public).decode()
    assert signer.vkey == f"a/log+{key_id.hex()}+{told}"
    assert Verifier.parse(signer.vkey) == signer.verifier == signer.cosigner
    assert Signer.load("a/log", signer.pem()).verifier == signer.verifier


def test_what_is_signed_is_the_structure_of_the_standard() -> None:
    signer = rfc_signer("w.example/w")
    line = signer.cosignature(TEXT, T)

    data = base64.b64decode(line.split(" ")[2])
    seconds = int(T.timestamp()).to_bytes(8, "big")
    assert (data[:4], data[4:12], len(data)) == (signer.verifier.key_id, seconds, 4 + 8 + 2420)
    message = (
        b"subtree/v1\n\0"
        b"\x0bw.example/w"
        + seconds
        + b"\x05a/log"
        + (0).to_bytes(8, "big")
        + (7).to_bytes(8, "big")
        + bytes(range(32))
    )
    MLDSA44PublicKey.from_public_bytes(signer.verifier.public).verify(data[12:], message)
    note = TEXT + "\n" + line
    assert cosigned_at(note.encode(), signer.verifier) == T


@pytest.mark.parametrize("text", ["no checkpoint\n", "a/log\nseven\n" + TEXT[8:], "a\n1\nAAAA\n"])
def test_only_checkpoints_are_signed_so(text: str) -> None:
    with pytest.raises(ProofFails):
        sign(text, [rfc_signer("a/log")])
    line = rfc_signer("a/log").line(TEXT)
    assert not rfc_signer("a/log").verifier.accepts(text, base64.b64decode(line.split(" ")[2])[4:])


def test_heads_and_cosignatures_carry_both_lines_and_every_key_is_asked_for(
    modern: tuple[Served, Served], tmp_path: Path
) -> None:
    owner, other = modern
    hand_in(owner.node, write(tmp_path / "more", ["more"], seed=5))

    pull(other.node, owner)
    pull(owner.node, other)

    head = owner.node.log.head
    assert open_note(head, [second(owner.node, "log")]).text == text_of(head)
    seen = kept_of(owner.node, other.node).note(SEEN)
    assert seen is not None
    cosigned_at(seen, second(other.node, "witness"))
    cosigned_at(seen, other.node.signer("witness").cosigner)
    keys = Peers.of(other.node).named("owner").who.keys
    assert set(keys) == set(ALL_USES)
    path = owner.node.root / "keys" / f"log{SECOND}.pem"  # type: ignore[operator]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_of(other.node, owner.node).evidence() == []
    rotate(f"log{SECOND}", owner.node)
    reopen(owner)
    hand_in(owner.node, write(tmp_path / "last", ["last"], seed=6))
    pull(other.node, owner)
    assert kept_of(other.node, owner.node).log.head() == owner.node.log.head


def test_a_head_without_the_second_line_is_refused_where_the_key_is_known(
    modern: tuple[Served, Served], tmp_path: Path
) -> None:
    """Somebody who can forge Ed25519 leaves the other line out, or alters it."""
    owner, other = modern
    pull(other.node, owner)
    hand_in(owner.node, write(tmp_path / "more", ["more"], seed=5))
    head = owner.node.log.head
    alone = signed_only_by(head, [owner.node.signer("log").verifier])
    changed = head.replace(b"AAAAAAAAA", b"AAAAAAAAB", 1)
    assert changed != head

    for wrong in (alone, changed):

        def bend(request: Request, wrong: bytes = wrong) -> Response | None:
            return Response(wrong) if request.url.path == "/log/checkpoint" else None

        owner.bend = bend
        with pytest.raises(PeerUntrusted, match="the checkpoint is not one of owner/log"):
            pull(other.node, owner)
    owner.bend = lambda _request: None
    assert pull(other.node, owner).size == owner.node.log.size
    witnessed = kept_of(other.node, owner.node).note(WITNESSED)
    assert witnessed is not None
    assert open_note(witnessed, [second(owner.node, "log")])


def test_a_reader_may_trust_either_key_and_ignores_lines_of_others(owner: Served) -> None:
    assert make_missing(owner.node)
    reopen(owner)
    gost = base64.b64encode(b"\x12\x34\x56\x78" + bytes(64)).decode()
    head = owner.node.log.head + f"— owner/log {gost}\n".encode()

    for key in (owner.node.log.vkey, second(owner.node, "log").vkey):
        policy = Policy.parse(f"log {key}\nquorum none\n")
        assert policy.accept(head).checkpoint == owner.node.log.checkpoint
    forged = sign(TEXT.replace("a/log", "owner/log"), [rfc_signer("owner/log")])
    with pytest.raises(ProofFails, match="no signature by a trusted key"):
        Policy.parse(f"log {second(owner.node, 'log').vkey}\nquorum none\n").accept(forged)


def test_a_witness_may_sign_with_it_alone() -> None:
    log, witness = Signer.generate("a/log"), rfc_signer("w.example/w")
    note = sign(TEXT, [log]) + witness.cosignature(TEXT, T).encode()
    text = f"log {log.vkey}\nwitness w {witness.vkey}\nquorum w\n"

    policy = Policy.parse(text)
    assert policy.accept(note).signed_by == ("a/log", "w.example/w")
    assert replace(policy, since=T).accept(note)
    with pytest.raises(ProofFails, match="quorum w is not reached"):
        policy.accept(sign(TEXT, [log]))


def test_keys_of_other_lengths_are_none() -> None:
    short = Verifier("a/log", MLDSA44, bytes(32))
    with pytest.raises(ProofFails, match="of a type not known here"):
        Verifier.parse(short.vkey)


def test_the_command_makes_them(tmp_path: Path) -> None:
    node = make(tmp_path, "new", "urn:esa:psa")
    assert {use for use, _ in node.keys} == set(USES)
    node.close()

    done = CliRunner().invoke(main, ["-n", str(node.root), "keys", "make", "--json"])

    assert done.exit_code == 0, done.output
    again = Node.open(node.root)  # type: ignore[arg-type]
    assert {use for use, _ in again.keys} == set(ALL_USES)
    assert open_note(again.log.head, [second(again, "log")])
    again.close()
