"""Records end as their label says: with carriage return and line feed, or with line feed alone."""

import numpy as np

from perilune.formats.pds4.objects import Table
from perilune.validation.content.automaton import Bytes, Mask
from perilune.validation.content.findings import Fault, Tally
from perilune.validation.content.source import WINDOW, Source

CRLF = Fault(
    "error.table.missing_CRLF",
    "does not end in carriage return and line feed",
    expected="carriage return and line feed",
)
LF = Fault("error.table.missing_LF", "does not end in line feed", expected="line feed")
LF_ALONE = Fault(
    "error.table.missing_LF",
    "ends in carriage return and line feed, the label says line feed alone",
    "carriage return and line feed",
    "line feed",
)
LOST_RETURNS = Fault(
    "error.table.missing_CRLF",
    "ends in line feed alone, one byte before its record_length",
    "line feed alone",
    "carriage return and line feed",
    "every carriage return is lost: line endings were changed",
)


def has_lost_returns(table: Table, source: Source) -> bool:
    """Whether the records of a table of characters lost a byte each, their carriage return.

    So they look after a transfer in text mode; the first two are looked at.
    """
    record = table.record
    if table.class_name != "Table_Character" or record is None or (record.length or 0) < 3:
        return False
    if table.record_delimiter.lower() not in ("", "carriage-return line-feed"):
        return False
    length = (record.length or 0) - 1
    head = source.read(table.offset or 0, min(2 * length, WINDOW))
    lines = [head[at : at + length] for at in range(0, len(head), length)]
    return bool(lines) and all(
        len(line) == length
        and line.endswith(b"\n")
        and line.count(b"\n") == 1
        and b"\r" not in line
        for line in lines[: table.records]
    )


def check_endings(rows: Bytes, delimiter: str, tally: Tally, numbers: range) -> None:
    """Tell of records that end otherwise; row k of ``rows`` holds byte k of each record."""
    if not len(rows):
        return
    has_lf = rows[-1] == 10
    has_cr = rows[-2] == 13 if len(rows) > 1 else np.zeros_like(has_lf)
    tell_endings(has_cr, has_lf, delimiter, tally, numbers)


def tell_endings(has_cr: Mask, has_lf: Mask, delimiter: str, tally: Tally, numbers: range) -> None:
    """Tell of records that end otherwise, where it is known which ends with what.

    ``has_cr``: there is a carriage return before the last byte. Without a delimiter in the label
    (before information model 1.0.1 could give one) it is carriage return and line feed.
    """
    kind = delimiter.lower()
    if kind in ("", "carriage-return line-feed"):
        tell(~(has_cr & has_lf), CRLF, tally, numbers)
    elif kind == "line-feed":
        tell(~has_lf, LF, tally, numbers)
        tell(has_cr & has_lf, LF_ALONE, tally, numbers)


def tell(wrong: Mask, fault: Fault, tally: Tally, numbers: range) -> None:
    """Tell of the records that ``wrong`` marks."""
    if not wrong.any():
        return
    places = np.flatnonzero(wrong)
    told = places[: max(tally.room(fault.type, None), 0)]
    for place in told.tolist():
        tally.add(fault, record=numbers[place])
    tally.add_many(fault, len(places) - len(told))
