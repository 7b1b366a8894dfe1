"""The bytes that can never change. Each expectation is written out here by hand, from the page

docs/reference/formats.md, so that a change of the code cannot change it unseen.
"""

import hashlib
import json
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import ProofFails
from perilune.federation import custody
from perilune.federation.custody import CustodyReceipt, Excepted
from perilune.federation.replica import State
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Signer, sign, text_of
from perilune.model import act, canonical
from perilune.model.act import (
    CommitAct,
    CopyAct,
    FixityAct,
    KeyAct,
    Opening,
    PublishAct,
    ReceiveAct,
    ReleaseAct,
    RepairAct,
)
from perilune.model.disclosure import decode_openings, encode_openings
from perilune.model.guard import AnchorAct, LoseAct
from perilune.model.identifier import Lidvid
from perilune.model.ordered import (
    Cause,
    ClearAct,
    ErratumAct,
    Following,
    HoldAct,
    OrderedAct,
    PersonAct,
    RevokeAct,
    RuleAct,
    Standing,
    UnholdAct,
    Warrant,
    WithdrawAct,
)
from perilune.model.package import Digests, FileEntry, Manifest, piece_size
from perilune.model.product import Lifecycle, Releasability

T = datetime(2026, 11, 22, 10, 27, 33, 42, UTC)
ID = Lidvid.parse("urn:ros:rssa:luna26:data:image::1.0")
PUBLISH = PublishAct(
    t=T,
    lidvid=ID,
    manifest="ab" * 32,
    manifest_size=512,
    files=2,
    bytes=24_000,
    delivery="cd" * 32,
    lifecycle=Lifecycle.RELEASED,
    releasability=Releasability.PUBLIC,
)
PUBLISH_BYTES = (
    b'{"act":"publish","bytes":24000,"delivery":"' + b"cd" * 32 + b'","files":2,'
    b'"lidvid":"urn:ros:rssa:luna26:data:image::1.0","lifecycle":"released",'
    b'"manifest":{"sha256":"' + b"ab" * 32 + b'","size":512},"releasability":"public",'
    b'"t":"2026-11-22T10:27:33.000042Z","v":1}'
)


def test_a_publish_act_is_these_bytes() -> None:
    assert act.encode(PUBLISH) == PUBLISH_BYTES
    assert act.decode(PUBLISH_BYTES) == PUBLISH


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (
            KeyAct(
                t=T, node="Узел", origin="a/log", namespaces=("urn:ros:rssa",), keys=(("log", "k"),)
            ),
            (
                '{"act":"key","keys":[{"use":"log","vkey":"k"}],"namespaces":["urn:ros:rssa"],'
                '"node":"Узел","origin":"a/log","t":"2026-11-22T10:27:33.000042Z","v":1}'
            ),
        ),
        (
            ReleaseAct(t=T, delivery="cd" * 32),
            '{"act":"release","delivery":"'
            + "cd" * 32
            + '","t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            FixityAct(t=T, objects=3, bytes=4, damaged=("ab" * 32,)),
            '{"act":"fixity","bytes":4,"damaged":["' + "ab" * 32 + '"],"objects":3,'
            '"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            CopyAct(
                t=T,
                origin="b/log",
                index=7,
                leaf="12" * 32,
                lidvid=ID,
                manifest="ab" * 32,
                manifest_size=512,
                files=2,
                bytes=24_000,
                delivery="cd" * 32,
                lifecycle=Lifecycle.RELEASED,
                releasability=Releasability.PUBLIC,
            ),
            '{"act":"copy","bytes":24000,"delivery":"' + "cd" * 32 + '","files":2,"index":7,'
            '"leaf":"' + "12" * 32 + '","lidvid":"urn:ros:rssa:luna26:data:image::1.0",'
            '"lifecycle":"released","manifest":{"sha256":"' + "ab" * 32 + '","size":512},'
            '"origin":"b/log","releasability":"public","t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            ReceiveAct(
                t=T,
                origin="b/log",
                size=9,
                root="A" * 43 + "=",
                exceptions=2,
                exception_list="34" * 32,
                receipt="56" * 32,
            ),
            '{"act":"receive","exceptions":{"count":2,"sha256":"' + "34" * 32 + '"},'
            '"origin":"b/log","receipt":"' + "56" * 32 + '","root":"' + "A" * 43 + '=","size":9,'
            '"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            RepairAct(t=T, origin="b/log", objects=1, bytes=4, repaired=("ab" * 32,)),
            '{"act":"repair","bytes":4,"objects":1,"origin":"b/log","repaired":["'
            + "ab" * 32
            + '"],"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            LoseAct(t=T, products=2, lost="ab" * 32),
            '{"act":"lose","lost":{"count":2,"sha256":"' + "ab" * 32 + '"},'
            '"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            AnchorAct(t=T, origin="b/log", size=9, root="A" * 43 + "=", checkpoint="b/log\n"),
            '{"act":"anchor","checkpoint":"b/log\\n","origin":"b/log","root":"' + "A" * 43 + '=",'
            '"size":9,"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
        (
            CommitAct(t=T, commitment="ef" * 32),
            '{"act":"commit","commitment":{"sha256":"' + "ef" * 32 + '"},'
            '"t":"2026-11-22T10:27:33.000042Z","v":1}',
        ),
    ],
)
def test_every_other_act_is_these_bytes(value: act.Act, data: str) -> None:
    assert act.encode(value) == data.encode()
    assert act.decode(data.encode()) == value


