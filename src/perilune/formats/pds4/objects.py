"""The data objects that a label describes: tables, arrays, headers and streams, as values.

Nothing is judged here: what the label lacks or writes wrongly is None or left as text, so that a
reader can refuse it and a check can name it with its line. It reads every version of the
information model, because names and nesting of these classes did not change since version 1.0.0.
Source: PDS4 Data Dictionary; Standards Reference, sections 4A to 4D.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from perilune.formats.pds4.parts import (
    Constants,
    Part,
    Record,
    Statistics,
    read_record,
)

TABLES = frozenset(("Table_Character", "Table_Binary", "Table_Delimited", "Inventory"))
SEPARATORS: Mapping[str, int] = MappingProxyType(
    {
        "comma": ord(","),
        "horizontal tab": ord("\t"),
        "semicolon": ord(";"),
        "vertical bar": ord("|"),
    }
)
"""Byte of each field_delimiter, by its name in lower case."""
_RECORDS = ("Record_Character", "Record_Binary", "Record_Delimited")
_ARRAY = re.compile(r"Array(?:_[123]D(?:_[A-Za-z]+)?)?")
_STREAM = re.compile(r"Encoded_\w+|Header(?:_Encoded)?|Stream_Text|SPICE_Kernel|\w+_Manifest")
_AREA = "File_Area"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of any kind; an Inventory is a delimited one."""

    name: str
    class_name: str
    line: int | None
    offset: int | None
    object_length: int | None
    records: int | None
    record_delimiter: str
    """As written, ``Carriage-Return Line-Feed`` for instance; may be empty."""
    field_delimiter: str
    record: Record | None

    @property
    def is_delimited(self) -> bool:
        """Whether fields end at a separator rather than at a byte."""
        return self.class_name in ("Table_Delimited", "Inventory")

    @property
    def size(self) -> int | None:
        """Bytes of the object; None where the label does not tell."""
        if self.is_delimited:
            return self.object_length
        if self.records is None or self.record is None or self.record.length is None:
            return None
        return self.records * self.record.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """An array of any rank; the last axis varies fastest."""

    name: str
    class_name: str
    line: int | None
    offset: int | None
    axes: int | None
    """Rank as the label says it."""
    shape: tuple[int | None, ...]
    """Elements of each axis in the order of sequence_number."""
    axis_names: tuple[str, ...]
    local_identifier: str
    unit: str
    data_type: str
    scaling_factor: str
    value_offset: str
    constants: Constants | None
    statistics: Statistics | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A run of bytes in a format of its own: a header, a text, a kernel, an encoded image."""

    name: str
    class_name: str
    line: int | None
    offset: int | None
    object_length: int | None
    standard: str
    """parsing_standard_id or encoding_standard_id."""
    record_delimiter: str
    kernel_type: str


DataObject = Table | Array | Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file and the objects in it, in the order of the label."""

    area: str
    """Class of the file area, ``File_Area_Observational`` for instance."""
    name: str
    line: int | None
    size: int | None
    records: int | None
    """Lines of a file of text, as its File says; its tables say theirs."""
    objects: tuple[DataObject, ...]


def data_files(root: etree._Element) -> Iterator[DataFile]:
    """The files of a label that have data objects, one for each file area."""
    namespace = etree.QName(root).namespace
    for area in root.iterchildren(tag=etree.Element):
        class_name = etree.QName(area).localname
        if not class_name.startswith(_AREA):
            continue
        part = Part(area, namespace)
        file = part.first("File")
        objects = tuple(_objects(part))
        if file is not None and objects:
            yield DataFile(
                area=class_name,
                name=file.text("file_name"),
                line=file.line_of("file_name"),
                size=file.number("file_size"),
                records=file.number("records"),
                objects=objects,
            )


def _objects(area: Part) -> Iterator[DataObject]:
    for part in area.parts:
        if part.name in TABLES:
            yield _table(part)
        elif _ARRAY.fullmatch(part.name):
            yield _array(part)
        elif _STREAM.fullmatch(part.name):
            yield _stream(part)


def _table(part: Part) -> Table:
    record = next((found for name in _RECORDS if (found := part.first(name)) is not None), None)
    return Table(
        name=part.text("name") or part.text("local_identifier"),
        class_name=part.name,
        line=part.line,
        offset=part.number("offset"),
        object_length=part.number("object_length"),
        records=part.number("records"),
        record_delimiter=part.text("record_delimiter"),
        field_delimiter=part.text("field_delimiter"),
        record=None if record is None else read_record(record),
    )


def _array(part: Part) -> Array:
    element = part.first("Element_Array")
    axes = part.every("Axis_Array")
    order = [axis.number("sequence_number") for axis in axes]
    if None not in order:
        axes.sort(key=lambda axis: axis.number("sequence_number") or 0)
    statistics = part.first("Object_Statistics")
    constants = part.first("Special_Constants")
    return Array(
        name=part.text("name") or part.text("local_identifier"),
        class_name=part.name,
        line=part.line,
        offset=part.number("offset"),
        axes=part.number("axes"),
        shape=tuple(axis.number("elements") for axis in axes),
        axis_names=tuple(axis.text("axis_name") for axis in axes),
        local_identifier=part.text("local_identifier"),
        unit="" if element is None else element.text("unit"),
        data_type="" if element is None else element.text("data_type"),
        scaling_factor="" if element is None else element.text("scaling_factor"),
        value_offset="" if element is None else element.text("value_offset"),
        constants=None if constants is None else Constants.of(constants),
        statistics=None if statistics is None else Statistics.of(statistics),
    )


def _stream(part: Part) -> Stream:
    return Stream(
        name=part.text("name") or part.text("local_identifier"),
        class_name=part.name,
        line=part.line,
        offset=part.number("offset"),
        object_length=part.number("object_length"),
        standard=part.text("parsing_standard_id") or part.text("encoding_standard_id"),
        record_delimiter=part.text("record_delimiter"),
        kernel_type=part.text("kernel_type"),
    )
