"""Whether the description of a table holds together, before a byte of it is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from perilune.formats.pds4.literals import STRINGS
from perilune.formats.pds4.objects import Table
from perilune.formats.pds4.parts import MAX_COLUMNS, Field, Group, Record, count_columns, extent
from perilune.validation.content.findings import Fault
from perilune.validation.content.fixed import LONGEST_RECORD

TABLE = "error.label.table_definition_problem"
OBJECT = "error.label.invalid_object_definition"
UNREADABLE = "error.table.bad_field_read"
_NUMERIC = frozenset(
    (
        "ASCII_Integer",
        "ASCII_NonNegative_Integer",
        "ASCII_Numeric_Base16",
        "ASCII_Numeric_Base2",
        "ASCII_Numeric_Base8",
        "ASCII_Real",
    )
)
_TEXTS = frozenset(name for name in STRINGS if name.startswith("ASCII_"))


@dataclass(frozen=True, slots=True)
class LabelFault:
    """A fault of the label, at a line of it."""

    fault: Fault
    line: int | None


def unreadable(table: Table, *, like_validate: bool) -> Iterator[LabelFault]:
    """Faults of the description that keep the table from being read, the first one first."""
    record = table.record
    missing = [
        name
        for name, value in (
            ("offset", table.offset),
            ("records", table.records),
            ("Record", record),
        )
        if value is None
    ]
    if record is None or missing:
        words = f"the label does not tell {' and '.join(missing)} of the table"
        yield LabelFault(Fault(UNREADABLE, words), table.line)
        return
    if not table.is_delimited:
        if record.length is None:
            yield LabelFault(Fault(UNREADABLE, "the label lacks record_length"), record.line)
            return
        for name, count in (("fields", record.fields), ("groups", record.groups)):
            if count is None:
                yield LabelFault(Fault(TABLE, f"the label lacks {name}"), record.line)
                return
        if record.length > LONGEST_RECORD:
            words = f"records of {record.length} bytes are more than this check reads"
            yield LabelFault(
                Fault(UNREADABLE, words, str(record.length), f"<= {LONGEST_RECORD}"), record.line
            )
    if count_columns(record.members) > MAX_COLUMNS:
        words = f"{count_columns(record.members)} columns; this check reads {MAX_COLUMNS}"
        yield LabelFault(Fault(TABLE, words), record.line)
        return
    yield from _of_members(table, record, like_validate=like_validate)


def _of_members(
    table: Table, holder: Record | Group, *, like_validate: bool
) -> Iterator[LabelFault]:
    for member in holder.members:
        if isinstance(member, Group):
            yield from _of_group(table, member, like_validate=like_validate)
        elif not table.is_delimited and (member.location is None or member.length is None):
            words = f"field {member.name!r} lacks field_location or field_length"
            yield LabelFault(Fault(UNREADABLE, words), member.line)
    if table.class_name != "Table_Binary" and (like_validate or not table.is_delimited):
        return
    fields = sum(isinstance(member, Field) for member in holder.members)
    groups = len(holder.members) - fields
    for name, said, found in (("fields", holder.fields, fields), ("groups", holder.groups, groups)):
        if said is not None and said != found:
            words = f"{name} is {said}, the label describes {found}"
            yield LabelFault(Fault(TABLE, words, str(found), str(said)), holder.line)


def _of_group(table: Table, group: Group, *, like_validate: bool) -> Iterator[LabelFault]:
    if not group.repetitions:
        words = f"group {group.name!r} lacks repetitions"
        yield LabelFault(Fault(UNREADABLE, words), group.line)
        return
    if not table.is_delimited:
        if group.location is None or group.length is None:
            words = f"group {group.name!r} lacks group_location or group_length"
            yield LabelFault(Fault(UNREADABLE, words), group.line)
            return
        needed = extent(group)
        if group.length // group.repetitions != needed:
            words = (
                f"group_length is {group.length}, {group.repetitions} repetitions of the fields "
                f"in it need {needed * group.repetitions}"
            )
            expected = str(needed * group.repetitions)
            yield LabelFault(Fault(TABLE, words, str(group.length), expected), group.line)
    yield from _of_members(table, group, like_validate=like_validate)


def misdescribed(tables: list[Table]) -> Iterator[LabelFault]:
    """Faults in how Table_Character is described: counts of fields, signs in field formats.

    ``validate`` counts over all such tables of a label together; give it all, or one.
    """
    records = [
        table.record
        for table in tables
        if table.class_name == "Table_Character" and table.record is not None
    ]
    if not records:
        return
    fields = [
        member for record in records for member in record.members if isinstance(member, Field)
    ]
    said = [record.fields for record in records if record.fields is not None]
    if fields and sum(said) != len(fields):
        words = f"fields is {sum(said)}, the label describes {len(fields)}"
        fault = Fault(OBJECT, words, str(len(fields)), str(sum(said)))
        yield LabelFault(fault, records[0].line)
        return
    for field in fields:
        for sign, types, what in (("%+", _TEXTS, "text"), ("%-", _NUMERIC, "a number")):
            if sign in field.format and field.data_type in types:
                words = f"field_format {field.format} of {field.name!r}: {sign} is not for {what}"
                expected = f"no {sign}"
                yield LabelFault(Fault(OBJECT, words, field.format, expected), field.line)
