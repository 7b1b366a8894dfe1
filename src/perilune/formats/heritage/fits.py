"""Arrays and tables of FITS in the words of PDS4: big-endian, the fastest axis first.

Source: FITS Standard 4.0, sections 4, 5 and 7. Random groups and compressed images are no arrays.
"""

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

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
from perilune.formats.source import Source

Cards = dict[str, str]
"""Keywords and values as written, quotes and comments taken away."""
_BLOCK, _CARD = 2880, 80
_MOST_BLOCKS, _MOST_UNITS = 2000, 1000
_TYPES = {
    "8": "UnsignedByte",
    "16": "SignedMSB2",
    "32": "SignedMSB4",
    "64": "SignedMSB8",
    "-32": "IEEE754MSBSingle",
    "-64": "IEEE754MSBDouble",
}
_COLUMNS = {
    "B": ("UnsignedByte", 1),
    "I": ("SignedMSB2", 2),
    "J": ("SignedMSB4", 4),
    "K": ("SignedMSB8", 8),
    "E": ("IEEE754MSBSingle", 4),
    "D": ("IEEE754MSBDouble", 8),
    "C": ("ComplexMSB8", 8),
    "M": ("ComplexMSB16", 16),
    "L": ("ASCII_String", 1),
    "P": ("SignedMSB4", 8),
    "Q": ("SignedMSB8", 16),
}
"""Type and bytes of one element by the letter of TFORM; P and Q are two numbers: count, place."""
_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])(.*)")
_TEXT_FORM = re.compile(r"([AIFED])(\d+)(?:\.\d+)?")
_AXES = ("Sample", "Line", "Band")
_STRING = re.compile(r"'((?:[^']|'')*)'")


def is_fits(begin: bytes) -> bool:
    """Whether a file that begins so is FITS."""
    return begin.startswith(b"SIMPLE  =")


