"""Containers made to do harm: each with one thing wrong, and the one fault that has to be found.

Written byte by byte here, since no honest tool writes them. Everything comes from a seed.
"""

import bz2
import gzip
import lzma
import stat
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from perilune.ingest.unpack.limits import Kind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = 512
BOMB = 257 << 20
"""Zeros that a bomb unpacks to: one more MiB than is ever taken on trust."""

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Hostile:
    """A container, what is wrong with it, and the message type that says so."""

    what: str
    data: bytes = field(repr=False)
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a tar as it is written, right or wrong."""

    name: bytes
    data: bytes = b""
    type: bytes = b"0"
    link: bytes = b""
    size: bytes | None = None
    sum: bytes | None = None

    def block(self) -> bytes:
        size = self.size if self.size is not None else b"%011o\0" % len(self.data)
        head = struct.pack(
            "100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x",
            *(self.name, b"0000644\0", b"0000000\0", b"0000000\0", size, b"00000000000\0"),
            *(b" " * 8, self.type, self.link, b"ustar\0", b"00", b"", b"", b"", b"", b""),
        )
        total = self.sum if self.sum is not None else b"%06o\0 " % sum(head)
        return head[:148] + total + head[156:]

    def encode(self) -> bytes:
        return self.block() + self.data + bytes(-len(self.data) % BLOCK)


def pax(records: dict[bytes, bytes], kind: bytes = b"x") -> Entry:
    """A pax header with these records."""
    lines = b""
    for key, value in records.items():
        length = len(key) + len(value) + 3
        while len(b"%d" % length) + len(key) + len(value) + 3 != length:
            length = len(b"%d" % length) + len(key) + len(value) + 3
        lines += b"%d %s=%s\n" % (length, key, value)
    return Entry(name=b"PaxHeaders/x", type=kind, data=lines)


def tar(*entries: Entry, end: bytes = bytes(2 * BLOCK)) -> bytes:
    """The entries one after the other, and an end."""
    return b"".join(entry.encode() for entry in entries) + end


def named(name: bytes, data: bytes = b"x") -> list[Entry]:
    """A file under any name, which may need a pax header."""
    if len(name) > 100 or b"\0" in name:
        return [pax({b"path": name}), Entry(name=b"short", data=data)]
    return [Entry(name=name, data=data)]


PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    gzip.compress,
    bz2.compress,
    lzma.compress,
    zstd.compress,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zipped:
    """An entry of a zip as it is written; what is None is told rightly."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0x800
    mode: int = stat.S_IFREG | 0o644
    crc: int | None = None
    size: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    packed: bytes | None = None
    at: int | None = None
    """Where the directory says that it lies."""

    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return zlib.compress(self.data, wbits=-15) if self.method == 8 else self.data

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        size = self.told_size if self.local_size is None else self.local_size
        sizes = (self.told_crc, len(self.body()), size, len(name), 0)
        numbers = (0x04034B50, 20, self.flags, self.method, 0, 0, *sizes)
        return struct.pack("<L5H3L2H", *numbers) + name + self.body()

    def central(self, place: int) -> bytes:
        place = place if self.at is None else self.at
        sizes = (self.told_crc, len(self.body()), self.told_size, len(self.name), 0, 0, 0, 0)
        numbers = (0x02014B50, 3 << 8, 20, self.flags, self.method, 0, 0, *sizes)
        return struct.pack("<L6H3L5H2L", *numbers, self.mode << 16, place) + self.name

    @property
    def told_crc(self) -> int:
        return zlib.crc32(self.data) if self.crc is None else self.crc

    @property
    def told_size(self) -> int:
        return len(self.data) if self.size is None else self.size


def zipped(*entries: Zipped, count: int | None = None, shift: int = 0, after: bytes = b"") -> bytes:
    """The entries, their directory, and its end."""
    locals_, directory = b"", b""
    for entry in entries:
        directory += entry.central(len(locals_))
        locals_ += entry.local()
    told = len(entries) if count is None else count
    end = (0x06054B50, 0, 0, told, told, len(directory), len(locals_) + shift, 0)
    return locals_ + directory + struct.pack("<L4H2LH", *end) + after


