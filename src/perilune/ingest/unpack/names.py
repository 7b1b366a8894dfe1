"""Names in a container: which may become paths, and which mean the same place twice.

A path that may be taken is the same on every system: relative, printable, of parts that any
file system holds. Two names clash where some system takes them for one: they differ in case, or
in the Unicode normal form (macOS and Linux), or one is a folder where the other is a file.
"""

import re
import unicodedata

_DRIVE = re.compile(r"[A-Za-z]:")
_MOST_PATH, _MOST_PART = 1_000, 255


class Unsafe(Exception):
    """The name can be no path of a delivery; the text says why."""


class Clash(Exception):
    """The name means a place that is taken; the text says by what."""


def parts_of(raw: bytes, most_depth: int) -> tuple[str, ...]:
    """The parts of the path that ``raw`` writes, none for the root itself; raise `Unsafe`."""
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise Unsafe("a name that is not UTF-8") from None
    if name.startswith("/"):
        raise Unsafe("an absolute path")
    if "\\" in name:
        raise Unsafe("a path with a backslash")
    if not name.isprintable():
        raise Unsafe("a name with a control or invisible character")
    if _DRIVE.match(name):
        raise Unsafe("a path with a drive letter")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Unsafe("a path that leads upward")
    if not name:
        raise Unsafe("an empty name")
    if len(raw) > _MOST_PATH or any(len(part.encode()) > _MOST_PART for part in parts):
        raise Unsafe(f"a name longer than {_MOST_PART} bytes, or a path longer than {_MOST_PATH}")
    if len(parts) > most_depth:
        raise Unsafe(f"a path of {len(parts)} parts, more than {most_depth}")
    return parts


class Names:
    """The places that are taken."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {"": ""}
        self.size = 0
        """Bytes of the names kept."""

    def __len__(self) -> int:
        return len(self._files) + len(self._folders) - 1

    def take_file(self, parts: tuple[str, ...]) -> str:
        """The path of a file, now taken; raise `Clash`, and `Unsafe` where there is no name."""
        if not parts:
            raise Unsafe("no name of a file")
        self.take_folder(parts[:-1])
        path = "/".join(parts)
        key = _folded(path)
        if (there := self._files.get(key)) is not None:
            raise Clash("is there twice" if there == path else f"means the same as {there}")
        if (there := self._folders.get(key)) is not None:
            raise Clash(f"is also the folder {there}")
        self._files[key] = path
        self.size += len(path) + len(key)
        return path

    def take_folder(self, parts: tuple[str, ...]) -> str:
        """The path of a folder, and all above it, now taken; raise `Clash`."""
        path = "/".join(parts)
        key = _folded(path)
        there = self._folders.get(key)
        if there == path:
            return path
        if there is not None:
            raise Clash(f"means the same as {there}")
        if (there := self._files.get(key)) is not None:
            raise Clash(f"is also the file {there}")
        self.take_folder(parts[:-1])
        self._folders[key] = path
        self.size += len(path) + len(key)
        return path


def _folded(path: str) -> str:
    """What two names have in common that differ in case or normal form (Unicode, D145)."""
    if path.isascii():
        return path.lower()
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
    return unicodedata.normalize("NFC", plain)
