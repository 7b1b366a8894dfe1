"""Arrays: long enough, and every element within what the label says of it.

Elements of any type and arrays of any rank are one run of numbers to this module; the index of an
element is worked out only for what is told. Both parts of complex numbers are looked at.
"""

import math

import numpy as np

from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.formats.pds4.objects import Array
from perilune.validation.content.findings import Fault, Tally
from perilune.validation.content.numbers import ARRAY, NumberCheck, Places, Values
from perilune.validation.content.source import Source
from perilune.validation.options import Options

_UNREADABLE = "error.array.bad_file_read"
_MANY = 4096
"""Suspects of one window that are not looked at one by one where that can be avoided."""
_WINDOW = 2 << 20
"""Bytes looked at together: they stay in the processor's cache from reading to comparing."""


def check_array(array: Array, source: Source | None, tally: Tally, options: Options) -> None:
    """Look at every element that the label promises something of; ``source`` None: no file."""
    if source is None:
        tally.add(Fault(_UNREADABLE, "the data file cannot be read", "no such file", "a file"))
        return
    stored = NUMBER_TYPES.get(array.data_type)
    shape = _shape(array, tally)
    if stored is None:
        words = f"{array.data_type!r} is no type of elements"
        tally.add(Fault(_UNREADABLE, words, array.data_type, "a binary data type"))
        return
    if shape is None:
        return
    start = array.offset or 0
    needed = start + math.prod(shape) * stored.itemsize
    if needed > source.size:
        words = f"the file has {source.size} bytes, the array ends at byte {needed}"
        tally.add(Fault(_UNREADABLE, words, f"{source.size} bytes", f"{needed} bytes"))
        if options.counts_like_validate:
            return
    part = np.dtype(f"{stored.byteorder}f{stored.itemsize // 2}") if stored.kind == "c" else stored
    check = NumberCheck(
        part.newbyteorder("="),
        ARRAY,
        array.constants,
        array.statistics,
        scaling=(array.scaling_factor, array.value_offset),
        like_validate=options.counts_like_validate,
    )
    for fault in check.faults_of_label:
        tally.add(fault)
    if not check.is_open:
        parts = 2 if stored.kind == "c" else 1
        _Elements(shape, parts, check, tally, options).look(source, start, part)


def _shape(array: Array, tally: Tally) -> tuple[int, ...] | None:
    sizes = [size for size in array.shape if size is not None]
    if len(sizes) != len(array.shape) or not sizes:
        words = "the label does not tell how many elements each axis has"
        tally.add(Fault("error.label.invalid_object_definition", words, "", "Axis_Array"))
        return None
    if array.axes is not None and array.axes != len(sizes):
        words = f"axes is {array.axes}, described are {len(sizes)}"
        fault = Fault(_UNREADABLE, words, f"{len(sizes)} Axis_Array", f"{array.axes} Axis_Array")
        tally.add(fault)
        return None
    return tuple(sizes)


class _Elements:
    """One pass over the elements of an array."""

    def __init__(
        self,
        shape: tuple[int, ...],
        parts: int,
        check: NumberCheck,
        tally: Tally,
        options: Options,
    ) -> None:
        self._shape, self._parts, self._check, self._tally = shape, parts, check, tally
        self._every = options.every_record
        self._real_only = parts == 2 and options.counts_like_validate

    def look(self, source: Source, start: int, dtype: np.dtype[np.number]) -> None:
        """Read all there is, window by window."""
        stop = start + math.prod(self._shape) * self._parts * dtype.itemsize
        is_native = dtype.isnative
        first = 0
        for window in source.windows(start, stop, _WINDOW):
            whole = len(window) - len(window) % dtype.itemsize
            values = window[:whole].view(dtype)
            if not is_native:
                values = values.byteswap().view(dtype.newbyteorder("="))
            if len(values):
                self._judge(values, self._looked_at(values, first), first)
            first += len(values)

    def _looked_at(self, values: Values, first: int) -> Places:
        places = self._check.suspects(values)
        if self._real_only:
            places = places[(places + first) % 2 == 0]
        if self._every > 1:
            row = self._shape[-1]
            places = places[(places + first) // self._parts % row % self._every == 0]
        return places

    def _judge(self, values: Values, places: Places, first: int) -> None:
        if len(places) > _MANY:
            places = self._count_clear(values, places, first)
        if not len(places):
            return
        found = values[places]
        bits = found.view(f"u{found.dtype.itemsize}")
        _, kinds, which, counts = np.unique(
            bits, return_index=True, return_inverse=True, return_counts=True
        )
        faults = [tuple(self._check.faults(found[sample])) for sample in kinds]
        types = {fault.type for each in faults for fault in each}
        told = np.zeros(len(kinds), dtype=np.int64)
        for place, kind in zip(places.tolist(), which.tolist(), strict=True):
            if all(self._tally.room(each, None) <= 0 for each in types):
                break
            told[kind] += 1
            for fault in faults[kind]:
                self._tally.add(fault, location=self._location(first + place))
        for each, count in zip(faults, (counts - told).tolist(), strict=True):
            for fault in each:
                self._tally.add_many(fault, count)

    def _count_clear(self, values: Values, places: Places, first: int) -> Places:
        """Tell of the elements that are wrong beyond doubt; places of the others."""
        found = values[places]
        clear, doubt = self._check.clear(found)
        for bound, mask in clear:
            wrong = np.flatnonzero(mask)
            room = max(self._tally.room(bound.key, None), 0)
            for place in wrong[:room].tolist():
                fault = self._check.fault(bound, found[place])
                self._tally.add(fault, location=self._location(first + int(places[place])))
            if len(wrong) > room:
                self._tally.add_many(self._check.fault(bound, found[wrong[0]]), len(wrong) - room)
        return places[doubt]

    def _location(self, place: int) -> tuple[int, ...]:
        index = np.unravel_index(place // self._parts, self._shape)
        return tuple(int(each) + 1 for each in index)
