"""Tables whose fields end at a separator, inventories among them.

The file is read in blocks that end where a record ends. In each block the places of separators and
line ends outside quotes are found at once; a column is gathered from them into one array and goes
through `TextColumn`. Two readings are kept apart, since a quoted value may hold a line break:
records, and lines.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.objects import SEPARATORS, Table
from perilune.formats.pds4.parts import Column
from perilune.validation.content.automaton import Bytes
from perilune.validation.content.endings import tell_endings
from perilune.validation.content.findings import Fault, Tally
from perilune.validation.content.fixed import Judged, tell_values
from perilune.validation.content.source import WINDOW, Source
from perilune.validation.content.text import PAD, TextColumn
from perilune.validation.options import Options
from perilune.validation.report import Severity

_LONGEST_BLOCK = 16 << 20
_LF, _QUOTE = 10, 34
_WIDEST = 256
"""Bytes of a value that the automata look at; longer ones are judged one by one."""
_STATUS = "error.inventory_table.invalid_member_status"
_RECORDS = "error.table.records_mismatch"
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Line ends of a block: where each line ends, and how."""

    starts: _Places
    ends: _Places
    """First byte after the line and its delimiter."""
    has_cr: npt.NDArray[np.bool_]
    has_lf: npt.NDArray[np.bool_]


class DelimitedTable:
    """One pass over a Table_Delimited or an Inventory."""

    def __init__(self, table: Table, columns: list[Column], tally: Tally, options: Options) -> None:
        self._table, self._tally, self._options = table, tally, options
        like_validate = options.counts_like_validate
        self._judged = [
            Judged(
                number,
                column,
                text=TextColumn(column, is_delimited=True, like_validate=like_validate),
            )
            for number, column in enumerate(columns, 1)
        ]
        for judged in self._judged:
            line = judged.column.field.line
            assert judged.text is not None
            for fault in judged.text.range.faults_of_label:
                if not tally.has(fault.type, line):
                    tally.add(fault, column=judged.number, line=line, key=line)
        self._separator = SEPARATORS.get(table.field_delimiter.lower())
        self._wanted = table.records or 0
        self._records = self._lines = 0

    def check(self, source: Source, stop: int) -> None:
        """Look at every record up to byte ``stop``."""
        if self._separator is None:
            words = f"{self._table.field_delimiter!r} is no field_delimiter"
            self._tally.add(Fault("error.table.bad_field_read", words, expected="Comma, ..."))
            return
        if not self._read(source, stop):
            return
        like_validate = self._options.counts_like_validate
        if like_validate and self._records < min(self._lines, self._wanted):
            self._tally.add(
                Fault("error.table.bad_field_read", "ends inside of quotes, or holds line breaks"),
                record=self._records + 1,
                column=1,
            )
            self._records += 1
        there = self._records
        if there == self._wanted or self._options.every_record > 1:
            return
        if there < self._wanted or not like_validate:
            words = f"{there} records could be read, the label says {self._wanted}"
            severity = Severity.ERROR if there < self._wanted else Severity.WARNING
            fault = Fault(_RECORDS, words, str(there), str(self._wanted))
            self._tally.add(fault, severity=severity)

    def _read(self, source: Source, stop: int) -> bool:
        """Look at all blocks; whether all could be read."""
        like_validate = self._options.counts_like_validate
        left = b""
        for window in source.windows(self._table.offset or 0, stop, WINDOW):
            block = np.frombuffer(left + window.tobytes(), dtype=np.uint8)
            quotes = np.flatnonzero(block == _QUOTE)
            ends = _outside(np.flatnonzero(block == _LF), quotes)
            if not len(ends):
                left = block.tobytes()
                if len(left) > _LONGEST_BLOCK:
                    words = f"no record ends within {len(left)} bytes"
                    fault = Fault("error.table.bad_field_read", words)
                    self._tally.add(fault, record=self._records + 1)
                    return False
                continue
            cut = int(ends[-1]) + 1
            self._look(block[:cut], quotes, ends)
            left = block[cut:].tobytes()
            if like_validate and self._records >= self._wanted:
                return True
        if left:
            block = np.frombuffer(left, dtype=np.uint8)
            quotes = np.flatnonzero(block == _QUOTE)
            ends = _outside(np.flatnonzero(block == _LF), quotes)
            is_closed = len(quotes) % 2 == 0
            if is_closed and (not len(ends) or ends[-1] + 1 < len(block)):
                ends = np.append(ends, len(block))
            self._look(block, quotes, ends)
            if not is_closed and not like_validate:
                words = "a double quote is opened and not closed"
                fault = Fault("error.table.bad_field_read", words, expected="a closing quote")
                self._tally.add(fault, record=self._records + 1)
                return False
        return True

    def _look(self, block: Bytes, quotes: _Places, ends: _Places) -> None:
        lines = _lines_of(block, ends)
        wanted = max(self._wanted - self._lines, 0)
        self._look_at_lines(lines, wanted)
        self._lines += len(lines.ends)
        most = max(self._wanted - self._records, 0)
        if self._options.counts_like_validate:
            most = min(most, max(self._lines - self._records, 0))
        self._look_at_records(block, quotes, ends[:most])
        like_validate = self._options.counts_like_validate
        self._records += min(len(ends), most) if like_validate else len(ends)

    def _look_at_lines(self, lines: _Lines, wanted: int) -> None:
        every = self._options.every_record
        first = -self._lines % every
        chosen = slice(first, wanted, every)
        count = len(lines.ends[chosen])
        if not count:
            return
        begin = self._lines + first + 1
        numbers = range(begin, begin + count * every, every)
        tell_endings(
            lines.has_cr[chosen],
            lines.has_lf[chosen],
            self._table.record_delimiter,
            self._tally,
            numbers,
        )
        record = self._table.record
        if record is None or record.max_length is None:
            return
        lengths = (lines.ends - lines.starts)[chosen]
        for place in np.flatnonzero(lengths > record.max_length).tolist():
            length = int(lengths[place])
            words = f"has {length} bytes, maximum_record_length is {record.max_length}"
            fault = Fault(
                "error.table.record_length_mismatch", words, str(length), str(record.max_length)
            )
            self._tally.add(fault, record=numbers[place])

    def _look_at_records(self, block: Bytes, quotes: _Places, ends: _Places) -> None:
        if not len(ends) or not self._judged:
            return
        every = self._options.every_record
        numbers = np.arange(self._records + 1, self._records + 1 + len(ends))
        starts = np.concatenate((np.zeros(1, dtype=np.intp), ends[:-1] + 1))
        separators = _outside(np.flatnonzero(block == self._separator), quotes)
        counts = np.diff(np.searchsorted(separators, np.append(starts, ends[-1])))
        separators = separators[: counts.sum()]
        right = counts == len(self._judged) - 1
        for place in np.flatnonzero(~right).tolist():
            if (int(numbers[place]) - 1) % every:
                continue
            words = f"has {counts[place] + 1} fields, the label describes {len(self._judged)}"
            fault = Fault(
                "error.table.fields_mismatch",
                words,
                str(counts[place] + 1),
                str(len(self._judged)),
            )
            self._tally.add(fault, record=int(numbers[place]))
        contents = ends - (block[np.maximum(ends - 1, 0)] == 13)
        np.maximum(contents, starts, out=contents)
        separators = separators[np.repeat(right, counts)].reshape(
            int(right.sum()), max(len(self._judged) - 1, 0)
        )
        chosen = right & ((numbers - 1) % every == 0)
        separators = separators[((numbers - 1) % every == 0)[right]]
        edges = np.column_stack((starts[chosen] - 1, separators, contents[chosen]))
        if len(edges):
            if self._table.class_name == "Inventory" and not self._options.counts_like_validate:
                self._look_at_status(block, edges[:, 0] + 1, numbers[chosen])
            for column, judged in enumerate(self._judged):
                self._look_at_column(
                    judged, block, edges[:, column] + 1, edges[:, column + 1], numbers[chosen]
                )

    def _look_at_status(self, block: Bytes, starts: _Places, numbers: _Places) -> None:
        """That members are primary or secondary."""
        first = block[np.minimum(starts + (block[starts] == _QUOTE), len(block) - 1)]
        for place in np.flatnonzero((first != ord("P")) & (first != ord("S"))).tolist():
            found = chr(first[place])
            fault = Fault(_STATUS, f"member status begins with {found!r}", found, "P or S")
            self._tally.add(fault, record=int(numbers[place]), column=1)

    def _look_at_column(
        self, judged: Judged, block: Bytes, starts: _Places, stops: _Places, numbers: _Places
    ) -> None:
        assert judged.text is not None
        lengths = stops - starts
        width = int(min(lengths.max(), _WIDEST))
        rows = np.empty((width, len(starts)), dtype=np.uint8)
        last = len(block) - 1
        for byte in range(width):
            np.take(block, np.minimum(starts + byte, last), out=rows[byte])
            rows[byte][lengths <= byte] = PAD
        doubtful = judged.text.doubtful(rows, lengths) | (lengths > width)
        if not doubtful.any():
            return
        places = np.flatnonzero(doubtful)
        values = [
            block[start:stop].tobytes()
            for start, stop in zip(starts[places].tolist(), stops[places].tolist(), strict=True)
        ]
        tell_values(judged, values, places, self._tally, numbers.tolist())