def described(source: Source) -> Iterator[Described]:
    """Header and data of every unit; raise `MalformedLabel` where a header cannot be read."""
    place = 0
    for number in range(_MOST_UNITS):
        if place + _BLOCK > source.size:
            return
        cards, length = read_header(source, place)
        name = cards.get("EXTNAME") or ("PRIMARY" if not number else f"unit {number + 1}")
        made = header(f"header of {name}", place, length, "FITS 3.0")
        yield Described(file=source.name, offset=place, element=made)
        place += length
        size = _data_bytes(cards)
        if size and place + size <= source.size:
            yield from _data(cards, name, place, source.name)
        place += -(-size // _BLOCK) * _BLOCK


def read_header(source: Source, place: int) -> tuple[Cards, int]:
    """The cards of the header that begins at ``place``, and its bytes."""
    cards: Cards = {}
    for number in range(_MOST_BLOCKS):
        begin = place + number * _BLOCK
        if begin + _BLOCK > source.size:
            break
        block = str(source.read(begin, begin + _BLOCK), "latin-1")
        for start in range(0, _BLOCK, _CARD):
            card = block[start : start + _CARD]
            key = card[:8].strip()
            if key == "END":
                return cards, (number + 1) * _BLOCK
            if card[8:10] == "= ":
                cards.setdefault(key, _value(card[10:]))
    raise MalformedLabel(f"FITS: the header at byte {place} of {source.name} has no END")


def _value(text: str) -> str:
    if (string := _STRING.match(text.strip())) is not None:
        return string[1].replace("''", "'").rstrip()
    return text.partition("/")[0].strip()


def _number(cards: Cards, key: str, usual: int) -> int:
    text = cards.get(key, str(usual))
    if not re.fullmatch(r"[+-]?\d{1,15}", text):
        raise MalformedLabel(f"FITS: {key} is {text[:40]!r}, no whole number")
    return int(text)


def _shape(cards: Cards) -> list[int]:
    count = _number(cards, "NAXIS", 0)
    if not 0 <= count <= 999:
        raise MalformedLabel(f"FITS: NAXIS is {count}")
    return [_number(cards, f"NAXIS{axis}", 0) for axis in range(1, count + 1)]


def _data_bytes(cards: Cards) -> int:
    shape = _shape(cards)
    if not shape:
        return 0
    bits = abs(_number(cards, "BITPIX", 8))
    groups, heap = _number(cards, "GCOUNT", 1), _number(cards, "PCOUNT", 0)
    return bits // 8 * groups * (heap + math.prod(shape))


def _data(cards: Cards, name: str, place: int, file: str) -> Iterator[Described]:
    kind = cards.get("XTENSION", "IMAGE")
    shape = _shape(cards)
    if kind == "IMAGE" and cards.get("GROUPS") != "T" and 0 not in shape:
        yield _image(cards, name, place, file, shape)
    elif kind in ("BINTABLE", "TABLE") and len(shape) == 2 and all(shape):
        fields = _binary_fields(cards) if kind == "BINTABLE" else _text_fields(cards)
        members = list(fields)
        if members:
            # a TABLE has no delimiters between its records: text in records of fixed length
            made = fixed_table("Binary", name, (place, shape[1], shape[0]), members)
            yield Described(file=file, offset=place, element=made)


def _image(cards: Cards, name: str, place: int, file: str, shape: list[int]) -> Described:
    data_type = _TYPES.get(cards.get("BITPIX", ""))
    if data_type is None:
        raise MalformedLabel(f"FITS: BITPIX is {cards.get('BITPIX', '')[:40]!r}")
    axes = [
        (_AXES[axis] if axis < len(_AXES) else f"Axis {axis + 1}", size)
        for axis, size in enumerate(shape)
    ]
    blank = cards.get("BLANK", "")
    elements = Elements(
        data_type=data_type,
        unit=cards.get("BUNIT", ""),
        scaling_factor=_scaling(cards, "BSCALE", "1"),
        value_offset=_scaling(cards, "BZERO", "0"),
        constants={"missing_constant": blank} if blank else {},
    )
    return Described(
        file=file,
        offset=place,
        element=array(name, place, axes[::-1], elements),
        # the first line of FITS is by custom at the bottom (section 3.3.2 leaves it open)
        display=Display(begins_at_bottom=True) if len(axes) > 1 else None,
    )


def _scaling(cards: Cards, key: str, nothing: str) -> str:
    text = cards.get(key, nothing).upper().replace("D", "E")
    try:
        return "" if float(text) == float(nothing) else text
    except ValueError:
        raise MalformedLabel(f"FITS: {key} is {text[:40]!r}, no number") from None


def _binary_fields(cards: Cards) -> Iterator[ET.Element]:
    place = 1
    for number in range(1, _number(cards, "TFIELDS", 0) + 1):
        form = _FORM.fullmatch(cards.get(f"TFORM{number}", "").strip().upper())
        if form is None:
            found = cards.get(f"TFORM{number}", "")[:40]
            raise MalformedLabel(f"FITS: TFORM{number} is {found!r}")
        times, letter = int(form[1] or 1), form[2]
        length = _field_bytes(times, letter)
        if length:
            yield _binary_field(cards, number, (place, times, letter))
        place += length


def _field_bytes(times: int, letter: str) -> int:
    if letter == "X":
        return -(-times // 8)
    return times if letter == "A" else times * _COLUMNS[letter][1]


def _binary_field(cards: Cards, number: int, where: tuple[int, int, str]) -> ET.Element:
    place, times, letter = where
    name = cards.get(f"TTYPE{number}", "") or f"field {number}"
    length = _field_bytes(times, letter)
    if letter in "AX":
        data_type = "ASCII_String" if letter == "A" else "UnsignedBitString"
        plain = Elements(data_type=data_type, unit=cards.get(f"TUNIT{number}", ""), constants={})
        return field("Binary", name, (place, length), plain)
    data_type, size = _COLUMNS[letter]
    if letter in "PQ":
        times, size = 2 * times, size // 2
    null = cards.get(f"TNULL{number}", "")
    elements = Elements(
        data_type=data_type,
        unit=cards.get(f"TUNIT{number}", ""),
        scaling_factor=_scaling(cards, f"TSCAL{number}", "1"),
        value_offset=_scaling(cards, f"TZERO{number}", "0"),
        constants={"missing_constant": null} if null else {},
    )
    if times == 1:
        return field("Binary", name, (place, size), elements)
    return group(
        "Binary", name, times, (place, length), [field("Binary", name, (1, size), elements)]
    )


def _text_fields(cards: Cards) -> Iterator[ET.Element]:
    for number in range(1, _number(cards, "TFIELDS", 0) + 1):
        form = _TEXT_FORM.fullmatch(cards.get(f"TFORM{number}", "").strip().upper())
        if form is None:
            found = cards.get(f"TFORM{number}", "")[:40]
            raise MalformedLabel(f"FITS: TFORM{number} is {found!r}")
        kinds = {"I": "ASCII_Integer", "F": "ASCII_Real", "E": "ASCII_Real"}
        null = cards.get(f"TNULL{number}", "").strip()
        elements = Elements(
            data_type=kinds.get(form[1], "ASCII_String"),
            unit=cards.get(f"TUNIT{number}", ""),
            constants={"missing_constant": null} if null else {},
        )
        name = cards.get(f"TTYPE{number}", "") or f"field {number}"
        place = _number(cards, f"TBCOL{number}", 1)
        yield field("Binary", name, (place, int(form[2])), elements)
