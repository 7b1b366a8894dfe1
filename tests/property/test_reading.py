"""What is written by a label's rules is read back as it was, for every data type and layout."""

import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import perilune
from perilune.formats.pds4 import bulk
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.literals import STRINGS
from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pds4.table import OpenTable
from perilune.testing.data_objects import array, binary, characters, delimited, field, product


def opened(objects: str, data: bytes) -> OpenProduct:
    with tempfile.TemporaryDirectory() as folder:
        found = perilune.open(product(Path(folder), objects, data).place)
        assert found[0]  # its file is open from now on, also when its name is gone
        return found


@dataclass(frozen=True)
class Written:
    """A value, and how a file of text writes it."""

    value: Any
    text: str


INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
UINT64 = st.integers(0, (1 << 64) - 1)


def signed(number: int) -> st.SearchStrategy[str]:
    return st.sampled_from([str(number), f"{number:+d}", f"{number:020d}"])


@st.composite
def reals(draw: st.DrawFn) -> Written:
    number = draw(st.floats(allow_nan=False, allow_infinity=False))
    form = draw(st.sampled_from(["r", ".3f", ".6E", ".17e", ".12g", "+.4f"]))
    text = repr(number) if form == "r" else format(number, form)
    text = text.replace("inf", "0")
    return Written(float(text), text)


@st.composite
def decimals(draw: st.DrawFn) -> Written:
    digits = draw(st.text("0123456789", min_size=1, max_size=25))
    point = draw(st.integers(0, len(digits)))
    sign = draw(st.sampled_from(["", "-", "+"]))
    power = draw(st.sampled_from(["", "E3", "e-12", "E+40", "E-330"]))
    text = f"{sign}{digits[:point]}.{digits[point:]}{power}"
    return Written(float(Decimal(text)), text)


def text_of(alphabet: st.SearchStrategy[str] | str) -> st.SearchStrategy[Written]:
    return st.text(alphabet, max_size=12).map(lambda text: Written(text.strip(), text.strip()))


ASCII = st.characters(min_codepoint=33, max_codepoint=126)
UTF8 = st.characters(min_codepoint=33, exclude_categories=["C", "Z"])
DATES = st.sampled_from(["2026-11-25", "2026-329T10:00:00.5Z", "2016-12-31T23:59:60Z", "1959"])
RADIXES = {"ASCII_Numeric_Base2": "b", "ASCII_Numeric_Base8": "o", "ASCII_Numeric_Base16": "X"}
TYPES: dict[str, st.SearchStrategy[Written]] = {
    "ASCII_Integer": INT64.flatmap(lambda n: signed(n).map(lambda text: Written(n, text))),
    "ASCII_NonNegative_Integer": UINT64.map(lambda n: Written(n, str(n))),
    "ASCII_Real": st.one_of(reals(), decimals()),
    "ASCII_Boolean": st.sampled_from(["true", "false", "1", "0"]).map(
        lambda text: Written(text in ("true", "1"), text)
    ),
    "ASCII_Date_Time_YMD_UTC": DATES.map(lambda text: Written(text, text)),
    "ASCII_LID": st.just(Written("urn:a:b:c", "urn:a:b:c")),
}
TYPES |= {
    name: st.integers(0, (1 << 80) - 1).map(lambda n, form=form: Written(n, format(n, form)))
    for name, form in RADIXES.items()
}
TYPES |= {name: text_of(UTF8 if name.startswith("UTF8") else ASCII) for name in STRINGS}
COLUMNS = st.sampled_from(sorted(TYPES)).flatmap(
    lambda name: st.lists(st.none() | TYPES[name], min_size=5, max_size=5).map(
        lambda values: (name, values)
    )
)


def expected(name: str, values: list[Written | None]) -> list[Any]:
    """None where a number is blank; text is then empty."""
    nothing = "" if name in STRINGS or "Date" in name or "LID" in name else None
    return [nothing if each is None else each.value for each in values]


def table_of(objects: str, data: bytes) -> OpenTable:
    [table] = opened(objects, data).tables
    return table


