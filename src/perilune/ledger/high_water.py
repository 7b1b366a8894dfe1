"""High-water mark: the newest head that a node's log signed, noted outside the node's folder.

A folder that is put back from a backup brings an old head with it, and not this mark. The order
when a head is set: it is durable under another name, then it is noted here, durably, then it is
shown. So no head was ever shown on this machine that is not noted, and a node whose head is the one
noted may sign without asking anybody. The mark counts so only until the machine is started again:
its disk may be put back as a whole.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from perilune.durable import settle_one, whole
from perilune.errors import ProofFails
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import text_of

_VERSION = 1
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Mark:
    """What was noted: a signed head, and since which start of the machine it counts."""

    boot: str
    head: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        """The head's checkpoint."""
        return Checkpoint.parse(text_of(self.head))


@dataclass(frozen=True, slots=True)
class HighWater:
    """The file ``path`` in which the newest head is noted."""

    path: Path

    def read(self) -> Mark | None:
        """What was noted; None where nothing was, or nothing that can be read."""
        try:
            found = json.loads(self.path.read_bytes())
            if found["v"] != _VERSION:
                return None
            mark = Mark(str(found["boot"]), str(found["head"]).encode())
            mark.checkpoint  # noqa: B018  # raises where it is none
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, ProofFails):
            return None
        return mark

    def raise_to(self, head: bytes) -> None:
        """Note ``head``, durably, unless a longer log was noted before."""
        before = self.read()
        if before is not None and before.checkpoint.size > _size(head):
            return
        document = {"v": _VERSION, "boot": boot(), "head": head.decode()}
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            settle_one(self.path.parent.parent)
        with whole(self.path) as file:
            file.write(json.dumps(document).encode() + b"\n")


def boot() -> str:
    """Names the time since the machine was started; empty where the system does not tell."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""


def _size(head: bytes) -> int:
    return Checkpoint.parse(text_of(head)).size
