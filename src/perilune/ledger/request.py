"""Signed questions: a peer says who asks, by its request key, and to whom.

Source: RFC 9421 (HTTP Message Signatures), algorithm ``ed25519`` (section 3.3.6), and RFC 9530 for
the digest of a body. What is signed is fixed: method, path, the log of the node that is asked, so
that nobody hands the question on to another, and the digest of what is posted. A signature counts
for a few minutes; questions change nothing, so that one sent again tells nobody else anything new.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from perilune.errors import ProofFails
from perilune.ledger.note import Signer, Verifier, from_base64, to_base64

_TAG = "perilune-request"
_LABEL = "perilune"
_ADDRESSEE, _DIGEST = "perilune-to", "content-digest"
_COUNTS_FOR = timedelta(minutes=5)
_INPUT = re.compile(
    rf'{_LABEL}=(\("@method" "@path" "{_ADDRESSEE}"(?: "{_DIGEST}")?\)'
    r';created=(\d{1,12});keyid="([^"\\]{1,300})";alg="ed25519"'
    rf';tag="{_TAG}")'
)
_SIGNATURE = re.compile(rf"{_LABEL}=:([A-Za-z0-9+/]{{86}}==):")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the path as it is sent, and what is posted."""

    method: str
    path: str
    body: bytes | None = None


def signed_headers(question: Question, to: str, signer: Signer, now: datetime) -> dict[str, str]:
    """The headers by which ``signer`` asks the node of the log ``to``."""
    headers = {_ADDRESSEE: to}
    if question.body is not None:
        headers[_DIGEST] = digest_of(question.body)
    components = " ".join(f'"{each}"' for each in ("@method", "@path", *headers))
    parameters = (
        f"({components});created={int(now.timestamp())}"
        f';keyid="{signer.name}";alg="ed25519";tag="{_TAG}"'
    )
    signature = signer.key.sign(_base(question.method, question.path, headers, parameters))
    return headers | {
        "signature-input": f"{_LABEL}={parameters}",
        "signature": f"{_LABEL}=:{to_base64(signature)}:",
    }


def digest_of(body: bytes) -> str:
    """``Content-Digest`` of what is posted."""
    return f"sha-256=:{to_base64(hashlib.sha256(body).digest())}:"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that came with a question, not looked at yet."""

    key: str
    """Name of the key."""
    created: int
    _base: bytes
    _signature: bytes

    @classmethod
    def read(cls, method: str, path: str, headers: Mapping[str, str]) -> Self | None:
        """What ``headers``, with names in lower case, hold; None where nothing is signed.

        Raises `ProofFails` where it is not as it must be.
        """
        told = headers.get("signature-input")
        if told is None:
            return None
        found = _INPUT.fullmatch(told)
        signature = _SIGNATURE.fullmatch(headers.get("signature", ""))
        if found is None or signature is None or _ADDRESSEE not in headers:
            raise ProofFails("a signed question of a form not known here")
        covered = {
            name: headers.get(name, "") for name in (_ADDRESSEE, _DIGEST) if f'"{name}"' in found[1]
        }
        if (method == "POST") != (_DIGEST in covered):
            raise ProofFails("a signed question whose body is not signed")
        base = _base(method, path, covered, found[1])
        return cls(found[3], int(found[2]), base, from_base64(signature[1]))

    def require(self, key: Verifier, now: datetime) -> None:
        """Raise `ProofFails` unless ``key`` signed it, about now."""
        if abs(self.created - now.timestamp()) > _COUNTS_FOR.total_seconds():
            raise ProofFails(f"a question signed at {self.created}, and it is {now:%FT%TZ} here")
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(self._signature, self._base)
        except (InvalidSignature, ValueError) as error:
            raise ProofFails(f"the signature of {key.name} does not fit the question") from error


def _base(method: str, path: str, headers: Mapping[str, str], parameters: str) -> bytes:
    """The signature base (RFC 9421 section 2.5)."""
    lines = [f'"@method": {method}', f'"@path": {path}']
    lines += [f'"{name}": {value}' for name, value in headers.items()]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()
