"""Signed notes: a text, an empty line, and one line for each signature.

Source: C2SP signed-note v1.0.0; cosignatures of the types 0x04 (Ed25519) and 0x06 (ML-DSA-44, FIPS
204) are C2SP tlog-cosignature v1.1.0-rc.1. A log signs its own checkpoints with 0x06 too, of no
time. Signatures of unknown keys are ignored, so that other algorithms can stand beside.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from perilune.errors import ProofFails

ED25519 = 0x01
COSIGNATURE = 0x04
MLDSA44 = 0x06

_MAX_BYTES = 1 << 20
_MAX_SIGNATURES = 100
_DASH = "\u2014 "
_KEY_ID = 4
_TIME = 8
_PUBLIC = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1312}
"""Bytes of a public key, by its type."""
_SUBTREE = b"subtree/v1\n\0"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it signs under, and what its signatures mean."""

    name: str
    type: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read ``name+id+key``; raise `ProofFails` on anything else, or an unknown type."""
        name, _, rest = vkey.partition("+")
        key_id, _, key = rest.partition("+")
        material = from_base64(key)
        if not is_key_name(name) or not material:
            raise ProofFails(f"not a verifier key: {vkey!r}")
        found = cls(name, material[0], material[1:])
        if len(found.public) != _PUBLIC.get(found.type):
            raise ProofFails(f"verifier key of a type not known here: {vkey!r}")
        if found.key_id.hex() != key_id:
            raise ProofFails(f"verifier key whose ID should be {found.key_id.hex()}: {vkey!r}")
        return found

    @property
    def key_id(self) -> bytes:
        """Four bytes that find the key's line in a note."""
        head = self.name.encode() + b"\n" + bytes([self.type])
        return hashlib.sha256(head + self.public).digest()[:_KEY_ID]

    @property
    def vkey(self) -> str:
        """The key as text, as `parse` reads it."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.type]) + self.public)}"

    def accepts(self, text: str, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``text``."""
        if self.type == ED25519:
            return self._verifies(signature, text.encode())
        if len(signature) <= _TIME or signature[0] > 0x7F:
            return False
        moment, signature = int.from_bytes(signature[:_TIME], "big"), signature[_TIME:]
        if self.type == COSIGNATURE:
            return self._verifies(signature, _cosigned(text, moment))
        try:
            return self._verifies(signature, cosigned_message(self.name, text, moment))
        except ProofFails:
            return False  # only checkpoints are signed so

    def _verifies(self, signature: bytes, message: bytes) -> bool:
        kind = MLDSA44PublicKey if self.type == MLDSA44 else Ed25519PublicKey
        try:
            kind.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def _always() -> None:
    """Let every signature be made."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, Ed25519 or ML-DSA-44, with its name and its one use."""

    name: str
    key: Ed25519PrivateKey | MLDSA44PrivateKey
    permit: Callable[[], None] = field(default=_always, repr=False, compare=False)
    """Called before each signature; raises `Unarmed` where none may be made."""

    @classmethod
    def generate(cls, name: str, type_: int = ED25519) -> Self:
        """A new key, of `ED25519` or `MLDSA44`."""
        if not is_key_name(name):
            raise ValueError(f"not the name of a key: {name!r}")
        kind = MLDSA44PrivateKey if type_ == MLDSA44 else Ed25519PrivateKey
        return cls(name, kind.generate())

    @classmethod
    def load(cls, name: str, pem: bytes, permit: Callable[[], None] = _always) -> Self:
        """Read `pem`; raise ValueError if it holds no key of a type that signs here."""
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
            raise ValueError(f"the key of {name} is of no type that signs here")  # noqa: TRY004 - content, not type
        return cls(name, key, permit)

    def pem(self) -> bytes:
        """The private key as PKCS #8, without a password."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def verifier(self) -> Verifier:
        """What others need to check this key's signatures."""
        return Verifier(self.name, self._type(ED25519), self.key.public_key().public_bytes_raw())

    @property
    def cosigner(self) -> Verifier:
        """What others need to check this key's cosignatures."""
        type_ = self._type(COSIGNATURE)
        return Verifier(self.name, type_, self.key.public_key().public_bytes_raw())

    def _type(self, else_: int) -> int:
        return MLDSA44 if isinstance(self.key, MLDSA44PrivateKey) else else_

    @property
    def vkey(self) -> str:
        """The verifier as text."""
        return self.verifier.vkey

    def cosignature(self, text: str, moment: datetime) -> str:
        """The line by which this key, a witness's, says that it saw ``text`` at ``moment``."""
        return self._timed(text, int(moment.timestamp()))

    def signature(self, message: bytes) -> bytes:
        """The bare signature over ``message``, of a format that keeps it from being a note."""
        self.permit()
        return self.key.sign(message)

    def line(self, text: str) -> str:
        """The signature line under ``text``, with its newline.

        Raises `ProofFails` for an ML-DSA-44 key and a text that is no checkpoint.
        """
        if isinstance(self.key, MLDSA44PrivateKey):
            return self._timed(text, 0)  # by a log: it is its own newest, at no time
        self.permit()
        signature = self.verifier.key_id + self.key.sign(text.encode())
        return f"{_DASH}{self.name} {to_base64(signature)}\n"

    def _timed(self, text: str, seconds: int) -> str:
        self.permit()
        if isinstance(self.key, MLDSA44PrivateKey):
            signed = self.key.sign(cosigned_message(self.name, text, seconds))
        else:
            signed = self.key.sign(_cosigned(text, seconds))
        line = self.cosigner.key_id + seconds.to_bytes(_TIME, "big") + signed
        return f"{_DASH}{self.name} {to_base64(line)}\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A note that verified: its text, and whose signatures under it are good."""

    text: str
    signed_by: tuple[Verifier, ...]


