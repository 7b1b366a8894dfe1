"""Packed streams (gzip, bzip2, xz, zstd) as plain ones, in bounded memory, with a limit to growth.

Which of them it is the first bytes say, never a name. Several packed streams one after the other
count as one, as gzip, xz and zstd themselves have it; zeros may follow, anything else may not.
"""

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from perilune.ingest.unpack.limits import Kind, Limits, Refused, broken
from perilune.storage.port import Source

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MOST_PADDING = 16 << 20
"""Zeros that may follow the end of a stream: writers fill up blocks of tapes."""
_CHUNK = 1 << 18
_HEAD = 10
_XZ_MEMORY = 192 << 20
_ZSTD_WINDOW = 27
"""Power of two: windows of 128 MiB, as the zstd command takes them unasked."""


class _Unpacker(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib in the manner of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(found) < max_length
        return found


def _xz() -> _Unpacker:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _zstd() -> _Unpacker:
    most = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW}
    return zstd.ZstdDecompressor(options=most)


_FAULTS = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)


def unpacker(head: bytes) -> Callable[[], _Unpacker] | None:
    """What unpacks a stream that begins with ``head``; None where it is not packed."""
    if head.startswith(b"\x1f\x8b"):
        return _Gzip
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return bz2.BZ2Decompressor
    if head.startswith(b"\xfd7zXZ\x00"):
        return _xz
    is_skippable = len(head) > 4 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"
    return _zstd if head.startswith(b"\x28\xb5\x2f\xfd") or is_skippable else None


class Inflated(io.RawIOBase):
    """The plain bytes of a packed stream. Reading raises `Refused` where it is not right."""

    def __init__(self, source: Source, make: Callable[[], _Unpacker], limits: Limits) -> None:
        self._source, self._make, self._limits = source, make, limits
        self._unpacker = make()
        self._waiting = b""
        self._taken = self._given = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: "Buffer", /) -> int:
        """Fill some of ``target``; 0 at the end."""
        view = memoryview(target)
        while view.nbytes:
            if self._unpacker.eof and not self._goes_on():
                return 0
            data = self._fed() if self._unpacker.needs_input else b""
            try:
                found = self._unpacker.decompress(data, view.nbytes)
            except _FAULTS as fault:
                raise broken(f"cannot be unpacked: {fault}") from fault
            if found:
                view[: len(found)] = found
                self._given += len(found)
                self._check_growth()
                return len(found)
        return 0

    def _fed(self) -> bytes:
        data = self._waiting or self._next_chunk()
        self._waiting = b""
        if not data:
            raise broken("is cut short: its packed stream has no end")
        return data

    def _goes_on(self) -> bool:
        """Go on to a packed stream that follows; whether there is one."""
        rest, limit = self._unpacker.unused_data, self._taken + MOST_PADDING
        while len(rest := rest.lstrip(b"\0")) < _HEAD and (chunk := self._next_chunk()):
            rest += chunk
            if self._taken > limit:
                raise broken(f"has more than {MOST_PADDING} zeros after its packed stream")
        if not rest:
            return False
        if unpacker(rest) is not self._make:
            raise broken("has other data after its packed stream")
        self._unpacker, self._waiting = self._make(), rest
        return True

    def _next_chunk(self) -> bytes:
        chunk = self._source.read(_CHUNK)
        self._taken += len(chunk)
        return chunk

    def _check_growth(self) -> None:
        if self._given > max(self._limits.ratio_from, self._limits.ratio * self._taken):
            raise Refused(
                Kind.TOO_LARGE,
                f"grows from {self._taken:,} bytes to more than {self._given:,}",
                found=f"more than {self._given // max(self._taken, 1)} to 1",
                expected=f"at most {self._limits.ratio} to 1",
            )
