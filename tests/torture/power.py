"""Power cuts: a disk that remembers every write and flush, and what it may hold if power goes.

A disk may lose, keep or tear anything that was written since it was last flushed, in any order;
what was flushed stays. So a disk as a cut may leave it is: all writes before the last flush, and of
those since a random part, each whole, missing, or cut short at a sector. Only the superblock is
never cut in two: it carries a checksum and is not journalled first, so ext4 itself takes its
write for atomic and refuses to mount one half of it. The disk is mounted as it is, its journal is
replayed, and the node on it is looked at.

The file system is ext4 without its kindness to careless programs (``noauto_da_alloc``,
``data=writeback``): what is not synced is not there.
"""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

_SIZE = 40 << 20
_SECTOR = 512
_SUPERBLOCK = range(1024, 2048)
_HEAD = struct.Struct(">cQI")
_OPTIONS = "noauto_da_alloc,data=writeback,noatime"
_PROGRAMS = ("nbdkit", "nbdfuse", "mkfs.ext4", "losetup", "fusermount3", "mount", "umount")
_PLUGIN = Path(__file__).with_name("disk_plugin.py")
_PATIENCE_S = 20.0


def why_not() -> str | None:
    """Why no power can be cut on this machine; None where it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    if not may_mount():
        return "needs root, to mount"
    if not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
        return "needs /dev/fuse and loop devices"
    if subprocess.run(["nbdkit", "python", "--dump-plugin"], capture_output=True).returncode:  # noqa: PLW1510
        return "needs nbdkit-plugin-python"
    return None


def may_mount() -> bool:
    """Whether this process may mount file systems."""
    return os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Write:
    """A write to the disk. ``is_flushed``: it was on the disk when it was done."""

    offset: int
    data: bytes
    is_flushed: bool


@dataclass(frozen=True, slots=True)
class Disk:
    """The recording of a disk that is in use."""

    mount: Path
    record: Path

    @property
    def position(self) -> int:
        """How much was recorded up to now."""
        return self.record.stat().st_size


@dataclass(frozen=True, slots=True)
class Recording:
    """A disk's first content and all that happened to it, ``None`` for a flush."""

    first: bytes
    events: tuple[Write | None, ...]
    positions: tuple[int, ...]
    """Where each event ends in the record."""

    def count(self, position: int) -> int:
        """How many events had happened when the record was this long."""
        return sum(end <= position for end in self.positions)

    def cut(self, count: int, random: Random) -> bytearray:
        """What the disk may hold when power goes after ``count`` events."""
        flushed = max((i for i in range(count) if self.events[i] is None), default=0)
        content = bytearray(self.first)
        for number, event in enumerate(self.events[:count]):
            if event is None:
                continue
            data = event.data
            if number >= flushed and not event.is_flushed:
                data = _survivor(event, random)
            content[event.offset : event.offset + len(data)] = data
        return content


def _survivor(write: Write, random: Random) -> bytes:
    fate = random.random()
    if fate < 0.45:
        return b""
    if fate < 0.85:
        return write.data
    kept = random.randrange(len(write.data) // _SECTOR + 1) * _SECTOR
    if write.offset + kept in _SUPERBLOCK:
        kept = max(0, _SUPERBLOCK.start - write.offset)
    return write.data[:kept]


@contextmanager
def recorded(folder: Path) -> Iterator[Disk]:
    """A new file system, mounted, every write to whose disk is recorded; see `recording`."""
    image, record, fuse, mount = (folder / name for name in ("image", "record", "fuse", "mount"))
    fuse.mkdir()
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(_SIZE)
    _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    plugin = ["nbdkit", "-s", "--exit-with-parent", "python", str(_PLUGIN)]
    command = ["nbdfuse", str(fuse / "disk"), "--command", *plugin]
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen([*command, f"image={image}", f"record={record}"])
        )
        stack.callback(_run, "fusermount3", "-u", str(fuse))
        _wait_for(fuse / "disk", server)
        stack.enter_context(_mounted_loop(fuse / "disk", mount))
        yield Disk(mount, record)


def recording(folder: Path) -> Recording:
    """What was `recorded` in ``folder``."""
    data = (folder / "record").read_bytes()
    events: list[Write | None] = []
    positions: list[int] = []
    place = 0
    while place < len(data):
        kind, offset, length = _HEAD.unpack_from(data, place)
        place += _HEAD.size + length
        content = data[place - length : place]
        events.append(None if kind == b"S" else Write(offset, content, kind == b"F"))
        positions.append(place)
    return Recording((folder / "image").read_bytes(), tuple(events), tuple(positions))


@contextmanager
def mounted(content: bytes | bytearray, folder: Path) -> Iterator[Path]:
    """Where a disk with this content is mounted, after its journal was replayed."""
    image, mount = folder / "cut", folder / "cut_mount"
    image.write_bytes(content)
    mount.mkdir(exist_ok=True)
    with _mounted_loop(image, mount):
        yield mount


@contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[Path]:
    """An empty file system in memory that holds ``size`` bytes."""
    mount = folder / "small"
    mount.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount))
    try:
        yield mount
    finally:
        _run("umount", str(mount))


def enlarge(mount: Path, *, size: int) -> None:
    """Let a `small_disk` hold ``size`` bytes."""
    _run("mount", "-o", f"remount,size={size}", str(mount))


@contextmanager
def _mounted_loop(image: Path, mount: Path) -> Iterator[None]:
    device = _run("losetup", "-f", "--show", str(image)).strip()
    try:
        _run("mount", "-t", "ext4", "-o", _OPTIONS, device, str(mount))
        try:
            yield
        finally:
            _run("umount", str(mount))
    finally:
        _run("losetup", "-d", device)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _wait_for(path: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not path.exists() or path.stat().st_size != _SIZE:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the recording disk did not come up")
        time.sleep(0.02)
