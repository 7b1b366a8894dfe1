"""Zip, read by its central directory, and compared with what stands before each file's data.

Two readers of one zip may see different files: one goes by the directory at the end, another by
the headers among the data. Where the two do not agree, or two entries share bytes, or a
length is not what was announced, nothing is taken. Source: PKWARE APPNOTE 6.3.10.
"""

import bisect
import stat
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from perilune.ingest.unpack.limits import Kind, Limits, Refused, broken, too_large
from perilune.ingest.unpack.tree import Tree

_RUN = 1 << 20
_END = struct.Struct("<L4H2LH")
_END64 = struct.Struct("<LQ2H2L4Q")
_END64_AT = struct.Struct("<LLQL")
_ENTRY = struct.Struct("<L6H3L5H2L")
_LOCAL = struct.Struct("<L5H3L2H")
_ENTRY_MARK, _LOCAL_MARK = 0x02014B50, 0x04034B50
_END_MARK, _END64_MARK, _END64_AT_MARK = 0x06054B50, 0x06064B50, 0x07064B50
_MOST_COMMENT = 0xFFFF
_IN_EXTRA, _IN_EXTRA_SHORT = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _SIZES_FOLLOW, _STRONG, _MASKED = 1 << 0, 1 << 3, 1 << 6, 1 << 13
_STORED, _DEFLATED = 0, 8
_UNIX = 3


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the central directory lies, and how many entries it announces."""

    start: int
    stop: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of the central directory."""

    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    local: int
    """Where its own header lies."""
    mode: int
    """Of Unix; 0 where it was made elsewhere."""

    @property
    def shown(self) -> str:
        return self.raw.decode(errors="backslashreplace")

    @property
    def is_folder(self) -> bool:
        return self.raw.endswith(b"/") or stat.S_ISDIR(self.mode)


def is_zip(head: bytes) -> bool:
    """Whether ``head`` begins a zip, an empty one too."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read_zip(file: BinaryIO, tree: Tree) -> None:
    """Take all files of the zip in ``file`` into ``tree``; raise `Refused`."""
    directory = _directory(file)
    if directory.entries > tree.limits.files:
        raise too_large("files and folders", directory.entries, tree.limits.files)
    starts = _survey(file, directory, tree.limits)
    for entry in _entries(file, directory):
        stop = _next(starts, entry.local, directory)
        _take(file, entry, stop, tree)


def _take(file: BinaryIO, entry: _Entry, stop: int, tree: Tree) -> None:
    if entry.flags & (_ENCRYPTED | _STRONG | _MASKED):
        raise broken("is encrypted", path=entry.shown, found="encrypted", expected="plain")
    if entry.method not in (_STORED, _DEFLATED):
        raise broken(
            f"is packed by method {entry.method}",
            path=entry.shown,
            found=str(entry.method),
            expected="stored (0) or deflated (8)",
        )
    start = _compare(file, entry)
    if start + entry.packed > stop:
        raise broken("shares bytes with what follows it", path=entry.shown)
    if entry.is_folder:
        if entry.size or entry.packed > 2:  # two bytes are an empty deflated stream
            raise broken("is a folder with bytes in it", path=entry.shown)
        tree.add_folder(entry.raw)
    elif stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG):
        tree.leave_out(entry.raw, _what(entry.mode))
    elif (path := tree.admit(entry.raw)) is not None:
        file.seek(start)
        runs = _stored(file, entry) if entry.method == _STORED else _inflated(file, entry)
        tree.write(path, entry.size, _checked(runs, entry))


def _what(mode: int) -> str:
    return "a symbolic link" if stat.S_ISLNK(mode) else "neither file nor folder"


def _survey(file: BinaryIO, directory: _Directory, limits: Limits) -> "array[int]":
    """Where entries begin, in order; raise `Refused` where they announce too much."""
    starts = array("Q")
    announced = 0
    for entry in _entries(file, directory):
        starts.append(entry.local)
        announced += entry.size
    if announced > limits.bytes:
        raise too_large("bytes in the container", announced, limits.bytes)
    whole = directory.stop
    if announced > max(limits.ratio_from, limits.ratio * whole):
        raise Refused(
            Kind.TOO_LARGE,
            f"grows from {whole:,} bytes to {announced:,}",
            found=f"{announced // whole} to 1",
            expected=f"at most {limits.ratio} to 1",
        )
    return array("Q", sorted(starts))


def _next(starts: "array[int]", local: int, directory: _Directory) -> int:
    """Where the entry after the one at ``local`` begins, or the directory."""
    place = bisect.bisect_right(starts, local)
    if place > 1 and starts[place - 2] == local:
        raise broken(f"has two entries with the same bytes, at {local}")
    return starts[place] if place < len(starts) else directory.start


def _directory(file: BinaryIO) -> _Directory:
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _MOST_COMMENT)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_END_MARK.to_bytes(4, "little"))
    if place < 0 or place + _END.size > len(tail):
        raise broken("is cut short: it has no directory at its end")
    stop = start + place
    _, disk, first, here, entries, length, offset, comment = _numbers(_END, file, stop)
    if stop + _END.size + comment != size:
        raise broken("has other data after its directory")
    at = stop - _END64_AT.size
    if at >= 0 and (located := _numbers(_END64_AT, file, at))[0] == _END64_AT_MARK:
        _, _, stop, disks = located
        found = _numbers(_END64, file, stop)
        if found[0] != _END64_MARK or disks != 1 or stop + 12 + found[1] != at:
            raise broken("has a directory that cannot be read")
        disk, first, here, entries, length, offset = found[4:]
    if disk or first or here != entries:
        raise broken("is one of several parts")
    if offset + length != stop:
        raise broken("has a directory that does not lie where it says")
    return _Directory(offset, stop, entries)


def _numbers(form: struct.Struct, file: BinaryIO, place: int) -> tuple[int, ...]:
    return form.unpack(_at(file, place, form.size))


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    found = file.read(size)
    if len(found) != size:
        raise broken("is cut short")
    return found


def _entries(file: BinaryIO, directory: _Directory) -> Iterator[_Entry]:
    place, number = directory.start, 0
    while place < directory.stop:
        fields = _numbers(_ENTRY, file, place)
        if fields[0] != _ENTRY_MARK:
            raise broken("has a directory that cannot be read")
        lengths = fields[10], fields[11], fields[12]
        rest = _at(file, place + _ENTRY.size, sum(lengths))
        place += _ENTRY.size + len(rest)
        number += 1
        yield _read_entry(fields, rest)
    if place != directory.stop or number != directory.entries:
        raise broken(
            "has another number of entries than it says",
            found=str(number),
            expected=str(directory.entries),
        )


def _read_entry(fields: tuple[int, ...], rest: bytes) -> _Entry:
    _, maker, _, flags, method, _, _, crc, packed, size, *more = fields
    names, extras, _, disk, _, outer, local = more
    raw = rest[:names]
    wide = _wide(rest[names : names + extras])
    size, packed, local = (
        wide.take(8) if value == _IN_EXTRA else value for value in (size, packed, local)
    )
    if disk == _IN_EXTRA_SHORT:
        disk = wide.take(4)
    if disk:
        raise broken("is one of several parts")
    mode = outer >> 16 if maker >> 8 == _UNIX else 0
    return _Entry(
        raw=raw,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        local=local,
        mode=mode,
    )


class _Wide:
    """The numbers of 64 bits in an extra field, in their order."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, size: int) -> int:
        found, self._data = self._data[:size], self._data[size:]
        if len(found) != size:
            raise broken("lacks the size of an entry")
        return int.from_bytes(found, "little")


