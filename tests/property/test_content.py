"""Laws of the content check, against readers of Python and NumPy.

References: ``datetime`` for dates, ``csv`` for delimited tables, ``int.from_bytes`` for bit fields,
NumPy for arrays, ``decimal`` for numbers.
"""

import csv
import io
import re
import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.formats.pds4.objects import Table, data_files
from perilune.formats.pds4.parts import BitField, columns
from perilune.testing.data_objects import (
    array,
    binary,
    characters,
    constants,
    delimited,
    field,
    product,
    statistics,
)
from perilune.validation.content import check_content
from perilune.validation.content.fixed import bits_of
from perilune.validation.content.ranges import moment_of
from perilune.validation.content.text import PAD, TextColumn
from perilune.validation.content.types import STANDARD
from perilune.validation.options import Options
from perilune.validation.report import Message

REALS = [name for name, dtype in NUMBER_TYPES.items() if dtype.kind == "f"]
WHOLE = [name for name, dtype in NUMBER_TYPES.items() if dtype.kind in "iu"]
FORMATS = ["", "%6d", "%+8.3f", "%-8s", "%10.3e", "%4x", "%5o", "%+3s"]
TYPES = sorted(STANDARD)

near_numbers = st.from_regex(
    r"[ ]{0,3}[+-]?[0-9]{0,5}[.]?[0-9]{0,5}([eE][+-]?[0-9]{1,3})?[ ]{0,3}", fullmatch=True
)
numbers = st.from_regex(
    r"[ ]{0,3}[+-]?[0-9]{1,5}([.][0-9]{0,5})?([eE][+-]?[0-9]{1,2})?[ ]{0,3}", fullmatch=True
)
near_dates = st.from_regex(
    r"(19|20|17)[0-9]{2}-([01][0-9]-[0-3][0-9]|[0-3][0-9]{2})"
    r"(T[012][0-9]:[0-6][0-9]:[56][0-9]([.][0-9])?)?Z?",
    fullmatch=True,
)
values = st.one_of(
    near_numbers,
    near_dates,
    st.sampled_from(["", " ", "NaN", "-inf", "UNK", "-99", "-99.0", '"12"', '"1"2"', "true"]),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
described = st.fixed_dictionaries(
    {
        "data_type": st.sampled_from(TYPES),
        "format": st.sampled_from(FORMATS),
        "tag": st.sampled_from(["field_format", "validation_format"]),
        "rest": st.sampled_from(
            [
                "",
                "<maximum_field_length>5</maximum_field_length>",
                constants(missing_constant="-99", unknown_constant="UNK"),
                constants(missing_constant="-99.0", valid_minimum="0", valid_maximum="40"),
                statistics("Field", minimum="-3.5", maximum="1e2"),
            ]
        ),
    }
)


def told(objects: str, data: bytes, options: Options | None = None) -> list[Message]:
    with tempfile.TemporaryDirectory() as folder:
        label = product(Path(folder), objects, data)
        return list(check_content(label, options or Options()))


def judge_of(kind: str, told_of: dict[str, str], *, like_validate: bool) -> TextColumn:
    rest = f"<{told_of['tag']}>{told_of['format']}</{told_of['tag']}>{told_of['rest']}"
    place = (1, 20) if kind == "Character" else None
    one = field(kind, told_of["data_type"], place, rest)
    objects = characters([one], 22, 1) if kind == "Character" else delimited([one], 1)
    with tempfile.TemporaryDirectory() as folder:
        root = product(Path(folder), objects, b"").root
    (file,) = data_files(root)
    (table,) = file.objects
    assert isinstance(table, Table)
    assert table.record is not None
    (column,) = columns(table.record.members)
    return TextColumn(column, is_delimited=kind == "Delimited", like_validate=like_validate)


@given(
    told_of=described,
    texts=st.lists(values, min_size=1, max_size=20),
    like_validate=st.booleans(),
)
def test_no_value_of_a_fixed_column_is_passed_that_the_judge_refuses(
    told_of: dict[str, str], texts: list[str], *, like_validate: bool
) -> None:
    judge = judge_of("Character", told_of, like_validate=like_validate)
    width = max(map(len, texts))
    padded = [f"{text:{width}}".encode("latin-1") for text in texts]
    rows = np.frombuffer(b"".join(padded), dtype=np.uint8).reshape(len(texts), width).T

    doubtful = judge.doubtful(np.ascontiguousarray(rows))

    for value, doubt in zip(padded, doubtful.tolist(), strict=True):
        assert doubt or not judge.judge(value), value


@given(
    told_of=described,
    texts=st.lists(values, min_size=1, max_size=20),
    like_validate=st.booleans(),
)
def test_no_value_of_a_delimited_column_is_passed_that_the_judge_refuses(
    told_of: dict[str, str], texts: list[str], *, like_validate: bool
) -> None:
    judge = judge_of("Delimited", told_of, like_validate=like_validate)
    raw = [text.encode("latin-1") for text in texts if text.count('"') % 2 == 0]
    assume(raw)
    lengths = np.array(list(map(len, raw)))
    rows = np.full((lengths.max(), len(raw)), PAD, dtype=np.uint8)
    for place, value in enumerate(raw):
        rows[: len(value), place] = np.frombuffer(value, dtype=np.uint8)

    doubtful = judge.doubtful(rows, lengths)

    for value, doubt in zip(raw, doubtful.tolist(), strict=True):
        assert doubt or not judge.judge(value), value


@given(st.dates(date(1, 1, 1), date(9999, 12, 30)), st.integers(0, 86_399))
def test_every_day_of_the_calendar_is_a_date_and_no_other_is(day: date, second: int) -> None:
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    by_month = f"{day:%Y-%m-%d}".rjust(10, "0")
    by_day = f"{day.year:04d}-{day:%j}"

    for text, kind in ((by_month, "YMD"), (by_day, "DOY")):
        assert STANDARD[f"ASCII_Date_{kind}"].holds(text)
        assert STANDARD[f"ASCII_Date_Time_{kind}_UTC"].holds(f"{text}T{clock}Z")
        assert not STANDARD[f"ASCII_Date_Time_{kind}_UTC"].holds(f"{text}T{clock}")
    following = day + timedelta(days=1)
    if following.day == 1:
        assert not STANDARD["ASCII_Date_YMD"].holds(f"{by_month[:8]}{day.day + 1:02d}")
    if following.year != day.year:
        assert not STANDARD["ASCII_Date_DOY"].holds(f"{by_day[:5]}{int(by_day[5:]) + 1}")


@given(st.dates(), st.dates(), st.integers(0, 86_399), st.integers(0, 86_399))
def test_moments_order_as_time_does(one: date, other: date, a: int, b: int) -> None:
    texts = [
        f"{day.year:04d}-{day:%m-%d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        for day, second in ((one, a), (other, b))
    ]
    by_day = [
        f"{day.year:04d}-{day:%j}T{text[11:]}Z"
        for day, text in zip((one, other), texts, strict=True)
    ]
    first, second = map(moment_of, texts)
    assert first is not None
    assert second is not None

    assert (first < second) == ((one, a) < (other, b))
    assert [moment_of(text) for text in by_day] == [first, second]


@given(st.data())
def test_a_fault_planted_in_a_table_of_characters_is_found_and_nothing_else(
    data: st.DataObject,
) -> None:
    records = data.draw(st.integers(1, 60), label="records")
    numbers = data.draw(
        st.lists(st.integers(0, 9999), min_size=records, max_size=records), label="numbers"
    )
    rows = [f"{number:6d} {number / 8:9.3f} 2026-01-{number % 28 + 1:02d}" for number in numbers]
    record = data.draw(st.integers(0, records - 1), label="record")
    column, wrong = data.draw(
        st.sampled_from([(1, "  12.5"), (1, "   1 2"), (2, "1.5.6    "), (3, "2026-02-30")]),
        label="fault",
    )
    places = {1: (0, 6), 2: (7, 16), 3: (17, 27)}
    start, stop = places[column]
    rows[record] = rows[record][:start] + wrong + rows[record][stop:]
    table = characters(
        [
            field("Character", "ASCII_Integer", (1, 6)),
            field("Character", "ASCII_Real", (8, 9)),
            field("Character", "ASCII_Date_YMD", (18, 10)),
        ],
        29,
        records,
    )
    small = data.draw(st.sampled_from([29, 100, 1 << 20]), label="window")

    with patch("perilune.validation.content.fixed.WINDOW", small):
        found = told(table, "".join(f"{row}\r\n" for row in rows).encode())

    assert [message.type for message in found] == ["error.table.field_value_data_type_mismatch"]
    assert found[0].spot is not None
    assert (found[0].spot.record, found[0].spot.field) == (record + 1, column)


cells = st.one_of(
    st.integers(-99, 99).map(str),
    st.text(st.sampled_from("ab ,\r\n"), max_size=5).map(lambda text: f'"{text}"'),
    st.just(""),
)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=40), st.data())
def test_a_delimited_table_is_read_as_python_reads_it(
    rows: list[list[str]], data: st.DataObject
) -> None:
    text = "".join(",".join(row) + "\r\n" for row in rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows)
    wanted: Counter[tuple[int, int, str]] = Counter()
    for record, row in enumerate(read, 1):
        for column, value in enumerate(row, 1):
            if "\r" in value or "\n" in value:
                wanted[record, column, "error.validation.invalid_field_value"] += 1
            elif value.strip() and not re.fullmatch(r"\s*[+-]?\d+\s*", value):
                wanted[record, column, "error.table.field_value_data_type_mismatch"] += 1
    table = delimited([field("Delimited", "ASCII_Integer")] * 3, len(rows))
    small = data.draw(st.sampled_from([7, 64, 1 << 20]), label="window")

    with patch("perilune.validation.content.delimited.WINDOW", small):
        found = [
            (message.spot.record or 0, message.spot.field or 0, message.type)
            for message in told(table, text.encode())
            if message.spot is not None and message.type != "error.table.missing_CRLF"
        ]

    assert Counter(found) == wanted


