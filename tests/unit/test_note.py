"""Signed notes against published vectors: C2SP signed-note ("Verifier keys") and the tests of

golang.org/x/mod sumdb/note; and against OpenSSL.
"""

import base64
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from perilune.errors import ProofFails
from perilune.ledger.note import (
    COSIGNATURE,
    Signer,
    Verifier,
    cosigned_at,
    from_base64,
    is_key_name,
    open_note,
    sign,
    text_of,
    to_base64,
)

SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2"
    "ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
ENOCH_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)
PETER, ENOCH = Verifier.parse(PETER_VKEY), Verifier.parse(ENOCH_VKEY)


def note_of(*lines: str, text: str = GO_TEXT) -> bytes:
    return (text + "\n" + "".join(lines)).encode()


def cosignature(name: str, key: Ed25519PrivateKey, text: str, moment: int) -> tuple[str, str]:
    """A line and its verifier key, composed by hand as C2SP tlog-cosignature v1.0.0 says."""
    verifier = Verifier(name, 0x04, key.public_key().public_bytes_raw())
    signature = key.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
    data = verifier.key_id + moment.to_bytes(8, "big") + signature
    return f"— {name} {base64.b64encode(data).decode()}\n", verifier.vkey


def test_the_example_of_the_specification_verifies() -> None:
    opened = open_note(SPEC_NOTE.encode(), [Verifier.parse(SPEC_VKEY)])

    assert opened.text == "This is an example message.\n"
    assert [verifier.vkey for verifier in opened.signed_by] == [SPEC_VKEY]


def test_the_go_key_signs_the_same_bytes_here() -> None:
    signer = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))

    assert signer.vkey == PETER_VKEY
    assert sign(GO_TEXT, [signer]) == note_of(PETER_LINE)


def test_signatures_of_unknown_keys_are_ignored() -> None:
    data = note_of(PETER_LINE, ENOCH_LINE)

    assert open_note(data, [PETER]).signed_by == (PETER,)
    assert open_note(data, [ENOCH]).signed_by == (ENOCH,)
    assert open_note(data, [ENOCH, PETER]).signed_by == (PETER, ENOCH)


def test_a_line_that_stands_twice_counts_once() -> None:
    assert open_note(note_of(PETER_LINE, PETER_LINE), [PETER]).signed_by == (PETER,)


def test_a_note_that_no_trusted_key_signed_is_refused() -> None:
    with pytest.raises(ProofFails, match="no signature by a trusted key; signed by: PeterNeumann"):
        open_note(note_of(PETER_LINE), [ENOCH])
    with pytest.raises(ProofFails, match="no signature by a trusted key"):
        open_note(note_of(PETER_LINE), [])


def test_one_false_line_of_a_trusted_key_spoils_the_note() -> None:
    false = PETER_LINE.replace("ZJku", "ZJkv")

    with pytest.raises(ProofFails, match="signature of PeterNeumann is false"):
        open_note(note_of(false, ENOCH_LINE), [PETER, ENOCH])
    assert open_note(note_of(false, ENOCH_LINE), [ENOCH]).signed_by == (ENOCH,)


def test_a_changed_text_is_refused() -> None:
    with pytest.raises(ProofFails, match="does not fit the text"):
        open_note(note_of(PETER_LINE, text=GO_TEXT.replace("answer", "question")), [PETER])


def test_the_last_empty_line_ends_the_text() -> None:
    signer = Signer.generate("a.example/key")
    text = "one\n\ntwo\n\n\nthree\n"

    assert open_note(sign(text, [signer]), [signer.verifier]).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        GO_TEXT.encode(),
        (GO_TEXT + "\n").encode(),
        note_of(PETER_LINE[:-1]),
        b"\x01" + note_of(PETER_LINE),
        b"\xff" + note_of(PETER_LINE),
        note_of(PETER_LINE, text="tab\there\n"),
        note_of(PETER_LINE.replace("PeterNeumann", "Bad Name")),
        note_of(PETER_LINE.replace("PeterNeumann", "bad+name")),
        note_of(PETER_LINE.replace("— ", "- ")),
        note_of(PETER_LINE, "Unexpected line.\n"),
        note_of("— PeterNeumann x08gow==\n"),
        note_of("— PeterNeumann \n"),
        note_of("— PeterNeumann x08go/ZJkuB\n"),
        note_of(*[PETER_LINE] * 101),
        note_of(PETER_LINE, text="long\n" * 300_000),
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(ProofFails):
        open_note(data, [PETER])


def test_no_part_and_no_bent_form_of_a_verifier_key_is_one() -> None:
    wrong = {
        PETER_VKEY[start:stop]
        for start in range(len(PETER_VKEY) + 1)
        for stop in range(start, len(PETER_VKEY) + 1)
    }
    wrong |= {
        PETER_VKEY[:i] + chr(ord(PETER_VKEY[i]) + 1) + PETER_VKEY[i + 1 :]
        for i in range(len(PETER_VKEY))
    }
    # of golang.org/x/mod: key of the wrong length, unknown algorithm, each with a fitting ID
    wrong |= {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    }

    for vkey in sorted(wrong - {PETER_VKEY}):
        with pytest.raises(ProofFails):
            Verifier.parse(vkey)