def _wide(extra: bytes) -> _Wide:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            return _Wide(extra[4 : 4 + length])
        extra = extra[4 + length :]
    return _Wide(b"")


def _compare(file: BinaryIO, entry: _Entry) -> int:
    """Where the entry's data begin; raise `Refused` where its own header says otherwise."""
    head = _numbers(_LOCAL, file, entry.local)
    mark, _, flags, method, _, _, crc, packed, size, names, extras = head
    rest = _at(file, entry.local + _LOCAL.size, names + extras)
    if mark != _LOCAL_MARK or rest[:names] != entry.raw or method != entry.method:
        raise broken("differs from its own header", path=entry.shown)
    if (flags ^ entry.flags) & (_ENCRYPTED | _SIZES_FOLLOW):
        raise broken("differs from its own header", path=entry.shown)
    wide = _wide(rest[names:])
    size, packed = (wide.take(8) if value == _IN_EXTRA else value for value in (size, packed))
    told, right = (size, packed, crc), (entry.size, entry.packed, entry.crc)
    follows = ((0, 0, 0), (*right[:2], 0)) if flags & _SIZES_FOLLOW else ()
    if told != right and told not in follows:
        raise broken(
            "has other sizes in its own header than in the directory",
            path=entry.shown,
            found=f"{size} bytes of {packed}",
            expected=f"{entry.size} bytes of {entry.packed}",
        )
    return entry.local + _LOCAL.size + names + extras


def _stored(file: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    left = entry.packed
    while left:
        run = file.read(min(left, _RUN))
        if not run:
            raise broken("is cut short", path=entry.shown)
        left -= len(run)
        yield run


def _inflated(file: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    """The entry's bytes, and never more of them than it announces."""
    inner = zlib.decompressobj(wbits=-15)
    given = 0
    for packed in _stored(file, entry):
        data = packed
        while data:
            try:
                run = inner.decompress(data, _RUN)
            except zlib.error as fault:
                raise broken(f"cannot be unpacked: {fault}", path=entry.shown) from fault
            given += len(run)
            if given > entry.size or inner.unused_data:
                raise broken("unpacks to more than it announces", path=entry.shown)
            yield run
            data = inner.unconsumed_tail
    run = inner.flush()
    if not inner.eof or given + len(run) > entry.size:
        raise broken("has a packed stream without an end", path=entry.shown)
    yield run


def _checked(runs: Iterator[bytes], entry: _Entry) -> Iterator[bytes]:
    crc = 0
    for run in runs:
        crc = zlib.crc32(run, crc)
        yield run
    if crc != entry.crc:
        raise broken(
            "has other bytes than its checksum says",
            path=entry.shown,
            found=f"{crc:08x}",
            expected=f"{entry.crc:08x}",
        )
