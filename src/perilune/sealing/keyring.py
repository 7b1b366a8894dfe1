"""What the owner keeps to seal and to release: a secret for each delivery, and who can recover it.

In the node's folder::

    keys/seals/<delivery>   the secret of a delivery, hexadecimal, mode 600
    keys/recovery.json      recovery recipients and how many of them are needed

A secret is durable before anything is sealed with it, and is never replaced.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from perilune.durable import settle_one, whole
from perilune.errors import Damaged, WrongUsage
from perilune.sealing.key import SECRET_BYTES, new_secret, read_recipient


@dataclass(frozen=True, slots=True)
class Recipients:
    """Those who can give secrets back: name to public key, and how many of them it takes."""

    threshold: int = 0
    by_name: dict[str, str] = field(default_factory=dict)

    def with_one(self, name: str, recipient: str, threshold: int | None) -> "Recipients":
        """These and one more; raise `WrongUsage` where that cannot be.

        The threshold stays, but for the first one, where it is 1.
        """
        if name in self.by_name:
            raise WrongUsage(f"{name!r} is a recovery recipient already")
        recipient = read_recipient(recipient)
        if recipient in self.by_name.values():
            raise WrongUsage(f"{recipient} is the key of another recovery recipient")
        by_name = self.by_name | {name: recipient}
        threshold = threshold or self.threshold or 1
        if not 1 <= threshold <= len(by_name):
            raise WrongUsage(f"{threshold} of {len(by_name)} recovery recipients cannot be needed")
        return Recipients(threshold, by_name)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets of one node."""

    root: Path
    """The folder ``keys`` of the node."""

    @property
    def recipients(self) -> Recipients:
        """The recovery recipients of what will be sealed from here on."""
        try:
            kept = json.loads((self.root / "recovery.json").read_bytes())
        except FileNotFoundError:
            return Recipients()
        return Recipients(kept["threshold"], kept["recipients"])

    def keep_recipients(self, recipients: Recipients) -> None:
        """Have ``recipients`` take the place of those before."""
        kept = {"threshold": recipients.threshold, "recipients": recipients.by_name}
        with whole(self.root / "recovery.json") as file:
            file.write(json.dumps(kept, indent=2, ensure_ascii=False).encode() + b"\n")

    def secret(self, delivery: str) -> bytes | None:
        """The secret of a delivery; None where there is none."""
        try:
            text = self._place(delivery).read_text("ascii").strip()
        except FileNotFoundError:
            return None
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise Damaged(f"{self._place(delivery)} is no secret of a delivery")
        return secret

    def secret_to_seal(self, delivery: str) -> bytes:
        """The secret of a delivery, made and kept where there is none yet."""
        found = self.secret(delivery)
        if found is None:
            self.keep(delivery, found := new_secret())
        return found

    def keep(self, delivery: str, secret: bytes) -> None:
        """Keep the secret of a delivery, durably; raise `WrongUsage` where another is kept."""
        kept = self.secret(delivery)
        if kept is not None and kept != secret:
            raise WrongUsage(f"another secret of delivery {delivery} is kept already")
        place = self._place(delivery)
        if not place.parent.is_dir():
            place.parent.mkdir(mode=0o700)
            settle_one(self.root)
        with whole(place) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secret.hex().encode() + b"\n")

    def _place(self, delivery: str) -> Path:
        return self.root / "seals" / delivery
