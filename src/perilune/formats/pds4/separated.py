"""Records whose fields end at a separator: Table_Delimited and Inventory.

The file is read in blocks that end where a record ends; where blocks begin is remembered, so that
a later window begins near by. Separators and line ends count outside of double quotes only; quotes
around a value are no part of it, and two of them in it are one. A quote within a value that does
not begin with one is a character like any other: where there is such a one, Python's csv reads on
from there. Source: Standards Reference, section 4C.1.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.errors import UnreadableData
from perilune.formats.pds4 import values
from perilune.formats.pds4.objects import SEPARATORS, Table
from perilune.formats.pds4.values import OddValue, Values
from perilune.formats.pds4.variables import Variable
from perilune.formats.source import Source

_BLOCK = 4 << 20
_LONGEST_BLOCK = 64 << 20
"""Bytes of one record that are read; a quote that never closes ends there."""
_MOST_CELLS = 32 << 20
"""Bytes of a column of one block that are laid out together."""
_LF, _CR, _QUOTE, _BLANK = b'\n\r" '
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole records: their bytes, and the edges of their fields."""

    data: npt.NDArray[np.uint8]
    starts: _Places
    """Shape (records, fields): first byte of each."""
    stops: _Places
    has_quotes: bool


class SeparatedRecords:
    """The records of a Table_Delimited or Inventory; ``stop`` is the first byte after it."""

    def __init__(self, table: Table, columns: int, source: Source, stop: int) -> None:
        if table.record is None or table.records is None or table.offset is None:
            reason = f"{table.class_name} {table.name!r} lacks offset or records"
            raise UnreadableData(reason, line=table.line)
        separator = SEPARATORS.get(table.field_delimiter.lower())
        if separator is None:
            reason = f"{table.field_delimiter[:40]!r} is no field_delimiter"
            raise UnreadableData(reason, line=table.line)
        self._table, self._columns, self._separator = table, columns, separator
        self._source, self._stop = source, min(stop, source.size)
        self.count = table.records
        self._begins = [(0, table.offset)]
        """Number and place of the first record of each block seen, in order."""

    def read(self, variables: Sequence[Variable], start: int, stop: int) -> list[Values]:
        """Values of each variable in records ``start`` to before ``stop``."""
        pieces: list[list[Values]] = [[] for _ in variables]
        for first, block in self._blocks(start, stop):
            low, high = max(start - first, 0), min(stop - first, len(block.starts))
            for piece, variable in zip(pieces, variables, strict=True):
                for part in _parts(block, variable, low, high):
                    piece.append(self._values(block, variable, first, part))
        return [
            _joined(piece) if piece else _none(variable)
            for piece, variable in zip(pieces, variables, strict=True)
        ]

    def _values(self, block: _Block, variable: Variable, first: int, part: range) -> Values:
        chosen = slice(part.start, part.stop)
        columns = _columns(variable)
        starts = block.starts[chosen][:, columns].reshape(-1)
        stops = block.stops[chosen][:, columns].reshape(-1)
        rows = _rows(block, starts, stops)
        try:
            found = values.of_text(rows, variable)
        except OddValue as error:
            record = first + part.start + error.place // max(len(columns), 1) + 1
            reason = (
                f"record {record}: {error.text[:80]!r} in field {variable.field.name!r} is no "
                f"{variable.data_type}"
            )
            raise UnreadableData(reason, line=variable.line) from None
        return found.reshape((len(part), *variable.repetitions))

    def _blocks(self, start: int, stop: int) -> Iterator[tuple[int, _Block]]:
        """Blocks with records from ``start`` to ``stop``, each with the number of its first."""
        known = max(index for index, (number, _) in enumerate(self._begins) if number <= start)
        number, place = self._begins[known]
        while number < stop:
            data, ends = self._whole_records(place, number)
            if self._has_odd_quotes(data[: ends[-1]]):
                yield number, self._one_by_one(place, number)
                return
            count = min(len(ends), self.count - number)
            if number + count > start:
                yield number, self._fields(data, ends[:count], number)
            place += int(ends[count - 1]) + 1
            number += count
            if number > self._begins[-1][0]:
                self._begins.append((number, place))

    def _whole_records(self, place: int, number: int) -> tuple[npt.NDArray[np.uint8], _Places]:
        """A block from ``place`` on, and where its records end: at least one."""
        size = _BLOCK
        while True:
            end = min(place + size, self._stop)
            data = np.frombuffer(self._source.read(place, end), dtype=np.uint8)
            quotes = np.flatnonzero(data == _QUOTE)
            ends = _outside(np.flatnonzero(data == _LF), quotes)
            if end == self._stop and len(data) and (not len(ends) or ends[-1] != len(data) - 1):
                ends = np.append(ends, len(data))
            if len(ends):
                return data, ends
            if end == self._stop:
                raise self._too_few(number)
            if size >= _LONGEST_BLOCK:
                what = "a quote that does not end" if len(quotes) % 2 else "no end of a record"
                reason = f"record {number + 1}: {what} in {size} bytes"
                raise UnreadableData(reason, line=self._table.line)
            size *= 4

    def _has_odd_quotes(self, data: npt.NDArray[np.uint8]) -> bool:
        """Whether a quote stands elsewhere than around a value or doubled in a quoted one."""
        quotes = np.flatnonzero(data == _QUOTE)
        if not len(quotes):
            return False
        borders = np.zeros(256, dtype=np.bool_)
        borders[[self._separator, _LF, _CR, _QUOTE]] = True
        opening, closing = quotes[::2], quotes[1::2]
        before = data[np.maximum(opening - 1, 0)]
        after = data[np.minimum(closing + 1, len(data) - 1)]
        opens = borders[before] | (opening == 0)
        return not (opens.all() and (borders[after] | (closing == len(data) - 1)).all())

    def _one_by_one(self, place: int, number: int) -> _Block:
        """All records from ``place`` on, as csv reads them."""
        if self._stop - place > _LONGEST_BLOCK:
            reason = f"record {number + 1} and later ones: quotes within values"
            raise UnreadableData(reason, line=self._table.line)
        text = str(self._source.read(place, self._stop), "latin-1")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=chr(self._separator))
        pieces: list[bytes] = []
        for record, fields in zip(range(number, self.count), reader, strict=False):
            if len(fields) != self._columns:
                raise self._miscounted(record, len(fields))
            pieces += [field.encode("latin-1") for field in fields]
        found = len(pieces) // max(self._columns, 1)
        if number + found < self.count:
            raise self._too_few(number + found)
        lengths = np.array([len(piece) for piece in pieces], dtype=np.intp)
        stops = lengths.cumsum().reshape(found, self._columns)
        data = np.frombuffer(b"".join(pieces), dtype=np.uint8)
        return _Block(data, stops - lengths.reshape(stops.shape), stops, has_quotes=False)

    def _miscounted(self, record: int, found: int) -> UnreadableData:
        reason = f"record {record + 1} has {found} fields, the label describes {self._columns}"
        return UnreadableData(reason, line=self._table.line)

    def _too_few(self, found: int) -> UnreadableData:
        reason = f"{found} records in {self._source.name}, the label says {self.count}"
        return UnreadableData(reason, line=self._table.line)

    def _fields(self, data: npt.NDArray[np.uint8], ends: _Places, number: int) -> _Block:
        data = data[: int(ends[-1]) + 1]
        quotes = np.flatnonzero(data == _QUOTE)
        separators = _outside(np.flatnonzero(data == self._separator), quotes)
        begins = np.concatenate((np.zeros(1, dtype=np.intp), ends[:-1] + 1))
        counts = np.diff(np.searchsorted(separators, np.append(begins, ends[-1])))
        wrong = np.flatnonzero(counts != self._columns - 1)
        if len(wrong):
            place = int(wrong[0])
            raise self._miscounted(number + place, int(counts[place]) + 1)
        inner = separators.reshape(len(ends), self._columns - 1)
        contents = ends - (data[np.maximum(ends - 1, 0)] == _CR)
        starts = np.column_stack((begins, inner + 1))
        stops = np.column_stack((inner, np.maximum(contents, starts[:, -1])))
        return _Block(data, starts, stops, has_quotes=bool(len(quotes)))


