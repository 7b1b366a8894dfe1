"""Content of large files: bytes of a table of characters and of an image a second, and memory.

Processor time of one core; the file lies in the system's cache or on disk as it happens to, so
reading counts only by the processor time that it costs. Each file is made in a temporary folder,
checked in a process of its own (for its peak of memory) and removed.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.row import Row
from perilune.validation.content import check_content
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options

GIGABYTE = 1_000_000_000
_MEMORY_MB = 512
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">
<Identification_Area><logical_identifier>urn:nasa:pds:bench:data:large</logical_identifier>
<version_id>1.0</version_id></Identification_Area>
<File_Area_Observational><File><file_name>large.dat</file_name></File>
"""
_TAIL = "</File_Area_Observational></Product_Observational>\n"


def run() -> list[Row]:
    """The rate and the peak of memory for a table and for an image."""
    return [
        *_rows("table of characters, 1 GB, 8 fields, 4 with extremes or formats", _table, 150e6),
        *_rows("image of 2-byte numbers, MSB first, 1 GB, with extremes", _image, 2.5e9),
        *_rows("the same, one element in ten a special constant", _speckled, None),
        *_rows("delimited table, 1 GB, 6 fields", _delimited, None),
    ]


def _rows(what: str, make: Callable[[Path], None], bar: float | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            seconds, megabytes, faults = pool.apply(_checked, (folder,))
        size = (Path(folder) / "large.dat").stat().st_size
    if faults:
        return [Row(what, f"{faults} faults found in right data", "none", holds=False)]
    rate = size / seconds
    return [
        Row(
            f"content check, one core: {what}",
            f"{rate / 1e6:,.0f} MB/s",
            "-" if bar is None else f">= {bar / 1e6:,.0f} MB/s",
            None if bar is None else rate >= bar,
        ),
        Row(
            f"its peak of memory: {what}",
            f"{megabytes:,.0f} MB",
            f"<= {_MEMORY_MB} MB",
            megabytes <= _MEMORY_MB,
        ),
    ]


def _checked(folder: str) -> tuple[float, float, int]:
    label = read_label("large.xml", Path(folder) / "large.xml")
    assert isinstance(label, Label)
    start = time.process_time()
    faults = sum(message.count for message in check_content(label, Options()))
    seconds = time.process_time() - start
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, kilobytes / (1024 if sys.platform != "darwin" else 1024**2), faults


def _write(folder: Path, label: str, block: bytes) -> int:
    """Write the block again and again to a gigabyte; how often it was."""
    turns = GIGABYTE // len(block)
    with (folder / "large.dat").open("wb") as data:
        for _ in range(turns):
            data.write(block)
    text = label.replace("TURNS", str(turns))
    (folder / "large.xml").write_text(f"{_HEAD}{text}{_TAIL}")
    return turns


def _table(folder: Path) -> None:
    random = np.random.default_rng(4)
    records = 10_000
    lines = [
        b"2026-%02d-%02dT%02d:%02d:%09.6fZ %6d %10.4f %9.3f %12.5e %-16s %8d %s\r\n"
        % (
            random.integers(1, 13), random.integers(1, 29), random.integers(24),
            random.integers(60), random.uniform(0, 60), random.integers(999_999),
            random.uniform(-90, 90), random.uniform(0, 360), random.normal(), b"ORBIT_STATE_OK",
            random.integers(10_000_000), b"0a1b",
        )
        for _ in range(records)
    ]  # fmt: skip
    width = len(lines[0])
    fields = [
        (1, 27, "ASCII_Date_Time_YMD_UTC", ""),
        (29, 6, "ASCII_NonNegative_Integer", "<field_format>%6d</field_format>"),
        (36, 10, "ASCII_Real", _extremes(-90, 90)),
        (47, 9, "ASCII_Real", _extremes(0, 360)),
        (57, 12, "ASCII_Real", "<field_format>%12.5e</field_format>"),
        (70, 16, "ASCII_String", ""),
        (87, 8, "ASCII_Integer", ""),
        (96, 4, "ASCII_Numeric_Base16", ""),
    ]
    described = "".join(
        f"<Field_Character><name>field {number}</name><field_location>{location}</field_location>"
        f"<data_type>{kind}</data_type><field_length>{length}</field_length>{rest}"
        "</Field_Character>"
        for number, (location, length, kind, rest) in enumerate(fields, 1)
    )
    turns = GIGABYTE // (records * width)
    _write(
        folder,
        f"<Table_Character><offset>0</offset><records>{turns * records}</records>"
        "<record_delimiter>Carriage-Return Line-Feed</record_delimiter><Record_Character>"
        f"<fields>{len(fields)}</fields><groups>0</groups><record_length>{width}</record_length>"
        f"{described}</Record_Character></Table_Character>",
        b"".join(lines),
    )


def _delimited(folder: Path) -> None:
    random = np.random.default_rng(5)
    records = 10_000
    lines = [
        b'%d,2026-01-%02dT00:00:00Z,%.5f,"state %d",%.3e,%d\r\n'
        % (
            number, random.integers(1, 29), random.uniform(-90, 90), random.integers(99),
            random.normal(), random.integers(10**6),
        )
        for number in range(records)
    ]  # fmt: skip
    kinds = (
        ("ASCII_Integer", ""),
        ("ASCII_Date_Time_YMD", ""),
        ("ASCII_Real", _extremes(-90, 90)),
        ("ASCII_String", ""),
        ("ASCII_Real", ""),
        ("ASCII_Integer", ""),
    )
    described = "".join(
        f"<Field_Delimited><name>field</name><data_type>{kind}</data_type>{rest}</Field_Delimited>"
        for kind, rest in kinds
    )
    block = b"".join(lines)
    turns = GIGABYTE // len(block)
    _write(
        folder,
        f"<Table_Delimited><offset>0</offset><records>{turns * records}</records>"
        "<record_delimiter>Carriage-Return Line-Feed</record_delimiter>"
        "<field_delimiter>Comma</field_delimiter><Record_Delimited>"
        f"<fields>{len(kinds)}</fields><groups>0</groups>{described}"
        "</Record_Delimited></Table_Delimited>",
        block,
    )


def _image(folder: Path) -> None:
    values = np.random.default_rng(6).integers(-2000, 9000, 500_000).astype(">i2")
    _write(folder, _array(), values.tobytes())


def _speckled(folder: Path) -> None:
    random = np.random.default_rng(7)
    values = random.integers(-2000, 9000, 500_000).astype(">i2")
    values[random.random(len(values)) < 0.1] = -32_768
    _write(folder, _array(), values.tobytes())


def _array() -> str:
    return (
        "<Array_2D_Image><offset>0</offset><axes>2</axes>"
        "<Element_Array><data_type>SignedMSB2</data_type></Element_Array>"
        "<Axis_Array><elements>TURNS</elements><sequence_number>1</sequence_number></Axis_Array>"
        "<Axis_Array><elements>500000</elements><sequence_number>2</sequence_number></Axis_Array>"
        "<Special_Constants><missing_constant>-32768</missing_constant></Special_Constants>"
        "<Object_Statistics><minimum>-2000</minimum><maximum>9000</maximum></Object_Statistics>"
        "</Array_2D_Image>"
    )


def _extremes(low: int, high: int) -> str:
    return f"<Field_Statistics><maximum>{high}</maximum><minimum>{low}</minimum></Field_Statistics>"
