"""From whatever names a product to its numbers, and to the line of the label where it fails."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import perilune
from perilune.cli import main
from perilune.errors import MalformedLabel, NotFound, UnreadableData, WrongUsage
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.product import OpenObject, OpenProduct
from perilune.formats.pds4.stream import OpenStream
from perilune.formats.pds4.table import OpenTable
from perilune.formats.picture import picture
from perilune.testing.data_objects import (
    array,
    binary,
    characters,
    constants,
    delimited,
    field,
    product,
    stream,
)


def opened(folder: Path, objects: str, data: bytes, **more: str) -> OpenProduct:
    return perilune.open(product(folder, objects, data, **more).place)


def table_of(found: OpenProduct) -> OpenTable:
    table: OpenObject = found[0]
    assert isinstance(table, OpenTable)
    return table


def array_of(found: OpenProduct) -> OpenArray:
    image: OpenObject = found[0]
    assert isinstance(image, OpenArray)
    return image


NUMBERS = characters(
    [
        field("Character", "ASCII_Integer", (1, 4), constants(missing_constant="-999")),
        field("Character", "ASCII_Real", (5, 6), "<unit>km</unit>"),
        field("Character", "ASCII_String", (11, 3)),
    ],
    15,
    3,
)
ROWS = b"  12  1.50abc\r\n-999-2E+01 d \r\n  -7      \xc3\xa9 \r\n"


def test_a_table_of_characters_gives_numbers_and_text(tmp_path: Path) -> None:
    table = table_of(opened(tmp_path, NUMBERS, ROWS))

    assert table["ASCII_Integer"].tolist() == [12, None, -7]
    assert table["ASCII_Real"].tolist() == [1.5, -20.0, None]
    assert table["ASCII_String"].tolist() == ["abc", " d", "é"]
    assert [each.unit for each in table.variables] == ["", "km", ""]


def test_a_few_records_are_read_by_their_numbers(tmp_path: Path) -> None:
    table = table_of(opened(tmp_path, NUMBERS, ROWS))

    assert table.read(["ASCII_Real"], 1, 3)["ASCII_Real"].tolist() == [-20.0, None]
    assert table.read(["ASCII_Real"], -1)["ASCII_Real"].tolist() == [None]
    assert table.read(["ASCII_Real"], 3)["ASCII_Real"].tolist() == []


def test_text_that_is_no_number_is_told_with_record_and_line(tmp_path: Path) -> None:
    table = table_of(opened(tmp_path, NUMBERS, ROWS.replace(b" 1.50", b" 1.5x")))

    with pytest.raises(UnreadableData, match=r"product.xml line 1: record 1: '1.5x' in field"):
        table["ASCII_Real"]


def test_a_file_that_is_too_short_is_told_with_the_bytes_missed(tmp_path: Path) -> None:
    found = opened(tmp_path, NUMBERS, ROWS[:-1])

    with pytest.raises(UnreadableData, match=r"ends at byte 45 .*, data.dat has 44"):
        table_of(found)["ASCII_Real"]


def test_scaling_keeps_whole_numbers_whole(tmp_path: Path) -> None:
    scaling = "<scaling_factor>1000</scaling_factor><value_offset>1</value_offset>"
    fields = [field("Binary", "SignedMSB4", (1, 4), scaling)]
    table = table_of(opened(tmp_path, binary(fields, 4, 1), b"\x7f\xff\xff\xff"))

    found = table["SignedMSB4"]

    assert (found.dtype, found.tolist()) == (np.int64, [2147483647 * 1000 + 1])


def test_bits_are_counted_from_the_most_significant(tmp_path: Path) -> None:
    bits = "".join(
        f"<Field_Bit><name>{name}</name><start_bit_location>{start}</start_bit_location>"
        f"<stop_bit_location>{stop}</stop_bit_location><data_type>{kind}BitString</data_type>"
        "</Field_Bit>"
        for name, start, stop, kind in (
            ("first", 1, 3, "Unsigned"),
            ("low", 4, 8, "Signed"),
            ("whole", 1, 16, "Unsigned"),
        )
    )
    packed = f"<Packed_Data_Fields>{bits}</Packed_Data_Fields>"
    fields = [field("Binary", "UnsignedBitString", (1, 2), packed)]
    table = table_of(opened(tmp_path, binary(fields, 2, 1), bytes([0b101_11110, 0b1])))

    assert [table[name].tolist() for name in table] == [[5], [-2], [0b1011111000000001]]


def test_a_field_in_groups_is_one_variable(tmp_path: Path) -> None:
    inner = (
        "<Group_Field_Binary><repetitions>3</repetitions><group_location>1</group_location>"
        f"<group_length>3</group_length>{field('Binary', 'UnsignedByte', (1, 1))}"
        "</Group_Field_Binary>"
    )
    outer = (
        "<Group_Field_Binary><repetitions>2</repetitions><group_location>2</group_location>"
        f"<group_length>6</group_length>{inner}</Group_Field_Binary>"
    )
    table = table_of(opened(tmp_path, binary([outer], 7, 2), bytes(range(14))))

    [column] = table.read().values()

    assert column.tolist() == [[[1, 2, 3], [4, 5, 6]], [[8, 9, 10], [11, 12, 13]]]


def test_a_delimited_table_keeps_separators_and_breaks_in_quotes(tmp_path: Path) -> None:
    fields = [
        field("Delimited", "ASCII_String"),
        field("Delimited", "ASCII_Integer"),
        field("Delimited", "ASCII_Real"),
    ]
    data = b'"a,b",1,\r\n"c\r\nd",,2.5\r\n"say ""x""",-3,1e3\r\n'
    table = table_of(opened(tmp_path, delimited(fields, 3), data))

    found = [column.tolist() for column in table.read().values()]

    assert found == [["a,b", "c\r\nd", 'say "x"'], [1, None, -3], [None, 2.5, 1000.0]]


