"""PDS3 and FITS in the words of PDS4: what labels say is what is read, hostile ones are refused."""

from pathlib import Path

import numpy as np
import pytest

import perilune
from perilune.errors import MalformedLabel, NotFound, UnreadableData, WrongUsage
from perilune.formats.heritage.odl import Word, is_odl, read_odl
from perilune.formats.heritage.place import place_of
from perilune.formats.pds4.array import OpenArray
from perilune.ingest.wrapping import wrap_folder

HEAD = "PDS_VERSION_ID = PDS3\r\nDATA_SET_ID = TEST-DS-1\r\nPRODUCT_ID = P1\r\n"


def written(folder: Path, text: str, name: str = "a.lbl", data: bytes = b"") -> Path:
    place = folder / name
    place.write_bytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode() + data)
    return place


def test_values_are_read_as_they_are_written() -> None:
    label = read_odl(
        b"PDS_VERSION_ID = PDS3 /* a comment = 1 */\nA = (1, 2.5 <km>, (\"x\", 'Y'))\n"
        b'B = "two\n   lines"\n^IMAGE = ("A.IMG", 3 <BYTES>)\nOBJECT = TABLE\n NS:C = 16#FF#\n'
        b"END_OBJECT = TABLE\nGROUP = G\nEND_GROUP\nEND\xff\xfe = not a label any more"
    )

    assert label.values["A"] == (
        Word("1"),
        Word("2.5", "km"),
        (Word("x", is_quoted=True), Word("Y", is_quoted=True)),
    )
    assert label.text("B") == "two lines"
    assert [block.name for block in label.blocks] == ["TABLE", "G"]
    assert label.blocks[0].text("NS:C") == "16#FF#"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A = (1, 2", "a sequence that does not end"),
        ('A = "open', "a quote or comment that does not end"),
        ("OBJECT = X\nEND\n", "object X has no end"),
        ("A = 1\nOBJECT = X\nB = 2\n", "object X has no end"),
        ("END_OBJECT = X\n", "the end of an object that did not begin"),
        ("A = " + "(" * 5000, "a sequence that does not end"),
        ("A = 1\nB\nC = 2\nEND", "'B' without a value"),
        ("OBJECT = X\n" * 5000, "nested too deep"),
        ("A = (" + "1," * 200_000 + "1)\nEND", "more than 100000 values"),
    ],
)
def test_hostile_labels_cost_a_refusal_with_a_line(text: str, reason: str) -> None:
    data = b"PDS_VERSION_ID = PDS3\n" + text.encode()
    with pytest.raises(MalformedLabel, match=reason) as caught:
        read_odl(data)
    assert caught.value.line


def test_only_what_begins_as_a_label_is_taken_for_one() -> None:
    assert is_odl(b"PDS_VERSION_ID = PDS3\r\n")
    assert is_odl(b"CCSD3ZF0000100000001NJPL3IF0PDS200000001\r\nPDS_VERSION_ID = PDS3\r\n")
    assert not is_odl(b"<?xml version='1.0'?> PDS_VERSION_ID = PDS3")
    assert not is_odl(b"text about PDS_VERSION_ID = PDS3")


def image(more: str = "", pointer: str = "2") -> str:
    return (
        f"{HEAD}RECORD_BYTES = 512\n^IMAGE = {pointer}\nTARGET_NAME = MOON\n"
        "START_TIME = 2009-06-30T08:34:07\nSTOP_TIME = 2009-06-30T08:34:36\nOBJECT = IMAGE\n"
        "LINES = 2\nLINE_SAMPLES = 3\nSAMPLE_TYPE = MSB_INTEGER\nSAMPLE_BITS = 16\n"
        f"{more}END_OBJECT = IMAGE\nEND\n"
    )


def image_of(place: Path) -> OpenArray:
    [found] = perilune.open(place).arrays
    return found


def test_an_attached_image_begins_at_its_record(tmp_path: Path) -> None:
    pixels = np.arange(6, dtype=">i2").reshape(2, 3)
    text = image("SCALING_FACTOR = 0.5\nOFFSET = 10\nMISSING_CONSTANT = 5\nUNIT = K\n")
    place = written(tmp_path, text, "a.img")
    place.write_bytes(place.read_bytes().ljust(512) + pixels.tobytes())

    found = image_of(place)

    assert found.unit == "K"
    assert found[...].tolist() == [[10.0, 10.5, 11.0], [11.5, 12.0, None]]


