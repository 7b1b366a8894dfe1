"""Labels with tables, arrays and streams, and their data, for tests of what reads them."""

from collections.abc import Iterable
from pathlib import Path

from perilune.validation.label import Label, read_label

CRLF = "<record_delimiter>Carriage-Return Line-Feed</record_delimiter>"
LF = "<record_delimiter>Line-Feed</record_delimiter>"


def product(  # noqa: PLR0913  # the parts of a product, all optional but two
    folder: Path,
    objects: str,
    data: bytes | None,
    *,
    file: str = "",
    area: str = "File_Area_Observational",
    kind: str = "Product_Observational",
    rest: str = "",
) -> Label:
    """The label of one data file, ``data.dat``, with these objects; None: the file is missing."""
    if data is not None:
        (folder / "data.dat").write_bytes(data)
    place = folder / "product.xml"
    place.write_text(
        f'<{kind} xmlns="http://pds.nasa.gov/pds4/pds/v1"><Identification_Area>'
        "<logical_identifier>urn:ros:rssa:test:data:product</logical_identifier>"
        f"<version_id>1.0</version_id></Identification_Area>{rest}"
        f"<{area}><File><file_name>data.dat</file_name>{file}</File>{objects}</{area}></{kind}>"
    )
    label = read_label("data/product.xml", place)
    assert isinstance(label, Label)
    return label


def field(kind: str, data_type: str, place: tuple[int, int] | None = None, rest: str = "") -> str:
    """One Field_``kind``; ``place`` is its first byte, from 1, and its length."""
    where = (
        ""
        if place is None
        else f"<field_location>{place[0]}</field_location><field_length>{place[1]}</field_length>"
    )
    return (
        f"<Field_{kind}><name>{data_type}</name><data_type>{data_type}</data_type>"
        f"{where}{rest}</Field_{kind}>"
    )


def characters(
    fields: Iterable[str], length: int, records: int, *, delimiter: str = CRLF, offset: int = 0
) -> str:
    """A Table_Character."""
    return _fixed("Character", fields, (length, records, offset), delimiter)


def binary(fields: Iterable[str], length: int, records: int, *, offset: int = 0) -> str:
    """A Table_Binary."""
    return _fixed("Binary", fields, (length, records, offset), "")


def delimited(
    fields: Iterable[str], records: int, *, kind: str = "Table_Delimited", rest: str = ""
) -> str:
    """A Table_Delimited with commas, or an Inventory; ``rest`` goes into its record."""
    described = list(fields)
    return (
        f"<{kind}><offset>0</offset><records>{records}</records>{CRLF}"
        "<field_delimiter>Comma</field_delimiter><Record_Delimited>"
        f"<fields>{len(described)}</fields><groups>0</groups>{rest}{''.join(described)}"
        f"</Record_Delimited></{kind}>"
    )


def array(
    data_type: str, shape: Iterable[int], *, offset: int = 0, element: str = "", rest: str = ""
) -> str:
    """An array; ``element`` goes into Element_Array, ``rest`` after the axes."""
    sizes = list(shape)
    axes = "".join(
        f"<Axis_Array><axis_name>{number}</axis_name><elements>{size}</elements>"
        f"<sequence_number>{number}</sequence_number></Axis_Array>"
        for number, size in enumerate(sizes, 1)
    )
    return (
        f"<Array><offset>{offset}</offset><axes>{len(sizes)}</axes><Element_Array>"
        f"<data_type>{data_type}</data_type>{element}</Element_Array>{axes}{rest}</Array>"
    )


def stream(kind: str, standard: str, *, length: int | None = None, rest: str = "") -> str:
    """A header, text or kernel at the begin of the file."""
    size = "" if length is None else f"<object_length>{length}</object_length>"
    return (
        f"<{kind}><offset>0</offset>{size}<parsing_standard_id>{standard}</parsing_standard_id>"
        f"{rest}</{kind}>"
    )


def constants(**values: str) -> str:
    """Special_Constants."""
    return _part("Special_Constants", values)


def statistics(kind: str, **values: str) -> str:
    """Field_Statistics or Object_Statistics, by ``kind``."""
    return _part(f"{kind}_Statistics", values)


def _fixed(kind: str, fields: Iterable[str], sizes: tuple[int, int, int], delimiter: str) -> str:
    described = list(fields)
    groups = sum(text.startswith("<Group") for text in described)
    length, records, offset = sizes
    return (
        f"<Table_{kind}><offset>{offset}</offset><records>{records}</records>{delimiter}"
        f"<Record_{kind}><fields>{len(described) - groups}</fields><groups>{groups}</groups>"
        f"<record_length>{length}</record_length>{''.join(described)}</Record_{kind}>"
        f"</Table_{kind}>"
    )


def _part(name: str, values: dict[str, str]) -> str:
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f"<{name}>{inside}</{name}>"
