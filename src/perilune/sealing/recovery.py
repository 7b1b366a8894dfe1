"""Recovery: the secret of a delivery, shared among people of whom k of n give it back.

Each share is encrypted to one recovery recipient, and the document of all shares is kept and
copied beside the sealed copies: whoever has k of the private keys needs nothing else of the owner.
Format: docs/reference/formats.md, "Recovery shares".
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from perilune.errors import ProofFails, WrongUsage
from perilune.ledger.note import from_base64, to_base64
from perilune.model import canonical
from perilune.model.reading import read_count
from perilune.sealing import shamir
from perilune.sealing.key import decrypt, encrypt, recipient_of

RECOVERY_VERSION = 1
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Share:
    """One share, encrypted to its recipient."""

    recipient: str
    encrypted: bytes


@dataclass(frozen=True, slots=True)
class Shares:
    """All shares of one secret."""

    threshold: int
    shares: tuple[Share, ...]

    @classmethod
    def of(cls, secret: bytes, recipients: Sequence[str], threshold: int) -> Self:
        """Share ``secret`` among ``recipients``; raise `WrongUsage` where it cannot be."""
        split = shamir.split(secret, threshold, len(recipients))
        made = (
            Share(recipient, _encrypted(bytes([number]) + share, recipient))
            for recipient, (number, share) in zip(recipients, split.items(), strict=True)
        )
        return cls(threshold, tuple(made))

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.encode(
            {
                "v": RECOVERY_VERSION,
                "threshold": self.threshold,
                "shares": [
                    {"recipient": each.recipient, "share": to_base64(each.encrypted)}
                    for each in self.shares
                ],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `encode`; raise `ProofFails` on anything else."""
        found = canonical.decode(data)
        if found.get("v") != RECOVERY_VERSION:
            raise ProofFails(f"shares of unknown version {found.get('v')!r}")
        try:
            shares = (
                Share(str(each["recipient"]), from_base64(each["share"]))
                for each in found["shares"]
            )
            return cls(read_count(found["threshold"]), tuple(shares))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed shares: {error}") from error

    def combined(self, identities: Sequence[str]) -> bytes:
        """The secret, if ``identities`` open enough of the shares.

        Raises `WrongUsage` where they are too few, `ProofFails` where a share is none.
        """
        keys = {recipient_of(each): each for each in identities}
        opened = [
            _decrypted(each, keys[each.recipient]) for each in self.shares if each.recipient in keys
        ]
        if len(opened) < self.threshold:
            raise WrongUsage(
                f"{len(opened)} of the shares open with these keys; {self.threshold} are needed"
            )
        return shamir.combine({share[0]: share[1:] for share in opened[: self.threshold]})


def _encrypted(share: bytes, recipient: str) -> bytes:
    target = io.BytesIO()
    encrypt(io.BytesIO(share), target, [recipient])
    return target.getvalue()


def _decrypted(share: Share, identity: str) -> bytes:
    target = io.BytesIO()
    decrypt(io.BytesIO(share.encrypted), target, identity)
    if len(target.getvalue()) < 2:
        raise ProofFails(f"what is encrypted to {share.recipient} is no share")
    return target.getvalue()