def _outside(places: _Places, quotes: _Places) -> _Places:
    """Those of ``places`` that stand outside double quotes; each quote opens or closes."""
    if not len(quotes):
        return places
    found: _Places = places[np.searchsorted(quotes, places) % 2 == 0]
    return found


def _columns(variable: Variable) -> _Places:
    """Numbers of a variable's values among those of a record."""
    found = np.array([variable.column])
    for count, step in zip(variable.repetitions, variable.column_steps, strict=True):
        found = (found[:, None] + np.arange(count) * step).reshape(-1)
    return found


def _parts(block: _Block, variable: Variable, low: int, high: int) -> Iterator[range]:
    """Runs of records of which a column is laid out together."""
    if high <= low:
        return
    columns = _columns(variable)
    widths = (block.stops[low:high][:, columns] - block.starts[low:high][:, columns]).max(initial=1)
    step = max(_MOST_CELLS // (int(widths) * max(len(columns), 1)), 1)
    for start in range(low, high, step):
        yield range(start, min(start + step, high))


def _rows(block: _Block, starts: _Places, stops: _Places) -> npt.NDArray[np.uint8]:
    """The values as a matrix of bytes, padded with blanks; quotes taken away."""
    data = block.data
    if block.has_quotes and len(starts):
        last = len(data) - 1
        quoted = (stops - starts >= 2) & (data[np.minimum(starts, last)] == _QUOTE)
        quoted &= data[np.maximum(stops - 1, 0)] == _QUOTE
        starts, stops = starts + quoted, stops - quoted
    lengths = stops - starts
    width = int(lengths.max(initial=0))
    offsets = np.arange(width)
    places = np.minimum(starts[:, None] + offsets, max(len(data) - 1, 0))
    rows: npt.NDArray[np.uint8] = data[places]
    rows[offsets >= lengths[:, None]] = _BLANK
    if block.has_quotes:
        for place in np.flatnonzero((rows == _QUOTE).any(axis=1)).tolist():
            text = rows[place].tobytes().replace(b'""', b'"').ljust(width)
            rows[place] = np.frombuffer(text, dtype=np.uint8)
    return rows


def _joined(pieces: list[Values]) -> Values:
    if len(pieces) == 1:
        return pieces[0]
    found: Values = np.ma.concatenate(pieces)  # type: ignore[no-untyped-call]  # NumPy
    return found


def _none(variable: Variable) -> Values:
    empty = values.of_text(np.empty((0, 1), dtype=np.uint8), variable)
    shape: tuple[Any, ...] = (0, *variable.repetitions)
    return empty.reshape(shape) if prod(shape[1:]) else np.ma.array(np.empty(shape, empty.dtype))
