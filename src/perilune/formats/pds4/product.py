"""A product opened for reading: its label, and the data objects in its files.

Nothing but the label is read on opening; a file is opened when the first of its objects is asked
for. Names of files are looked for beside the label and nowhere else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import overload

from perilune.errors import UnreadableData, WrongUsage
from perilune.formats import xml
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.display import orientation
from perilune.formats.pds4.grow import grow
from perilune.formats.pds4.objects import Array, DataFile, DataObject, Table, data_files
from perilune.formats.pds4.places import map_grid
from perilune.formats.pds4.stream import OpenStream
from perilune.formats.pds4.table import OpenTable
from perilune.formats.source import Source

OpenObject = OpenTable | OpenArray | OpenStream
Files = Callable[[str], Source]
"""The file of that name beside the label; raises `FileNotFoundError` where it is not there."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An object with the file that it is in."""

    name: str
    object: DataObject
    file: DataFile


class OpenProduct:
    """What is in a product. ``product[0]`` or ``product["name"]`` is a table, array or stream.

    Objects without a name, and all but the first of a name, are told by class and number:
    ``Array_2D_Image 2``. Errors name the label and its line.
    """

    def __init__(self, label: bytes, name: str, files: Files) -> None:
        self.label, self.label_name = label, name
        self._files = files
        self._sources: dict[str, Source] = {}
        self.tree = grow(label)
        """The whole label as names and values."""
        root = xml.parse(label)
        self._placed = list(_placed(list(data_files(root))))
        self._opened: dict[str, OpenObject] = {}

    @property
    def title(self) -> str:
        """Title in the label."""
        return self._identification("pds:title")

    @property
    def lidvid(self) -> str:
        """Identifier and version as the label writes them; empty where it has none."""
        lid = self._identification("pds:logical_identifier")
        version = self._identification("pds:version_id")
        return f"{lid}::{version}" if lid and version else lid

    @property
    def product_class(self) -> str:
        """Name of the root element, ``Product_Observational`` for instance."""
        return self.tree.root.name.removeprefix("pds:")

    @property
    def names(self) -> list[str]:
        """Names of the objects in the order of the label."""
        return [each.name for each in self._placed]

    @property
    def described(self) -> list[tuple[str, DataObject]]:
        """Names of the objects and what the label says of them; no file is opened."""
        return [(each.name, each.object) for each in self._placed]

    def __repr__(self) -> str:
        return f"<{self.product_class} {self.lidvid}: {', '.join(self.names) or 'no data objects'}>"

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[OpenObject]:
        return (self[name] for name in self.names)

    @overload
    def __getitem__(self, key: int) -> OpenObject: ...
    @overload
    def __getitem__(self, key: str) -> OpenObject: ...
    def __getitem__(self, key: int | str) -> OpenObject:
        if isinstance(key, int):
            placed = self._placed[key]
        else:
            found = next((each for each in self._placed if each.name == key), None)
            if found is None:
                raise WrongUsage(f"no object {key!r}; there are {', '.join(self.names)}")
            placed = found
        if placed.name not in self._opened:
            self._opened[placed.name] = self._open(placed)
        return self._opened[placed.name]

    @property
    def tables(self) -> list[OpenTable]:
        """Its tables."""
        return [each for each in self if isinstance(each, OpenTable)]

    @property
    def arrays(self) -> list[OpenArray]:
        """Its arrays."""
        return [each for each in self if isinstance(each, OpenArray)]

    @property
    def streams(self) -> list[OpenStream]:
        """Its headers, texts, kernels and encoded objects."""
        return [each for each in self if isinstance(each, OpenStream)]

    def file_of(self, name: str) -> str:
        """Name of the file that the object ``name`` is in."""
        return next(each.file.name for each in self._placed if each.name == name)

    def _repr_html_(self) -> str:
        from perilune.formats.notebook import product_html  # noqa: PLC0415  # imports this

        return product_html(self)

    def _open(self, placed: _Placed) -> OpenObject:
        source, described = self._source(placed.file), placed.object
        if isinstance(described, Table):
            end = _end(placed, source.size)
            return OpenTable(described, source, end, self.label_name)
        if isinstance(described, Array):
            return OpenArray(
                described,
                source,
                self.label_name,
                orientation=orientation(described, self.tree),
                grid=map_grid(described, self.tree),
            )
        return OpenStream(described, source, self.label_name)

    def _source(self, file: DataFile) -> Source:
        if file.name not in self._sources:
            if not file.name or file.name in (".", "..") or set(file.name) & set("/\\\0"):
                reason = f"{file.name[:80]!r} is no name of a file beside the label"
                raise UnreadableData(reason, label=self.label_name, line=file.line)
            try:
                self._sources[file.name] = self._files(file.name)
            except FileNotFoundError:
                reason = f"the file {file.name!r} is not there"
                raise UnreadableData(reason, label=self.label_name, line=file.line) from None
        return self._sources[file.name]

    def _identification(self, name: str) -> str:
        area = self.tree.root.first("pds:Identification_Area")
        return "" if area is None else area.value(name)


def _placed(files: list[DataFile]) -> Iterator[_Placed]:
    names: set[str] = set()
    numbers: dict[str, int] = {}
    for file in files:
        for each in file.objects:
            numbers[each.class_name] = numbers.get(each.class_name, 0) + 1
            name = each.name
            if not name or name in names:
                name = f"{each.class_name} {numbers[each.class_name]}"
            names.add(name)
            yield _Placed(name, each, file)


def _end(placed: _Placed, size: int) -> int:
    """First byte after a table: where its length is not told, the next object or the file's end."""
    table, here = placed.object, placed.object.offset or 0
    if isinstance(table, Table) and table.size is not None:
        return here + table.size
    later = [each.offset for each in placed.file.objects if (each.offset or 0) > here]
    return min((offset for offset in later if offset is not None), default=size)
