"""Headers, texts and SPICE kernels, of which NASA's ``validate`` opens none.

A text is in the encoding that its parsing standard names and its lines end as the label says; a
FITS header agrees with the object that follows it; a kernel says itself which kind it is. What
encoded images, sounds and documents are is told where files are looked at.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perilune.formats.pds4.objects import Stream
from perilune.validation.content.findings import Fault
from perilune.validation.content.fits import check_fits
from perilune.validation.content.layout import Placed, end_of
from perilune.validation.content.source import WINDOW, Source

_BEYOND = "error.content.beyond_file"
_ENCODING = "error.content.encoding_mismatch"
_ENDING = "error.content.record_delimiter_mismatch"
_KERNEL = "error.content.kernel_type_mismatch"
_ASCII = re.compile(r"7-?bit ascii text", re.IGNORECASE)
_UTF8 = re.compile(r"utf-?8 text", re.IGNORECASE)
_FITS = re.compile(r"fits\b.*", re.IGNORECASE)
_IDENTITY = re.compile(rb"(DAF|DAS|KPL)/([A-Z]{1,4})")
_ARCHITECTURE = {"CK": "DAF", "SPK": "DAF", "DSK": "DAS", "EK": "DAS", "DBK": "DAS"}
"""Of binary kernels; a PCK may be a DAF or text, all others are text."""
_BEGINS = b"\\begindata"
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Counted:
    """A fault of a stream, and how often it was found."""

    fault: Fault
    count: int = 1


def check_stream(placed: list[Placed], index: int, source: Source) -> Iterator[Counted]:
    """What is wrong with the bytes of the stream at ``index``."""
    stream = placed[index].object
    assert isinstance(stream, Stream)
    start, stop = stream.offset or 0, end_of(placed, index, source.size)
    if stop > source.size or start > source.size:
        words = f"{_named(stream)} ends at byte {max(start, stop)}, the file has {source.size}"
        fault = Fault(_BEYOND, words, f"{source.size} bytes", f"{max(start, stop)} bytes")
        yield Counted(fault)
    if start >= source.size:
        return
    stop = min(stop, source.size)
    if stream.class_name == "SPICE_Kernel":
        yield from _kernel(stream, source, start)
        return
    if _FITS.fullmatch(stream.standard) and stream.class_name.startswith("Header"):
        for fault in check_fits(placed, index, source):
            yield Counted(fault)
    elif _ASCII.fullmatch(stream.standard):
        yield from _not_ascii(stream, source, start, stop)
    elif _UTF8.fullmatch(stream.standard):
        yield from _not_utf8(stream, source, start, stop)
    if stream.class_name == "Stream_Text":
        yield from _endings(stream, source, start, stop)


def _not_ascii(stream: Stream, source: Source, start: int, stop: int) -> Iterator[Counted]:
    count, first = 0, -1
    for window in source.windows(start, stop, WINDOW):
        places = np.flatnonzero(window > 127)
        if len(places) and first < 0:
            first = start + int(places[0])
        count += len(places)
        start += len(window)
    if count:
        words = f"{_named(stream)} holds {count} bytes above 127, the first is byte {first}"
        fault = Fault(_ENCODING, words, f"{count} other bytes", stream.standard)
        yield Counted(fault, count)


def _not_utf8(stream: Stream, source: Source, start: int, stop: int) -> Iterator[Counted]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for window in source.windows(start, stop, WINDOW):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(window.tobytes(), final=start + len(window) >= stop)
        except UnicodeDecodeError as error:
            place = start - pending + error.start
            words = f"{_named(stream)} is no UTF-8 from byte {place} on: {error.reason}"
            yield Counted(Fault(_ENCODING, words, error.reason, stream.standard))
            return
        start += len(window)


def _endings(stream: Stream, source: Source, start: int, stop: int) -> Iterator[Counted]:
    kind = stream.record_delimiter.lower()
    if kind not in ("carriage-return line-feed", "line-feed"):
        return
    wants_cr = kind != "line-feed"
    wrong = lines = first = 0
    last = 0
    for window in source.windows(start, stop, WINDOW):
        ends = np.flatnonzero(window == 10)
        before = window[ends - 1]
        if len(ends) and ends[0] == 0:
            before[0] = last
        places = np.flatnonzero((before == 13) != wants_cr)
        if len(places) and not first:
            first = lines + int(places[0]) + 1
        wrong += len(places)
        lines += len(ends)
        last = int(window[-1])
    if wrong:
        found = "line feed alone" if wants_cr else "carriage return and line feed"
        words = f"{wrong} of {lines} lines of {_named(stream)} end in {found}, the first is {first}"
        yield Counted(Fault(_ENDING, words, found, stream.record_delimiter), wrong)


def _kernel(stream: Stream, source: Source, start: int) -> Iterator[Counted]:
    said = stream.kernel_type.upper()
    head = source.read(start, _HEAD)
    match = _IDENTITY.match(head)
    if match is None:
        is_text = said not in _ARCHITECTURE
        if said and not (is_text and _BEGINS in head):
            begin = head[:8].decode("latin-1")
            words = f"{_named(stream)} begins with {begin!r}, which is no {said} kernel"
            yield Counted(Fault(_KERNEL, words, repr(begin), said))
        return
    architecture, kind = match[1].decode(), match[2].decode()
    wanted = _ARCHITECTURE.get(said, "KPL")
    if said == "PCK":
        wanted = "KPL" if architecture == "KPL" else "DAF"
    if said and (kind, architecture) != (said, wanted):
        found, expected = f"{architecture}/{kind}", f"{wanted}/{said}"
        words = f"{_named(stream)} says that it is {found}, the label that it is {said}"
        yield Counted(Fault(_KERNEL, words, found, expected))


def _named(stream: Stream) -> str:
    return f"{stream.class_name} {stream.name!r}" if stream.name else stream.class_name