_UNSAFE = (
    "/etc/passwd",
    "../outside",
    "data/../../outside",
    "data\\..\\outside",
    "C:outside",
    "c:/outside",
    "data/with\rreturn",
    "data/with\nnewline.xml",
    "data/with\x1b[2Jescape",
    "data/with\x7fdelete",
    "data/\u202etxt.exe",
    "data/zero\u200bwidth",
    "n" * 256,
    "/".join(["long-enough"] * 31 + ["x" * 700]),
    "d/" * 33 + "deep",
    ".",
    "./",
)
_CLASHES = (
    ("data/A.img", "data/a.img"),
    ("data/a.img", "DATA/b.img"),
    ("data/\u00e9.img", "data/e\u0301.img"),
    ("data/stra\u00dfe", "data/STRASSE"),
    ("data/a.img", "data/a.img"),
    ("data/a", "data/a/b"),
    ("data/a/b", "data/a"),
)
_TAR_KINDS = (b"1", b"2", b"3", b"4", b"6", b"S", b"V", b"M", b"D", b"Z")


def hostile(seed: int, right: Files) -> Hostile:
    """The container of that seed: ``right``, a good delivery, with something wrong in it."""
    draw = Random(seed)
    made = draw.choice(_MAKERS)(draw, right)
    return replace(made, what=f"{seed}: {made.what}")


def _tar_of(right: Files, *more: Entry, draw: Random, end: bytes = bytes(2 * BLOCK)) -> bytes:
    entries = [Entry(name=name.encode(), data=data) for name, data in right.items()]
    entries[len(entries) // 2 : len(entries) // 2] = more
    return draw.choice(PACKINGS)(tar(*entries, end=end))


def _zip_of(right: Files, *more: Zipped, **rest: "int | bytes") -> bytes:
    entries = [Zipped(name=name.encode(), data=data) for name, data in right.items()]
    return zipped(*entries, *more, **rest)  # type: ignore[arg-type]  # as zipped takes them


def unsafe_in_tar(draw: Random, right: Files) -> Hostile:
    name = draw.choice((*(each.encode() for each in _UNSAFE), b"data/\xff.img", b"nul\0l.img"))
    name = b"." if name == b"./" else name  # which would be a folder, and right
    return Hostile(f"tar: {name!r}", _tar_of(right, *named(name), draw=draw), Kind.UNSAFE)


def unsafe_in_zip(draw: Random, right: Files) -> Hostile:
    name = draw.choice(
        (*(each.encode() for each in _UNSAFE[:-1]), b"data/\xff.img", b"nul\0l", b"")
    )
    made = _zip_of(right, Zipped(name=name, data=b"x"))
    return Hostile(f"zip: {name!r}", made, Kind.UNSAFE)


def clash(draw: Random, right: Files) -> Hostile:
    pair = [name.encode() for name in draw.choice(_CLASHES)]
    if draw.random() < 0.5:
        made = _zip_of(right, *(Zipped(name=name, data=b"x") for name in pair))
    else:
        made = _tar_of(right, *(Entry(name=name, data=b"x") for name in pair), draw=draw)
    return Hostile(f"clash: {pair}", made, Kind.CLASH)


def special_in_tar(draw: Random, right: Files) -> Hostile:
    kind, link = draw.choice(_TAR_KINDS), draw.choice((b"/etc/passwd", b"../../outside", b"x"))
    entry = Entry(name=b"data/special", type=kind, link=link)
    return Hostile(f"tar: type {kind!r}", _tar_of(right, entry, draw=draw), Kind.NO_FILE)


def sparse_in_pax(draw: Random, right: Files) -> Hostile:
    told = pax({b"GNU.sparse.major": b"1", b"GNU.sparse.realsize": b"1099511627776"})
    entry = Entry(name=b"data/sparse", data=b"1\n0\n0\n")
    return Hostile("tar: sparse", _tar_of(right, told, entry, draw=draw), Kind.NO_FILE)


def special_in_zip(draw: Random, right: Files) -> Hostile:
    kind = draw.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK))
    entry = Zipped(name=b"data/special", data=b"/etc/passwd", mode=kind | 0o777)
    return Hostile(f"zip: mode {kind:o}", _zip_of(right, entry), Kind.NO_FILE)


