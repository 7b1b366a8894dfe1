"""How the objects of one file lie in it: in order, without overlap, nothing left over."""

from collections.abc import Iterator
from dataclasses import dataclass

from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.formats.pds4.objects import Array, DataFile, DataObject, Table
from perilune.validation.content.definition import OBJECT, LabelFault
from perilune.validation.content.findings import Fault

_ORDER = "warning.data_objects.out_of_order"
_LEFT_OVER = "warning.data.not_described"


@dataclass(frozen=True, slots=True)
class Placed:
    """An object with its number among those of its kind in the label's order."""

    object: DataObject
    number: int


def in_order(file: DataFile) -> list[Placed]:
    """The objects by offset."""
    counts: dict[type, int] = {}
    placed = []
    for each in file.objects:
        counts[type(each)] = counts.get(type(each), 0) + 1
        placed.append(Placed(each, counts[type(each)]))
    return sorted(placed, key=lambda item: item.object.offset or 0)


def size_of(each: DataObject, file: DataFile | None = None) -> int | None:
    """Bytes of an object as the label tells; None where it does not.

    With the ``file``: as ``validate`` takes them, for which a delimited table is as long as its
    longest records would make it.
    """
    if isinstance(each, Table):
        longest = None if each.record is None else each.record.max_length
        if file is None or not each.is_delimited:
            return each.size
        if longest is not None:
            return longest * (each.records or 0)
        return 0 if each.size is None and file.size is not None else each.size
    if isinstance(each, Array):
        dtype = NUMBER_TYPES.get(each.data_type)
        if dtype is None or None in each.shape:
            return None
        size = dtype.itemsize
        for elements in each.shape:
            size *= elements or 0
        return size
    return each.object_length


def end_of(placed: list[Placed], index: int, size: int) -> int:
    """First byte after an object of unknown length: where the next begins, or the file ends."""
    here = placed[index].object
    if (length := size_of(here)) is not None:
        return (here.offset or 0) + length
    later = (item.object.offset or 0 for item in placed[index + 1 :])
    return next((offset for offset in later if offset > (here.offset or 0)), size)


def misplaced(file: DataFile, placed: list[Placed], *, like_validate: bool) -> Iterator[LabelFault]:
    """Objects out of order, and those that begin before the one before them ends."""
    offsets = [each.offset for each in file.objects if each.offset is not None]
    if offsets != sorted(offsets):
        words = f"objects of {file.name} are not in the order of their offsets: {offsets}"
        yield LabelFault(Fault(_ORDER, words, str(offsets), str(sorted(offsets))), file.line)
    reached = -1
    for item in placed:
        here = item.object
        if here.offset is None:
            continue
        if here.offset < reached:
            words = (
                f"{here.class_name} {here.name!r} begins at byte {here.offset}, the object "
                f"before it ends at byte {reached}"
            )
            expected = f"offset >= {reached}"
            yield LabelFault(Fault(OBJECT, words, str(here.offset), expected), here.line)
        size = size_of(here, file if like_validate else None)
        end = here.offset + (-1 if size is None else size)
        reached = end if like_validate else max(reached, end)


def left_over(
    file: DataFile, placed: list[Placed], size: int, *, like_validate: bool
) -> Iterator[LabelFault]:
    """Bytes that no object describes; ``validate`` looks at the end of the file only."""
    reached = 0
    for index, item in enumerate(placed):
        offset = item.object.offset or 0
        if offset > reached and not like_validate:
            yield _undescribed(file, reached, offset)
        if like_validate:
            length = size_of(item.object, file)
            reached = offset + (-1 if length is None else length)
        else:
            reached = max(reached, end_of(placed, index, size))
    if reached < size:
        yield _undescribed(file, reached, size)


def _undescribed(file: DataFile, start: int, stop: int) -> LabelFault:
    words = f"no object describes the {stop - start} bytes from byte {start} of {file.name} on"
    return LabelFault(Fault(_LEFT_OVER, words, f"{stop - start} bytes", "every byte"), file.line)