def test_a_quote_within_a_value_is_a_character(tmp_path: Path) -> None:
    fields = [field("Delimited", "ASCII_String"), field("Delimited", "ASCII_String")]
    table = table_of(opened(tmp_path, delimited(fields, 2), b'5",a\r\nb,7"\r\n'))

    assert [column.tolist() for column in table.read().values()] == [['5"', "b"], ["a", '7"']]


def test_a_record_with_fields_missing_is_told(tmp_path: Path) -> None:
    fields = [field("Delimited", "ASCII_Integer"), field("Delimited", "ASCII_Integer")]
    table = table_of(opened(tmp_path, delimited(fields, 2), b"1,2\r\n3\r\n"))

    with pytest.raises(UnreadableData, match="record 2 has 1 fields, the label describes 2"):
        table.read()


def test_a_window_of_an_array_is_the_same_as_of_all_of_it(tmp_path: Path) -> None:
    data = np.arange(24, dtype=">u8").reshape(2, 3, 4)
    image = array_of(opened(tmp_path, array("UnsignedMSB8", (2, 3, 4)), data.tobytes()))

    assert image.shape == (2, 3, 4)
    assert image[...].tolist() == data.tolist()
    assert image[1, ::-2, 1:].tolist() == data[1, ::-2, 1:].tolist()
    assert image[..., -1].tolist() == data[..., -1].tolist()
    assert np.asarray(image).dtype == np.uint64
    with pytest.raises(IndexError):
        image[2]
    with pytest.raises(WrongUsage, match="4 indices for an array of 3 axes"):
        image[0, 0, 0, 0]


def test_special_constants_are_masked_before_scaling(tmp_path: Path) -> None:
    described = array(
        "IEEE754LSBSingle",
        (3,),
        element="<scaling_factor>2</scaling_factor><value_offset>1</value_offset>",
        rest=constants(missing_constant="-1.0E32", invalid_constant="16#FF7FFFFB#"),
    )
    raw = np.array([1.5, -1e32, 0], dtype="<f4")
    raw.view("<u4")[2] = 0xFF7FFFFB
    image = array_of(opened(tmp_path, described, raw.tobytes()))

    assert image[...].tolist() == [4.0, None, None]
    assert image.raw()[0] == 1.5