@given(columns=st.lists(COLUMNS, min_size=1, max_size=4), pad=st.sampled_from(["left", "right"]))
def test_tables_of_characters(columns: list[tuple[str, list[Written | None]]], pad: str) -> None:
    fields, cells, place = [], [], 1
    for name, values in columns:
        texts = [b"" if each is None else each.text.encode() for each in values]
        width = max(1, *map(len, texts))
        is_number = expected(name, [None]) == [None]
        padded = bytes.rjust if pad == "left" and is_number else bytes.ljust
        cells.append([padded(text, width) for text in texts])
        fields.append(field("Character", name, (place, width)))
        place += width
    data = b"".join(b"".join(row) + b"\r\n" for row in zip(*cells, strict=True))

    found = table_of(characters(fields, place + 1, 5), data).read()

    for column, (name, values) in zip(found.values(), columns, strict=True):
        assert column.tolist() == expected(name, values)


@given(
    columns=st.lists(COLUMNS, min_size=2, max_size=4),
    separator=st.sampled_from([",", ";", "|", "\t"]),
    quoted=st.sampled_from(["all", "where due"]),
    ending=st.sampled_from([b"\r\n", b"\n"]),
)
def test_delimited_tables(
    columns: list[tuple[str, list[Written | None]]], separator: str, quoted: str, ending: bytes
) -> None:
    names = {",": "Comma", ";": "Semicolon", "|": "Vertical Bar", "\t": "Horizontal Tab"}

    def cell(written: Written | None) -> str:
        text = "" if written is None else written.text
        is_special = set(text) & {separator, '"'}
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if quoted == "all" or is_special else text

    rows = zip(*(values for _, values in columns), strict=True)
    lines = [separator.join(map(cell, row)).encode() + ending for row in rows]
    fields = [field("Delimited", name) for name, _ in columns]
    described = delimited(fields, 5).replace(">Comma<", f">{escape(names[separator])}<")

    found = table_of(described, b"".join(lines)).read()

    for column, (name, values) in zip(found.values(), columns, strict=True):
        assert column.tolist() == expected(name, values)


def raw_numbers(dtype: np.dtype[Any], count: int) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    size = dtype.itemsize * count
    return st.binary(min_size=size, max_size=size).map(lambda raw: np.frombuffer(raw, dtype))


@given(st.data())
def test_binary_tables_with_groups(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(NUMBER_TYPES)), min_size=1, max_size=4))
    repetitions = data.draw(st.lists(st.integers(1, 3), max_size=2))
    gap = data.draw(st.integers(0, 3))
    count = 3
    place, fields, columns = 1, [], []
    for name in names:
        dtype = NUMBER_TYPES[name]
        length = dtype.itemsize + gap
        described = field("Binary", name, (1, dtype.itemsize))
        for times in reversed(repetitions):
            length *= times
            described = (
                f"<Group_Field_Binary><repetitions>{times}</repetitions><group_location>1"
                f"</group_location><group_length>{length}</group_length>{described}"
                "</Group_Field_Binary>"
            )
        first = "<group_location>1<" if repetitions else "<field_location>1<"
        fields.append(described.replace(first, first.replace("1", str(place)), 1))
        total = int(np.prod(repetitions, dtype=int))
        values = data.draw(raw_numbers(dtype, count * total)).reshape(count, total)
        padded = np.zeros((count, total, dtype.itemsize + gap), np.uint8)
        padded[..., : dtype.itemsize] = (
            np.ascontiguousarray(values).view(np.uint8).reshape(count, total, -1)
        )
        columns.append((values.reshape(count, *repetitions), padded.reshape(count, -1)))
        place += length
    rows = np.concatenate([raw for _, raw in columns], axis=1)

    found = table_of(binary(fields, place - 1, count), rows.tobytes()).read()

    for column, (values, _) in zip(found.values(), columns, strict=True):
        assert column.shape == values.shape
        native = values.astype(values.dtype.newbyteorder("="))
        assert column.data.tobytes() == native.tobytes()