def cut(draw: Random, right: Files) -> Hostile:
    whole = draw.choice((_zip_of(right), _tar_of(right, draw=draw, end=bytes(BLOCK))))
    most = len(whole) if whole.startswith(b"PK") else max(len(whole) - BLOCK, BLOCK + 1)
    if not whole.startswith((b"PK", next(iter(right)).encode()[:1])):
        most = len(whole) - 1  # packed: any byte that is missing is missed
    stop = draw.randrange(11, most)
    return Hostile(f"cut at {stop} of {len(whole)}", whole[:stop], Kind.BROKEN)


def lying_tar(draw: Random, right: Files) -> Hostile:
    entries, what, kind = draw.choice(
        (
            ([Entry(name=b"x", data=b"x", sum=b"000000\0 ")], "wrong sum", Kind.BROKEN),
            ([pax({b"size": b"7"}), Entry(name=b"x", data=b"x" * 9)], "two sizes", Kind.BROKEN),
            ([pax({b"size": b"-7"}), Entry(name=b"x", data=b"")], "size of -7", Kind.BROKEN),
            ([Entry(name=b"x", size=b"\xff" * 12)], "negative size", Kind.BROKEN),
            ([Entry(name=b"x", size=b"99999999999\0")], "no octal", Kind.BROKEN),
            ([Entry(name=b"x", size=b"\x80" + b"\x7f" * 11)], "huge size", Kind.TOO_LARGE),
            ([Entry(name=b"x", size=b"77777777777\0")], "beyond its end", Kind.BROKEN),
            ([pax({b"path": b"y"}, b"g")], "path for all", Kind.BROKEN),
            ([Entry(name=b"p", type=b"x", data=b"99 path=x\n")], "record too long", Kind.BROKEN),
            ([Entry(name=b"p", type=b"x", data=b"0 path=x\n")], "record of nothing", Kind.BROKEN),
            ([Entry(name=b"p", type=b"x", data=b"\xb2 a=b\n")], "no digits", Kind.BROKEN),
            ([Entry(name=b"p", type=b"L", data=b"n" * (2 << 20))], "2 MiB name", Kind.TOO_LARGE),
            (
                [Entry(name=b"l%d" % n, type=b"2", link=b"x") for n in range(1_001)],
                "many links",
                Kind.TOO_LARGE,
            ),
        )
    )
    return Hostile(f"tar: {what}", _tar_of(right, *entries, draw=draw), kind)


def after_the_end(draw: Random, right: Files) -> Hostile:
    hidden = bytes(2 * BLOCK) + Entry(name=b"hidden", data=b"x").encode()
    packed = draw.choice(PACKINGS[1:])
    plain = tar(*(Entry(name=name.encode(), data=data) for name, data in right.items()))
    what, made = draw.choice(
        (
            ("tar: entries after the end", _tar_of(right, draw=draw, end=hidden)),
            ("packed: bytes after the end", packed(plain) + b"and more"),
            ("packed twice", draw.choice(PACKINGS[1:])(packed(plain))),
            ("packed zip", packed(_zip_of(right))),
            ("packed text", packed(b"no container at all" * 40)),
            ("zip: bytes after the end", _zip_of(right, after=b"and more")),
            ("packed: another packing follows", gzip.compress(plain) + zstd.compress(plain)),
        )
    )
    return Hostile(what, made, Kind.BROKEN)


