"""A FITS header against the label that describes it and the data after it.

Source: FITS Standard 4.0, sections 3.3, 4.4.1 and 7.3: headers are cards of 80 characters in blocks
of 2,880 bytes, NAXIS1 varies fastest, numbers are stored most significant byte first.
"""

import re
from collections.abc import Iterator
from math import prod

from perilune.formats.pds4.objects import Array, DataObject, Stream, Table
from perilune.validation.content.findings import Fault
from perilune.validation.content.layout import Placed
from perilune.validation.content.source import Source

_KIND = "error.content.header_mismatch"
_BLOCK = 2880
_CARD = 80
_MOST_BLOCKS = 2000
_TABLES = ("BINTABLE", "TABLE", "A3DTABLE")
_INTEGER = re.compile(r"\s*([+-]?\d{1,18})\s*(?:/.*)?")
_TEXT = re.compile(r"\s*'([^']*)'\s*(?:/.*)?")
_TYPES = {
    8: ("UnsignedByte", "SignedByte"),
    16: ("SignedMSB2", "UnsignedMSB2"),
    32: ("SignedMSB4", "UnsignedMSB4"),
    64: ("SignedMSB8", "UnsignedMSB8"),
    -32: ("IEEE754MSBSingle",),
    -64: ("IEEE754MSBDouble",),
}
"""Of BITPIX; unsigned integers are stored with the sign bit turned, which BZERO tells."""


def check_fits(placed: list[Placed], index: int, source: Source) -> Iterator[Fault]:
    """Where the header at ``index`` is none, or disagrees with the label."""
    header = placed[index].object
    assert isinstance(header, Stream)
    start = header.offset or 0
    cards = _cards(source, start)
    if not cards or next(iter(cards)) not in ("SIMPLE", "XTENSION"):
        begin = source.read(start, 8).decode("latin-1")
        words = f"the header begins with {begin!r}"
        yield Fault(_KIND, words, repr(begin), "SIMPLE or XTENSION")
        return
    if "END" not in cards:
        yield Fault(_KIND, "the header has no END", "no END", "END")
        return
    length = -(-int(cards["END"]) // _BLOCK) * _BLOCK
    if header.object_length is not None and header.object_length != length:
        words = f"the header has {length} bytes, object_length is {header.object_length}"
        yield Fault(_KIND, words, str(length), str(header.object_length))
    size = _data_size(cards)
    following = [item.object for item in placed[index + 1 :]]
    if following and size:
        yield from _against(following[0], cards, start + length, size)


def _against(data: DataObject, cards: dict[str, str], begin: int, size: int) -> Iterator[Fault]:
    """The object after the header, if it is in the data that the header announces."""
    offset = data.offset or 0
    if offset >= begin + size:
        return
    if offset != begin:
        words = f"the header's data begin at byte {begin}, the label says {offset}"
        yield Fault(_KIND, words, str(offset), str(begin))
        return
    if isinstance(data, Array):
        yield from _array(data, cards)
    elif isinstance(data, Table) and data.record is not None:
        if _text(cards, "XTENSION") not in _TABLES:
            return
        axes = _axes(cards)
        told = (
            ("record_length", data.record.length, axes[0] if axes else None),
            ("records", data.records, axes[1] if len(axes) > 1 else None),
        )
        for number, (name, said, found) in enumerate(told, 1):
            if said != found:
                words = f"{name} is {said}, NAXIS{number} in the header {found}"
                yield Fault(_KIND, words, str(said), str(found))


def _array(array: Array, cards: dict[str, str]) -> Iterator[Fault]:
    bits = _number(cards, "BITPIX")
    types = _TYPES.get(bits or 0, ())
    if array.data_type not in types:
        words = f"data_type is {array.data_type}, BITPIX in the header {bits}"
        yield Fault(_KIND, words, array.data_type, " or ".join(types))
    said = [elements for elements in array.shape if elements != 1]
    found = [elements for elements in reversed(_axes(cards)) if elements != 1]
    if said != found:
        words = f"axes have {array.shape} elements, NAXISn in the header {tuple(_axes(cards))}"
        yield Fault(_KIND, words, str(said), f"{found}, the last varies fastest")


def _cards(source: Source, start: int) -> dict[str, str]:
    """Values by keyword, the first of each; END has the bytes up to it."""
    found: dict[str, str] = {}
    for block in range(_MOST_BLOCKS):
        text = source.read(start + block * _BLOCK, _BLOCK).decode("latin-1")
        for place in range(0, len(text) - _CARD + 1, _CARD):
            card = text[place : place + _CARD]
            keyword = card[:8].rstrip()
            if keyword == "END":
                found["END"] = str(block * _BLOCK + place + _CARD)
                return found
            if card[8:10] == "= ":
                found.setdefault(keyword, card[10:])
            elif not found:
                return found
        if len(text) < _BLOCK:
            break
    return found


def _number(cards: dict[str, str], name: str) -> int | None:
    match = _INTEGER.fullmatch(cards.get(name, ""))
    return None if match is None else int(match[1])


def _text(cards: dict[str, str], name: str) -> str:
    match = _TEXT.fullmatch(cards.get(name, ""))
    return "" if match is None else match[1].strip()


def _axes(cards: dict[str, str]) -> list[int]:
    """Elements of each axis, NAXIS1 first."""
    count = min(_number(cards, "NAXIS") or 0, 999)
    return [_number(cards, f"NAXIS{axis}") or 0 for axis in range(1, count + 1)]


def _data_size(cards: dict[str, str]) -> int:
    axes = _axes(cards)
    if not axes:
        return 0
    group = (_number(cards, "PCOUNT") or 0) + prod(axes)
    return abs(_number(cards, "BITPIX") or 0) // 8 * (_number(cards, "GCOUNT") or 1) * group
