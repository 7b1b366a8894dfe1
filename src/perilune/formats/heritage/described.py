"""Data objects of other formats in the words of PDS4: arrays, tables, headers, as elements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import element


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An object: its element without identifier, and how it is shown where it is a picture."""

    file: str
    offset: int
    element: ET.Element
    display: "Display | None" = None
    left_out: str = ""
    """What of it PDS4 has no words for, in words."""


@dataclass(frozen=True, slots=True)
class Display:
    """Where the first line and the first sample are to be seen."""

    begins_at_bottom: bool = False
    begins_at_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What is said of the numbers of an array or field."""

    data_type: str
    unit: str = ""
    scaling_factor: str = ""
    value_offset: str = ""
    constants: Mapping[str, str]


def array(
    name: str, offset: int, axes: Sequence[tuple[str, int]], elements: Elements
) -> ET.Element:
    """An array, its slowest axis first; a picture where it has lines and samples."""
    names = {axis for axis, _ in axes}
    kind = f"Array_{len(axes)}D" if len(axes) in (2, 3) else "Array"
    if {"Line", "Sample"} <= names:
        kind += "_Image"
    return element(
        kind,
        element("name", name),
        element("offset", str(offset), unit="byte"),
        element("axes", str(len(axes))),
        element("axis_index_order", "Last Index Fastest"),
        element("Element_Array", *_of_elements(elements)),
        *(writing.axis(axis, size, number) for number, (axis, size) in enumerate(axes, 1)),
        *_constants(elements.constants),
    )


def _of_elements(elements: Elements) -> Iterable[ET.Element]:
    yield element("data_type", elements.data_type)
    for name in ("unit", "scaling_factor", "value_offset"):
        if text := getattr(elements, name):
            yield element(name, text)


def _constants(constants: Mapping[str, str]) -> Iterable[ET.Element]:
    if constants:
        yield element("Special_Constants", *(element(*each) for each in sorted(constants.items())))


def field(kind: str, name: str, place: tuple[int, int] | None, elements: Elements) -> ET.Element:
    """A field of a ``kind`` of table; ``place`` is its first byte, from 1, and its length."""
    where = () if place is None else (element("field_location", str(place[0]), unit="byte"),)
    length = () if place is None else (element("field_length", str(place[1]), unit="byte"),)
    numbers = [part for part in _of_elements(elements) if part.tag != "data_type"]
    return element(
        f"Field_{kind}",
        element("name", name),
        *where,
        element("data_type", elements.data_type),
        *length,
        *numbers,
        *_constants(elements.constants),
    )


def group(
    kind: str, name: str, repetitions: int, place: tuple[int, int], members: Sequence[ET.Element]
) -> ET.Element:
    """Fields that repeat; ``place`` is their first byte, from 1, and the length of all of them."""
    fields = sum(member.tag.startswith("Field") for member in members)
    return element(
        f"Group_Field_{kind}",
        element("name", name),
        element("repetitions", str(repetitions)),
        element("fields", str(fields)),
        element("groups", str(len(members) - fields)),
        element("group_location", str(place[0]), unit="byte"),
        element("group_length", str(place[1]), unit="byte"),
        *members,
    )


def fixed_table(
    kind: str, name: str, sizes: tuple[int, int, int], members: Sequence[ET.Element], ends: str = ""
) -> ET.Element:
    """A table of records; ``sizes`` are offset, records and bytes of a record."""
    offset, records, length = sizes
    fields = sum(member.tag.startswith("Field") for member in members)
    return element(
        f"Table_{kind}",
        element("name", name),
        element("offset", str(offset), unit="byte"),
        element("records", str(records)),
        *([element("record_delimiter", ends)] if ends else []),
        element(
            f"Record_{kind}",
            element("fields", str(fields)),
            element("groups", str(len(members) - fields)),
            element("record_length", str(length), unit="byte"),
            *members,
        ),
    )


def header(name: str, offset: int, length: int, standard: str) -> ET.Element:
    """Bytes that say something in a standard of their own."""
    return element(
        "Header",
        element("name", name),
        element("offset", str(offset), unit="byte"),
        element("object_length", str(length), unit="byte"),
        element("parsing_standard_id", standard),
    )


def display(shown: Display, identifier: str) -> ET.Element:
    """Display_Settings of the picture ``identifier``."""
    return element(
        "disp:Display_Settings",
        writing.local_reference(identifier, "display_settings_to_array"),
        element(
            "disp:Display_Direction",
            element("disp:horizontal_display_axis", "Sample"),
            element(
                "disp:horizontal_display_direction",
                "Right to Left" if shown.begins_at_right else "Left to Right",
            ),
            element("disp:vertical_display_axis", "Line"),
            element(
                "disp:vertical_display_direction",
                "Bottom to Top" if shown.begins_at_bottom else "Top to Bottom",
            ),
        ),
    )
