"""Labels as they are written here: information model 1.21, as XML text.

Source: PDS4 information model 1.21.0.0 and the dictionaries CART 1.9.7.0, GEOM 1.9.11.0
and DISP 1.5.1.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

MODEL = "1.21.0.0"
_PDS = "http://pds.nasa.gov/pds4/pds/v1"
_SCHEMAS = {
    "pds": "PDS4_PDS_1L00",
    "cart": "PDS4_CART_1L00_1970",
    "disp": "PDS4_DISP_1L00_1510",
    "geom": "PDS4_GEOM_1L00_19B0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """What a label says of a file beside it."""

    name: str
    size: int
    md5: str


def element(name: str, *content: ET.Element | str, **attributes: str) -> ET.Element:
    """An element; ``name`` carries its prefix as text."""
    made = ET.Element(name, attributes)
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def document(root: ET.Element, prefixes: Sequence[str] = ()) -> bytes:
    """The label's bytes: schemas named, indented, LF line ends."""
    names = ["pds", *prefixes]
    root.set("xmlns", _PDS)
    for name in prefixes:
        root.set(f"xmlns:{name}", _namespace(name))
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    places = " ".join(f"{_namespace(name)} {_address(name)}.xsd" for name in names)
    root.set("xsi:schemaLocation", places)
    ET.indent(root)
    rules = "".join(
        f'<?xml-model href="{_address(name)}.sch"'
        ' schematypens="http://purl.oclc.org/dsdl/schematron"?>\n'
        for name in names
    )
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{rules}{body}\n'.encode()


def times(start: datetime, stop: datetime) -> ET.Element:
    """The interval of observation."""
    return element(
        "Time_Coordinates",
        element("start_date_time", time_text(start)),
        element("stop_date_time", time_text(stop)),
    )


def time_text(moment: datetime) -> str:
    """UTC with milliseconds and Z."""
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def internal_reference(lid: str, reference_type: str) -> ET.Element:
    """A reference to another product, by LID or LIDVID."""
    kind = "lidvid_reference" if "::" in lid else "lid_reference"
    return element(
        "Internal_Reference", element(kind, lid), element("reference_type", reference_type)
    )


def local_reference(identifier: str, reference_type: str) -> ET.Element:
    """A reference to an object of the same label."""
    return element(
        "Local_Internal_Reference",
        element("local_identifier_reference", identifier),
        element("local_reference_type", reference_type),
    )


def axis(name: str, elements: int, number: int) -> ET.Element:
    """An axis of an array, the ``number``-th from 1."""
    return element(
        "Axis_Array",
        element("axis_name", name),
        element("elements", str(elements)),
        element("sequence_number", str(number)),
    )


def component(name: str, kind: str, lid: str, reference_type: str) -> ET.Element:
    """A part of the observing system."""
    return element(
        "Observing_System_Component",
        element("name", name),
        element("type", kind),
        internal_reference(lid, reference_type),
    )


def file(found: WrittenFile) -> ET.Element:
    """The file's name, true size and true MD5."""
    return element(
        "File",
        element("file_name", found.name),
        element("file_size", str(found.size), unit="byte"),
        element("md5_checksum", found.md5),
    )


def _namespace(name: str) -> str:
    return f"http://pds.nasa.gov/pds4/{name}/v1"


def _address(name: str) -> str:
    return f"https://pds.nasa.gov/pds4/{name}/v1/{_SCHEMAS[name]}"
