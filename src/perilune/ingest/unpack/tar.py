"""Tar, read as a stream: POSIX ustar and pax, old V7, and GNU's long names.

Written anew, since a reader that serves archives of any kind has to believe what a container
says. This one takes regular files and folders, names what else there is, and refuses what
contradicts itself: a checksum that is wrong, a size told twice, an end that is missing, data
after the end. Source: POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from perilune.ingest.unpack.inflate import MOST_PADDING
from perilune.ingest.unpack.limits import broken, too_large
from perilune.ingest.unpack.tree import Tree
from perilune.storage.port import Source

BLOCK = 512
_RUN = 1 << 20
_MOST_EXTENSION = 1 << 20
"""Bytes of one pax header or long name."""
_OCTAL_SIZE = 0o77777777777
_HEADERS_PER_FILE = 4
_EMPTY = bytes(BLOCK)
_NO_FILES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}
_FILES, _FOLDER = (b"0", b"\0", b"7"), b"5"
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"


@dataclass(slots=True)
class _Extension:
    """What the headers before an entry say of it."""

    name: bytes | None = None
    size: int | None = None
    is_sparse: bool = False


def is_tar(head: bytes) -> bool:
    """Whether ``head`` begins with the header of a tar, or is one with nothing in it."""
    block = head[:BLOCK]
    return len(block) == BLOCK and (block == _EMPTY or _sum_is_right(block))


def read_tar(stream: Source, tree: Tree) -> None:
    """Take all files of the tar in ``stream`` into ``tree``; raise `Refused`."""
    headers, most = 0, _HEADERS_PER_FILE * tree.limits.files
    extension = _Extension()
    while (block := _exactly(stream, BLOCK)) != _EMPTY:
        if (headers := headers + 1) > most:
            raise too_large("headers", headers, most)
        if not _sum_is_right(block):
            raise broken(f"has no header where its entry {headers} begins")
        kind = block[156:157]
        if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
            _extend(extension, kind, _payload(stream, block))
            continue
        _entry(stream, block, extension, tree)
        extension = _Extension()
    _end(stream)


def _entry(stream: Source, block: bytes, extension: _Extension, tree: Tree) -> None:
    kind, raw = block[156:157], extension.name or _name(block)
    size = _size(block, extension)
    if kind in (b"0", b"\0") and raw.endswith(b"/"):
        kind = _FOLDER  # as V7 wrote them
    if kind in _FILES and not extension.is_sparse:
        tree.require_room(size)
        path = tree.admit(raw)
        if path is None:
            _skip(stream, size)
        else:
            tree.write(path, size, _runs(stream, size))
        _skip(stream, -size % BLOCK)
        return
    if kind == _FOLDER:
        tree.add_folder(raw)
    elif kind in _FILES:
        tree.leave_out(raw, "a sparse file")
    else:
        tree.leave_out(raw, _NO_FILES.get(kind, f"an entry of type {kind!r}"))
    if kind == b"S":
        _skip_sparse_map(stream, block)
    _skip(stream, size + -size % BLOCK)


def _name(block: bytes) -> bytes:
    name, prefix = _text(block[:100]), _text(block[345:500])
    is_ustar = block[257:263] == b"ustar\0"
    return prefix + b"/" + name if is_ustar and prefix else name


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _size(block: bytes, extension: _Extension) -> int:
    told = _number(block[124:136])
    if extension.size is None:
        return told
    if extension.size <= _OCTAL_SIZE and told not in (0, extension.size):
        raise broken(
            f"tells two sizes of one entry: {told} and {extension.size}",
            path=_text(block[:100]).decode(errors="backslashreplace"),
            found=str(told),
            expected=str(extension.size),
        )
    return extension.size


def _number(field: bytes) -> int:
    """A number as octal digits, or in GNU's way as big-endian bytes after 0x80."""
    if field[0] & 0x80:
        if field[0] != 0x80:
            raise broken("has an entry with a negative size")
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not all(0x30 <= digit <= 0x37 for digit in digits):
        raise broken(f"has a number that is none: {field!r}")
    return int(digits or b"0", 8)


def _sum_is_right(block: bytes) -> bool:
    digits = block[148:156].strip(b" \0")
    if not digits or not all(0x30 <= digit <= 0x37 for digit in digits):
        return False
    plain, told = block[:148] + b" " * 8 + block[156:], int(digits, 8)
    total = sum(plain)
    # some old writers summed signed bytes
    return told == total or told == total - 256 * sum(byte > 127 for byte in plain)


def _extend(extension: _Extension, kind: bytes, payload: bytes) -> None:
    if kind == _LONG_NAME:
        extension.name = payload.rstrip(b"\0")
    elif kind == _PAX_GLOBAL:
        if {b"path", b"size"} & {key for key, _ in _records(payload)}:
            raise broken("has a global header with a path or a size")
    elif kind == _PAX:
        for key, value in _records(payload):
            _apply(extension, key, value)


def _apply(extension: _Extension, key: bytes, value: bytes) -> None:
    if key == b"path":
        extension.name = value
    elif key == b"size":
        if not value.isdigit() or len(value) > 18:
            raise broken(f"has a size that is none: {value[:40]!r}")
        extension.size = int(value)
    elif key.startswith(b"GNU.sparse."):
        extension.is_sparse = True


def _records(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of a pax header: length, blank, key, equals sign, value, newline."""
    place = 0
    while place < len(payload):
        digits, blank, _ = payload[place : place + 8].partition(b" ")
        stop = place + int(digits) if blank and digits.isdigit() else 0
        record = payload[place + len(digits) + 1 : stop]
        key, equals, value = record.removesuffix(b"\n").partition(b"=")
        if not (place < stop <= len(payload) and equals and record.endswith(b"\n")):
            raise broken("has a pax header that cannot be read")
        yield key, value
        place = stop


def _payload(stream: Source, block: bytes) -> bytes:
    size = _number(block[124:136])
    if size > _MOST_EXTENSION:
        raise too_large("bytes of a header", size, _MOST_EXTENSION)
    payload = _exactly(stream, size)
    _skip(stream, -size % BLOCK)
    return payload


def _skip_sparse_map(stream: Source, block: bytes) -> None:
    goes_on = block[482]
    while goes_on:
        goes_on = _exactly(stream, BLOCK)[504]


def _exactly(stream: Source, size: int) -> bytes:
    return b"".join(_runs(stream, size))


def _runs(stream: Source, size: int) -> Iterator[bytes]:
    while size:
        run = stream.read(min(size, _RUN))
        if not run:
            raise broken("is cut short: it ends within an entry, or has no end mark")
        size -= len(run)
        yield run


def _skip(stream: Source, size: int) -> None:
    for _ in _runs(stream, size):
        pass


def _end(stream: Source) -> None:
    """Read what fills up the last block: zeros, and not too many."""
    read = 0
    while run := stream.read(_RUN):
        read += len(run)
        if run.strip(b"\0") or read > MOST_PADDING:
            raise broken("has other data after its end mark")
