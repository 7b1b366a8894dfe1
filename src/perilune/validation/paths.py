"""Paths: very many of them, in little more memory than their names take.

Those of one folder stand together as one text. A million labels with a data file each are 60 MB
so, and a quarter of a gigabyte as a list.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Self

_SEPARATOR = "\0"
"""No name of a file holds it."""


class Paths(Collection[str]):
    """Paths in the order in which they were given."""

    def __init__(self) -> None:
        self._folders: list[tuple[str, str]] = []
        self._count = 0

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """These."""
        found = cls()
        for folder, some in groupby(paths, lambda path: path.rpartition("/")[0]):
            found.put(folder, [path.rpartition("/")[2] for path in some])
        return found

    def put(self, folder: str, names: Collection[str]) -> None:
        """Add files of a folder; the empty folder is that which paths are relative to."""
        if names:
            self._folders.append((folder, _SEPARATOR.join(names)))
            self._count += len(names)

    def __iter__(self) -> Iterator[str]:
        for folder, names in self._folders:
            for name in names.split(_SEPARATOR):
                yield f"{folder}/{name}" if folder else name

    def __len__(self) -> int:
        return self._count

    def __contains__(self, path: object) -> bool:
        return any(each == path for each in self)
