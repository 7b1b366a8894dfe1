"""Real products, read element by element beside two other readers.

Independent references: pds4_tools 1.4 of the Small Bodies Node, and GDAL's PDS4 driver by rasterio.
Where they differ, docs/reference/reading.md says who is right by the standard.
"""

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import perilune
from perilune.errors import PeriluneError, UnreadableData
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pds4.stream import OpenStream
from perilune.formats.pds4.table import OpenTable

Shared = Callable[[str], Path]

_LABELS = (".xml", ".lblx", ".2cl", ".2bl")
_OTHERWISE = {
    ("test_masked_data.xml", "ASCII_Numeric_Base16"): "a constant written in another base",
    ("test_masked_data.xml", "Masked Data Array1"): "satured_constant is no attribute",
    ("test_masked_data.xml", "Masked Data Array3, with Scaling"): "satured_constant again",
    ("test_table_data_types.xml", "UnsignedBitString"): "a bit string is a number here",
    ("test_table_data_types.xml", "SignedBitString"): "a bit string is a number here",
}
"""Columns and arrays of which they give other values."""
_LABEL_IS_WRONG = (
    "ody-accel-pds3+pds4/ody_bundle/Data/CALT/",  # the table begins at byte 0, not 1
    "ody-accel-pds3+pds4/ody_bundle/Data/RAW_DATA/",  # likewise
    "pds4_tools-tests/Product_DelimitedTable.xml",  # records with 4 of 24 fields
)
"""What they read though the file does not hold what the label says."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def labels(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _LABELS)


def products(folder: Path) -> Iterator[tuple[Path, OpenProduct]]:
    for path in labels(folder):
        try:
            yield path, perilune.open(path)
        except PeriluneError:
            continue


def contents(product: OpenProduct) -> Iterator[tuple[str, Any]]:
    """Name and what was read of each table and array; the fault where it cannot be read."""
    for name in product.names:
        try:
            opened = product[name]
            if isinstance(opened, OpenTable):
                yield name, opened.read()
            elif isinstance(opened, OpenArray):
                yield name, opened[...]
        except UnreadableData as error:
            if dict(product.described)[name].class_name.startswith(("Table", "Array", "Inventory")):
                yield name, error


def differ(ours: Any, theirs: Any) -> str:
    """How two columns differ; empty where they are the same, element by element."""
    if ours.shape != theirs.shape:
        return f"shape {ours.shape} and {theirs.shape}"
    data = np.ma.getdata(theirs)
    if data.dtype.kind in "SU" or (data.size and isinstance(data.flat[0], bytes)):
        texts = [
            str(each, "utf-8", "replace") if isinstance(each, bytes) else str(each)
            for each in data.flat
        ]
        pairs = zip((str(each) for each in ours.data.flat), texts, strict=True)
        # blanks that pad a value to its width are no part of it (Standards Reference, 4B.1)
        return next((f"{a!r} and {b!r}" for a, b in pairs if a.strip() != b.strip()), "")
    masks = np.ma.getmaskarray(ours), np.ma.getmaskarray(theirs)
    if (masks[0] != masks[1]).any():
        return f"masked {masks[0].sum()} and {masks[1].sum()}"
    a, b = ours.data[~masks[0]], data[~masks[0]]
    same = (a == b) | ((a != a) & (b != b))  # noqa: PLR0124  # NaN
    return "" if np.all(same) else f"{a[~same][0]!r} and {b[~same][0]!r}"


def test_values_are_those_of_pds4_tools(shared: Shared) -> None:
    pds4_tools = pytest.importorskip("pds4_tools")
    root = shared("data/pds4/samples")
    counts: Counter[str] = Counter()
    wrong = []
    for path, product in products(root):
        try:
            theirs = pds4_tools.read(str(path), quiet=True, lazy_load=True)
        except Exception:  # noqa: BLE001  # whatever it is that they cannot read
            counts["labels that they cannot read"] += 1
            continue
        structures = [each for each in theirs.structures if not each.is_header()]
        found = list(contents(product))
        if len(structures) != len(found):
            assert not structures, path  # drafts of the standard: they see no objects
            continue
        place = path.relative_to(root).as_posix()
        for (name, ours), structure in zip(found, structures, strict=True):
            for column, how in compared(ours, structure, counts):
                if (path.name, column or name) not in _OTHERWISE:
                    wrong.append(f"{place} {name} {column}: {how}")
            if isinstance(ours, UnreadableData) and column_count(structure):
                assert place.startswith(_LABEL_IS_WRONG), (place, ours)

    assert wrong == []
    assert counts["columns"] > 480, counts
    assert counts["arrays"] > 30, counts
    assert counts["only here"] >= 18, counts


def column_count(structure: Any) -> int:
    """How many columns or arrays they read; 0 where they fail."""
    try:
        return len(structure.fields) if structure.is_table() else len(structure.data)
    except Exception:  # noqa: BLE001
        return 0


def compared(ours: Any, structure: Any, counts: Counter[str]) -> Iterator[tuple[str, str]]:
    """Columns that differ, and how; counted on the way."""
    try:
        masked = structure.as_masked()
        theirs = masked.fields if masked.is_table() else masked.data
    except Exception:  # noqa: BLE001
        counts["only here"] += not isinstance(ours, UnreadableData)
        return
    if isinstance(ours, UnreadableData):
        counts["only there"] += 1
    elif not isinstance(ours, dict):
        counts["arrays"] += 1
        if how := differ(ours, theirs):
            yield "", how
    else:
        for name, column in zip(ours, theirs, strict=False):
            counts["columns"] += 1
            if len(ours) == len(theirs) and (how := differ(ours[name], column)):
                yield name, how


def test_arrays_are_those_of_gdal(shared: Shared) -> None:
    rasterio = pytest.importorskip("rasterio")
    seen = 0
    for path, product in products(shared("data/pds4/samples")):
        pictures = [each for each in product_arrays(product) if len(each.shape) in (2, 3)]
        if len(pictures) != 1:
            continue
        try:
            with rasterio.open(path, driver="PDS4") as opened:
                bands = opened.read()
        except rasterio.errors.RasterioIOError:
            continue
        [image] = pictures
        raw = image.raw()
        assert np.array_equal(raw.reshape(bands.shape), bands, equal_nan=raw.dtype.kind == "f"), (
            path
        )
        seen += 1

    assert seen >= 6


def product_arrays(product: OpenProduct) -> list[OpenArray]:
    found = []
    for name in product.names:
        try:
            opened = product[name]
            if isinstance(opened, OpenArray):
                opened.raw(0)
                found.append(opened)
        except UnreadableData:
            continue
    return found


def test_every_object_is_read_or_its_fault_is_told_with_a_line(shared: Shared) -> None:
    faults = []
    read = 0
    for path, product in products(shared("data/pds4/samples")):
        for name in product.names:
            try:
                opened = product[name]
                if isinstance(opened, OpenStream):
                    assert len(opened.read()) == opened.size
                elif isinstance(opened, OpenTable):
                    assert all(len(column) == len(opened) for column in opened.read().values())
                else:
                    assert opened[...].shape == opened.shape
                read += 1
            except UnreadableData as error:
                faults.append((path.name, error))

    assert read > 220
    assert [fault for name, fault in faults if not fault.line or fault.label != name] == []