def lying_zip(draw: Random, right: Files) -> Hostile:
    data = draw.randbytes(draw.randrange(1, 400))
    entry = Zipped(name=b"data/x", data=data, method=draw.choice((0, 8)))
    what, changed = draw.choice(
        (
            ("another name at the data", replace(entry, local_name=b"data/y")),
            ("another size at the data", replace(entry, local_size=len(data) + 1)),
            ("a smaller size", replace(entry, size=len(data) - 1)),
            ("a larger size", replace(entry, size=len(data) + 1)),
            ("a wrong checksum", replace(entry, crc=7)),
            ("encrypted", replace(entry, flags=0x801)),
            ("strongly encrypted", replace(entry, flags=0x841)),
            ("an unknown method", replace(entry, method=99)),
            ("no deflated stream", replace(entry, method=8, packed=b"\xff" * 40)),
            ("a deflated stream without end", replace(entry, method=8, packed=b"\x00")),
            ("a folder with bytes", replace(entry, name=b"data/x/")),
            ("shared bytes", replace(entry, at=0)),
            ("a place beyond the end", replace(entry, at=1 << 30)),
            ("a place within another", replace(entry, at=13)),
        )
    )
    return Hostile(f"zip: {what}", _zip_of(right, changed), Kind.BROKEN)


def lying_directory(draw: Random, right: Files) -> Hostile:
    what, made = draw.choice(
        (
            ("one entry more", _zip_of(right, count=len(right) + 1)),
            ("one entry less", _zip_of(right, count=len(right) - 1)),
            ("another place", _zip_of(right, shift=draw.choice((-3, -1, 1, 70_000)))),
        )
    )
    return Hostile(f"zip: a directory with {what}", made, Kind.BROKEN)


def overlapping(draw: Random, _right: Files) -> Hostile:
    """As Fifield's bombs are made: many entries, one run of bytes."""
    kernel = Zipped(name=b"data/x", data=bytes(100_000))
    same = [replace(kernel, at=0) for _ in range(draw.randrange(2, 50))]
    return Hostile("zip: entries over one another", zipped(kernel, *same), Kind.BROKEN)


_MAKERS: tuple[Callable[[Random, Files], Hostile], ...] = (
    unsafe_in_tar,
    unsafe_in_zip,
    clash,
    special_in_tar,
    sparse_in_pax,
    special_in_zip,
    cut,
    lying_tar,
    after_the_end,
    lying_zip,
    lying_directory,
    overlapping,
)


def bombs() -> Iterator[Hostile]:
    """Small containers of much, each kind of packing once."""
    head = Entry(name=b"data/zeros.img", size=b"%011o\0" % BOMB).block()
    for pack in PACKINGS[1:]:
        grain = pack(bytes(1 << 20))  # streams one after the other are one
        bomb = pack(head) + grain * (BOMB >> 20) + pack(bytes(2 * BLOCK))
        yield Hostile(f"{pack.__module__} bomb", bomb, Kind.TOO_LARGE)
    zeros = bytes(BOMB)
    yield Hostile("zip bomb", zipped(Zipped(name=b"zeros", data=zeros)), Kind.TOO_LARGE)
    lying = Zipped(name=b"zeros", data=b"", size=10, packed=zlib.compress(zeros, wbits=-15))
    yield Hostile("zip bomb that says it is none", zipped(lying), Kind.BROKEN)
    names = (Entry(name=b"d%07d/" % number, type=b"5").block() for number in range(1_000_100))
    yield Hostile("a million folders", zstd.compress(b"".join(names)), Kind.TOO_LARGE)
    filled = tar(end=bytes(BOMB // 4))
    yield Hostile("zeros after the end", filled, Kind.BROKEN)


def with_a_large_window() -> Hostile:
    """An xz stream that wants 1.5 GiB to be unpacked in."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 16 << 20}]
    made = bytearray(lzma.compress(tar(Entry(name=b"x", data=b"x")), filters=filters))
    # the block's header: its dictionary size is one byte (40 is 4 GiB - 1), then its checksum
    place = made.index(b"\x21\x01", 12) + 2
    made[place] = 39
    size = (made[12] + 1) * 4
    made[12 + size - 4 : 12 + size] = struct.pack("<L", zlib.crc32(bytes(made[12 : 8 + size])))
    return Hostile("xz window of 3 GiB", bytes(made), Kind.BROKEN)
