"""Receipts: the bytes of docs/reference/formats.md, "Receipt", written out by hand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from perilune.errors import ProofFails
from perilune.ledger.note import Signer, open_note, sign
from perilune.ledger.receipt import Counts, FaultCount, Receipt, runs
from perilune.model.product import Lifecycle, Releasability

SIGNER = Signer.generate("node.example/log/receipt")
COUNTS = Counts(labels=6, accepted=4, held=1, refused=1, files=9, bytes=12_345)
RECEIPT = Receipt(
    t=datetime(2026, 11, 22, 10, 27, 33, 42, UTC),
    node="Node of the Test",
    origin="node.example/log",
    delivery="ab" * 32,
    lifecycle=Lifecycle.RELEASED,
    releasability=Releasability.PUBLIC,
    counts=COUNTS,
    entries=((3, 3), (7, 10)),
    log_size=11,
    log_root=bytes(range(32)),
    faults=(FaultCount("error.pds4.filename_mismatch", "error", 2),),
    report="cd" * 32,
)
TEXT = (
    '{"counts":{"accepted":4,"bytes":12345,"files":9,"held":1,"labels":6,"refused":1},"delivery":"'
    + "ab" * 32
    + '","entries":[[3,3],[7,10]],"faults":[{"count":2,"severity":"error","type":'
    '"error.pds4.filename_mismatch"}],"lifecycle":"released","log":{"root":'
    '"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","size":11},"node":"Node of the Test",'
    '"origin":"node.example/log","receipt":"delivery","releasability":"public","report":"'
    + "cd" * 32
    + '","t":"2026-11-22T10:27:33.000042Z","v":1}\n'
)


def test_a_receipt_is_one_line_of_canonical_json_signed() -> None:
    opened = open_note(RECEIPT.encode(SIGNER), [SIGNER.verifier])

    assert opened.text == TEXT


def test_a_receipt_is_read_back_as_it_was() -> None:
    assert Receipt.verify(RECEIPT.encode(SIGNER), SIGNER.verifier) == RECEIPT


def test_a_receipt_of_another_signer_is_refused() -> None:
    with pytest.raises(ProofFails, match="no signature by a trusted key"):
        Receipt.verify(RECEIPT.encode(Signer.generate(SIGNER.name)), SIGNER.verifier)


def test_a_changed_receipt_is_refused() -> None:
    changed = RECEIPT.encode(SIGNER).replace(b'"accepted":4', b'"accepted":5')

    with pytest.raises(ProofFails, match="does not fit the text"):
        Receipt.verify(changed, SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "no receipt\n",
        TEXT.replace('"v":1', '"v":2'),
        TEXT.replace('"receipt":"delivery"', '"receipt":"custody"'),
        TEXT.replace('"v":1', '"v": 1'),
        TEXT.replace('"refused":1', '"refused":2'),
        TEXT.replace("released", "lost"),
        TEXT.replace("[[3,3],[7,10]]", "[3]"),
        TEXT.replace("abab", "ABAB"),
        TEXT.replace("2026-11-22T", "2026-11-22 "),
        TEXT.replace('"node":"Node of the Test",', ""),
        TEXT.replace('"AAEC', '"?AEC'),
        TEXT + "more\n",
    ],
)
def test_what_is_no_receipt_is_refused_though_signed(text: str) -> None:
    with pytest.raises(ProofFails):
        Receipt.verify(sign(text, [SIGNER]), SIGNER.verifier)


def test_counts_that_do_not_reconcile_are_never_signed() -> None:
    with pytest.raises(ValueError, match="do not reconcile"):
        replace(COUNTS, accepted=5)


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([], ()),
        ([5], ((5, 5),)),
        ([3, 4, 5, 9], ((3, 5), (9, 9))),
        ([9, 4, 3, 5, 4], ((3, 5), (9, 9))),
    ],
)
def test_positions_are_told_as_ranges(
    positions: list[int], expected: tuple[tuple[int, int], ...]
) -> None:
    assert runs(positions) == expected