def test_a_detached_image_is_found_in_another_case_and_turned_as_said(tmp_path: Path) -> None:
    text = image("LINE_DISPLAY_DIRECTION = UP\n", '("A.IMG", 5 <BYTES>)')
    label = written(tmp_path, text)
    (tmp_path / "a.img").write_bytes(bytes(4) + np.arange(6, dtype=">i2").tobytes())

    by_label, by_data = image_of(label), image_of(tmp_path / "a.img")

    assert by_label[...].tolist() == by_data[...].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert by_label.orientation is not None
    assert by_label.orientation.begins_at_bottom


def test_bands_lie_as_they_are_stored(tmp_path: Path) -> None:
    shapes = {
        "BAND_SEQUENTIAL": (2, 2, 3),
        "LINE_INTERLEAVED": (2, 2, 3),
        '"SAMPLE INTERLEAVED"': (2, 3, 2),
    }
    names = {}
    for number, storage in enumerate(shapes):
        place = written(
            tmp_path,
            image(f"BANDS = 2\nBAND_STORAGE_TYPE = {storage}\n", f'"{number}.dat"'),
            f"{number}.lbl",
        )
        (tmp_path / f"{number}.dat").write_bytes(bytes(24))
        found = image_of(place)
        names[storage] = found.axis_names
        assert found.shape == shapes[storage]

    assert list(names.values()) == [
        ("band", "line", "sample"),
        ("line", "band", "sample"),
        ("line", "sample", "band"),
    ]


def test_vax_reals_and_missing_sizes_are_refused_with_the_line(tmp_path: Path) -> None:
    for change in (("MSB_INTEGER", "VAX_REAL"), ("LINES = 2\n", "")):
        place = written(tmp_path, image().replace(*change), "b.img", bytes(2000))
        with pytest.raises(MalformedLabel, match=r"line 9: b.img: PDS3: "):
            perilune.open(place)


TABLE = f"""{HEAD}^TABLE = "t.tab"
OBJECT = TABLE
 INTERCHANGE_FORMAT = ASCII
 ROWS = 2
 ROW_BYTES = 18
 ^STRUCTURE = "COLS.FMT"
END_OBJECT
END
"""
COLUMNS = """OBJECT = COLUMN
 NAME = N
 DATA_TYPE = ASCII_INTEGER
 START_BYTE = 1
 BYTES = 4
END_OBJECT
OBJECT = COLUMN
 NAME = V
 DATA_TYPE = ASCII_REAL
 UNIT = "KM"
 START_BYTE = 5
 BYTES = 12
 ITEMS = 2
 ITEM_BYTES = 5
 ITEM_OFFSET = 6
END_OBJECT
END
"""


def test_a_table_has_its_columns_from_a_structure_file(tmp_path: Path) -> None:
    label = written(tmp_path, TABLE, "t.lbl")
    written(tmp_path, COLUMNS, "cols.fmt")
    (tmp_path / "t.tab").write_bytes(b"  12  1.5,  2.5 \r\n -3   0.1,  7.0 \r\n")

    [table] = perilune.open(label).tables

    assert table["N"].tolist() == [12, -3]
    assert table["V"].tolist() == [[1.5, 2.5], [0.1, 7.0]]
    assert [each.unit for each in table.variables] == ["", "KM"]


def test_what_is_not_there_is_not_opened(tmp_path: Path) -> None:
    label = written(tmp_path, TABLE, "t.lbl")
    with pytest.raises(MalformedLabel, match="describes no image or table that is there"):
        perilune.open(label)
    (tmp_path / "t.tab").write_bytes(b"")
    with pytest.raises(MalformedLabel, match=r"'COLS.FMT' is not beside the label"):
        perilune.open(label)
    (tmp_path / "x.dat").write_bytes(b"")
    with pytest.raises(NotFound):
        perilune.open(tmp_path / "x.dat")


def card(key: str, value: str) -> bytes:
    return f"{key:<8}= {value}".encode().ljust(80)


