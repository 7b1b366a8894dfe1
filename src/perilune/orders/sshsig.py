"""Signatures as OpenSSH makes them (``ssh-keygen -Y sign``): of orders checked, of files made.

Source: OpenSSH, PROTOCOL.sshsig; keys of type ``ssh-ed25519`` (RFC 8709) alone. The namespace
keeps a signature given for one purpose from being taken for another.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from perilune.errors import ProofFails

NAMESPACE = "perilune-order"
_TYPE = b"ssh-ed25519"
_MAGIC = b"SSHSIG"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MOST_BYTES = 4_096
_LINE = 70
_KEY_LINE = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/]+={0,2})( .*)?")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key of a person."""

    raw: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line of an OpenSSH public key file; raise `ProofFails` on anything else."""
        if (match := _KEY_LINE.fullmatch(line.strip())) is None:
            raise ProofFails(f"not a public key of type ssh-ed25519: {line.strip()[:60]!r}")
        return cls.read(_from_base64(match[1]))

    @classmethod
    def read(cls, blob: bytes) -> Self:
        """Read `blob`; raise `ProofFails` on anything else."""
        reader = _Reader(blob)
        if reader.string() != _TYPE or len(raw := reader.string()) != 32 or reader.rest():
            raise ProofFails("not a public key of type ssh-ed25519")
        return cls(raw)

    @property
    def blob(self) -> bytes:
        """The key as the protocol of SSH writes it."""
        return packed(_TYPE) + packed(self.raw)

    @property
    def text(self) -> str:
        """The key as one line without a comment."""
        return f"ssh-ed25519 {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"


def signed_by(message: bytes, signature: bytes) -> PublicKey:
    """The key whose signature over ``message``, for orders, ``signature`` is.

    Raises `ProofFails` where it is none: malformed, of another kind or namespace, or false.
    """
    reader = _Reader(_unwrapped(signature))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.take(4) != (1).to_bytes(4, "big"):
        raise ProofFails("not an SSH signature of version 1")
    key = PublicKey.read(reader.string())
    namespace, reserved, hash_name = reader.string(), reader.string(), reader.string()
    proof = _Reader(reader.string())
    if namespace != NAMESPACE.encode():
        raise ProofFails(f"a signature for {namespace.decode('ascii', 'replace')[:60]!r}")
    if hash_name not in _HASHES or proof.string() != _TYPE or reader.rest():
        raise ProofFails("an SSH signature of a kind not known here")
    raw = proof.string()
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(
            raw, to_sign(message, hash_name, reserved)
        )
    except (InvalidSignature, ValueError) as error:
        raise ProofFails(f"the signature by {key.fingerprint} does not fit the order") from error
    return key


def to_sign(
    message: bytes,
    hash_name: bytes = b"sha512",
    reserved: bytes = b"",
    namespace: str = NAMESPACE,
) -> bytes:
    """The bytes that are signed for ``message``."""
    parts = (namespace.encode(), reserved, hash_name, _HASHES[hash_name](message).digest())
    return _MAGIC + b"".join(map(packed, parts))


def armoured(raw: bytes, key: PublicKey, namespace: str) -> bytes:
    """The file that ``ssh-keygen -Y verify`` reads, of the signature ``raw`` over `to_sign`."""
    parts = (key.blob, namespace.encode(), b"", b"sha512", packed(_TYPE) + packed(raw))
    blob = _MAGIC + (1).to_bytes(4, "big") + b"".join(map(packed, parts))
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def packed(data: bytes) -> bytes:
    """A string of the protocol of SSH (RFC 4251 section 5)."""
    return len(data).to_bytes(4, "big") + data


class _Reader:
    """Takes strings off the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        if count > len(self._data):
            raise ProofFails("an SSH key or signature that breaks off")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def rest(self) -> bytes:
        return self._data


def _unwrapped(signature: bytes) -> bytes:
    if len(signature) > _MOST_BYTES:
        raise ProofFails(f"a signature of {len(signature):,} bytes is none")
    try:
        lines = signature.decode("ascii").strip().splitlines()
    except UnicodeDecodeError as error:
        raise ProofFails("not an SSH signature") from error
    if len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        raise ProofFails("not an SSH signature: it lacks its first or its last line")
    return _from_base64("".join(lines[1:-1]))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ProofFails(f"not Base64: {text[:60]!r}") from error