def sign(text: str, signers: Iterable[Signer]) -> bytes:
    """The note of ``text``, which ends in a newline."""
    if not text.endswith("\n") or not _is_plain(text):
        raise ValueError(f"not the text of a note: {text[:80]!r}")
    return (text + "\n" + "".join(signer.line(text) for signer in signers)).encode()


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> Opened:
    """The note in ``data``, if one of ``verifiers`` signed it.

    Raises `ProofFails` if it is no note, if none of them signed it, or if a line that
    names one of them does not verify.
    """
    text, lines = _split(data)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed_by: list[Verifier] = []
    for name, key_id, signature in lines:
        verifier = known.get((name, key_id))
        if verifier is None or verifier in signed_by:
            continue
        if not verifier.accepts(text, signature):
            raise ProofFails(f"the signature of {name} is false: it does not fit the text")
        signed_by.append(verifier)
    if not signed_by:
        names = ", ".join(sorted({name for name, _, _ in lines}))
        raise ProofFails(f"no signature by a trusted key; signed by: {names}")
    return Opened(text, tuple(signed_by))


def signed_only_by(data: bytes, verifiers: Sequence[Verifier]) -> bytes:
    """The note in ``data`` without any other line than those of ``verifiers``, each once.

    Raises `ProofFails` as `open_note` does.
    """
    good = open_note(data, verifiers).signed_by
    text, lines = _split(data)
    kept: dict[tuple[str, bytes], str] = {}
    for name, key_id, signature in lines:
        if any((name, key_id) == (key.name, key.key_id) for key in good):
            line = f"{_DASH}{name} {to_base64(key_id + signature)}\n"
            kept.setdefault((name, key_id), line)
    return (text + "\n" + "".join(kept.values())).encode()


def cosigned_at(data: bytes, witness: Verifier) -> datetime:
    """When ``witness`` cosigned the note in ``data``.

    Raises `ProofFails` if it did not, or if its line does not verify.
    """
    text, lines = _split(data)
    for name, key_id, signature in lines:
        if (name, key_id) == (witness.name, witness.key_id):
            if not witness.accepts(text, signature):
                break
            try:
                return datetime.fromtimestamp(int.from_bytes(signature[:_TIME], "big"), UTC)
            except (ValueError, OverflowError, OSError) as error:
                raise ProofFails(f"{witness.name} cosigned at a time that is none") from error
    raise ProofFails(f"no good cosignature by {witness.name}")


def text_of(data: bytes) -> str:
    """The text of a note whose signatures nobody has looked at."""
    return _split(data)[0]


def is_key_name(name: str) -> bool:
    """Whether ``name`` may name a key: not empty, no space, no plus, no control character."""
    return (
        bool(name)
        and "+" not in name
        and _is_plain(name)
        and len(name.split()) == 1
        and (name == name.strip())
    )


def to_base64(data: bytes) -> str:
    """Standard Base64 (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Read `to_base64`, and nothing that it would not write; raise `ProofFails` otherwise."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofFails(f"not Base64: {text[:80]!r}") from error
    if to_base64(data) != text:
        raise ProofFails(f"not Base64 in its one form: {text[:80]!r}")
    return data


def cosigned_message(name: str, text: str, seconds: int) -> bytes:
    """What the ML-DSA-44 key called ``name`` signs of the checkpoint ``text``.

    The structure ``cosigned_message`` of C2SP tlog-cosignature v1.1.0-rc.1, start 0. Raises
    `ProofFails` where ``text`` is no checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].isascii() or not lines[1].isdecimal() or len(lines[1]) > 19:
        raise ProofFails(f"not a checkpoint: {text[:80]!r}")
    root, names = from_base64(lines[2]), (name.encode(), lines[0].encode())
    if len(root) != 32 or not all(1 <= len(each) <= 255 for each in names):
        raise ProofFails(f"not a checkpoint that {name[:80]} can sign: {text[:80]!r}")
    cosigner, origin = (bytes([len(each)]) + each for each in names)
    start, end = (0).to_bytes(8, "big"), int(lines[1]).to_bytes(8, "big")
    return _SUBTREE + cosigner + seconds.to_bytes(_TIME, "big") + origin + start + end + root


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _split(data: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text, and name, key ID and signature of each line."""
    if len(data) > _MAX_BYTES:
        raise ProofFails(f"a note of {len(data):,} bytes is longer than any we read")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise ProofFails("not a signed note: its bytes are not UTF-8") from error
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n") or not _is_plain(whole):
        raise ProofFails("not a signed note: it lacks an empty line with signatures after it")
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise ProofFails(f"a note with {len(lines)} signatures has more than any we read")
    return text + "\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    name, _, signature = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise ProofFails(f"not a signature line: {line[:80]!r}")
    data = from_base64(signature)
    if len(data) <= _KEY_ID:
        raise ProofFails(f"signature line without a signature: {line[:80]!r}")
    return name, data[:_KEY_ID], data[_KEY_ID:]


def _is_plain(text: str) -> bool:
    """Whether there is no ASCII control character but the newline."""
    return not any(character < " " and character != "\n" for character in set(text))