@given(st.data())
def test_bit_fields(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 12))
    start = data.draw(st.integers(1, 8 * length))
    stop = data.draw(st.integers(start, 8 * length))
    is_signed = data.draw(st.booleans())
    raw = data.draw(st.binary(min_size=2 * length, max_size=2 * length))
    kind = "SignedBitString" if is_signed else "UnsignedBitString"
    packed = (
        "<Packed_Data_Fields><Field_Bit><name>bits</name>"
        f"<start_bit_location>{start}</start_bit_location>"
        f"<stop_bit_location>{stop}</stop_bit_location><data_type>{kind}</data_type>"
        "</Field_Bit></Packed_Data_Fields>"
    )
    fields = [field("Binary", "UnsignedBitString", (1, length), packed)]

    found = table_of(binary(fields, length, 2), raw)["bits"].tolist()

    for row, value in enumerate(found):
        text = "".join(f"{byte:08b}" for byte in raw[row * length : (row + 1) * length])
        number = int(text[start - 1 : stop], 2)
        if is_signed and text[start - 1] == "1":
            number -= 1 << stop - start + 1
        assert value == number


@given(st.data())
def test_windows_of_arrays(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(NUMBER_TYPES)))
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    offset = data.draw(st.integers(0, 9))
    dtype = NUMBER_TYPES[name]
    values = data.draw(raw_numbers(dtype, int(np.prod(shape)))).reshape(shape)
    index = tuple(
        data.draw(
            st.one_of(st.integers(-size, size - 1), st.slices(size), st.just(slice(None, None, -1)))
        )
        for size in shape
    )
    image = opened(array(name, shape, offset=offset), bytes(offset) + values.tobytes())[0]
    assert isinstance(image, OpenArray)

    expected_window = values[index].astype(dtype.newbyteorder("="))
    mapped = image.raw(index)
    image._source = Fetched(image._source)  # type: ignore[assignment]
    fetched = image.raw(index)

    for found in (mapped, fetched):
        assert found.shape == expected_window.shape
        assert found.tobytes() == expected_window.tobytes()


class Fetched:
    """A source that is not mapped: each window is read by itself."""

    is_mapped = False

    def __init__(self, source: Any) -> None:
        self.name, self.size, self._source = source.name, source.size, source

    def read(self, start: int, stop: int) -> memoryview:
        assert 0 <= start <= stop <= self.size
        return memoryview(bytes(self._source.read(start, stop)))


def column(texts: list[str]) -> np.ndarray[Any, Any]:
    width = max(map(len, texts))
    raw = "".join(text.rjust(width) for text in texts).encode()
    return np.frombuffer(raw, np.uint8).reshape(len(texts), width)


Printed = st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=40)


@given(numbers=Printed, form=st.sampled_from(["12.3f", "14.6E", "8.0f", "20.12e", "+10.1f"]))
def test_printed_columns_are_the_nearest_doubles(numbers: list[float], form: str) -> None:
    texts = [format(number, form).strip() for number in numbers]

    found = bulk.reals(column(texts))

    assert found.values.tobytes() == struct.pack(f"{len(texts)}d", *map(float, texts))
    assert not found.blank.any()
    assert len(found.odd) == 0


NEARLY = st.lists(st.text("0123456789+-.Ee ", min_size=1, max_size=8), min_size=1, max_size=30)


@given(texts=NEARLY)
def test_what_is_no_number_is_never_taken_for_one(texts: list[str]) -> None:
    found = bulk.reals(column(texts))
    whole = bulk.integers(column(texts))

    for place, text in enumerate(texts):
        assert_read(found, place, text.strip(" "), float)
        is_whole = set(text.strip(" ")) <= set("0123456789+-")
        assert_read(whole, place, text.strip(" "), int if is_whole else _refuse)


def _refuse(text: str) -> float:
    raise ValueError(text)


def assert_read(found: bulk.Parsed, place: int, text: str, read: Callable[[str], float]) -> None:
    """That one row is blank, odd, or the number that Python takes it for."""
    try:
        value = read(text)
    except ValueError:
        assert (place in found.odd) is bool(text)
        assert found.blank[place] == (not text)
        return
    assert place not in found.odd
    assert found.values[place] == value
