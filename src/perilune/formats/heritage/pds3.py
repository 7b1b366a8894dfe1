"""Images, cubes and tables of PDS3 in the words of PDS4.

What PDS4 has no words for (VAX reals, suffix planes of cubes, bytes beside the lines of an image)
is left out or told as a table, and said. Source: PDS3 Standards Reference, appendices A and C.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from perilune.errors import MalformedLabel
from perilune.formats.heritage.described import (
    Described,
    Display,
    Elements,
    array,
    field,
    fixed_table,
    group,
    header,
)
from perilune.formats.heritage.odl import Block, words
from perilune.formats.heritage.pds3_tables import table
from perilune.formats.heritage.pds3_types import constants, number_type

Beside = Callable[[str], str | None]
"""The name, as it is written there, of a file beside the label; None where there is none."""
_TABLES = ("TABLE", "SERIES", "SPECTRUM", "PALETTE")
_AXES = {"BAND": "Band", "LINE": "Line", "SAMPLE": "Sample"}
_STORAGE = {
    "": ("Band", "Line", "Sample"),
    "BAND_SEQUENTIAL": ("Band", "Line", "Sample"),
    "LINE_INTERLEAVED": ("Line", "Band", "Sample"),
    "SAMPLE_INTERLEAVED": ("Line", "Sample", "Band"),
}
"""Axes by BAND_STORAGE_TYPE, the slowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a pointer leads."""

    file: str
    offset: int


@dataclass(frozen=True, slots=True)
class _Context:
    """What of the label an object has to know."""

    included: Callable[[str], Block]
    record_bytes: int
    data_set: str


def described(
    label: Block, name: str, beside: Beside, included: Callable[[str], Block]
) -> Iterator[Described]:
    """The data objects of a label in file ``name`` that lie in files beside it, or in itself.

    ``included`` reads a file that ``^STRUCTURE`` names. Raises `MalformedLabel` where what is said
    of an object is no size or type.
    """
    for holder in (label, *label.every(*_holders(label))):
        for pointer in holder.values:
            if not pointer.startswith("^"):
                continue
            block = next(holder.every(pointer[1:]), None)
            placed = None if block is None else _placed(holder, label, pointer, name, beside)
            if block is not None and placed is not None:
                context = _Context(
                    included, _record_bytes(holder, label), label.text("DATA_SET_ID").upper()
                )
                yield from _object(block, placed, context)


def _holders(label: Block) -> list[str]:
    """Names of the blocks that stand for files: they have pointers of their own."""
    found = [
        block.name
        for block in label.every(*{each.name for each in _all(label)})
        if block.name.endswith("FILE") and not block.name.startswith("COMPRESSED")
    ]
    return list(dict.fromkeys(found))


def _all(block: Block) -> Iterator[Block]:
    for each in block.blocks:
        yield each
        yield from _all(each)


def _record_bytes(holder: Block, label: Block) -> int:
    return holder.number("RECORD_BYTES") or label.number("RECORD_BYTES") or 0


def _placed(holder: Block, label: Block, pointer: str, name: str, beside: Beside) -> Placed | None:
    """Where the object lies; None where its file is not there."""
    file, start, unit = name, 1, ""
    for word in words(holder.values[pointer]):
        if word.text.isdigit():
            start, unit = int(word.text), word.unit.upper()
        else:
            found = beside(word.text)
            if found is None:
                return None
            file = found
    if unit.startswith("BYTE"):
        return Placed(file=file, offset=start - 1)
    length = _record_bytes(holder, label)
    if start > 1 and not length:
        raise MalformedLabel(f"PDS3: {pointer} names record {start}, RECORD_BYTES is not given")
    return Placed(file=file, offset=(start - 1) * length)


def _object(block: Block, placed: Placed, context: _Context) -> Iterator[Described]:
    name = block.name
    if name.endswith("IMAGE"):
        yield _image(block, placed, context)
    elif name.endswith("QUBE") or name == "SPECTRAL_IMAGE_QUBE":
        yield _cube(block, placed)
    elif name.endswith(_TABLES):
        yield Described(
            file=placed.file,
            offset=placed.offset,
            element=table(block, placed.offset, context.included),
        )
    elif name.endswith("HEADER"):
        length = block.number("BYTES") or (block.number("RECORDS") or 0) * context.record_bytes
        if length:
            standard = "FITS 3.0" if block.text("HEADER_TYPE") == "FITS" else "7-Bit ASCII Text"
            made = header(name, placed.offset, length, standard)
            yield Described(file=placed.file, offset=placed.offset, element=made)


def _image(block: Block, placed: Placed, context: _Context) -> Described:
    bands = block.number("BANDS") or 1
    storage = block.text("BAND_STORAGE_TYPE").upper().replace(" ", "_")
    if storage not in _STORAGE:
        raise MalformedLabel(f"PDS3: BAND_STORAGE_TYPE {storage[:40]!r}", line=block.line)
    elements = Elements(
        data_type=number_type(
            block, block.text("SAMPLE_TYPE"), block.number("SAMPLE_BITS"), context.data_set
        ),
        unit=block.text("UNIT"),
        scaling_factor=_scaling(block, "SCALING_FACTOR", "1"),
        value_offset=_scaling(block, "OFFSET", "0"),
        constants=constants(block),
    )
    sizes = {
        "Band": bands,
        "Line": _size(block, "LINES"),
        "Sample": _size(block, "LINE_SAMPLES"),
    }
    around = [block.number(f"LINE_{side}_BYTES") or 0 for side in ("PREFIX", "SUFFIX")]
    if any(around):
        return _lines(block, placed, sizes, elements)
    axes = [(axis, sizes[axis]) for axis in _STORAGE[storage] if axis != "Band" or bands > 1]
    return Described(
        file=placed.file,
        offset=placed.offset,
        element=array(block.name, placed.offset, axes, elements),
        display=Display(
            begins_at_bottom=block.text("LINE_DISPLAY_DIRECTION").upper() == "UP",
            begins_at_right=block.text("SAMPLE_DISPLAY_DIRECTION").upper() == "LEFT",
        ),
    )


def _lines(block: Block, placed: Placed, sizes: dict[str, int], elements: Elements) -> Described:
    """An image with bytes beside its lines, which arrays have no words for: a table of lines."""
    if sizes["Band"] > 1:
        reason = f"bytes beside the lines of the bands of {block.name} have no words in PDS4"
        raise MalformedLabel(f"PDS3: {reason}", line=block.line)
    before, after = (block.number(f"LINE_{side}_BYTES") or 0 for side in ("PREFIX", "SUFFIX"))
    size = (block.number("SAMPLE_BITS") or 0) // 8
    inner = field("Binary", "Sample", (1, size), elements)
    length = size * sizes["Sample"]
    members = [group("Binary", "Line", sizes["Sample"], (before + 1, length), [inner])]
    record = before + length + after
    return Described(
        file=placed.file,
        offset=placed.offset,
        element=fixed_table("Binary", block.name, (placed.offset, sizes["Line"], record), members),
    )


def _cube(block: Block, placed: Placed) -> Described:
    """A QUBE: its core, the fastest axis first in the label and last here."""
    sizes = [
        int(word.text) for word in words(block.values.get("CORE_ITEMS", ())) if word.text.isdigit()
    ]
    names = [word.text.upper() for word in words(block.values.get("AXIS_NAME", ()))]
    suffix = [word.text for word in words(block.values.get("SUFFIX_ITEMS", ()))]
    if not sizes or len(sizes) != len(names):
        raise MalformedLabel("PDS3: CORE_ITEMS and AXIS_NAME of a cube", line=block.line)
    if any(text not in ("0", "") for text in suffix):
        reason = f"suffix planes {suffix} of {block.name} have no words in PDS4 arrays"
        raise MalformedLabel(f"PDS3: {reason}", line=block.line)
    size = block.number("CORE_ITEM_BYTES")
    data_type = number_type(block, block.text("CORE_ITEM_TYPE"), None if size is None else 8 * size)
    elements = Elements(
        data_type=data_type,
        unit=block.text("CORE_UNIT"),
        scaling_factor=_scaling(block, "CORE_MULTIPLIER", "1"),
        value_offset=_scaling(block, "CORE_BASE", "0"),
        constants=constants(block),
    )
    axes = [
        (_AXES.get(name, name.title()), count)
        for name, count in zip(reversed(names), reversed(sizes), strict=True)
    ]
    is_picture = {"Line", "Sample"} <= {axis for axis, _ in axes}
    return Described(
        file=placed.file,
        offset=placed.offset,
        element=array(block.name, placed.offset, axes, elements),
        display=Display() if is_picture else None,
    )


def _size(block: Block, name: str) -> int:
    found = block.number(name)
    if not found or found < 0:
        raise MalformedLabel(f"PDS3: {block.name} has no {name}", line=block.line)
    return found


def _scaling(block: Block, name: str, nothing: str) -> str:
    """A factor or an offset; empty where it changes nothing."""
    found = block.real(name)
    return "" if found is None or found == float(nothing) else block.text(name)
