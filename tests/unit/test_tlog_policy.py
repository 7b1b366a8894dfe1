"""Policies: the format of C2SP tlog-policy, and which checkpoints fulfil one."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from perilune.errors import ProofFails
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import COSIGNATURE, Signer, Verifier, sign
from perilune.ledger.policy import Policy, policy_text

LOG = Signer.generate("node.example/log")
CHECKPOINT = Checkpoint("node.example/log", 7, bytes(32))
WITNESSES = {name: Ed25519PrivateKey.generate() for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")}


def verifier_of(name: str) -> Verifier:
    public = WITNESSES[name].public_key().public_bytes_raw()
    return Verifier(f"{name.lower()}.example/w", COSIGNATURE, public)


def cosigned(*names: str, checkpoint: Checkpoint = CHECKPOINT) -> bytes:
    """The checkpoint with lines composed by hand as C2SP tlog-cosignature v1.0.0 says."""
    data = sign(checkpoint.text, [LOG]).decode()
    for name in names:
        signature = WITNESSES[name].sign(
            f"cosignature/v1\ntime 1700000000\n{checkpoint.text}".encode()
        )
        blob = verifier_of(name).key_id + (1_700_000_000).to_bytes(8, "big") + signature
        data += f"— {verifier_of(name).name} {base64.b64encode(blob).decode()}\n"
    return data.encode()


WITNESS_LINES = "".join(f"witness {name} {verifier_of(name).vkey}\n" for name in WITNESSES)
TWO_LEVELS = f"""
log {LOG.vkey}

{WITNESS_LINES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
"""The example of the specification."""


def test_the_policy_that_a_node_hands_out_accepts_its_own_checkpoints() -> None:
    policy = Policy.parse(policy_text(LOG.vkey))

    accepted = policy.accept(sign(CHECKPOINT.text, [LOG]))

    assert accepted.checkpoint == CHECKPOINT
    assert accepted.signed_by == ("node.example/log",)


@pytest.mark.parametrize(
    ("witnesses", "is_enough"),
    [
        ("X1 X2 Y1", True),
        ("X1 X3 Y3", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        ("", False),
        ("X1 X2 X3", False),
        ("X1 Y1 Y2 Y3", False),
        ("Y1 Y2 Y3", False),
    ],
)
def test_the_example_of_the_specification_counts_its_groups(
    witnesses: str,
    is_enough: bool,  # noqa: FBT001 - a column of the table
) -> None:
    policy = Policy.parse(TWO_LEVELS)
    note = cosigned(*witnesses.split())

    if is_enough:
        assert policy.accept(note).checkpoint == CHECKPOINT
    else:
        with pytest.raises(ProofFails, match="quorum X-and-Y is not reached"):
            policy.accept(note)


def test_one_witness_can_be_the_quorum() -> None:
    policy = Policy.parse(f"log {LOG.vkey}\nwitness B {verifier_of('X1').vkey}\nquorum B\n")

    assert policy.accept(cosigned("X1")).signed_by == ("node.example/log", "x1.example/w")
    with pytest.raises(ProofFails, match="witnessed by nobody"):
        policy.accept(cosigned("X2"))


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    stranger = Signer.generate("node.example/log")
    policy = Policy.parse(f"log {stranger.vkey}\nwitness B {verifier_of('X1').vkey}\nquorum none\n")

    with pytest.raises(ProofFails, match="no key that you trust for the log"):
        policy.accept(cosigned("X1"))


def test_a_trusted_log_does_not_speak_for_another() -> None:
    other = Checkpoint("other.example/log", 7, bytes(32))
    policy = Policy.parse(policy_text(LOG.vkey))

    with pytest.raises(ProofFails, match=r"other\.example/log"):
        policy.accept(sign(other.text, [LOG]))


def test_any_of_several_logs_will_do() -> None:
    second = Signer.generate("second.example/log")
    policy = Policy.parse(f"log {LOG.vkey} https://a.example\nlog {second.vkey}\nquorum none\n")

    assert policy.accept(sign(CHECKPOINT.text, [LOG])).checkpoint == CHECKPOINT


def test_a_false_cosignature_spoils_the_checkpoint() -> None:
    policy = Policy.parse(TWO_LEVELS)
    mixed = cosigned("X1", "X2", "Y1").decode().split("\n\n")
    other = cosigned("X1", "X2", "Y1", checkpoint=Checkpoint(LOG.name, 8, bytes(32)))
    mixed[1] = mixed[1].split("\n")[0] + "\n" + other.decode().split("\n\n")[1].split("\n", 1)[1]

    with pytest.raises(ProofFails, match="is false"):
        policy.accept("\n\n".join(mixed).encode())


def test_comments_tabs_and_spaces_are_allowed() -> None:
    text = f"  # a comment of \u043d\u0430\u0448\u0438\n\t log \t {LOG.vkey}  \n\n   \nquorum\tnone"

    assert Policy.parse(text).accept(cosigned()).checkpoint == CHECKPOINT


X1, X2 = verifier_of("X1").vkey, verifier_of("X2").vkey


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no quorum line"),
        (f"log {LOG.vkey}\n", "no quorum line"),
        ("quorum none\nquorum none\n", "line 2 .* second quorum"),
        ("quorum B\n", "no witness or group B"),
        (f"quorum B\nwitness B {X1}\n", "line 1 .* no witness or group B"),
        (f"witness none {X1}\nquorum none\n", "name none is taken"),
        (f"witness B {X1}\nwitness B {X2}\nquorum B\n", "name B is taken"),
        (f"witness B {X1}\nwitness C {X1}\nquorum B\n", "there already"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n", "there already"),
        (f"log {X1}\nquorum none\n", "type 0x04 where 0x01"),
        (f"witness B {LOG.vkey}\nquorum B\n", "type 0x01 where 0x04"),
        (f"witness B {X1}\ngroup G 2 B\nquorum G\n", "2 of 1 members"),
        (f"witness B {X1}\ngroup G 0 B\nquorum G\n", "0 of 1 members"),
        (f"witness B {X1}\ngroup G 01 B\nquorum G\n", "01 of 1 members"),
        (f"witness B {X1}\ngroup G most B\nquorum G\n", "most of 1 members"),
        (f"witness B {X1}\ngroup G any\nquorum G\n", "not understood"),
        (f"witness B {X1}\ngroup G any none\nquorum G\n", "no witness or group none"),
        (f"witness B {X1}\ngroup G any G\nquorum G\n", "no witness or group G|name G"),
        (f"witness B {X1}\ngroup G all B B\nquorum G\n", "second time"),
        (f"witness B {X1}\ngroup G any B\ngroup H any B\nquorum H\n", "second time"),
        ("log\nquorum none\n", "not understood"),
        ("log a b c\nquorum none\n", "not understood"),
        ("log garbage\nquorum none\n", "line 1"),
        ("trust everyone\nquorum none\n", "not understood"),
        ("quorum none\r\n", "control character"),
    ],
    ids=range(25),  # the keys in the texts are new in every process
)
def test_a_wrong_policy_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ProofFails, match=reason):
        Policy.parse(text)
