"""Reading: tables of 100 MB beside pds4_tools, and the first window of a large array.

Time that passes, the best of three. pds4_tools reads a tenth of the same table, since it is slow;
rates are compared. The large array is a sparse file of 10 GB, of which one window is asked for.
"""

import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pds4_tools

import perilune
from bench.row import Row
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.table import OpenTable
from perilune.testing.data_objects import array, binary, characters, delimited, field, product

SIZE = 100_000_000
_THEIRS = SIZE // 10
_WINDOW_MS = 20
_LARGE = (50, 10_000, 20_000)


def run() -> list[Row]:
    """Rates of the three kinds of tables, and the time to a window."""
    logging.disable(logging.CRITICAL)
    return [
        *_table("Table_Character, 7 fields", _characters, 20),
        *_table("Table_Binary, 6 fields", _binary, 10),
        *_table("Table_Delimited, 7 fields", _delimited, None),
        _window(),
    ]


def _table(what: str, make: Callable[[Path, int], None], bar: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        for folder, size in ((ours, SIZE), (theirs, _THEIRS)):
            folder.mkdir()
            make(folder, size)
        _read_here(theirs / "product.xml")  # loads what is imported when it is first asked for
        fast = max(_rate(ours, _read_here) for _ in range(3))
        slow = max(_rate(theirs, _read_there) for _ in range(3))
    times = fast / slow
    return [
        Row(
            f"open and read 100 MB of a {what}",
            f"{fast / 1e6:,.0f} MB/s, {times:,.0f} x pds4_tools",
            "-" if bar is None else f">= {bar} x",
            None if bar is None else times >= bar,
        )
    ]


def _rate(folder: Path, read: Callable[[Path], None]) -> float:
    start = time.perf_counter()
    read(folder / "product.xml")
    return (folder / "data.dat").stat().st_size / (time.perf_counter() - start)


def _read_here(label: Path) -> None:
    [table] = perilune.open(label).tables
    assert isinstance(table, OpenTable)
    columns = table.read()
    # a window of numbers may be a view of the file: look at every value, as the others have
    assert all(len(column) == len(table) for column in columns.values())


def _read_there(label: Path) -> None:
    [table] = pds4_tools.read(str(label), quiet=True).structures
    assert len(table.fields) > 0


_LINE = "%10d%10.3f%13.5E%12.6f%8d %-12s2026-11-25T%02d:%02d:%06.3fZ\r\n"


def _lines(size: int, line: str, *, width: int) -> tuple[bytes, int]:
    """Records of random values, a tenth of them made and repeated."""
    random = np.random.default_rng(7)
    count = size // width
    made = max(count // 10, 1)
    numbers = random.normal(0, 3000, (made, 3))
    whole = random.integers(0, 10_000_000, (made, 2))
    block = "".join(
        line
        % (
            whole[row, 0],
            numbers[row, 0],
            numbers[row, 1],
            numbers[row, 2] / 100,
            whole[row, 1],
            f"strip {row % 9999}",
            row % 24,
            row % 60,
            row % 60,
        )
        for row in range(made)
    ).encode()
    repeated = block * (count // made)
    return repeated, made * (count // made)


_TYPES = (
    ("ASCII_Integer", 1, 10),
    ("ASCII_Real", 11, 10),
    ("ASCII_Real", 21, 13),
    ("ASCII_Real", 34, 12),
    ("ASCII_Integer", 46, 8),
    ("ASCII_String", 55, 12),
    ("ASCII_Date_Time_YMD_UTC", 67, 24),
)


def _characters(folder: Path, size: int) -> None:
    data, count = _lines(size, _LINE, width=92)
    fields = [field("Character", kind, (start, length)) for kind, start, length in _TYPES]
    product(folder, characters(fields, len(data) // count, count), data)


def _delimited(folder: Path, size: int) -> None:
    line = "%d,%.3f,%.5E,%.6f,%d,%s,2026-11-25T%02d:%02d:%06.3fZ\r\n"
    data, count = _lines(size, line, width=80)
    fields = [field("Delimited", kind) for kind, _, _ in _TYPES]
    product(folder, delimited(fields, count), data)


def _binary(folder: Path, size: int) -> None:
    kinds = [
        ("IEEE754MSBDouble", 1, 8),
        ("IEEE754LSBDouble", 9, 8),
        ("SignedMSB4", 17, 4),
        ("UnsignedMSB2", 21, 2),
        ("UnsignedByte", 23, 1),
        ("IEEE754MSBSingle", 24, 4),
    ]
    count = size // 27
    data = np.random.default_rng(7).integers(0, 100, count * 27, dtype=np.uint8).tobytes()
    fields = [field("Binary", kind, (start, length)) for kind, start, length in kinds]
    product(folder, binary(fields, 27, count), data)


def _window() -> Row:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        product(folder, array("UnsignedByte", _LARGE), b"")
        with (folder / "data.dat").open("wb") as file:
            file.truncate(int(np.prod(_LARGE)))
        times = []
        for turn in range(7):
            start = time.perf_counter()
            [image] = perilune.open(folder / "product.xml").arrays
            assert isinstance(image, OpenArray)
            assert image[turn, 5000:5512, 9000:9512].shape == (512, 512)
            times.append(time.perf_counter() - start)
    median = sorted(times)[len(times) // 2] * 1000
    return Row(
        "open an array of 10 GB and read a window of 512 x 512",
        f"{median:.1f} ms",
        f"<= {_WINDOW_MS} ms",
        median <= _WINDOW_MS,
    )
