"""An array opened for reading: windows of it, of any rank and element type.

Only what a window covers is read. Elements come masked and scaled, in native byte order.
Source: Standards Reference, section 4A; Data Dictionary, Element_Array, Object_Statistics.
"""

from functools import cached_property
from math import prod
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from perilune.errors import UnreadableData, WrongUsage
from perilune.formats.pds4 import values
from perilune.formats.pds4.display import Orientation
from perilune.formats.pds4.naming import naming
from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.formats.pds4.objects import Array
from perilune.formats.pds4.places import MapGrid
from perilune.formats.pds4.values import Values
from perilune.formats.source import Source

if TYPE_CHECKING:
    import xarray as xr

Index = int | slice | EllipsisType | tuple[int | slice | EllipsisType, ...]


class OpenArray:
    """An Array of any class. ``array[0, 100:200, ::4]`` reads that window, as a masked array.

    What does not hold raises `UnreadableData` with the line of the label.
    """

    def __init__(
        self,
        description: Array,
        source: Source,
        label: str = "",
        *,
        orientation: Orientation | None = None,
        grid: MapGrid | None = None,
    ) -> None:
        self.description, self._source, self._label = description, source, label
        self.name = description.name
        self.class_name = description.class_name
        self.unit = description.unit
        self.orientation = orientation
        """How it is to be shown; None where it is no picture."""
        self.grid = grid
        """Where its pixels lie on a map, where the label tells."""

    def __repr__(self) -> str:
        axes = " x ".join(
            f"{name} {size}" for name, size in zip(self.axis_names, self.shape, strict=True)
        )
        return f"<{self.class_name} {self.name!r}: {axes}, {self.description.data_type}>"

    def __len__(self) -> int:
        return self.shape[0]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Elements of each axis; the last varies fastest."""
        described = self.description
        shape = tuple(size for size in described.shape if size is not None)
        if len(shape) != len(described.shape) or not shape:
            raise UnreadableData(
                f"{self.name!r}: the label does not tell how many elements each axis has",
                line=described.line,
            )
        if described.axes is not None and described.axes != len(shape):
            raise UnreadableData(
                f"{self.name!r}: axes is {described.axes}, described are {len(shape)}",
                line=described.line,
            )
        return shape

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Names of the axes, in lower case as ``line``, ``sample``, ``band``; made unique."""
        names: list[str] = []
        for number, name in enumerate(self.description.axis_names):
            plain = name.strip().lower() or f"axis{number + 1}"
            names.append(plain if plain not in names else f"{plain}{number + 1}")
        return tuple(names)

    @cached_property
    def stored_dtype(self) -> np.dtype[np.number]:
        """Elements as they lie in the file."""
        found = NUMBER_TYPES.get(self.description.data_type)
        if found is None:
            reason = f"{self.description.data_type[:40]!r} is no data_type of an array"
            raise UnreadableData(reason, line=self.description.line)
        return found

    def __getitem__(self, index: Index) -> Values:
        with naming(self._label):
            return self.interpreted(self.raw(index))

    def __array__(
        self,
        dtype: npt.DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001  # NumPy's protocol
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the elements lie in a file: reading them makes a copy")
        return np.asarray(self[...], dtype=dtype)

    def raw(self, index: Index = ...) -> npt.NDArray[Any]:
        """Elements of a window as stored, in native byte order: neither masked nor scaled."""
        steps = axis_slices(index, self.shape)
        with naming(self._label):
            window = self._window([step for step, _ in steps])
        kept = tuple(0 if is_one else slice(None) for _, is_one in steps)
        return np.array(window[kept], dtype=self.stored_dtype.newbyteorder("="))

    def interpreted(self, raw: npt.NDArray[Any]) -> Values:
        """Stored elements as values: the bit mask of the label, special constants, scaling."""
        described = self.description
        statistics = described.statistics
        bits = "" if statistics is None else statistics.bit_mask
        mask = values.special(raw, described.constants)
        if "0" in bits and set(bits) <= {"0", "1"} and raw.dtype.kind in "iu":
            pattern = int(bits, 2) & (1 << 8 * raw.dtype.itemsize) - 1
            selected = raw & np.array(pattern, np.uint64).astype(raw.dtype)
            raw = np.where(mask, raw, selected) if mask is not np.ma.nomask else selected
        scaling = described.scaling_factor, described.value_offset
        return values.scaled(np.ma.array(raw, mask=mask), scaling, described.line)

    def to_numpy(self) -> Values:
        """All of it."""
        return self[...]

    def to_xarray(self, index: Index = ...) -> "xr.DataArray":
        """A window with axis names, units and coordinates; see `perilune.formats.frames`."""
        from perilune.formats.frames import data_array  # noqa: PLC0415  # imports this

        return data_array(self, index)

    def _repr_png_(self) -> bytes | None:
        from perilune.formats.notebook import array_png  # noqa: PLC0415  # imports this

        return array_png(self)

    def _window(self, steps: list[slice]) -> npt.NDArray[Any]:
        """The elements at ``steps``, of which there is one for each axis."""
        start = self.description.offset or 0
        dtype, shape = self.stored_dtype, self.shape
        end = start + prod(shape) * dtype.itemsize
        if end > self._source.size:
            reason = (
                f"{self.class_name} {self.name!r} ends at byte {end}, {self._source.name} has "
                f"{self._source.size}"
            )
            raise UnreadableData(reason, line=self.description.line)
        sizes = [len(range(*step.indices(size))) for step, size in zip(steps, shape, strict=True)]
        if not prod(sizes):
            return np.empty(sizes, dtype)
        if self._source.is_mapped:
            whole = np.ndarray(shape, dtype, self._source.read(start, end))
            return whole[tuple(steps)]
        return self._gather(steps, start)

    def _gather(self, steps: list[slice], start: int) -> npt.NDArray[Any]:
        """The same from a source that fetches: runs of whole trailing axes, one read each."""
        dtype, shape = self.stored_dtype, self.shape
        ranges = [range(*step.indices(size)) for step, size in zip(steps, shape, strict=True)]
        split = len(shape)
        while split > 1 and ranges[split - 1] == range(shape[split - 1]):
            split -= 1
        outer, last = ranges[: split - 1], ranges[split - 1]
        low, high = min(last), max(last) + 1
        inner = shape[split:]
        run = prod(inner) * dtype.itemsize
        row = shape[split - 1] * run
        found = np.empty([len(each) for each in ranges], dtype)
        for place in np.ndindex(*(len(each) for each in outer)):
            number = 0
            for each, position, size in zip(outer, place, shape, strict=False):
                number = number * size + each[position]
            first = start + number * row
            data = self._source.read(first + low * run, first + high * run)
            piece = np.ndarray((high - low, *inner), dtype, data)
            chosen = np.array(last) - low
            found[place] = piece[chosen]
        return found


def axis_slices(index: Index, shape: tuple[int, ...]) -> list[tuple[slice, bool]]:
    """A slice for each axis of ``shape``, and whether the axis was asked for by one number."""
    parts = index if isinstance(index, tuple) else (index,)
    given = [part for part in parts if part is not ...]
    if len(given) > len(shape) or len(parts) - len(given) > 1:
        raise WrongUsage(f"{len(given)} indices for an array of {len(shape)} axes")
    place = next((number for number, part in enumerate(parts) if part is ...), len(given))
    missing: list[int | slice | EllipsisType] = [slice(None)] * (len(shape) - len(given))
    full = [*given[:place], *missing, *given[place:]]
    found = []
    for part, size in zip(full, shape, strict=True):
        if isinstance(part, slice):
            found.append((part, False))
            continue
        if not isinstance(part, (int, np.integer)):
            raise WrongUsage(f"an index is a whole number or a slice, not {part!r}")
        number = int(part) + size if part < 0 else int(part)
        if not 0 <= number < size:
            raise IndexError(f"{part} of an axis of {size}")
        found.append((slice(number, number + 1), True))
    return found