def unit(*cards: bytes, data: bytes = b"") -> bytes:
    head = b"".join((*cards, b"END".ljust(80)))
    padded = data.ljust(-(-len(data) // 2880) * 2880, b"\0")
    return head.ljust(-(-len(head) // 2880) * 2880) + padded


def test_fits_has_unsigned_numbers_and_begins_at_the_bottom(tmp_path: Path) -> None:
    pixels = np.array([[-32768, 0, 32767]], dtype=">i2")
    (tmp_path / "a.fits").write_bytes(
        unit(
            card("SIMPLE", "T"),
            card("BITPIX", "16"),
            card("NAXIS", "2"),
            card("NAXIS1", "3"),
            card("NAXIS2", "1"),
            card("BZERO", "32768.0 / unsigned"),
            card("BUNIT", "'DN''s   '"),
            data=pixels.tobytes(),
        )
    )

    found = image_of(tmp_path / "a.fits")

    assert found[...].tolist() == [[0, 32768, 65535]]
    assert (found.unit, found.axis_names) == ("DN's", ("line", "sample"))
    assert found.orientation is not None
    assert found.orientation.begins_at_bottom


def test_columns_of_fits_are_read_with_their_repetitions(tmp_path: Path) -> None:
    rows = np.zeros(2, dtype=[("a", ">f8", 3), ("b", "S4"), ("c", ">i4")])
    rows["a"] = [[1, 2, 3], [4, 5, 6]]
    rows["b"], rows["c"] = [b"ab", b"cd"], [-9, 7]
    table = unit(
        card("XTENSION", "'BINTABLE'"),
        card("BITPIX", "8"),
        card("NAXIS", "2"),
        card("NAXIS1", "32"),
        card("NAXIS2", "2"),
        card("PCOUNT", "0"),
        card("GCOUNT", "1"),
        card("TFIELDS", "3"),
        card("TTYPE1", "'A'"),
        card("TFORM1", "'3D'"),
        card("TFORM2", "'4A'"),
        card("TFORM3", "'J'"),
        card("TNULL3", "-9"),
        data=rows.tobytes(),
    )
    head = unit(card("SIMPLE", "T"), card("BITPIX", "8"), card("NAXIS", "0"))
    (tmp_path / "t.fits").write_bytes(head + table)

    [found] = perilune.open(tmp_path / "t.fits").tables

    columns = [column.tolist() for column in found.read().values()]
    assert columns == [[[1, 2, 3], [4, 5, 6]], ["ab", "cd"], [None, 7]]


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(card("SIMPLE", "T") * 72)

    with pytest.raises(MalformedLabel, match=r"the header at byte 0 of a.fits has no END"):
        perilune.open(tmp_path / "a.fits")


def test_a_box_across_the_meridian_leaves_out_the_widest_gap() -> None:
    corners = "".join(
        f"{name}_LATITUDE = {lat}\n{name}_LONGITUDE = {lon}\n"
        for name, lat, lon in (
            ("UPPER_LEFT", 10, 359),
            ("UPPER_RIGHT", 11, 1),
            ("LOWER_LEFT", 8, 358.5),
            ("LOWER_RIGHT", 9, 0.5),
        )
    )

    box = place_of(read_odl(f"{corners}END\n".encode()))

    assert box is not None
    assert (box.west, box.east, box.south, box.north) == (358.5, 1.0, 8.0, 11.0)


def test_two_labels_of_one_file_are_not_wrapped_twice(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.lbl", "b.lbl"):
        written(source, image("", '"a.img"'), name)
    (source / "a.img").write_bytes(bytes(12))

    wrapped = wrap_folder(source, tmp_path / "new", "urn:ros:rssa")

    assert [place for place, _ in wrapped.wrappers] == ["a.lbl.xml"]
    assert [each.reason for each in wrapped.left] == [
        "line 1: a.img is in another product already"[8:]
    ]
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"a.img", "a.lbl", "a.lbl.xml"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUsage, match="PDS3 or FITS"):
        wrap_folder(tmp_path / "empty", tmp_path / "other", "urn:ros:rssa")


def test_a_short_file_is_told_by_the_label_that_was_made(tmp_path: Path) -> None:
    label = written(tmp_path, image("", '"a.img"'))
    (tmp_path / "a.img").write_bytes(bytes(11))

    with pytest.raises(UnreadableData, match=r"label made for a.lbl line \d+: Array_2D_Image"):
        image_of(label)[...]