def test_a_commitment_is_the_digest_of_its_opening_and_tells_nothing_without_the_salt() -> None:
    opening = Opening("01" * 32, PUBLISH)
    data = b'{"act":' + PUBLISH_BYTES + b',"salt":"' + b"01" * 32 + b'","v":1}'

    assert opening.encode() == data
    assert opening.commitment == hashlib.sha256(data).hexdigest()
    assert Opening.decode(data) == opening
    assert Opening("02" * 32, PUBLISH).commitment != opening.commitment


def test_a_manifest_is_these_bytes_and_is_named_by_their_digest() -> None:
    label = FileEntry.of("data/i.xml", "label", Digests(5, "11" * 32, "22" * 16))
    image = FileEntry.of(
        "data/i.img", "file", Digests((1 << 20) + 1, "33" * 32, "44" * 16, ("55" * 32, "66" * 32))
    )
    manifest = Manifest(ID, (label, image))
    data = (
        '{"files":[{"digests":{"md5":"' + "22" * 16 + '","sha256":"' + "11" * 32 + '"},'
        '"path":"data/i.xml","role":"label","size":5},'
        '{"digests":{"md5":"' + "44" * 16 + '","sha256":"' + "33" * 32 + '"},'
        '"path":"data/i.img","piece_size":1048576,"pieces":["'
        + "55" * 32
        + '","'
        + "66" * 32
        + '"],'
        '"role":"file","size":1048577}],"product":"urn:ros:rssa:luna26:data:image::1.0","v":1}'
    ).encode()

    assert manifest.encode() == data
    assert manifest.sha256 == hashlib.sha256(data).hexdigest()
    assert Manifest.decode(data) == manifest