def test_a_header_is_bytes_and_text(tmp_path: Path) -> None:
    header = opened(tmp_path, stream("Stream_Text", "7-Bit ASCII Text", length=5), b"hello rest")[0]

    assert isinstance(header, OpenStream)
    assert (header.text(), header.read(1, 3)) == ("hello", b"el")


def test_a_data_file_is_opened_with_the_label_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "another.xml").write_text("<Product_Zipped/>")
    opened(tmp_path, NUMBERS, ROWS)

    assert len(table_of(perilune.open(tmp_path / "data.dat"))) == 3


def test_data_without_a_label_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "data.dat").write_bytes(ROWS)

    with pytest.raises(NotFound, match="no label beside"):
        perilune.open(tmp_path / "data.dat")


def test_a_label_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    label = product(tmp_path, NUMBERS, ROWS).place
    label.write_text(label.read_text().replace("data.dat", "../data.dat"))

    with pytest.raises(UnreadableData, match="no name of a file beside the label"):
        perilune.open(label)[0]


def test_a_label_that_is_no_xml_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<Product_Observational>\n<oops")

    with pytest.raises(MalformedLabel, match=r"line 2: bad.xml: "):
        perilune.open(tmp_path / "bad.xml")


def test_an_object_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    both = NUMBERS + array("UnsignedByte", (2, 100))
    label = product(tmp_path, both, ROWS).place

    done = CliRunner().invoke(main, ["open", str(label), "--json", "--rows", "1"])

    table, image = json.loads(done.output)["objects"]
    assert done.exit_code == 3
    assert table["rows"] == [[12, 1.5, "abc"]]
    assert "ends at byte 200, data.dat has 45" in image["fault"]


def test_the_command_shows_columns_units_axes_and_statistics(tmp_path: Path) -> None:
    image = array("UnsignedByte", (3, 15), rest=constants(missing_constant="13"))
    label = product(tmp_path, NUMBERS + image, ROWS).place

    done = CliRunner().invoke(main, ["open", str(label)])

    assert done.exit_code == 0, done.output
    assert "ASCII_Real  ASCII_Real  km" in done.output
    assert "1 3 x 2 15, UnsignedByte" in done.output
    assert "10 to 195, mean" in done.output
    assert "3 masked" in done.output


MAP = """<Observation_Area><Discipline_Area>
<disp:Display_Settings xmlns:disp="http://pds.nasa.gov/pds4/disp/v1">
<Local_Internal_Reference><local_identifier_reference>map</local_identifier_reference>
</Local_Internal_Reference><disp:Display_Direction>
<disp:horizontal_display_axis>Sample</disp:horizontal_display_axis>
<disp:horizontal_display_direction>Right to Left</disp:horizontal_display_direction>
<disp:vertical_display_axis>Line</disp:vertical_display_axis>
<disp:vertical_display_direction>Bottom to Top</disp:vertical_display_direction>
</disp:Display_Direction></disp:Display_Settings>
<cart:Cartography xmlns:cart="http://pds.nasa.gov/pds4/cart/v1"><cart:Spatial_Reference_Information>
<cart:Horizontal_Coordinate_System_Definition><cart:Planar>
<cart:Map_Projection><cart:map_projection_name>Polar Stereographic</cart:map_projection_name>
</cart:Map_Projection><cart:Planar_Coordinate_Information><cart:Coordinate_Representation>
<cart:pixel_resolution_x unit="km/pixel">0.5</cart:pixel_resolution_x>
<cart:pixel_resolution_y unit="m/pixel">250</cart:pixel_resolution_y>
</cart:Coordinate_Representation></cart:Planar_Coordinate_Information><cart:Geo_Transformation>
<cart:upperleft_corner_x unit="m">-1000</cart:upperleft_corner_x>
<cart:upperleft_corner_y unit="m">500</cart:upperleft_corner_y></cart:Geo_Transformation>
</cart:Planar></cart:Horizontal_Coordinate_System_Definition></cart:Spatial_Reference_Information>
</cart:Cartography></Discipline_Area></Observation_Area>"""


