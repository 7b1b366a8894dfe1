"""Keys of sealed copies: age identities (X25519), each made from its delivery's one secret.

The owner keeps 32 bytes for a delivery, however many products it has; the key of each product
follows from them, and tells nothing of the secret or of another key (HKDF, RFC 5869). Format:
docs/reference/formats.md, "Sealed copy". Everything else about age is pyrage's, known here only.
"""

import secrets
from collections.abc import Iterable
from typing import BinaryIO

import pyrage
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from perilune.errors import ProofFails, WrongUsage
from perilune.storage.port import Source

SECRET_BYTES = 32
_USE = b"perilune/seal/1"
_PREFIX = "age-secret-key-"
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def new_secret() -> bytes:
    """The secret of one delivery."""
    return secrets.token_bytes(SECRET_BYTES)


def identity_of(secret: bytes, leaf: bytes) -> str:
    """The key of the product that the log entry with the leaf hash ``leaf`` published."""
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_USE + leaf)
    return bech32(_PREFIX, derived.derive(secret)).upper()


def recipient_of(identity: str) -> str:
    """The public part of a key, ``age1...``; raise `ProofFails` where it is none."""
    try:
        return str(pyrage.x25519.Identity.from_str(identity).to_public())
    except pyrage.IdentityError as error:
        raise ProofFails(f"not an age identity: {error}") from error


def read_recipient(text: str) -> str:
    """``text``, if it is the public part of a key; raise `WrongUsage` where it is none."""
    try:
        return str(pyrage.x25519.Recipient.from_str(text))
    except pyrage.RecipientError as error:
        raise WrongUsage(f"not an age recipient (age1...): {text[:80]!r}") from error


def encrypt(source: Source, target: BinaryIO, recipients: Iterable[str]) -> None:
    """Write ``source``, encrypted to all ``recipients``, to ``target``."""
    keys = [pyrage.x25519.Recipient.from_str(each) for each in recipients]
    ends = _Ends(source, target)
    try:
        pyrage.encrypt_io(ends, ends, keys)
    except (pyrage.EncryptError, OSError) as error:
        raise ends.fault or error from None


def decrypt(source: Source, target: BinaryIO, identity: str) -> None:
    """Write what ``source`` hides to ``target``; raise `ProofFails` where the key opens it not.

    Then ``target`` may have a part of it, of which every byte is right.
    """
    recipient_of(identity)
    ends = _Ends(source, target)
    try:
        pyrage.decrypt_io(ends, ends, [pyrage.x25519.Identity.from_str(identity)])
    except (pyrage.DecryptError, OSError) as error:
        if ends.fault is not None:
            raise ends.fault from None
        raise ProofFails(f"the sealed copy does not open: {error}") from error


class _Ends:
    """Where bytes come from and go to; remembers what failed there, which pyrage tells as text."""

    def __init__(self, source: Source, target: BinaryIO) -> None:
        self._source, self._target = source, target
        self.fault: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._source.read(size)
        except Exception as error:
            self.fault = error
            raise

    def write(self, data: bytes) -> int:
        try:
            return self._target.write(data)
        except Exception as error:
            self.fault = error
            raise

    def flush(self) -> None:
        """Nothing waits here."""


def bech32(prefix: str, data: bytes) -> str:
    """``data`` in Bech32 (BIP 173), lower case, as age writes its keys."""
    bits = int.from_bytes(data) << (-len(data) * 8 % 5)
    count = -(-len(data) * 8 // 5)
    words = [bits >> 5 * place & 31 for place in reversed(range(count))]
    spread = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    check = _polymod([*spread, *words, *[0] * 6]) ^ 1
    words += [check >> 5 * place & 31 for place in reversed(range(6))]
    return f"{prefix}1{''.join(_ALPHABET[word] for word in words)}"


def _polymod(words: Iterable[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, term in enumerate(_GENERATOR):
            check ^= term if top >> place & 1 else 0
    return check
