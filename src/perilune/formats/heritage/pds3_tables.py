"""Tables of PDS3, their columns, containers and bit columns, in the words of PDS4."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from perilune.errors import MalformedLabel
from perilune.formats.heritage.described import Elements, field, fixed_table, group
from perilune.formats.heritage.odl import Block
from perilune.formats.heritage.pds3_types import constants, number_type
from perilune.formats.pds4.writing import element

_TEXT_TYPES = {
    "ASCII_INTEGER": "ASCII_Integer",
    "INTEGER": "ASCII_Integer",
    "ASCII_REAL": "ASCII_Real",
    "REAL": "ASCII_Real",
    "FLOAT": "ASCII_Real",
}
"""By DATA_TYPE in tables of characters; everything else is text, dates too."""
_IN_TEXT = ("CHARACTER", "ASCII_INTEGER", "ASCII_REAL", "DATE", "TIME", "ASCII")
_BITS = {"MSB_BIT_STRING", "BIT_STRING", "LSB_BIT_STRING", "BOOLEAN"}


def table(block: Block, offset: int, included: Callable[[str], Block]) -> ET.Element:
    """The table; raise `MalformedLabel` where its sizes or types cannot be told."""
    rows, length = block.number("ROWS"), block.number("ROW_BYTES")
    if rows is None or not length:
        raise MalformedLabel(f"PDS3: {block.name} has no ROWS or ROW_BYTES", line=block.line)
    before = block.number("ROW_PREFIX_BYTES") or 0
    length += before + (block.number("ROW_SUFFIX_BYTES") or 0)
    is_text = block.text("INTERCHANGE_FORMAT").upper() != "BINARY"
    kind = "Character" if is_text else "Binary"
    structure = block.text("^STRUCTURE")
    columns = block.blocks if not structure else [*included(structure).blocks, *block.blocks]
    members = _members(columns, kind, before)
    if not members:
        raise MalformedLabel(f"PDS3: {block.name} describes no column", line=block.line)
    ends = "Carriage-Return Line-Feed" if is_text else ""
    return fixed_table(kind, block.name, (offset, rows, length), members, ends)


def _members(blocks: list[Block], kind: str, before: int) -> list[ET.Element]:
    found = []
    for each in blocks:
        if each.name == "COLUMN":
            found.append(_column(each, kind, before))
        elif each.name == "CONTAINER":
            found.append(_container(each, kind, before))
    return found


def _container(block: Block, kind: str, before: int) -> ET.Element:
    start, length = block.number("START_BYTE"), block.number("BYTES")
    times = block.number("REPETITIONS")
    if not start or not length or not times:
        raise MalformedLabel("PDS3: a CONTAINER without its sizes", line=block.line)
    members = _members(block.blocks, kind, 0)
    place = (start + before, length * times)
    return group(kind, block.text("NAME") or "container", times, place, members)


def _column(block: Block, kind: str, before: int) -> ET.Element:
    name, start = block.text("NAME") or "column", block.number("START_BYTE")
    length, items = block.number("BYTES"), block.number("ITEMS") or 1
    if not start or not length:
        raise MalformedLabel(
            f"PDS3: column {name[:60]!r} has no START_BYTE or BYTES", line=block.line
        )
    if items == 1:
        return _field(block, kind, name, (start + before, length))
    step = block.number("ITEM_OFFSET") or length // items
    size = block.number("ITEM_BYTES") or length // items
    inner = _field(block, kind, name, (1, size))
    # the last item may end before the step does: the group is as long as its repetitions need
    return group(kind, name, items, (start + before, step * items), [inner])


def _field(block: Block, kind: str, name: str, place: tuple[int, int]) -> ET.Element:
    told = block.text("DATA_TYPE").upper().replace(" ", "_")
    bits = [each for each in block.blocks if each.name == "BIT_COLUMN"]
    if kind == "Character" or told in _IN_TEXT:
        data_type = _TEXT_TYPES.get(told, "ASCII_String")
    elif told in _BITS or bits:
        data_type = "UnsignedBitString"
    else:
        data_type = number_type(block, told, 8 * place[1])
    elements = Elements(
        data_type=data_type,
        unit=block.text("UNIT"),
        scaling_factor=block.text("SCALING_FACTOR"),
        value_offset=block.text("OFFSET") if block.real("OFFSET") is not None else "",
        constants=constants(block),
    )
    made = field(kind, name, place, elements)
    if kind == "Binary" and bits:
        made.append(element("Packed_Data_Fields", *map(_bit, bits)))
    return made


def _bit(block: Block) -> ET.Element:
    start = block.number("START_BIT") or 1
    stop = start + (block.number("BITS") or 1) - 1
    is_signed = "UNSIGNED" not in block.text("BIT_DATA_TYPE").upper() and (
        "INTEGER" in block.text("BIT_DATA_TYPE").upper()
    )
    return element(
        "Field_Bit",
        element("name", block.text("NAME") or "bits"),
        element("start_bit_location", str(start)),
        element("stop_bit_location", str(stop)),
        element("data_type", "SignedBitString" if is_signed else "UnsignedBitString"),
    )
