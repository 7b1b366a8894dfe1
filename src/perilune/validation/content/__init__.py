"""Do the bytes hold what the label says? Object layout, tables, arrays, headers and streams.

`check_content` looks at one label. The descriptions of its objects are judged first, also where
the content is not to be looked at (where ``validate`` does neither); then each object by itself.
A fault in every record is told place by place for the first hundred, and as one count for the rest.

To count as NASA's ``validate`` does, the first table that cannot be read ends the check of the
label, as there; else every object is looked at as far as it can be.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from perilune.formats.pds4.objects import Array, DataFile, Stream, Table, data_files
from perilune.formats.pds4.parts import columns
from perilune.validation.content.arrays import check_array
from perilune.validation.content.definition import (
    TABLE,
    LabelFault,
    misdescribed,
    unreadable,
)
from perilune.validation.content.delimited import DelimitedTable
from perilune.validation.content.endings import has_lost_returns
from perilune.validation.content.findings import Fault, Subject, Tally
from perilune.validation.content.fixed import FixedTable
from perilune.validation.content.inventory import repeated_in_bundle, repeated_in_inventory
from perilune.validation.content.layout import Placed, end_of, in_order, left_over, misplaced
from perilune.validation.content.source import Source
from perilune.validation.content.streams import check_stream
from perilune.validation.files import regular_size
from perilune.validation.label import Label
from perilune.validation.options import Options
from perilune.validation.report import Message


def check_content(label: Label, options: Options) -> Iterator[Message]:
    """What is wrong with the objects that ``label`` describes."""
    examination = _Examination(label, options)
    if not options.checks_definitions:
        return
    yield from examination.inventories()
    if options.counts_like_validate:
        yield from examination.like_validate()
    else:
        yield from examination.thoroughly()


@dataclass(frozen=True, slots=True)
class _Held:
    """A file of the label: where it is, and whether it is there."""

    file: DataFile
    place: Path
    path: str
    is_there: bool


class _Examination:
    """The check of one label."""

    def __init__(self, label: Label, options: Options) -> None:
        self._label, self._options = label, options
        self._lidvid = label.lidvid
        folder, slash, _ = label.path.rpartition("/")
        self._files = [
            _Held(file, place, f"{folder}{slash}{file.name}", regular_size(place) is not None)
            for file in data_files(label.root)
            if _is_plain(file.name) and (place := label.place.parent / file.name)
        ]

    def inventories(self) -> Iterator[Message]:
        """Members that a bundle or a collection lists more than once."""
        kind = self._label.product_class
        if kind == "Product_Bundle":
            for fault in repeated_in_bundle(self._label.root):
                yield self._of_label(fault)
        if kind != "Product_Collection":
            return
        for held in self._files:
            for each in held.file.objects:
                if isinstance(each, Table) and each.class_name == "Inventory" and held.is_there:
                    with Source(held.place) as source:
                        for repeated in repeated_in_inventory(each, source):
                            yield self._of_label(LabelFault(repeated, each.line))

    def like_validate(self) -> Iterator[Message]:
        """The objects as ``validate`` looks at them."""
        for held in self._files:
            for each in held.file.objects:
                if not isinstance(each, Table):
                    continue
                first = next(unreadable(each, like_validate=True), None)
                if first is not None:
                    yield self._of_label(first)
                    return
                if not held.is_there:
                    return
                if (cut := _cut_off(each, held.place.stat().st_size)) is not None:
                    yield self._of_label(cut)
                    return
        tables = [
            each for held in self._files for each in held.file.objects if isinstance(each, Table)
        ]
        wrong = list(misdescribed(tables))
        for held in self._files:
            yield from self._file(held, wrong)

    def thoroughly(self) -> Iterator[Message]:
        """Every object, as far as it can be looked at."""
        for held in self._files:
            yield from self._file(held, [])

    def _file(self, held: _Held, wrong: list[LabelFault]) -> Iterator[Message]:
        placed = in_order(held.file)
        like_validate = self._options.counts_like_validate
        for fault in misplaced(held.file, placed, like_validate=like_validate):
            yield self._of_label(fault)
        if not held.is_there and not like_validate:
            return
        with Source(held.place) if held.is_there else nullcontext() as source:
            for index, item in enumerate(placed):
                if isinstance(item.object, Table):
                    yield from self._table(held, placed, index, source, wrong)
                elif isinstance(item.object, Array):
                    yield from self._array(held, item, item.object, source)
                elif source is not None and not like_validate and self._options.checks_content:
                    yield from self._stream(held, placed, index, source)
            if source is not None and self._options.checks_content:
                yield from self._lines(held, source)
            if source is not None and self._options.wants_all_described:
                over = left_over(held.file, placed, source.size, like_validate=like_validate)
                for fault in over:
                    yield self._of_label(fault)

    def _lines(self, held: _Held, source: Source) -> Iterator[Message]:
        """That a file of text has fewer lines than its File says it has records."""
        said = held.file.records
        is_text = any(
            isinstance(each, Table) and each.class_name != "Table_Binary"
            for each in held.file.objects
        )
        if said is None or not is_text or (found := source.lines()) >= said:
            return
        words = f"{held.file.name} has {found} lines, its File says {said} records"
        fault = Fault("error.table.records_mismatch", words, str(found), str(said))
        yield self._of_label(LabelFault(fault, held.file.line))

    def _table(
        self,
        held: _Held,
        placed: list[Placed],
        index: int,
        source: Source | None,
        wrong: list[LabelFault],
    ) -> Iterator[Message]:
        table = placed[index].object
        assert isinstance(table, Table)
        like_validate = self._options.counts_like_validate
        if like_validate:
            for fault in wrong:
                yield self._of_label(fault)
            if wrong:
                return
        else:
            for fault in misdescribed([table]):
                yield self._of_label(fault)
            faults = list(unreadable(table, like_validate=False))
            for fault in faults:
                yield self._of_label(fault)
            if faults:
                return
            if source is not None and not has_lost_returns(table, source):
                cut = _cut_off(table, source.size)
                yield from () if cut is None else (self._of_label(cut),)
        if source is None or table.record is None or not self._options.checks_content:
            return
        tally = Tally(self._subject(held, "table", placed[index], table))
        described = list(columns(table.record.members))
        if table.is_delimited:
            stop = source.size if like_validate else end_of(placed, index, source.size)
            DelimitedTable(table, described, tally, self._options).check(source, stop)
        else:
            FixedTable(table, described, tally, self._options).check(source)
        yield from tally.messages()

    def _array(
        self, held: _Held, item: Placed, array: Array, source: Source | None
    ) -> Iterator[Message]:
        if self._options.checks_content:
            tally = Tally(self._subject(held, "array", item, array))
            check_array(array, source, tally, self._options)
            yield from tally.messages()

    def _stream(
        self, held: _Held, placed: list[Placed], index: int, source: Source
    ) -> Iterator[Message]:
        for found in check_stream(placed, index, source):
            fault = found.fault
            yield Message(
                severity=fault.severity,
                type=fault.type,
                path=held.path,
                line=placed[index].object.line,
                lidvid=self._lidvid,
                message=fault.text,
                found=fault.found,
                expected=fault.expected,
                count=found.count,
            )

    def _subject(
        self, held: _Held, kind: str, item: Placed, each: Table | Array | Stream
    ) -> Subject:
        return Subject(
            path=held.path,
            lidvid=self._lidvid,
            kind=kind,
            number=item.number,
            name=each.name,
            line=each.line,
        )

    def _of_label(self, found: LabelFault) -> Message:
        fault = found.fault
        return Message(
            severity=fault.severity,
            type=fault.type,
            path=self._label.path,
            line=found.line,
            lidvid=self._lidvid,
            message=fault.text,
            found=fault.found,
            expected=fault.expected,
        )


def _is_plain(name: str) -> bool:
    """Whether it names a file in the label's folder; others are told of where files are checked."""
    return bool(name) and not set(name) & set("/\\\0") and name not in (".", "..")


def _cut_off(table: Table, size: int) -> LabelFault | None:
    """That a table of fixed records ends after its file does."""
    if table.is_delimited or table.size is None:
        return None
    end = (table.offset or 0) + table.size
    if end <= size:
        return None
    words = f"the table ends at byte {end}, the file has {size}"
    return LabelFault(Fault(TABLE, words, f"{size} bytes", f"{end} bytes"), table.line)