def map_of(folder: Path, data: bytes) -> OpenArray:
    described = (
        array("UnsignedByte", (2, 3), rest=constants(missing_constant="0"))
        .replace("<Array>", "<Array_2D_Map><local_identifier>map</local_identifier>")
        .replace("</Array>", "</Array_2D_Map>")
        .replace("<axis_name>1<", "<axis_name>Line<")
        .replace("<axis_name>2<", "<axis_name>Sample<")
        .replace("</data_type>", "</data_type><unit>K</unit>")
    )
    return array_of(opened(folder, described, data, rest=MAP))


def test_a_picture_is_turned_as_its_label_says(tmp_path: Path) -> None:
    image = map_of(tmp_path, bytes([1, 2, 3, 4, 5, 0]))

    seen = picture(image)

    assert seen is not None
    grey, opacity = seen.pixels[..., 0], seen.pixels[..., 1]
    assert opacity.tolist() == [[0, 255, 255], [255, 255, 255]]
    assert grey[0, 1] > grey[0, 2] > grey[1, 0] > grey[1, 1] > grey[1, 2]
    with Image.open(io.BytesIO(seen.png())) as read:
        assert (read.size, read.mode) == ((3, 2), "LA")


def test_a_large_picture_is_thinned_out(tmp_path: Path) -> None:
    data = np.arange(40_000, dtype=np.uint16).reshape(100, 400)
    image = array_of(opened(tmp_path, array("UnsignedLSB2", (100, 400)), data.tobytes()))

    seen = picture(image, 64)

    assert seen is not None
    assert (seen.step, seen.pixels.shape) == (7, (15, 58, 2))
    assert seen.low < seen.high < 40_000


def test_xarray_has_units_masks_and_the_coordinates_of_a_map(tmp_path: Path) -> None:
    found = map_of(tmp_path, bytes([1, 2, 3, 4, 5, 0])).to_xarray((slice(None), slice(1, 3)))

    assert found.dims == ("line", "sample")
    assert found.attrs == {"units": "K", "projection": "Polar Stereographic"}
    assert found.x.values.tolist() == [-250.0, 250.0]
    assert found.y.values.tolist() == [375.0, 125.0]
    assert found.sample.values.tolist() == [1, 2]
    assert np.isnan(found.values[1, 1])


def test_pandas_keeps_whole_numbers_whole_beside_masked_ones(tmp_path: Path) -> None:
    frame = table_of(opened(tmp_path, NUMBERS, ROWS)).to_pandas(stop=2)

    assert frame["ASCII_Integer"].dtype == "Int64"
    assert frame["ASCII_Integer"].isna().tolist() == [False, True]
    assert frame.attrs["units"]["ASCII_Real"] == "km"
    assert len(frame) == 2


def test_a_group_becomes_columns_of_a_frame_and_an_axis_of_a_data_set(tmp_path: Path) -> None:
    group = (
        "<Group_Field_Binary><repetitions>2</repetitions><group_location>1</group_location>"
        f"<group_length>2</group_length>{field('Binary', 'UnsignedByte', (1, 1))}"
        "</Group_Field_Binary>"
    )
    table = table_of(opened(tmp_path, binary([group], 2, 3), bytes(range(6))))

    assert list(table.to_pandas()) == ["UnsignedByte[0]", "UnsignedByte[1]"]
    assert table.to_xarray()["UnsignedByte"].shape == (3, 2)


def test_a_notebook_shows_the_picture_and_the_first_records(tmp_path: Path) -> None:
    hostile = NUMBERS.replace("<unit>km</unit>", "<unit>&lt;b&gt;</unit>")
    found = opened(tmp_path, hostile + array("UnsignedByte", (3, 15)), ROWS)

    html = found._repr_html_()

    assert "<td>12</td><td>1.5</td><td>abc</td>" in html
    assert "<td>--</td><td>-20.0</td>" in html
    assert "&lt;b&gt;" in html
    assert '<img src="data:image/png;base64,iVBOR' in html
    assert str(found.tables[0]._repr_html_()) in html
    png = found.arrays[0]._repr_png_()
    assert png is not None
    assert png.startswith(b"\x89PNG")