@pytest.mark.parametrize(
    ("size", "length"),
    [
        (0, 1 << 20),
        (1 << 20, 1 << 20),
        (1 << 32, 1 << 20),
        ((1 << 32) + 1, 1 << 21),
        (10**13, 1 << 32),
    ],
)
def test_pieces_are_a_mebibyte_doubled_until_4096_suffice(size: int, length: int) -> None:
    assert piece_size(size) == length
    assert -(-size // length) <= 4096


@pytest.mark.parametrize(
    "data",
    [
        b'{"v":1,"act":"release","delivery":"'
        + b"cd" * 32
        + b'","t":"2026-11-22T10:27:33.000042Z"}',
        PUBLISH_BYTES.replace(b'"v":1', b'"v":2'),
        PUBLISH_BYTES.replace(b"10:27:33.000042Z", b"10:27:33.042Z"),
        PUBLISH_BYTES.replace(b'"lifecycle":"released"', b'"lifecycle":"free"'),
        PUBLISH_BYTES.replace(b"cd" * 32, b"CD" * 32),
        PUBLISH_BYTES + b"\n",
        PUBLISH_BYTES.replace(b'"files":2,', b""),
        PUBLISH_BYTES.replace(b"image::1.0", b"IMAGE::1.0"),
        b"[]",
        b"\xff\xfe",
        b"",
    ],
)
def test_bytes_that_are_not_the_one_form_of_an_act_are_refused(data: bytes) -> None:
    with pytest.raises(ProofFails):
        act.decode(data)


def test_an_act_of_a_kind_from_later_is_kept_and_ignored_but_its_time_is_known() -> None:
    later = b'{"act":"alias","t":"2026-11-22T10:27:33.000042Z","v":1,"x":2}'

    assert act.decode(later) is None
    assert act.time_of(later) == T


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a//b", "a/./b", "a\\b", ""])
def test_a_manifest_that_names_files_outside_is_refused(path: str) -> None:
    files = [{"path": path, "role": "label", "size": 1, "digests": {"sha256": "11" * 32}}]

    with pytest.raises(ProofFails):
        Manifest.decode(canonical.encode({"v": 1, "product": str(ID), "files": files}))


_NAMES = st.text(st.characters(max_codepoint=127), max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(_NAMES, _JSON, max_size=4))
def test_canonical_json_is_that_of_another_implementation_and_comes_back(
    value: dict[str, canonical.Json],
) -> None:
    data = canonical.encode(value)

    assert data == rfc8785.dumps(value)
    assert canonical.decode(data) == value
    for other in (json.dumps(value, indent=1).encode(), data + b" "):
        if other != data:
            with pytest.raises(ProofFails):
                canonical.decode(other)


def test_canonical_json_escapes_as_the_published_example() -> None:
    # RFC 8785, sections 3.2.2 and 3.2.3, without its floating-point numbers, which are not used
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}

    assert canonical.encode(value).decode() == (
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    "data",
    [
        '{"v":1.0}',
        '{"v":1e3}',
        '{"v":NaN}',
        '{"v":9007199254740992}',
        '{"v":-0}',
        '{"a":1,"a":1}',
        '{"b":1,"a":1}',
        '{"é":1}',
        '{"v":"\\u0041"}',
        '{"v":"\\ud800"}',
        '{"v":' + "[" * 100_000,
        '{"v":' + "9" * 5_000 + "}",
    ],
    ids=range(12),
)
def test_what_is_json_but_not_the_one_form_is_refused(data: str) -> None:
    with pytest.raises(ProofFails):
        canonical.decode(data.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"size":9', '"size":-9'),
        ('"size":9', '"size":true'),
        ('"origin":"b/log"', '"origin":""'),
        ("A" * 43 + "=", "A" * 44),
        ('"count":2', '"count":"2"'),
    ],
)
def test_a_receive_act_with_a_value_that_cannot_be_is_refused(old: str, new: str) -> None:
    data = act.encode(
        ReceiveAct(
            t=T,
            origin="b/log",
            size=9,
            root="A" * 43 + "=",
            exceptions=2,
            exception_list="34" * 32,
            receipt="56" * 32,
        )
    ).decode()
    assert old in data

    with pytest.raises(ProofFails):
        act.decode(data.replace(old, new).encode())


def test_a_custody_receipt_is_this_line_and_its_exceptions_are_these_bytes() -> None:
    signer = Signer.generate("a/log/custody")
    listed = custody.encode_exceptions(
        [
            Excepted(8, Lidvid.parse("urn:ros:rssa:x:y:b::1.0"), State.WRONG_BYTES),
            Excepted(7, Lidvid.parse("urn:ros:rssa:x:y:a::1.0"), State.NOT_RELEASED),
        ]
    )
    receipt = CustodyReceipt(
        t=T,
        node="A",
        origin="a/log",
        log=Checkpoint("b/log", 9, bytes(32)),
        counts=custody.Counts(published=5, held=3, excepted=2, hidden=1),
        exceptions=hashlib.sha256(listed).hexdigest(),
    )

    assert listed == (
        b'{"exceptions":[{"index":7,"lidvid":"urn:ros:rssa:x:y:a::1.0","why":"not-released"},'
        b'{"index":8,"lidvid":"urn:ros:rssa:x:y:b::1.0","why":"wrong-bytes"}],"v":1}'
    )
    assert [each.index for each in custody.decode_exceptions(listed)[0]] == [7, 8]
    note = receipt.encode(signer)
    assert text_of(note) == (
        '{"counts":{"excepted":2,"held":3,"hidden":1,"published":5},"exceptions":"'
        + receipt.exceptions
        + '","log":{"origin":"b/log","root":"'
        + "A" * 43
        + '=","size":9},"node":"A","origin":"a/log","receipt":"custody",'
        '"t":"2026-11-22T10:27:33.000042Z","v":1}\n'
    )
    assert CustodyReceipt.verify(note, signer.verifier) == receipt
    stranger = Signer("b/log/custody", signer.key)
    with pytest.raises(ProofFails, match="signed by"):
        CustodyReceipt.verify(receipt.encode(stranger), stranger.verifier)
    changed = text_of(note).replace('"held":3', '"held":4')
    with pytest.raises(ProofFails, match="reconcile"):
        CustodyReceipt.verify(sign(changed, [signer]), signer.verifier)


