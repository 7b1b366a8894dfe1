"""Records of fixed length, of characters or binary: each variable is a strided view of the file.

Nothing is copied but what is asked for, and a field in groups is one view with an axis for each.
Bits count from the most significant one of their field, whatever the machine. Source: Standards
Reference, sections 4B.1 and 4B.2; Data Dictionary, Field_Bit.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.errors import UnreadableData
from perilune.formats.pds4 import values
from perilune.formats.pds4.bulk import BLOCK, byte_strings
from perilune.formats.pds4.numbers import BIT_STRINGS, NUMBER_TYPES
from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.values import Gathered, OddValue, Values
from perilune.formats.pds4.variables import Variable
from perilune.formats.source import Source

_FEW = 4
"""Windows of `BLOCK` records that are read in this thread; NumPy lets more be read beside."""
_FETCHED_BYTES = 8 << 20
"""Bytes of records that are fetched at once."""
_THREADS = min(os.cpu_count() or 1, 4)


class FixedRecords:
    """The records of a Table_Character or Table_Binary."""

    def __init__(self, table: Table, source: Source) -> None:
        record = table.record
        if record is None or not record.length or table.records is None or table.offset is None:
            reason = f"{table.class_name} {table.name!r} lacks offset, records or record_length"
            raise UnreadableData(reason, line=table.line)
        self._start, self._length, self.count = table.offset, record.length, table.records
        self._source, self._is_binary = source, table.class_name == "Table_Binary"
        end = self._start + self._length * self.count
        if end > source.size:
            reason = (
                f"{table.class_name} {table.name!r} ends at byte {end} ({self.count} records of "
                f"{self._length} bytes from byte {self._start}), {source.name} has {source.size}"
            )
            raise UnreadableData(reason, line=table.line)

    def read(self, variables: Sequence[Variable], start: int, stop: int) -> list[Values]:
        """Values of each variable in records ``start`` to before ``stop``."""
        step = BLOCK
        if not self._source.is_mapped:
            step = max(min(BLOCK, _FETCHED_BYTES // self._length), 1)

        def window(begin: int) -> list[Values]:
            count = min(step, stop - begin)
            place = self._start + begin * self._length
            data = self._source.read(place, place + count * self._length)
            return [self._values(each, data, begin, count) for each in variables]

        begins = range(start, max(stop, start + 1), step)
        found = [Gathered(stop - start) for _ in variables]
        with ThreadPoolExecutor(_THREADS) as pool:
            is_shared = self._source.is_mapped and len(begins) > _FEW
            for columns in pool.map(window, begins) if is_shared else map(window, begins):
                for gathered, column in zip(found, columns, strict=True):
                    gathered.add(column)
        return [gathered.values for gathered in found]

    def _values(self, variable: Variable, data: memoryview, start: int, count: int) -> Values:
        field = variable.field
        if field.location is None or field.length is None:
            reason = f"field {field.name!r} lacks field_location or field_length"
            raise UnreadableData(reason, line=field.line)
        if variable.end > self._length:
            reason = (
                f"field {field.name!r} ends at byte {variable.end} of a record of "
                f"{self._length} bytes"
            )
            raise UnreadableData(reason, line=field.line)
        if self._is_binary and (dtype := NUMBER_TYPES.get(variable.data_type)) is not None:
            if field.length != dtype.itemsize:
                reason = (
                    f"field {field.name!r} has {field.length} bytes, {variable.data_type} has "
                    f"{dtype.itemsize}"
                )
                raise UnreadableData(reason, line=field.line)
            raw = self._view(variable, data, count, dtype).astype(dtype.newbyteorder("="))
            return values.of_numbers(raw, field.constants, variable.scaling, variable.line)
        shape = (count, *variable.repetitions)
        width = variable.length
        rows = self._view(variable, data, count, np.dtype(np.uint8), width).reshape(-1, width)
        if self._is_binary and variable.data_type in BIT_STRINGS:
            return self._bits(variable, rows).reshape(shape)
        try:
            return values.of_text(rows, variable).reshape(shape)
        except OddValue as error:
            record = start + error.place // max(prod(variable.repetitions), 1) + 1
            reason = (
                f"record {record}: {error.text[:80]!r} in field {field.name!r} is no "
                f"{variable.data_type}"
            )
            raise UnreadableData(reason, line=field.line) from None

    def _view(
        self,
        variable: Variable,
        data: memoryview,
        count: int,
        dtype: np.dtype[Any],
        width: int | None = None,
    ) -> npt.NDArray[Any]:
        shape: tuple[int, ...] = (count, *variable.repetitions)
        strides: tuple[int, ...] = (self._length, *variable.steps)
        if width is not None:
            shape, strides = (*shape, width), (*strides, 1)
        if not prod(shape):
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, data, variable.offset, strides)

    def _bits(self, variable: Variable, rows: npt.NDArray[np.uint8]) -> Values:
        """Bit fields, or a whole bit string, as whole numbers."""
        bits, width = variable.bits, 8 * variable.length
        start, stop = (1, width) if bits is None else (bits.start or 1, bits.stop or 0)
        if not 1 <= start <= stop <= width:
            reason = f"bits {start} to {stop} of {variable.name!r} are not in its {width} bits"
            raise UnreadableData(reason, line=variable.line)
        is_signed = variable.data_type == "SignedBitString"
        found = _extract(rows, start - 1, stop, is_signed=is_signed)
        constants = variable.field.constants if bits is None else bits.constants
        return values.of_numbers(found, constants, variable.scaling, variable.line)


def _extract(
    rows: npt.NDArray[np.uint8], start: int, stop: int, *, is_signed: bool
) -> npt.NDArray[Any]:
    """Bits ``start`` to before ``stop`` of each row, from 0 at the most significant."""
    length = stop - start
    first, last = start // 8, -(-stop // 8)
    if length > 64:
        return _extract_long(rows, start, stop, is_signed=is_signed)
    found = np.zeros(len(rows), dtype=np.uint64)
    for byte in range(first, last):
        value = rows[:, byte].astype(np.uint64)
        shift = stop - 8 * (byte + 1)
        found |= value << np.uint64(shift) if shift >= 0 else value >> np.uint64(-shift)
    if length < 64:
        found &= np.uint64((1 << length) - 1)
    if not is_signed:
        return found
    left = np.uint64(64 - length)
    return (found << left).view(np.int64) >> np.int64(left)


def _extract_long(
    rows: npt.NDArray[np.uint8], start: int, stop: int, *, is_signed: bool
) -> npt.NDArray[Any]:
    length, beyond = stop - start, 8 * rows.shape[1] - stop
    numbers = [
        int.from_bytes(raw, "big") >> beyond & (1 << length) - 1 for raw in byte_strings(rows)
    ]
    if is_signed:
        numbers = [each - (1 << length) if each >> length - 1 else each for each in numbers]
    return np.array(numbers, dtype=np.object_)
