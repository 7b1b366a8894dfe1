"""Tables of fixed records: characters and binary ones.

Records are read by windows. A column of text is turned so that one byte of all records lies
together, and goes through `TextColumn`; a column of numbers is viewed as NumPy's and goes through
`NumberCheck`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.numbers import BIT_STRINGS, NUMBER_TYPES
from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.parts import BitField, Column
from perilune.validation.content.automaton import Bytes, Mask
from perilune.validation.content.endings import (
    LOST_RETURNS,
    check_endings,
    has_lost_returns,
    tell,
)
from perilune.validation.content.findings import Fault, Tally
from perilune.validation.content.numbers import FIELD, NumberCheck
from perilune.validation.content.overlaps import Space, check_overlaps, spaces_between
from perilune.validation.content.source import WINDOW, Source
from perilune.validation.content.text import TextColumn
from perilune.validation.options import Options

LONGEST_RECORD = 64 << 20
_MOST_RECORDS = 65_536
_WIDEST_PACKED = 8
"""Bytes of a packed field whose bit fields are read as numbers."""
_LENGTH = "error.table.record_length_mismatch"
_DELIMITERS = {"carriage-return line-feed": b"\r\n", "line-feed": b"\n"}


@dataclass(slots=True)
class Judged:
    """A column and what judges it, either as text or as numbers."""

    number: int
    column: Column
    text: TextColumn | None = None
    numbers: NumberCheck | None = None


class FixedTable:
    """One pass over the records of a Table_Character or Table_Binary."""

    def __init__(self, table: Table, columns: list[Column], tally: Tally, options: Options) -> None:
        assert table.record is not None
        self._table, self._tally, self._options = table, tally, options
        self._is_text = table.class_name == "Table_Character"
        self._length = table.record.length or 0
        self._columns = columns
        self._judged = list(self._judges())
        self._delimiter = _DELIMITERS.get(table.record_delimiter.lower())
        self._lengths: set[int] = set()
        self._is_damaged = False

    def check(self, source: Source) -> None:
        """Look at every record."""
        records = self._table.records or 0
        start = self._table.offset or 0
        like_validate = self._options.counts_like_validate
        if self._is_text and not self._is_long_enough():
            return
        if not like_validate and has_lost_returns(self._table, source):
            self._length, self._is_damaged = self._length - 1, True
        available = max(source.size - start, 0) // self._length if self._length else 0
        there = min(records, available)
        stops = there > 0 and self._check_layout()
        if stops and like_validate:
            self._read(source, start, 1)
            if self._is_text and records > 1 and self._options.every_record == 1:
                self._tell_records(records, 1)
            return
        self._read(source, start, there)
        if len(self._lengths) > 1:
            words = f"records have {sorted(self._lengths)} characters"
            self._tally.add(Fault(_LENGTH, words, expected="one length"))

    def _tell_records(self, records: int, there: int) -> None:
        words = f"{there} records could be read, the label says {records}"
        fault = Fault("error.table.records_mismatch", words, str(there), str(records))
        self._tally.add(fault)

    def _is_long_enough(self) -> bool:
        needed = max((column.end for column in self._columns), default=0)
        needed += len(self._delimiter or b"\r\n")
        if self._length >= needed:
            return True
        words = f"record_length is {self._length}, fields and delimiter need {needed} bytes"
        self._tally.add(Fault(_LENGTH, words, str(self._length), f"{needed} bytes"))
        return False

    def _check_layout(self) -> bool:
        """Tell of fields that overlap or leave the record; whether ``validate`` would stop."""
        stops = check_overlaps(
            self._columns,
            self._tally,
            is_text=self._is_text,
            like_validate=self._options.counts_like_validate,
        )
        if self._is_text:
            return stops
        beyond = [(judged, words) for judged in self._judged if (words := self._beyond(judged))]
        if not beyond:
            return stops
        wrong = {judged.number for judged, _ in beyond}
        self._judged = [judged for judged in self._judged if judged.number not in wrong]
        like_validate = self._options.counts_like_validate
        kind = "table.bad_field_read" if like_validate else "label.invalid_object_definition"
        for judged, words in beyond[: 1 if like_validate else None]:
            line = judged.column.field.line
            self._tally.add(
                Fault(f"error.{kind}", f"{judged.column.name!r} {words}"),
                record=1 if like_validate else None,
                column=judged.number,
                line=line,
                key=line,
            )
        return True

    def _beyond(self, judged: Judged) -> str:
        """How a field or bit field leaves its record or field; empty where it does not."""
        column, bits = judged.column, judged.column.bits
        if column.end > self._length:
            return f"ends at byte {column.end} of a record of {self._length} bytes"
        if bits is not None and (bits.stop or 0) > 8 * column.length:
            return f"ends at bit {bits.stop} of a field of {column.length} bytes"
        return ""

    def _judges(self) -> Iterator[Judged]:
        like_validate = self._options.counts_like_validate
        for number, column in enumerate(self._columns, 1):
            field = column.field
            if (dtype := NUMBER_TYPES.get(column.data_type)) is not None and not self._is_text:
                part = np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype
                if column.length != dtype.itemsize:
                    continue
            elif column.data_type in BIT_STRINGS and not self._is_text:
                if column.length > _WIDEST_PACKED:
                    continue
                part = np.dtype("i8" if column.data_type.startswith("Signed") else "u8")
            else:
                text = TextColumn(
                    column,
                    is_delimited=False,
                    like_validate=like_validate,
                    is_in_binary=not self._is_text,
                )
                self._label_faults(text.range.faults_of_label, number, column)
                yield Judged(number, column, text=text)
                continue
            bits = column.bits
            constants = field.constants if bits is None or like_validate else bits.constants
            statistics = field.statistics if column.bits is None else None
            check = NumberCheck(
                part.newbyteorder("="), FIELD, constants, statistics, like_validate=like_validate
            )
            self._label_faults(check.faults_of_label, number, column)
            yield Judged(number, column, numbers=check)

    def _label_faults(self, faults: list[Fault], number: int, column: Column) -> None:
        line = column.field.line
        for fault in faults:
            if not self._tally.has(fault.type, line):
                self._tally.add(fault, column=number, line=line, key=line)

    def _read(self, source: Source, start: int, records: int) -> None:
        every = self._options.every_record
        step = min(max(WINDOW // self._length, 1), _MOST_RECORDS)
        stop = start + records * self._length
        first = 0
        spaces = self._spaces()
        for window in source.windows(start, stop, step * self._length):
            count = len(window) // self._length
            table = window[: count * self._length].reshape(count, self._length)
            skipped = -first % every
            if every > 1:
                table = table[skipped::every]
            if len(table):
                self._look(table, first + skipped + 1, spaces)
            first += count

    def _check_characters(self, table: Bytes, numbers: range) -> None:
        """Count as ``validate`` does, which takes characters of UTF-8 for bytes."""
        for record, row in zip(numbers, table, strict=True):
            text = row.tobytes().decode("utf-8", "replace")
            units = len(text) + sum(sign > "\uffff" for sign in text)
            self._lengths.add(units)
            if units != self._length:
                words = f"has {units} characters, record_length is {self._length}"
                self._tally.add(Fault(_LENGTH, words, str(units), str(self._length)), record=record)

    def _spaces(self) -> list[Space]:
        if not self._is_text or not self._options.is_strict_of_fields:
            return []
        return spaces_between(self._table, self._columns, self._tally, self._options)

    def _look(self, table: Bytes, first: int, spaces: list[Space]) -> None:
        """Judge some records, the first of which has number ``first``."""
        every = self._options.every_record
        numbers = range(first, first + len(table) * every, every)
        rows = np.ascontiguousarray(table.T) if self._is_text else None
        if rows is not None:
            if self._is_damaged:
                tell(np.ones(len(table), dtype=np.bool_), LOST_RETURNS, self._tally, numbers)
            else:
                check_endings(rows, self._table.record_delimiter, self._tally, numbers)
            if self._options.counts_like_validate and (table > 127).any():
                self._check_characters(table, numbers)
        if spaces:
            self._look_between(table, spaces, numbers)
        for judged in self._judged:
            column = judged.column
            if judged.text is not None:
                part = (
                    np.ascontiguousarray(table[:, column.offset : column.end].T)
                    if rows is None
                    else rows[column.offset : column.end]
                )
                doubtful = judged.text.doubtful(part)
                if doubtful.any():
                    self._judge_text(judged, part, doubtful, numbers)
            elif judged.numbers is not None and not judged.numbers.is_open:
                self._judge_numbers(judged, judged.numbers, table, numbers)

    def _look_between(self, table: Bytes, spaces: list[Space], numbers: range) -> None:
        """Tell of characters between fields; ``validate`` does of the first such record alone."""
        filled: list[Mask] = [
            np.any(table[:, space.start : space.stop] > 32, axis=1) for space in spaces
        ]
        like_validate = self._options.counts_like_validate
        wrong = np.flatnonzero(np.any(np.array(filled), axis=0))
        for place in wrong[: 1 if like_validate else None].tolist():
            for space, mask in zip(spaces, filled, strict=True):
                if not mask[place]:
                    continue
                text = table[place, space.start : space.stop].tobytes().decode("latin-1")
                fault = Fault(
                    "warning.table.characters_between_fields",
                    f"{text!r} stands between fields {space.after} and {space.after + 1}",
                    text,
                    "blanks",
                )
                record = numbers[place]
                self._tally.add(fault, record=record, column=space.after, key=space.after)
        if like_validate and len(wrong):
            spaces.clear()

    def _judge_text(self, judged: Judged, rows: Bytes, doubtful: Mask, numbers: range) -> None:
        assert judged.text is not None
        places = np.flatnonzero(doubtful)
        width = len(rows)
        data = np.ascontiguousarray(rows[:, places].T).tobytes()
        values = [data[at : at + width] for at in range(0, len(data), width)] if width else []
        tell_values(judged, values, places, self._tally, numbers)

    def _judge_numbers(
        self, judged: Judged, check: NumberCheck, table: Bytes, numbers: range
    ) -> None:
        column = judged.column
        raw = np.ascontiguousarray(table[:, column.offset : column.end])
        parts = 1
        if column.data_type in BIT_STRINGS:
            values = bits_of(raw, column.bits, is_signed=column.data_type.startswith("Signed"))
        else:
            dtype = NUMBER_TYPES[column.data_type]
            if dtype.kind == "c":
                parts, dtype = 2, np.dtype(f"{dtype.byteorder}f{dtype.itemsize // 2}")
            values = raw.view(dtype).astype(dtype.newbyteorder("=")).ravel()
        for place in check.suspects(values).tolist():
            if parts == 2 and place % 2 and self._options.counts_like_validate:
                continue
            for fault in check.faults(values[place]):
                self._tally.add(
                    fault,
                    record=numbers[place // parts],
                    column=judged.number,
                    line=column.field.line,
                    key=column.field.line,
                )


def tell_values(
    judged: Judged,
    values: list[bytes],
    places: npt.NDArray[np.intp],
    tally: Tally,
    numbers: Sequence[int],
) -> None:
    """Judge the doubtful ``values`` of a column, which stand in the records at ``places``."""
    assert judged.text is not None
    judge = judged.text.judge
    counts = Counter(values)
    wrong = {value: faults for value in counts if (faults := judge(value))}
    if not wrong:
        return
    key = judged.column.field.line
    told: Counter[bytes] = Counter()
    kinds = {fault.type for faults in wrong.values() for fault in faults}
    for value, place in zip(values, places.tolist(), strict=True):
        if value not in wrong:
            continue
        if all(tally.room(kind, key) <= 0 for kind in kinds):
            break
        told[value] += 1
        for fault in wrong[value]:
            tally.add(fault, record=numbers[place], column=judged.number, key=key, line=key)
    for value, faults in wrong.items():
        for fault in faults:
            tally.add_many(fault, counts[value] - told[value], key=key)


def bits_of(
    raw: Bytes, bits: BitField | None, *, is_signed: bool
) -> npt.NDArray[np.int64] | npt.NDArray[np.uint64]:
    """Values of a bit field of at most 64 bits, of which byte 0 holds the most significant."""
    width = 8 * raw.shape[1]
    start = 0 if bits is None else max((bits.start or 1) - 1, 0)
    stop = width if bits is None else min(bits.stop or width, width)
    values = np.zeros(len(raw), dtype=np.uint64)
    for byte in range(start // 8, (stop + 7) // 8):
        values = (values << np.uint64(8)) | raw[:, byte]
    values >>= np.uint64(-stop % 8)
    count = min(stop - start, 64)
    if count < 64:
        values &= np.uint64((1 << max(count, 0)) - 1)
    if not is_signed:
        return values
    if 0 < count < 64:
        sign = np.uint64(1 << (count - 1))
        return (values ^ sign).astype(np.int64) - np.int64(sign)
    return values.astype(np.int64)