WARRANT = Warrant("ab" * 32, ("cd" * 32, "ef" * 32))
ORDER_BYTES = (
    b'"order":{"sha256":"' + b"ab" * 32 + b'","signatures":["' + b"cd" * 32 + b'","'
    b"" + b"ef" * 32 + b'"]},'
)
T_BYTES = b'"t":"2026-11-22T10:27:33.000042Z",'
ORDERED: list[tuple[OrderedAct, bytes]] = [
    (
        PersonAct(
            t=T, name="Анна", key="ssh-ed25519 AAAA", standing=Standing.KNOWN, warrant=WARRANT
        ),
        b'{"act":"person","key":"ssh-ed25519 AAAA","name":"\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0",'
        + ORDER_BYTES
        + b'"standing":"known",'
        + T_BYTES
        + b'"v":1}',
    ),
    (
        ClearAct(
            t=T,
            to=Releasability.PUBLIC,
            cleared=7,
            openings="12" * 32,
            reason="agreed",
            warrant=WARRANT,
        ),
        b'{"act":"clear","cleared":{"count":7,"sha256":"' + b"12" * 32 + b'"},'
        b"" + ORDER_BYTES + b'"reason":"agreed",' + T_BYTES + b'"to":"public","v":1}',
    ),
    (
        WithdrawAct(
            t=T, lidvid=ID, cause=Cause.LAW, text="a court", follows=Following("a.example/log", 9)
        ),
        b'{"act":"withdraw","cause":"law","follows":{"index":9,"origin":"a.example/log"},'
        b'"lidvid":"urn:ros:rssa:luna26:data:image::1.0",' + T_BYTES + b'"text":"a court","v":1}',
    ),
    (
        HoldAct(t=T, lidvid=ID, reason="a case"),
        b'{"act":"hold","lidvid":"urn:ros:rssa:luna26:data:image::1.0","reason":"a case",'
        + T_BYTES
        + b'"v":1}',
    ),
    (
        UnholdAct(t=T, lidvid=ID, hold=T, reason="closed", warrant=WARRANT),
        b'{"act":"unhold","hold":"2026-11-22T10:27:33.000042Z",'
        b'"lidvid":"urn:ros:rssa:luna26:data:image::1.0",' + ORDER_BYTES + b'"reason":"closed",'
        b"" + T_BYTES + b'"v":1}',
    ),
    (
        ErratumAct(t=T, lidvid=ID, text="kelvin"),
        b'{"act":"erratum","lidvid":"urn:ros:rssa:luna26:data:image::1.0",'
        + T_BYTES
        + b'"text":"kelvin","v":1}',
    ),
    (
        RuleAct(
            t=T,
            within=("urn:ros:rssa:luna26",),
            to=Releasability.PARTNER,
            until=T,
            reason="annex 2",
            warrant=WARRANT,
        ),
        b'{"act":"rule",' + ORDER_BYTES + b'"reason":"annex 2",' + T_BYTES + b'"to":"partner",'
        b'"until":"2026-11-22T10:27:33.000042Z","v":1,"within":["urn:ros:rssa:luna26"]}',
    ),
    (
        RevokeAct(t=T, rule=T, reason="ended", warrant=WARRANT),
        b'{"act":"revoke",' + ORDER_BYTES + b'"reason":"ended",'
        b'"rule":"2026-11-22T10:27:33.000042Z",' + T_BYTES + b'"v":1}',
    ),
]


@pytest.mark.parametrize(
    ("made", "expected"), ORDERED, ids=[str(act.document(each)["act"]) for each, _ in ORDERED]
)
def test_an_act_that_persons_order_is_these_bytes(made: OrderedAct, expected: bytes) -> None:
    assert act.encode(made) == expected
    assert act.decode(expected) == made


def test_a_list_of_openings_is_these_bytes() -> None:
    opening = Opening("00" * 32, PUBLISH)
    listed = b'{"openings":[{"index":3,"opening":' + opening.encode() + b'}],"v":1}'

    assert encode_openings([(3, opening)]) == listed
    assert decode_openings(listed) == [(3, opening)]
    for bad in (
        listed.removesuffix(b'"v":1}') + b'"v":2}',
        listed.replace(b'"index":3', b'"index":-3'),
        encode_openings([(3, opening), (3, opening)]),
        b'{"openings":[{}],"v":1}',
        b"[]",
    ):
        with pytest.raises(ProofFails):
            decode_openings(bad)