@given(
    st.sampled_from(WHOLE + REALS), st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data()
)
def test_elements_beyond_the_extremes_are_those_that_numpy_finds(
    data_type: str, shape: list[int], data: st.DataObject
) -> None:
    dtype = NUMBER_TYPES[data_type]
    small = st.integers(0 if dtype.kind == "u" else -100, 100)
    numbers = data.draw(
        st.lists(small, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))), label="values"
    )
    elements = np.array(numbers, dtype=dtype).reshape(shape)
    low, high = sorted((data.draw(small, label="low"), data.draw(small, label="high")))
    missing = data.draw(small, label="missing")
    rest = constants(missing_constant=str(missing)) + statistics(
        "Object", minimum=str(low), maximum=str(high)
    )
    wrong = ((elements < low) | (elements > high)) & (elements != missing)
    window = data.draw(st.sampled_from([8, 24, 1 << 20]), label="window")

    with patch("perilune.validation.content.arrays._WINDOW", window):
        found = told(array(data_type, shape, rest=rest), elements.tobytes())

    places = {message.spot.location for message in found if message.spot is not None}
    assert {message.type for message in found} <= {"error.array.value_out_of_min_max_range"}
    assert places == {tuple(int(each) + 1 for each in place) for place in np.argwhere(wrong)}