def _outside(places: _Places, quotes: _Places) -> _Places:
    """Those of ``places`` that stand outside double quotes; each quote opens or closes."""
    if not len(quotes):
        return places
    outside: _Places = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside


def _lines_of(block: Bytes, records: _Places) -> _Lines:
    """The lines of a block: they end at LF, at CR LF, or at a CR alone.

    ``records``: places where records end, of which there are mostly as many.
    """
    is_lf, is_cr = block == 10, block == 13
    if len(records) and records[-1] + 1 == len(block):
        has_cr = is_cr[records - 1] & (records > 0)
        are_ends_alone = np.count_nonzero(is_lf) == len(records)
        if are_ends_alone and np.count_nonzero(is_cr) == np.count_nonzero(has_cr):
            starts = np.concatenate((np.zeros(1, dtype=np.intp), records[:-1] + 1))
            return _Lines(starts, records + 1, has_cr, np.ones_like(has_cr))
    followed = np.zeros_like(is_lf)
    followed[:-1] = is_lf[1:]
    breaks = np.flatnonzero(is_lf | (is_cr & ~followed))
    ends = breaks + 1
    if not len(ends) or ends[-1] < len(block):
        ends = np.append(ends, len(block))
    starts = np.concatenate((np.zeros(1, dtype=ends.dtype), ends[:-1]))
    has_lf = is_lf[ends - 1]
    has_cr = is_cr[np.maximum(ends - 2, 0)] & (ends - starts > 1) & has_lf
    return _Lines(starts, ends, has_cr, has_lf)
