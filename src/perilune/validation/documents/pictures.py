"""Pictures: JPEG, PNG, TIFF and GIF, by their structure; nothing is decoded beyond a header.

Sources: ITU-T T.81 (JPEG), W3C PNG (third edition), TIFF 6.0 and BigTIFF, GIF89a. Each function
says what is wrong in a few words, and nothing where nothing is. Files are read in pieces.
"""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
_PIECE = 1 << 20
_MOST_CHUNKS = 1_000_000
_MOST_SEGMENTS = 10_000
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCE, 0xCF))
"""Markers of a frame header (SOF)."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a segment."""


def jpeg(place: Path) -> str:
    """Start marker, a frame header, and an end marker after it; padding may follow."""
    with place.open("rb") as data:
        if data.read(2) != _SOI:
            return "does not begin with the marker SOI (FF D8)"
        if fault := _frame(data):
            return fault
        return "" if _holds(data, _EOI) else "has no end marker EOI (FF D9)"


def jpeg_like_validate(place: Path) -> str:
    """NASA's ``validate`` is content with the first two bytes and the last two."""
    with place.open("rb") as data:
        begin = data.read(2)
        is_ended = data.seek(0, 2) >= 4 and data.seek(-2, 2) >= 0 and data.read(2) == _EOI
    return "" if begin == _SOI and is_ended else jpeg(place)


def _holds(data: BinaryIO, marker: bytes) -> bool:
    """Whether the rest of the file holds the marker; in what is coded it cannot occur."""
    before = b""
    while piece := data.read(_PIECE):
        if marker in before + piece:
            return True
        before = piece[-1:]
    return False


def _frame(data: BinaryIO) -> str:
    for _ in range(_MOST_SEGMENTS):
        byte = data.read(1)
        if byte != b"\xff":
            return "has no frame header (SOF)"
        while byte == b"\xff":
            byte = data.read(1)
        if not byte:
            break
        marker = byte[0]
        if marker in _ALONE:
            continue
        length = data.read(2)
        if len(length) < 2 or (size := struct.unpack(">H", length)[0]) < 2:
            return "has a segment without length"
        if marker in _FRAMES:
            frame = data.read(6)
            is_whole = len(frame) == 6 and struct.unpack(">H", frame[3:5])[0] > 0
            return "" if is_whole else "has a frame of no width"
        data.seek(size - 2, 1)
    return "has no frame header (SOF)"


def png_by_its_signature(place: Path) -> str:
    """What NASA's ``validate`` looks at: the first eight bytes."""
    with place.open("rb") as data:
        return "" if data.read(8) == _PNG else "does not begin with the signature of PNG"


def png(place: Path) -> str:
    """The signature, and every chunk from IHDR to IEND with its CRC."""
    with place.open("rb") as data:
        if data.read(8) != _PNG:
            return "does not begin with the signature of PNG"
        seen: set[bytes] = set()
        for _ in range(_MOST_CHUNKS):
            head = data.read(8)
            if len(head) < 8:
                return "ends before the chunk IEND"
            length, kind = struct.unpack(">I4s", head)
            if not seen and kind != b"IHDR":
                return "does not begin with the chunk IHDR"
            if fault := _chunk(data, kind, length):
                return fault
            seen.add(kind)
            if kind == b"IEND":
                return "" if b"IDAT" in seen else "has no chunk IDAT"
        return "has too many chunks"


def _chunk(data: BinaryIO, kind: bytes, length: int) -> str:
    name = kind.decode("ascii", "replace")
    crc, left = zlib.crc32(kind), length
    while left:
        piece = data.read(min(left, _PIECE))
        if not piece:
            return f"ends within the chunk {name!r}"
        crc = zlib.crc32(piece, crc)
        left -= len(piece)
    written = data.read(4)
    if len(written) < 4:
        return f"ends within the chunk {name!r}"
    return "" if struct.unpack(">I", written)[0] == crc else f"the CRC of chunk {name!r} is wrong"


def tiff(place: Path) -> str:
    """The header, and a first directory of images that lies in the file."""
    size = place.stat().st_size
    with place.open("rb") as data:
        head = data.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8:
            return "does not begin with II or MM"
        magic = struct.unpack(f"{order}H", head[2:4])[0]
        if magic == 42:
            first, counter = struct.unpack(f"{order}I", head[4:8])[0], "H"
        elif magic == 43 and len(head) == 16:
            first, counter = struct.unpack(f"{order}Q", head[8:16])[0], "Q"
        else:
            return "is no TIFF: the number after its byte order is not 42 or 43"
        width = struct.calcsize(f"={counter}")
        if first < 8 or first + width > size:
            return "has no directory of images within the file"
        data.seek(first)
        count = struct.unpack(f"{order}{counter}", data.read(width))[0]
        entry = 12 if counter == "H" else 20
        if not count or first + width + count * entry > size:
            return "its first directory of images is cut off"
    return ""


def gif(place: Path) -> str:
    """Signature and trailer."""
    with place.open("rb") as data:
        if data.read(6) not in (b"GIF87a", b"GIF89a"):
            return "does not begin with GIF87a or GIF89a"
        data.seek(-1, 2)
        return "" if data.read(1) == b"\x3b" else "does not end with the trailer (3B)"
