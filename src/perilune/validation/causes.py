"""Why bytes are not those that were announced, where it can be shown.

A cause is named only if undoing it gives the announced MD5: text files lose their line endings in
version control and in transfers that "convert". Where the size alone differs, that is said and no
more: a shorter file may have been cut or edited. Memory is bounded whatever the size of the file.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

REWRITES_BELOW = 64 << 20
"""Files of this size and more are data; their line endings are not tried."""
_CHUNK = 1 << 20

_Rewrite = Callable[[bytes], bytes]


def why_md5_differs(
    source: Path | bytes, expected_md5: str, expected_size: int | None = None
) -> str:
    """The cause in a few words; ``content differs`` where none can be shown.

    To be asked about bytes whose MD5 is known not to be ``expected_md5``.
    """
    with _opened(source) as data:
        size = _size(data)
        wanted = expected_md5.lower()
        if size < REWRITES_BELOW and (cause := _rewrite_that_gives(data, wanted, expected_size)):
            return cause
        if expected_size is None or size == expected_size:
            return "content differs"
        if size < expected_size:
            return f"file is shorter: {size} of {expected_size} bytes"
        extra = f"file is longer by {size - expected_size} bytes"
        if _md5_of_first(data, expected_size) == wanted:
            return f"{extra}; the bytes before them are right"
        return extra


def _opened(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _size(data: BinaryIO) -> int:
    return data.seek(0, io.SEEK_END)


def _rewrite_that_gives(data: BinaryIO, wanted: str, wanted_size: int | None) -> str:
    same_size = ""
    for words, rewrite in _REWRITES:
        digest, end, size = _md5_but_end(data, rewrite)
        for ending, tail in _endings(end):
            whole = digest.copy()
            whole.update(tail)
            if whole.hexdigest() == wanted:
                parts = " and ".join(part for part in (words, ending) if part)
                return f"MD5 would match {parts}"
        if size == wanted_size and words:
            same_size = f"content differs; the size would match {words}"
    return same_size if _size(data) != wanted_size else ""


def _endings(end: bytes) -> Iterator[tuple[str, bytes]]:
    """What the last two bytes may have been, with the words for it, the least change first."""
    yield "", end
    if end.endswith(b"\n"):
        yield "without the final newline", end.removesuffix(b"\n").removesuffix(b"\r")
    else:
        yield "with a final newline (LF)", end + b"\n"
        yield "with a final newline (CRLF)", end + b"\r\n"


def _md5_but_end(data: BinaryIO, rewrite: _Rewrite) -> "tuple[hashlib._Hash, bytes, int]":
    """State of the MD5 of all rewritten bytes but the last two, these two, and the whole size."""
    digest = hashlib.md5(usedforsecurity=False)
    held, size = b"", 0
    for chunk in _lines_kept_whole(data):
        changed = rewrite(chunk)
        size += len(changed)
        held += changed
        digest.update(held[:-2])
        held = held[-2:]
    return digest, held, size


def _lines_kept_whole(data: BinaryIO) -> Iterator[bytes]:
    """The bytes in chunks none of which ends between CR and LF."""
    data.seek(0)
    while chunk := data.read(_CHUNK):
        while chunk.endswith(b"\r") and (more := data.read(1)):
            chunk += more
        yield chunk


def _md5_of_first(data: BinaryIO, size: int) -> str:
    data.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while size > 0 and (chunk := data.read(min(size, _CHUNK))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def _same(chunk: bytes) -> bytes:
    return chunk


def _to_crlf(chunk: bytes) -> bytes:
    return chunk.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _to_lf(chunk: bytes) -> bytes:
    return chunk.replace(b"\r\n", b"\n")


_REWRITES: tuple[tuple[str, _Rewrite], ...] = (
    ("", _same),
    ("if LF were CRLF", _to_crlf),
    ("if CRLF were LF", _to_lf),
)
