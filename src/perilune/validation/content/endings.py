"""Records end as their label says: with carriage return and line feed, or with line feed alone."""

import numpy as np

from perilune.validation.content.automaton import Bytes, Mask
from perilune.validation.content.findings import Fault, Tally

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
        _tell(~(has_cr & has_lf), CRLF, tally, numbers)
    elif kind == "line-feed":
        _tell(~has_lf, LF, tally, numbers)
        _tell(has_cr & has_lf, LF_ALONE, tally, numbers)


def _tell(wrong: Mask, fault: Fault, tally: Tally, numbers: range) -> None:
    if not wrong.any():
        return
    places = np.flatnonzero(wrong)
    told = places[: max(tally.room(fault.type, None), 0)]
    for place in told.tolist():
        tally.add(fault, record=numbers[place])
    tally.add_many(fault, len(places) - len(told))