@pytest.mark.parametrize(
    "data_type", ["ComplexLSB8", "ComplexMSB8", "ComplexLSB16", "ComplexMSB16"]
)
@given(place=st.integers(0, 5), is_imaginary=st.booleans())
def test_both_parts_of_a_complex_number_are_looked_at(
    data_type: str, place: int, *, is_imaginary: bool
) -> None:
    elements = np.zeros(6, dtype=NUMBER_TYPES[data_type])
    elements[place] = 7j if is_imaginary else 7
    objects = array(data_type, [6], rest=statistics("Object", minimum="0", maximum="5"))

    found = told(objects, elements.tobytes())
    as_there = told(objects, elements.tobytes(), Options(counts_like_validate=True))

    assert [message.spot.location for message in found if message.spot] == [(place + 1,)]
    assert len(as_there) == (0 if is_imaginary else 1)


@given(
    raw=st.binary(min_size=8, max_size=8),
    one=st.integers(1, 64),
    other=st.integers(1, 64),
    is_signed=st.booleans(),
)
def test_bits_are_those_of_the_number_that_the_bytes_are(
    raw: bytes, one: int, other: int, *, is_signed: bool
) -> None:
    start, stop = sorted((one, other))
    whole = int.from_bytes(raw, "big")
    wanted = whole >> (64 - stop) & (1 << (stop - start + 1)) - 1
    if is_signed and wanted >> (stop - start):
        wanted -= 1 << (stop - start + 1)
    bits = BitField(
        name="b",
        data_type="",
        start=start,
        stop=stop,
        unit="",
        scaling_factor="",
        value_offset="",
        constants=None,
        line=None,
    )

    found = bits_of(np.frombuffer(raw, dtype=np.uint8).reshape(1, 8), bits, is_signed=is_signed)

    assert int(found[0]) == wanted


