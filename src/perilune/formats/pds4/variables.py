"""The fields of a table as variables: each a name with one value, or a block of values, a record.

A field in a group is one variable with an axis for each group that it is in, so that a spectrum
of 512 repetitions is one array and not 512 columns. Names are made unique: a field that shares its
name with another is told by its group's, or by a number.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.parts import (
    MAX_COLUMNS,
    BitField,
    Field,
    Group,
    count_columns,
)

Members = tuple[Field | Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A field, or bits of one, as it lies in every record."""

    name: str
    group: str
    """Name of the innermost group that it is in; empty where it is in none or that has no name."""
    field: Field
    bits: BitField | None
    offset: int
    """First byte in the record, from 0, of the first repetition; 0 in delimited tables."""
    repetitions: tuple[int, ...]
    """Of the groups that it is in, the outermost first."""
    steps: tuple[int, ...]
    """Bytes from one repetition to the next, of each group."""
    column: int
    """Number of the value among those of a record, from 0, in the first repetition."""
    column_steps: tuple[int, ...]
    """Values from one repetition to the next, of each group."""

    @property
    def length(self) -> int:
        """Bytes of the field; 0 where the label does not tell."""
        return self.field.length or 0

    @property
    def data_type(self) -> str:
        """Type of its values."""
        return self.field.data_type if self.bits is None else self.bits.data_type

    @property
    def unit(self) -> str:
        """Unit of its values; empty where the label gives none."""
        return self.field.unit if self.bits is None else self.bits.unit

    @property
    def line(self) -> int | None:
        """Line of the label that describes it."""
        return self.field.line if self.bits is None else self.bits.line

    @property
    def scaling(self) -> tuple[str, str]:
        """scaling_factor and value_offset as written; empty where the label gives none."""
        described = self.field if self.bits is None else self.bits
        return described.scaling_factor, described.value_offset

    @property
    def end(self) -> int:
        """First byte of the record after its last repetition."""
        turns = zip(self.repetitions, self.steps, strict=True)
        return self.offset + self.length + sum((count - 1) * step for count, step in turns)


def variables(table: Table) -> tuple[Variable, ...]:
    """The variables of a table in the order of its label; none where it describes no record."""
    record = table.record
    if record is None or count_columns(record.members) > MAX_COLUMNS:
        return ()
    return _named(list(_walk(record.members, _Place())))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the members of a record or group begin."""

    group: str = ""
    offset: int = 0
    column: int = 0
    repetitions: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    column_steps: tuple[int, ...] = ()


def _walk(members: Members, place: _Place) -> Iterator[Variable]:
    column = place.column
    for member in members:
        offset = place.offset + (member.location or 1) - 1
        if isinstance(member, Group):
            width = count_columns(member.members)
            count = member.repetitions or 0
            if width and count:
                inner = _Place(
                    member.name or place.group,
                    offset,
                    column,
                    (*place.repetitions, count),
                    (*place.steps, (member.length or 0) // count),
                    (*place.column_steps, width),
                )
                yield from _walk(member.members, inner)
            column += width * count
            continue
        for bits in member.bits or (None,):
            yield Variable(
                name=member.name if bits is None else bits.name or member.name,
                group=place.group,
                field=member,
                bits=bits,
                offset=offset,
                repetitions=place.repetitions,
                steps=place.steps,
                column=column,
                column_steps=place.column_steps,
            )
            column += 1


def _named(found: list[Variable]) -> tuple[Variable, ...]:
    counts = Counter(each.name for each in found)
    names: set[str] = set()
    named = []
    for each in found:
        name = each.name
        if counts[name] > 1 and each.group:
            name = f"{each.group}/{name}"
        unique, number = name or "field", 1
        while unique in names:
            number += 1
            unique = f"{name or 'field'} {number}"
        names.add(unique)
        named.append(replace(each, name=unique))
    return tuple(named)
