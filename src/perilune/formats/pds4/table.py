"""A table opened for reading: a few records, or whole columns, as NumPy, pandas or xarray."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from perilune.errors import WrongUsage
from perilune.formats.pds4.naming import naming
from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.records import FixedRecords
from perilune.formats.pds4.separated import SeparatedRecords
from perilune.formats.pds4.values import Values
from perilune.formats.pds4.variables import Variable, variables
from perilune.formats.source import Source

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class OpenTable:
    """A Table_Character, Table_Binary, Table_Delimited or Inventory.

    ``table["NAME"]`` is a column: a masked array of shape (records, ...) with an axis for each
    group that the field is in. Nothing is read before it is asked for. What does not hold raises
    `UnreadableData` with the line of the label.
    """

    def __init__(self, description: Table, source: Source, stop: int, label: str = "") -> None:
        self.description, self._source, self._stop = description, source, stop
        self._label = label
        self.name = description.name
        self.class_name = description.class_name

    def __repr__(self) -> str:
        return f"<{self.class_name} {self.name!r}: {len(self)} records, {', '.join(self.names)}>"

    def __len__(self) -> int:
        return self.description.records or 0

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Its fields, and bits of fields, in the order of the label."""
        return variables(self.description)

    @property
    def names(self) -> list[str]:
        """Names of the columns; see `perilune.formats.pds4.variables` for how they are unique."""
        return [each.name for each in self.variables]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, name: str) -> Values:
        [column] = self.read([name]).values()
        return column

    def read(
        self, names: Iterable[str] | None = None, start: int = 0, stop: int | None = None
    ) -> dict[str, Values]:
        """Columns by name, all if none is named, of records ``start`` (from 0) to ``stop``."""
        wanted = self.variables if names is None else [self._named(name) for name in names]
        first, last, _ = slice(start, stop).indices(len(self))
        with naming(self._label):
            found = self._records.read(wanted, first, max(first, last))
        return {each.name: column for each, column in zip(wanted, found, strict=True)}

    def to_pandas(
        self, names: Iterable[str] | None = None, start: int = 0, stop: int | None = None
    ) -> "pd.DataFrame":
        """The same as a data frame; see `perilune.formats.frames.data_frame`."""
        from perilune.formats.frames import data_frame  # noqa: PLC0415  # imports this

        return data_frame(self, self.read(names, start, stop))

    def to_xarray(
        self, names: Iterable[str] | None = None, start: int = 0, stop: int | None = None
    ) -> "xr.Dataset":
        """The same as a data set over ``record``; see `perilune.formats.frames.data_set`."""
        from perilune.formats.frames import data_set  # noqa: PLC0415  # imports this

        return data_set(self, self.read(names, start, stop))

    def _repr_html_(self) -> str:
        from perilune.formats.notebook import table_html  # noqa: PLC0415  # imports this

        return table_html(self)

    def _named(self, name: str) -> Variable:
        for each in self.variables:
            if each.name == name:
                return each
        near = [each for each in self.names if name.lower() in each.lower()] or self.names
        raise WrongUsage(f"{self.name!r} has no field {name!r}; it has {', '.join(near[:20])}")

    @cached_property
    def _records(self) -> FixedRecords | SeparatedRecords:
        if self.description.is_delimited:
            columns = sum(_count(each.repetitions) for each in self.variables)
            return SeparatedRecords(self.description, columns, self._source, self._stop)
        return FixedRecords(self.description, self._source)


def _count(repetitions: Sequence[int]) -> int:
    found = 1
    for each in repetitions:
        found *= each
    return found
