"""Files beside a label, whose names old labels write in another case than the disk has."""

from pathlib import Path

from perilune.formats.source import MappedFile


class FilesBeside:
    """The regular files in the folder of ``label``; a name never leads out of it."""

    def __init__(self, label: Path) -> None:
        self._folder = label.parent
        self._opened: dict[str, MappedFile] = {}
        self._names: dict[str, str] = {}
        for each in sorted(label.parent.iterdir()):
            if each.is_file() and not each.is_symlink():
                self._names.setdefault(each.name.lower(), each.name)

    def open(self, name: str) -> MappedFile | None:
        """The file of that name, else of that name in another case; None where there is none."""
        found = name if name in self._names.values() else self._names.get(name.lower())
        if found is None:
            return None
        if found not in self._opened:
            self._opened[found] = MappedFile(self._folder / found)
        return self._opened[found]
