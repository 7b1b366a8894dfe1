"""Fields of fixed records: which overlap, and what lies between them."""

from dataclasses import dataclass
from itertools import pairwise

from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.parts import Column, Field
from perilune.validation.content.findings import Fault, Tally
from perilune.validation.options import Options
from perilune.validation.report import Severity

_OVERLAP = "error.table.field_value_overlap"


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes between two fields."""

    start: int
    stop: int
    after: int
    """Number of the field before it."""


def check_overlaps(
    columns: list[Column], tally: Tally, *, is_text: bool, like_validate: bool
) -> bool:
    """Tell of fields that share bytes or bits; whether ``validate`` would read no further.

    It compares each field with the next in the label, and tells of a pair in a table of
    characters twice.
    """
    if like_validate:
        return _compare_as_written(columns, tally, is_text=is_text)
    found = False
    order = sorted(enumerate(columns, 1), key=lambda each: _extent(each[1]))
    reached, holder = -1, 0
    for number, column in order:
        start, stop = _extent(column)
        if start < reached and stop > start:
            _tell(tally, columns, holder, number)
            found = True
        if stop > reached:
            reached, holder = stop, number
    return found


def spaces_between(
    table: Table, columns: list[Column], tally: Tally, options: Options
) -> list[Space]:
    """Bytes between neighbouring fields.

    ``validate`` leaves groups out and reads no further than to the first overlap, of which it
    tells once more.
    """
    if not options.counts_like_validate:
        order = sorted(enumerate(columns, 1), key=lambda each: each[1].offset)
        pairs = [(left[1].end, right[1].offset, left[0]) for left, right in pairwise(order)]
        return [Space(*pair) for pair in pairs if pair[0] < pair[1]]
    assert table.record is not None
    fields = [member for member in table.record.members if isinstance(member, Field)]
    spaces: list[Space] = []
    for number, (left, right) in enumerate(pairwise(fields), 1):
        end = (left.location or 1) - 1 + (left.length or 0)
        start = (right.location or 1) - 1
        if end > start:
            words = f"field {number} ends at byte {end}, the next begins at {start + 1}"
            fault = Fault("info.validation.general", words, str(start + 1), f"> {end}")
            tally.add(fault, record=1, column=number, severity=Severity.ERROR)
            break
        if end < start:
            spaces.append(Space(end, start, number))
    return spaces


def _extent(column: Column) -> tuple[int, int]:
    """First bit, and first bit after it."""
    if column.bits is None:
        return 8 * column.offset, 8 * column.end
    start = 8 * column.offset + max((column.bits.start or 1) - 1, 0)
    return start, 8 * column.offset + (column.bits.stop or 8 * column.length)


def _compare_as_written(columns: list[Column], tally: Tally, *, is_text: bool) -> bool:
    stops = False
    for number, (here, following) in enumerate(pairwise(columns), 1):
        is_beyond = here.end > following.offset
        if is_text and is_beyond:
            _tell(tally, columns, number, number + 1)
        stop = -1 if here.bits is None else (here.bits.stop or 0) - 1
        if stop > 0 and stop != here.length * 8:
            start = -1 if following.bits is None else (following.bits.start or 0) - 1
            if start > 1 and stop >= start:
                _tell(tally, columns, number, number + 1)
                stops = True
            continue
        is_bits = here.data_type in ("SignedBitString", "UnsignedBitString")
        if here.offset > following.offset or (is_beyond and not is_bits):
            _tell(tally, columns, number, number + 1)
            stops = True
    return stops


def _tell(tally: Tally, columns: list[Column], left: int, right: int) -> None:
    here, following = columns[left - 1], columns[right - 1]
    words = f"{here.name!r} overlaps field {right} ({following.name!r})"
    tally.add(
        Fault(_OVERLAP, words, f"byte {following.offset + 1}", f"after byte {here.end}"),
        record=1,
        column=left,
        line=here.field.line,
    )
