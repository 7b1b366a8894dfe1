"""For each message type of layout, tables and arrays: a product with the fault, and one without.

What the types mean is that of NASA's ``validate``; counts on its own cases are held elsewhere.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from perilune.testing.data_objects import (
    CRLF,
    LF,
    array,
    binary,
    characters,
    constants,
    delimited,
    field,
    product,
    statistics,
    stream,
)
from perilune.validation.advice import ADVICE
from perilune.validation.content import check_content
from perilune.validation.options import Options

PLAIN = Options()
PAIRED_ELSEWHERE = {
    "error.content.header_mismatch",  # test_content_streams.py, with headers of FITS
    "error.table.bad_file_read",  # not told yet: error.label.missing_file says it
}
STRICT = Options(is_strict_of_fields=True)
WHOLE = Options(wants_all_described=True)


@dataclass(frozen=True)
class Pair:
    """Two products: objects of the label, and data."""

    key: str
    wrong: tuple[str, bytes]
    right: tuple[str, bytes]
    options: Options = PLAIN
    besides: frozenset[str] = frozenset()


def one(data_type: str, width: int, rest: str = "", *, delimiter: str = CRLF) -> str:
    """A table with one record of one field."""
    end = 2 if delimiter == CRLF else 1
    return characters(
        [field("Character", data_type, (1, width), rest)], width + end, 1, delimiter=delimiter
    )


def value(key: str, described: tuple[str, str], wrong: str, right: str) -> Pair:
    """A pair whose one value differs."""
    width = max(len(wrong), len(right))
    table = one(described[0], width, described[1])
    data = [f"{text:{width}}\r\n".encode("latin-1") for text in (wrong, right)]
    return Pair(key, (table, data[0]), (table, data[1]))


def formatted(severity: str, name: str, text: str, wrong: str, right: str) -> Pair:
    """A pair whose one value differs in how it is written."""
    tag = "validation_format" if severity == "error" else "field_format"
    data_type = "ASCII_String" if text.endswith("s") else "ASCII_Real"
    return value(
        f"{severity}.table.field_value_{name}", (data_type, f"<{tag}>{text}</{tag}>"), wrong, right
    )


def row(*texts: str) -> bytes:
    return (",".join(texts) + "\r\n").encode("latin-1")


TWO = [field("Character", "ASCII_Integer", (1, 3)), field("Character", "ASCII_Integer", (5, 3))]
CLOSE = [field("Character", "ASCII_Integer", (1, 3)), field("Character", "ASCII_Integer", (3, 3))]
COMMAS = [field("Delimited", "ASCII_Integer"), field("Delimited", "ASCII_String")]
MEMBERS = [field("Delimited", "ASCII_String"), field("Delimited", "ASCII_LIDVID_LID")]
MEMBER = "urn:ros:rssa:test:data:a::1.0"
BITS = (
    "<Packed_Data_Fields><bit_fields>2</bit_fields>"
    "<Field_Bit><name>a</name><start_bit>1</start_bit><stop_bit>{}</stop_bit>"
    "<data_type>UnsignedBitString</data_type></Field_Bit>"
    "<Field_Bit><name>b</name><start_bit>5</start_bit><stop_bit>{}</stop_bit>"
    "<data_type>UnsignedBitString</data_type></Field_Bit></Packed_Data_Fields>"
)


def group(length: int) -> str:
    inner = field("Character", "ASCII_Integer", (1, 2))
    return (
        "<Group_Field_Character><repetitions>3</repetitions><fields>1</fields><groups>0</groups>"
        f"<group_location>1</group_location><group_length>{length}</group_length>{inner}"
        "</Group_Field_Character>"
    )


def packed(first: int, second: int) -> str:
    return binary(
        [field("Binary", "UnsignedByte", (1, 1), BITS.format(first, second))], length=1, records=1
    )


LIMITS = constants(missing_constant="-99", valid_minimum="0", valid_maximum="50")
EXTREMES = statistics("Field", minimum="1.5", maximum="2.5")
OBJECT = statistics("Object", minimum="-5", maximum="5")
SCALED = statistics("Object", minimum_scaled_value="0", maximum_scaled_value="100")
DATES = constants(valid_minimum="2026-01-01", unknown_constant="UNK")
BEYOND = "error.table.field_value_out_of_min_max_range"
TIMES = "<scaling_factor>{}</scaling_factor>"
GOOD = b" 12  34\r\n"
BYTE = np.arange(6, dtype="i1").tobytes()

PAIRS = [
    Pair(
        "error.label.invalid_object_definition",
        (array("SignedByte", [4]) + array("SignedByte", [2], offset=3), BYTE),
        (array("SignedByte", [4]) + array("SignedByte", [2], offset=4), BYTE),
    ),
    Pair(
        "error.label.invalid_object_definition",
        (one("ASCII_String", 2, "<field_format>%+2s</field_format>"), b"ab\r\n"),
        (one("ASCII_String", 2, "<field_format>%-2s</field_format>"), b"ab\r\n"),
    ),
    Pair(
        "error.label.invalid_object_definition",
        (one("ASCII_Integer", 2, "<field_format>%-2d</field_format>"), b"12\r\n"),
        (one("ASCII_Integer", 2, "<field_format>%+2d</field_format>"), b"12\r\n"),
    ),
    Pair(
        "error.label.invalid_object_definition",
        (one("ASCII_Integer", 2).replace("<fields>1", "<fields>2"), b"12\r\n"),
        (one("ASCII_Integer", 2), b"12\r\n"),
    ),
    Pair(
        "error.label.invalid_object_definition",
        (binary([field("Binary", "SignedMSB4", (3, 4))], 4, 1), b"1234"),
        (binary([field("Binary", "SignedMSB2", (3, 2))], 4, 1), b"1234"),
    ),
    Pair(
        "warning.data_objects.out_of_order",
        (array("SignedByte", [2], offset=4) + array("SignedByte", [4]), BYTE),
        (array("SignedByte", [4]) + array("SignedByte", [2], offset=4), BYTE),
    ),
    Pair(
        "warning.data.not_described",
        (array("SignedByte", [5]), BYTE),
        (array("SignedByte", [6]), BYTE),
        WHOLE,
    ),
    Pair(
        "error.label.table_definition_problem",
        (one("ASCII_Integer", 2).replace("<groups>0</groups>", ""), b"12\r\n"),
        (one("ASCII_Integer", 2), b"12\r\n"),
    ),
    Pair(
        "error.label.table_definition_problem",
        (characters([group(7 * 3)], 8, 1), b"112233\r\n"),
        (characters([group(2 * 3)], 8, 1), b"112233\r\n"),
    ),
    Pair(
        "error.label.table_definition_problem",
        (characters(TWO, 9, 2), GOOD),
        (characters(TWO, 9, 1), GOOD),
    ),
    Pair(
        "error.label.table_definition_problem",
        (binary([field("Binary", "UnsignedByte", (1, 1))], 1, 1).replace(
            "<fields>1", "<fields>2"), b"1"),
        (binary([field("Binary", "UnsignedByte", (1, 1))], 1, 1), b"1"),
    ),
    Pair(
        "error.table.missing_CRLF",
        (characters(TWO, 9, 1), b" 12  34 \n"),
        (characters(TWO, 9, 1), GOOD),
    ),
    Pair(
        "error.table.missing_CRLF",
        (delimited(COMMAS, 2), b"1,a\n2,b\r\n"),
        (delimited(COMMAS, 2), b"1,a\r\n2,b\r\n"),
    ),
    Pair(
        "error.table.missing_LF",
        (characters(TWO, 8, 1, delimiter=LF), b" 12  34\r"),
        (characters(TWO, 8, 1, delimiter=LF), b" 12  34\n"),
    ),
    Pair(
        "error.table.missing_LF",
        (characters(TWO, 9, 1, delimiter=LF), b" 12  34\r\n"),
        (characters(TWO, 9, 1, delimiter=LF), b" 12  34 \n"),
    ),
    Pair(
        "error.table.record_length_mismatch",
        (characters(TWO, 8, 1), b" 12  3\r\n"),
        (characters(TWO, 9, 1), GOOD),
    ),
    Pair(
        "error.table.record_length_mismatch",
        (delimited(COMMAS, 1, rest="<maximum_record_length>6</maximum_record_length>"),
         row("1", "abcd")),
        (delimited(COMMAS, 1, rest="<maximum_record_length>6</maximum_record_length>"),
         row("1", "ab")),
    ),
    Pair(
        "error.table.records_mismatch",
        (delimited(COMMAS, 2), row("1", "a")),
        (delimited(COMMAS, 1), row("1", "a")),
    ),
    Pair(
        "error.table.records_mismatch",
        (delimited(COMMAS, 1), row("1", "a") + row("2", "b")),
        (delimited(COMMAS, 2), row("1", "a") + row("2", "b")),
    ),
    Pair(
        "error.table.fields_mismatch",
        (delimited(COMMAS, 1), row("1", "a", "b")),
        (delimited(COMMAS, 1), row("1", '"a,b"')),
    ),
    Pair(
        "error.table.field_value_overlap",
        (characters(CLOSE, 9, 1), b"1234567\r\n"),
        (characters(TWO, 9, 1), b"123 567\r\n"),
    ),
    Pair("error.table.field_value_overlap", (packed(5, 8), b"1"), (packed(4, 8), b"1")),
    Pair("error.label.invalid_object_definition", (packed(4, 9), b"1"), (packed(4, 8), b"1")),
    value("error.table.field_value_data_type_mismatch", ("ASCII_Integer", ""), "1.2", "12"),
    Pair(
        "error.table.field_value_data_type_mismatch",
        (delimited(COMMAS, 1), row("x", "a")),
        (delimited(COMMAS, 1), row('"1"', "a")),
    ),
    Pair(
        "error.table.field_value_too_long",
        (delimited([field("Delimited", "ASCII_String", rest=
                          "<maximum_field_length>2</maximum_field_length>")], 1), b"abc\r\n"),
        (delimited([field("Delimited", "ASCII_String", rest=
                          "<maximum_field_length>3</maximum_field_length>")], 1), b"abc\r\n"),
    ),
    value(BEYOND, ("ASCII_Real", EXTREMES), "2.51", "2.50"),
    value(BEYOND, ("ASCII_Real", EXTREMES), "1.4999", "1.5"),
    Pair(
        "error.table.field_value_out_of_min_max_range",
        (binary([field("Binary", "IEEE754LSBSingle", (1, 4), EXTREMES)], 4, 1),
         np.float32(2.56).tobytes()),
        (binary([field("Binary", "IEEE754LSBSingle", (1, 4), EXTREMES)], 4, 1),
         np.float32(2.5).tobytes()),
    ),
    value("error.table.field_value_not_a_number", ("ASCII_String", EXTREMES), "two", "2"),
    Pair(
        "error.table.field_value_not_a_number",
        (binary([field("Binary", "IEEE754MSBDouble", (1, 8), EXTREMES)], 8, 1),
         np.array([np.nan], ">f8").tobytes()),
        (binary([field("Binary", "IEEE754MSBDouble", (1, 8), EXTREMES)], 8, 1),
         np.array([2.0], ">f8").tobytes()),
    ),
    Pair(
        "error.table.field_value_not_a_datetime",
        (one("ASCII_Date_YMD", 10, DATES), b"2026-13-01\r\n"),
        (one("ASCII_Date_YMD", 10, DATES), b"UNK       \r\n"),
        besides=frozenset(("error.table.field_value_data_type_mismatch",)),
    ),
    value(
        "warning.table.field_value_out_of_special_constant_min_max_range",
        ("ASCII_Integer", LIMITS), "51", "50",
    ),
    value(
        "warning.table.field_value_out_of_special_constant_min_max_range",
        ("ASCII_Integer", LIMITS), "-98", "-99",
    ),
    value(
        "warning.table.field_value_out_of_special_constant_min_max_range",
        ("ASCII_Date_YMD", DATES), "2025-12-31", "2026-01-01",
    ),
    Pair(
        "warning.field.invalid_special_constant",
        (one("ASCII_Integer", 2, constants(valid_minimum="none")), b"12\r\n"),
        (one("ASCII_Integer", 2, constants(valid_minimum="16#C#")), b"12\r\n"),
    ),
    *(
        pair
        for severity in ("error", "warning")
        for pair in (
            formatted(severity, "not_left_justified", "%-4s", "  ab", "ab"),
            formatted(severity, "format_specifier_mismatch", "%8.2e", "12.5", "1.25e+01"),
            formatted(severity, "format_precision_mismatch", "%6.2f", "12.345", "12.34"),
            formatted(severity, "too_long", "%4.2f", "12.34", "2.34"),
        )
    ),
    Pair(
        "warning.table.field_value_not_right_justified",
        (one("ASCII_Integer", 4, "<field_format>%+4d</field_format>"), b"12  \r\n"),
        (one("ASCII_Integer", 4, "<field_format>%+4d</field_format>"), b"  12\r\n"),
    ),
    Pair(
        "error.table.field_value_not_right_justified",
        (one("ASCII_Integer", 4, "<validation_format>%+4d</validation_format>"), b"12  \r\n"),
        (one("ASCII_Integer", 4, "<validation_format>%+4d</validation_format>"), b"  12\r\n"),
    ),
    Pair(
        "warning.table.characters_between_fields",
        (characters(TWO, 9, 1), b"123x567\r\n"),
        (characters(TWO, 9, 1), b"123 567\r\n"),
        STRICT,
    ),
    Pair(
        "error.validation.invalid_field_value",
        (delimited(COMMAS, 1), row("1", '"a\r\nb"')),
        (delimited(COMMAS, 1), row("1", '"a b"')),
    ),
    Pair(
        "error.validation.invalid_field_value",
        (delimited(COMMAS, 1), row("1", '"a""b"')),
        (delimited(COMMAS, 1), row("1", "\"a'b\"")),
    ),
    Pair(
        "error.table.bad_field_read",
        (delimited(COMMAS, 1), b'1,"a\r\n'),
        (delimited(COMMAS, 1), b'1,"a"\r\n'),
    ),
    Pair(
        "error.inventory_table.invalid_member_status",
        (delimited(MEMBERS, 1, kind="Inventory"), row("X", MEMBER)),
        (delimited(MEMBERS, 1, kind="Inventory"), row("P", MEMBER)),
    ),
    Pair(
        "error.array.bad_file_read",
        (array("SignedMSB2", [2, 2]), BYTE),
        (array("SignedMSB2", [3, 1]), BYTE),
    ),
    Pair(
        "error.array.value_out_of_min_max_range",
        (array("SignedByte", [2, 3], rest=statistics("Object", minimum="1", maximum="5")), BYTE),
        (array("SignedByte", [2, 3], rest=statistics("Object", minimum="0", maximum="5")), BYTE),
    ),
    Pair(
        "error.array.value_out_of_scaled_min_max_range",
        (array("SignedByte", [6], element=TIMES.format(25), rest=SCALED), BYTE),
        (array("SignedByte", [6], element=TIMES.format(20), rest=SCALED), BYTE),
    ),
    Pair(
        "warning.array.value_out_of_special_constant_min_max_range",
        (array("SignedByte", [6], rest=constants(valid_maximum="4")), BYTE),
        (array("SignedByte", [6], rest=constants(valid_maximum="4", missing_constant="5")), BYTE),
    ),
    Pair(
        "warning.array.invalid_special_constant",
        (array("UnsignedByte", [6], rest=constants(missing_constant="-1")), BYTE),
        (array("SignedByte", [6], rest=constants(missing_constant="-1")), BYTE),
    ),
    Pair(
        "error.content.encoding_mismatch",
        (stream("Stream_Text", "7-Bit ASCII Text", rest=CRLF), b"caf\xc3\xa9\r\n"),
        (stream("Stream_Text", "UTF-8 Text", rest=CRLF), b"caf\xc3\xa9\r\n"),
    ),
    Pair(
        "error.content.encoding_mismatch",
        (stream("Stream_Text", "UTF-8 Text", rest=CRLF), b"caf\xe9\r\n"),
        (stream("Stream_Text", "UTF-8 Text", rest=CRLF), b"cafe\r\n"),
    ),
    Pair(
        "error.content.record_delimiter_mismatch",
        (stream("Stream_Text", "7-Bit ASCII Text", rest=CRLF), b"a\r\nb\n"),
        (stream("Stream_Text", "7-Bit ASCII Text", rest=CRLF), b"a\r\nb\r\n"),
    ),
    Pair(
        "error.content.beyond_file",
        (stream("Header", "7-Bit ASCII Text", length=7), b"header"),
        (stream("Header", "7-Bit ASCII Text", length=6), b"header"),
    ),
    Pair(
        "error.content.kernel_type_mismatch",
        (stream("SPICE_Kernel", "SPICE", rest="<kernel_type>CK</kernel_type>"), b"DAF/SPK " * 9),
        (stream("SPICE_Kernel", "SPICE", rest="<kernel_type>SPK</kernel_type>"), b"DAF/SPK " * 9),
    ),
    Pair(
        "error.content.kernel_type_mismatch",
        (stream("SPICE_Kernel", "SPICE", rest="<kernel_type>LSK</kernel_type>"), b"KPL/FK\n"),
        (stream("SPICE_Kernel", "SPICE", rest="<kernel_type>LSK</kernel_type>"), b"KPL/LSK\n"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{n}-{pair.key}" for n, pair in enumerate(PAIRS)])
def test_the_fault_is_told_and_its_neighbour_is_clean(pair: Pair, tmp_path: Path) -> None:
    told = [_told(tmp_path, *side, pair.options) for side in (pair.wrong, pair.right)]

    assert set(told[0]) == {pair.key} | pair.besides
    assert not told[1]


def test_an_inventory_may_list_a_member_once(tmp_path: Path) -> None:
    twice = row("P", MEMBER) + row("S", "urn:ros:rssa:test:data:b") + row("P", MEMBER)
    label = product(
        tmp_path,
        delimited(MEMBERS, 3, kind="Inventory"),
        twice,
        area="File_Area_Inventory",
        kind="Product_Collection",
    )

    told = list(check_content(label, Options()))

    assert [message.type for message in told] == ["error.inventory.duplicate_lidvid"]
    assert MEMBER in told[0].message


def test_a_bundle_may_list_a_collection_once(tmp_path: Path) -> None:
    entry = "<Bundle_Member_Entry><lid_reference>urn:a:b:c</lid_reference></Bundle_Member_Entry>"
    label = product(tmp_path, "", b"", kind="Product_Bundle", rest=entry * 3)

    told = list(check_content(label, Options()))

    assert [message.type for message in told] == ["error.inventory.duplicate_lidvid"]


def test_the_lines_of_a_file_of_text_are_as_many_as_its_file_says(tmp_path: Path) -> None:
    table = delimited(COMMAS, 1)
    label = product(tmp_path, table, row("1", "a"), file="<records>2</records>")

    told = list(check_content(label, Options()))

    assert [message.type for message in told] == ["error.table.records_mismatch"]


@pytest.mark.parametrize("separator", ["Comma", "Horizontal Tab", "Semicolon", "Vertical Bar"])
def test_fields_may_be_separated_by(separator: str, tmp_path: Path) -> None:
    sign = {"Comma": ",", "Horizontal Tab": "\t", "Semicolon": ";", "Vertical Bar": "|"}[separator]
    table = delimited(COMMAS, 1).replace(">Comma<", f">{separator}<")

    assert not _told(tmp_path, table, f"12{sign}a\r\n".encode(), Options())
    assert _told(tmp_path, table, b"12:a\r\n", Options()) == {"error.table.fields_mismatch": 1}


def test_records_without_carriage_returns_are_read_all_the_same(tmp_path: Path) -> None:
    table = characters(TWO, 9, 3)

    told = _told(tmp_path, table, b" 12  34\n" * 2 + b" 12   x\n", Options())

    assert told == {
        "error.table.missing_CRLF": 3,
        "error.table.field_value_data_type_mismatch": 1,
    }


def test_formats_of_binary_tables_are_for_showing_numbers(tmp_path: Path) -> None:
    text = field("Binary", "ASCII_Real", (1, 4), "<field_format>%4.1f</field_format>")

    assert not _told(tmp_path, binary([text], 4, 1), b"1e-3", Options())
    assert _told(tmp_path, binary([text], 4, 1), b"1e-x", Options()) == {
        "error.table.field_value_data_type_mismatch": 1
    }


def test_only_every_nth_record_is_looked_at_where_that_is_asked(tmp_path: Path) -> None:
    table, data = characters(TWO, 9, 4), b"  x   x\r\n" * 4

    told = _told(tmp_path, table, data, Options(every_record=3))

    assert told == {"error.table.field_value_data_type_mismatch": 4}


def test_without_content_only_the_description_is_judged(tmp_path: Path) -> None:
    options = Options(checks_content=False)

    assert not _told(tmp_path, characters(TWO, 9, 1), b"xxxxxxxxx", options)
    assert _told(tmp_path, characters(TWO, 9, 2), b"xxxxxxxxx", options) == {
        "error.label.table_definition_problem": 1
    }


def test_a_fault_in_every_record_is_told_a_hundred_times_and_then_summed(tmp_path: Path) -> None:
    label = product(tmp_path, characters(TWO, 9, 1000), b"  x  34\r\n" * 1000)

    told = list(check_content(label, Options()))

    assert [message.count for message in told] == [1] * 100 + [900]
    assert [message.spot and message.spot.record for message in told[:3]] == [1, 2, 3]
    assert {message.path for message in told} == {"data/data.dat"}


def test_a_missing_file_is_left_to_the_check_of_files(tmp_path: Path) -> None:
    objects = array("SignedByte", [2]) + characters(TWO, 9, 1, offset=2)
    label = product(tmp_path, objects, None)

    assert not list(check_content(label, Options()))


def _told(folder: Path, objects: str, data: bytes, options: Options) -> Counter[str]:
    told: Counter[str] = Counter()
    for message in check_content(product(folder, objects, data), options):
        told[message.type] += message.count
    return told


def test_every_type_of_message_about_objects_and_content_has_its_pair() -> None:
    about = ("error.table.", "warning.table.", "error.array.", "warning.array.", "warning.field.")
    others = ("error.content.", "error.inventory_table.", "warning.data", "error.label.table_")
    types = {each for each in ADVICE if each.startswith((*about, *others))}
    types.add("error.label.invalid_object_definition")

    assert len(types) > 35
    assert types - {pair.key for pair in PAIRS} == PAIRED_ELSEWHERE