def test_a_key_survives_its_file() -> None:
    signer = Signer.generate("a.example/log")

    again = Signer.load("a.example/log", signer.pem())

    assert again.vkey == signer.vkey
    assert again.line("x\n") == signer.line("x\n")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", " a", "a\u00a0b", "a\u2003", "\x07"])
def test_a_name_with_spaces_or_plus_names_no_key(name: str) -> None:
    assert not is_key_name(name)
    with pytest.raises(ValueError, match="not the name of a key"):
        Signer.generate(name)


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "nul\0\n"])
def test_what_cannot_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="not the text of a note"):
        sign(text, [Signer.generate("a.example/log")])


def test_a_cosignature_counts_with_the_time_it_was_made_for() -> None:
    key, text = Ed25519PrivateKey.generate(), "a.example/log\n1\nAAAA\n"
    line, vkey = cosignature("w.example/w", key, text, 1_679_315_147)
    witness = Verifier.parse(vkey)

    assert open_note(note_of(line, text=text), [witness]).signed_by == (witness,)

    data = from_base64(line.split(" ")[2].strip())
    later = data[:4] + (1_679_315_148).to_bytes(8, "big") + data[12:]
    with pytest.raises(ProofFails, match="is false"):
        open_note(note_of(f"— w.example/w {to_base64(later)}\n", text=text), [witness])


def test_a_plain_signature_does_not_pass_for_a_cosignature() -> None:
    signer = Signer.generate("w.example/w")
    witness = Verifier("w.example/w", COSIGNATURE, signer.verifier.public)
    signature = witness.key_id + signer.key.sign(b"text\n")

    for data in (signature, signature[:4] + bytes(8) + signature[4:], signature[:8]):
        with pytest.raises(ProofFails, match="is false"):
            open_note(note_of(f"— w.example/w {to_base64(data)}\n", text="text\n"), [witness])


def test_the_text_can_be_had_unverified() -> None:
    assert text_of(SPEC_NOTE.encode()) == "This is an example message.\n"


@pytest.mark.parametrize("text", ["AA", "AB==", "AAA=\n", " AAAA", "AA==AA==", "A-_A", "\u0661AAA"])
def test_base64_has_one_form(text: str) -> None:
    with pytest.raises(ProofFails, match="not Base64"):
        from_base64(text)


def openssl_verifies(signer: Signer, message: bytes, signature: bytes, folder: Path) -> bool:
    """Whether OpenSSL, which knows nothing of notes, takes the signature for the message's."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    public = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, data in (("text", message), ("signature", signature), ("key.pem", public)):
        (folder / name).write_bytes(data)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pem"]
    command += ["-in", "text", "-sigfile", "signature"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert (done.returncode == 0) == ("Signature Verified Successfully" in done.stdout)
    return done.returncode == 0


def test_openssl_verifies_a_signature(tmp_path: Path) -> None:
    signer = Signer.generate("a.example/log")
    text, _, lines = sign("a.example/log\n0\nAAAA\n", [signer]).decode().rpartition("\n\n")
    signature = base64.b64decode(lines.split(" ")[2])[4:]
    message = (text + "\n").encode()

    assert openssl_verifies(signer, message, signature, tmp_path)
    assert not openssl_verifies(signer, message + b"!", signature, tmp_path)


def test_a_cosignature_signs_time_and_text_and_openssl_verifies_it(tmp_path: Path) -> None:
    """C2SP tlog-cosignature v1.0.0: the message is written out here by hand."""
    log, witness = Signer.generate("a.example/log"), Signer.generate("b.example/witness")
    text = "a.example/log\n0\nAAAA\n"
    line = witness.cosignature(text, datetime.fromtimestamp(1_679_315_147, UTC))
    note = sign(text, [log]) + line.encode()

    assert line.startswith("\u2014 b.example/witness ")
    data = base64.b64decode(line.split(" ")[2])
    assert (
        data[:4]
        == hashlib.sha256(b"b.example/witness\n\x04" + witness.verifier.public).digest()[:4]
    )
    assert int.from_bytes(data[4:12], "big") == 1_679_315_147
    message = b"cosignature/v1\ntime 1679315147\n" + text.encode()
    assert openssl_verifies(witness, message, data[12:], tmp_path)
    assert open_note(note, [log.verifier, witness.cosigner]).signed_by == (
        log.verifier,
        witness.cosigner,
    )
    assert cosigned_at(note, witness.cosigner) == datetime.fromtimestamp(1_679_315_147, UTC)
    with pytest.raises(ProofFails, match="no good cosignature"):
        cosigned_at(sign(text, [log]), witness.cosigner)
    later = line.replace(
        base64.b64encode(data).decode(),
        base64.b64encode(data[:11] + bytes([data[11] ^ 1]) + data[12:]).decode(),
    )
    with pytest.raises(ProofFails, match="no good cosignature"):
        cosigned_at(sign(text, [log]) + later.encode(), witness.cosigner)
