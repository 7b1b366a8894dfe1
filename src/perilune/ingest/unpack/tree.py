"""What comes out of a container: plain files in a folder of our own, and what was left out.

Only this module writes. It makes every file anew under a folder that nobody else writes to, from
names that were checked, and never a link, so nothing can land elsewhere.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from perilune.errors import NoSpace
from perilune.ingest.unpack.limits import Kind, Limits, Refused, broken, too_large
from perilune.ingest.unpack.names import Clash, Names, Unsafe, parts_of

_STEP = 64 << 20
Told = Callable[[int], None]
"""Told how many bytes came out so far."""


class Tree:
    """The files taken out so far, under ``root``."""

    def __init__(self, root: Path, limits: Limits, told: Told) -> None:
        root.mkdir()
        self.root, self.limits, self._told = root, limits, told
        self.left_out: list[Refused] = []
        """Entries that are no files, or have names that may not be."""
        self._names = Names()
        self._bytes = self._looked_at = 0

    def add_folder(self, raw: bytes) -> None:
        """Take the name of a folder; note it where that may not be. Empty ones are not made."""
        try:
            self._names.take_folder(parts_of(raw, self.limits.depth))
        except Unsafe as fault:
            self._leave_out(Kind.UNSAFE, raw, f"is {fault}", str(fault))
        except Clash as fault:
            self._leave_out(Kind.CLASH, raw, str(fault), str(fault))
        self._count()

    def admit(self, raw: bytes) -> str | None:
        """The path of the file that ``raw`` names; None, and noted, where there may be none."""
        try:
            path = self._names.take_file(parts_of(raw, self.limits.depth))
        except Unsafe as fault:
            self._leave_out(Kind.UNSAFE, raw, f"is {fault}", str(fault))
            return None
        except Clash as fault:
            self._leave_out(Kind.CLASH, raw, str(fault), str(fault))
            return None
        self._count()
        return path

    def leave_out(self, raw: bytes, what: str) -> None:
        """Note an entry that is no regular file."""
        self._leave_out(Kind.NO_FILE, raw, f"is {what}; only regular files are taken", what)

    def require_room(self, size: int) -> None:
        """Raise `Refused` where a file of ``size`` bytes would be too much."""
        if self._bytes + size > self.limits.bytes:
            raise too_large("bytes in the container", self._bytes + size, self.limits.bytes)

    def write(self, path: str, size: int, runs: Iterable[bytes]) -> None:
        """Write a file that was admitted; ``runs`` together must have ``size`` bytes."""
        self.require_room(size)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        written = 0
        with os.fdopen(os.open(self.root / path, flags, 0o600), "wb", buffering=0) as file:
            for run in runs:
                rest = memoryview(run)
                while rest:
                    rest = rest[file.write(rest) :]
                written += len(run)
                self._bytes += len(run)
                self._told(self._bytes)
                self._leave_room()
        if written != size:
            raise broken(
                f"has {written} bytes where its entry says {size}",
                path=path,
                found=str(written),
                expected=str(size),
            )

    def _count(self) -> None:
        if len(self._names) > self.limits.files:
            raise too_large("files and folders", len(self._names), self.limits.files)
        if self._names.size > self.limits.names:
            raise too_large("bytes of names", self._names.size, self.limits.names)

    def _leave_room(self) -> None:
        if self._bytes < self._looked_at:
            return
        self._looked_at = self._bytes + _STEP
        if shutil.disk_usage(self.root).free < self.limits.reserve:
            raise NoSpace(f"unpacking would fill the disk under {self.root.parent}")

    def _leave_out(self, kind: Kind, raw: bytes, message: str, found: str) -> None:
        if len(self.left_out) >= self.limits.faults:
            raise too_large("entries at fault", len(self.left_out) + 1, self.limits.faults)
        expected = "a regular file" if kind is Kind.NO_FILE else "a plain name, once"
        name = raw[:1_000].decode(errors="backslashreplace")
        fault = Refused(kind, message, path=name, found=found, expected=expected)
        self.left_out.append(fault)