@given(st.sampled_from(WHOLE), st.data())
def test_numbers_of_a_binary_table_are_those_that_numpy_reads(
    data_type: str, data: st.DataObject
) -> None:
    dtype = NUMBER_TYPES[data_type]
    limits = np.iinfo(dtype.newbyteorder("="))
    number = data.draw(st.integers(int(limits.min), int(limits.max)), label="number")
    bound = data.draw(st.integers(int(limits.min), int(limits.max)), label="bound")
    rest = statistics("Field", minimum=str(bound))
    table = binary([field("Binary", data_type, (3, dtype.itemsize), rest)], dtype.itemsize + 2, 2)
    record = b"xx" + np.array(number, dtype=dtype).tobytes()

    found = told(table, record * 2)

    assert len(found) == (2 if number < bound else 0)


@given(numbers, st.decimals(-10_000, 10_000, allow_nan=False, places=3))
def test_numbers_are_compared_as_decimals(text: str, bound: Decimal) -> None:
    width = len(text)
    table = characters(
        [field("Character", "ASCII_Real", (1, width), statistics("Field", maximum=str(bound)))],
        width + 2,
        1,
    )

    found = [message.type for message in told(table, f"{text}\r\n".encode())]

    is_beyond = Decimal(text.strip()) > bound
    assert found == (["error.table.field_value_out_of_min_max_range"] if is_beyond else [])


NUMBER_OR_JUNK = st.one_of(
    st.integers(-2, 10**20).map(str), st.sampled_from(["", "x", "1e9", "-1", "0", "99999999999"])
)
TAGS = (
    "offset", "records", "fields", "groups", "record_length", "field_location", "field_length",
    "start_bit", "stop_bit", "axes", "elements", "group_length", "repetitions", "group_location",
)  # fmt: skip
ABSURD = (
    characters([field("Character", "ASCII_Real", (1, 4)), field("Character", "X", (5, 2))], 8, 2)
    + binary(
        [
            field("Binary", "SignedMSB4", (1, 4)),
            field("Binary", "UnsignedByte", (5, 1),
                  "<Packed_Data_Fields><Field_Bit><start_bit>1</start_bit><stop_bit>3</stop_bit>"
                  "<data_type>UnsignedBitString</data_type></Field_Bit></Packed_Data_Fields>"),
            "<Group_Field_Binary><repetitions>2</repetitions><fields>1</fields><groups>0</groups>"
            "<group_location>6</group_location><group_length>4</group_length>"
            + field("Binary", "SignedLSB2", (1, 2)) + "</Group_Field_Binary>",
        ],
        10, 2, offset=16,
    )
    + array("IEEE754LSBSingle", [2, 2], offset=36,
            rest=statistics("Object", minimum="0", maximum="1"))
    + delimited([field("Delimited", "ASCII_Integer"), field("Delimited", "ASCII_Real")], 2)
)  # fmt: skip


@given(
    data=st.binary(max_size=120),
    changes=st.lists(
        st.tuples(st.sampled_from(TAGS), st.integers(0, 3), NUMBER_OR_JUNK), max_size=4
    ),
    like_validate=st.booleans(),
)
def test_absurd_labels_and_data_get_a_verdict(
    data: bytes, changes: list[tuple[str, int, str]], *, like_validate: bool
) -> None:
    objects = ABSURD
    for tag, turn, number in changes:
        found = list(re.finditer(f"<{tag}>[^<]*</{tag}>", objects))
        if found:
            start, stop = found[turn % len(found)].span()
            objects = f"{objects[:start]}<{tag}>{number}</{tag}>{objects[stop:]}"
    options = Options(
        counts_like_validate=like_validate, is_strict_of_fields=True, wants_all_described=True
    )

    for message in told(objects, data, options):
        assert message.count >= 1
        assert message.message
