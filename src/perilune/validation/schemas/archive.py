"""Files out of an archive, a folder, or one file: regular ones that may be schemas, and no more.

Nothing is unpacked to disk. An archive that unpacks to more than the limits is refused, also
where its size lies in headers or in members that nobody asked for.
"""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perilune.errors import WrongUsage

MAX_MEMBERS = 20_000
MAX_UNPACKED = 1 << 30
MAX_FILE = 16 << 20
_SUFFIXES = (".xsd", ".sch")
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Member:
    """A file that may be a schema."""

    name: str
    """Its path within what was opened."""
    data: bytes


def members(source: Path) -> Iterator[Member]:
    """Files of ``source`` named ``*.xsd`` or ``*.sch``; raise `WrongUsage` on what is no such.

    ``source`` is a tar archive (plain, gzip, bzip2 or xz), a zip archive, a folder, or one file.
    """
    if source.is_dir():
        yield from _of_folder(source)
    elif source.name.lower().endswith(_SUFFIXES):
        yield Member(source.name, _whole(source))
    elif not source.is_file():
        raise WrongUsage(f"no such file or folder: {source}")
    else:
        try:
            yield from _of_zip(source) if zipfile.is_zipfile(source) else _of_tar(source)
        except (*_UNREADABLE, NotImplementedError, RuntimeError) as error:
            raise WrongUsage(f"{source.name} cannot be read as an archive: {error}") from error


def _of_folder(folder: Path) -> Iterator[Member]:
    count = 0
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            place = Path(where) / name
            if not name.lower().endswith(_SUFFIXES) or not stat.S_ISREG(place.lstat().st_mode):
                continue
            count += 1
            if count > MAX_MEMBERS:
                raise WrongUsage(f"{folder} holds more than {MAX_MEMBERS} schemas")
            yield Member(place.relative_to(folder).as_posix(), _whole(place))


def _whole(place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise WrongUsage(f"{place} cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE:
        raise WrongUsage(f"{place} has more than {MAX_FILE} bytes")
    return data


def _of_tar(source: Path) -> Iterator[Member]:
    with _unpacked(source) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, found in enumerate(archive, 1):
            if count > MAX_MEMBERS:
                raise WrongUsage(f"{source.name} holds more than {MAX_MEMBERS} files")
            if not found.isreg() or not found.name.lower().endswith(_SUFFIXES):
                continue
            if found.size > MAX_FILE:
                raise WrongUsage(f"{source.name}: {found.name} has more than {MAX_FILE} bytes")
            if (file := archive.extractfile(found)) is not None:
                yield Member(found.name.removeprefix("./"), file.read())


def _unpacked(source: Path) -> "_Capped":
    with source.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\xfd7zXZ"):
        return _Capped(lzma.open(source))
    if magic.startswith(b"\x1f\x8b"):
        return _Capped(gzip.GzipFile(source))
    if magic.startswith(b"BZh"):
        return _Capped(bz2.open(source))
    return _Capped(source.open("rb"))


class _Reading(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class _Capped(io.RawIOBase):
    """A stream of at most `MAX_UNPACKED` bytes, read in bounded pieces."""

    def __init__(self, inner: _Reading) -> None:
        self._inner, self._left = inner, MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_FILE:
            raise tarfile.ReadError("a header of the archive is too large")
        data = self._inner.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {MAX_UNPACKED} bytes")
        return data

    def close(self) -> None:
        self._inner.close()
        super().close()


def _of_zip(source: Path) -> Iterator[Member]:
    with zipfile.ZipFile(source) as archive:
        found = archive.infolist()
        if len(found) > MAX_MEMBERS:
            raise WrongUsage(f"{source.name} holds more than {MAX_MEMBERS} files")
        for each in found:
            kind = stat.S_IFMT(each.external_attr >> 16)
            if each.is_dir() or kind not in (0, stat.S_IFREG):
                continue
            if not each.filename.lower().endswith(_SUFFIXES):
                continue
            with archive.open(each) as file:
                data = file.read(MAX_FILE + 1)
            if len(data) > MAX_FILE:
                raise WrongUsage(f"{source.name}: {each.filename} has more than {MAX_FILE} bytes")
            yield Member(each.filename, data)
