"""The roster: who is trusted changes only with the signatures of those trusted before and after."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from perilune.errors import ProofFails, WrongUsage
from perilune.federation.description import Description
from perilune.federation.roster import Member, Role, Roster
from perilune.ledger.note import COSIGNATURE, ED25519, Signer, Verifier, sign, text_of
from perilune.node import USES, Node

T = datetime(2026, 11, 25, 6, 7, 8, 9, UTC)


def described(name: str, *namespaces: str) -> tuple[Description, dict[str, Signer]]:
    origin = f"{name}/log"
    signers = {use: Signer.generate(origin if use == "log" else f"{origin}/{use}") for use in USES}
    keys = {
        use: each.cosigner if use == "witness" else each.verifier for use, each in signers.items()
    }
    return Description(name=name, origin=origin, namespaces=namespaces, keys=keys), signers


A, A_KEYS = described("a", "urn:ros:rssa")
B, B_KEYS = described("b", "urn:cnsa:grss", "urn:cnsa:clep")
FIRST = Roster.first(A, T)
NOTE = FIRST.encode([A_KEYS["roster"]])
SECOND = FIRST.with_peer(Member(B, "http://127.0.0.1:8702"), T, NOTE)


def test_a_roster_comes_back_as_it_was_written() -> None:
    note = SECOND.encode([A_KEYS["roster"]])

    assert Roster.open(NOTE, None) == FIRST
    assert Roster.open(note, (FIRST, NOTE)) == SECOND
    assert [each.who.name for each in SECOND.peers] == ["b"]


def test_its_text_is_one_line_of_these_members() -> None:
    text = text_of(NOTE)

    assert text.startswith('{"nodes":[{"keys":[{"use":"custody","vkey":"a/log/custody+')
    assert text.endswith('"t":"2026-11-25T06:07:08.000009Z","v":1}\n')
    assert (
        '"name":"a","namespaces":["urn:ros:rssa"],"origin":"a/log"}],"roles":{"roster":{"keys":['
        in text
    )
    assert text.count("\n") == 1


def test_it_must_be_signed_by_the_keys_of_the_version_before_and_by_its_own() -> None:
    other = Signer.generate("a/log/roster2")
    changed = replace(SECOND, signers=Role((other.verifier,), 1))
    both = changed.encode([A_KEYS["roster"], other])

    assert Roster.open(both, (FIRST, NOTE)) == changed
    for alone in (A_KEYS["roster"], other):
        with pytest.raises(ProofFails, match="no signature by a trusted key"):
            Roster.open(changed.encode([alone]), (FIRST, NOTE))


def test_a_threshold_of_two_needs_two_different_keys() -> None:
    one, two = A_KEYS["roster"], Signer.generate("a/log/roster2")
    shared = replace(FIRST, signers=Role((one.verifier, two.verifier), 2))

    assert Roster.open(shared.encode([one, two]), None) == shared
    with pytest.raises(ProofFails, match="signed by 1 of 2"):
        Roster.open(shared.encode([one]), None)
    with pytest.raises(ProofFails, match="signed by 1 of 2"):
        Roster.open(shared.encode([one, one]), None)
    with pytest.raises(ProofFails, match="same key"):
        Role((one.verifier, one.verifier), 2)
    with pytest.raises(ProofFails, match="2 of 1"):
        Role((one.verifier,), 2)


@pytest.mark.parametrize(
    "changed", [{"version": 3}, {"version": 1}, {"previous": "ab" * 32}], ids=str
)
def test_a_version_follows_the_one_that_it_names(changed: dict[str, object]) -> None:
    note = replace(SECOND, **changed).encode([A_KEYS["roster"]])  # type: ignore[arg-type]

    with pytest.raises(ProofFails, match="follows"):
        Roster.open(note, (FIRST, NOTE))


def test_the_first_version_follows_nothing() -> None:
    with pytest.raises(ProofFails, match="begins with version 2"):
        Roster.open(SECOND.encode([A_KEYS["roster"]]), None)


@pytest.mark.parametrize("namespace", ["urn:ros:rssa", "urn:ros", "urn:ros:rssa:luna26"])
def test_a_namespace_within_anothers_is_refused_however_it_comes(namespace: str) -> None:
    rival, _ = described("c", namespace)

    with pytest.raises(WrongUsage, match="a namespace has one owner"):
        FIRST.with_peer(Member(rival, "http://c.example"), T, NOTE)
    forced = replace(FIRST, members=(Member(A), Member(rival, "http://c.example")))
    with pytest.raises(ProofFails, match="a namespace has one owner"):
        Roster.open(forced.encode([A_KEYS["roster"]]), None)


def test_a_namespace_that_only_begins_alike_is_another() -> None:
    near, _ = described("c", "urn:ros:rssa2")

    assert len(FIRST.with_peer(Member(near, "http://c.example"), T, NOTE).members) == 2


def test_a_key_of_another_node_is_refused() -> None:
    thief = replace(
        B,
        keys={**B.keys, "custody": Verifier(f"{B.origin}/custody", ED25519, A.keys["log"].public)},
    )

    with pytest.raises(WrongUsage, match="same key"):
        FIRST.with_peer(Member(thief, "http://c.example"), T, NOTE)


@pytest.mark.parametrize(
    ("use", "key", "told"),
    [
        ("custody", Verifier("b/log/custody", ED25519, B.keys["receipt"].public), "same key"),
        ("custody", Verifier("b/log/other", ED25519, bytes(32)), "not b/log/custody"),
        ("witness", Verifier("b/log/witness", ED25519, bytes(32)), "not b/log/witness"),
        ("log", Verifier("b/log", COSIGNATURE, bytes(32)), "not b/log of its type"),
    ],
    ids=["two uses", "name", "type of a witness", "type of a log"],
)
def test_every_key_of_a_description_has_its_name_its_type_and_one_use(
    use: str, key: Verifier, told: str
) -> None:
    with pytest.raises(ProofFails, match=told):
        Description.decode(replace(B, keys={**B.keys, use: key}).encode())


def test_a_description_without_a_key_is_refused() -> None:
    keys = {use: key for use, key in B.keys.items() if use != "roster"}

    with pytest.raises(ProofFails, match="has keys for"):
        Description.decode(replace(B, keys=keys).encode())


def test_a_description_is_canonical_and_named_by_its_digest() -> None:
    node = Node.in_memory()
    who = Description.of(node)

    assert Description.decode(who.encode()) == who
    assert len(who.fingerprint) == 64
    assert set(who.keys) == set(USES)
    with pytest.raises(ProofFails, match="unknown version"):
        Description.decode(who.encode().replace(b'"v":1', b'"v":2'))
    with pytest.raises(ProofFails, match="canonical"):
        Description.decode(who.encode() + b"\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"name":"b"', b'"name":""'),
        (b'"name":"b"', b'"name":"\\u001b[31m"'),
        (b'"urn:cnsa:clep"', b'"https://cnsa"'),
        (b'"origin":"b/log"', b'"origin":"b log"'),
    ],
    ids=range(4),
)
def test_a_description_with_a_value_that_cannot_be_is_refused(old: bytes, new: bytes) -> None:
    data = B.encode()
    assert old in data

    with pytest.raises(ProofFails):
        Description.decode(data.replace(old, new))


def test_a_note_whose_text_is_no_roster_is_refused() -> None:
    note = sign('{"v":1}\n', [A_KEYS["roster"]])

    with pytest.raises(ProofFails, match="malformed roster"):
        Roster.open(note, None)
