"""Records of tables as a label describes them: fields, groups of fields, bit fields.

Groups are kept as they are written; `columns` lays their repetitions out. Numbers of locations
count from 1 in labels and from 0 in a `Column`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from perilune.formats.xml import line_of

MAX_COLUMNS = 100_000
"""Columns of one table that are laid out; groups repeat by numbers that anyone can write."""

_NUMBER = re.compile(r"\s*\+?(\d{1,18})(?:\.0*)?\s*")
_FIELD = re.compile(r"Field_(?:Character|Binary|Delimited)")
_GROUP = re.compile(r"Group_Field_(?:Character|Binary|Delimited)")
CONSTANTS = (
    "error_constant",
    "invalid_constant",
    "missing_constant",
    "high_instrument_saturation",
    "high_representation_saturation",
    "low_instrument_saturation",
    "low_representation_saturation",
    "not_applicable_constant",
    "saturated_constant",
    "unknown_constant",
)


class Part:
    """An element with others in it, asked by the plain names of the core dictionary."""

    __slots__ = ("_first", "_namespace", "element")

    def __init__(self, element: etree._Element, namespace: str | None) -> None:
        self.element, self._namespace = element, namespace
        self._first: dict[str, etree._Element] = {}
        for child in element.iterchildren(tag=etree.Element):
            self._first.setdefault(child.tag, child)

    @property
    def name(self) -> str:
        """Name without namespace."""
        return etree.QName(self.element).localname

    @property
    def line(self) -> int | None:
        """Line of the label."""
        return line_of(self.element)

    @property
    def parts(self) -> "Iterator[Part]":
        """Those in this one that have elements in them, of the core dictionary."""
        for child in self.element.iterchildren(tag=etree.Element):
            if len(child) and etree.QName(child).namespace == self._namespace:
                yield Part(child, self._namespace)

    def first(self, name: str) -> "Part | None":
        """The first of that name."""
        found = self._first.get(self._tag(name))
        return None if found is None else Part(found, self._namespace)

    def every(self, name: str) -> "list[Part]":
        """All of that name in their order."""
        children = self.element.iterchildren(tag=self._tag(name))
        return [Part(child, self._namespace) for child in children]

    def text(self, name: str) -> str:
        """Value of the first attribute of that name, its ends stripped; empty where it lacks."""
        found = self._first.get(self._tag(name))
        return "" if found is None else (found.text or "").strip()

    def number(self, name: str) -> int | None:
        """The same as a whole number that is not negative; None where it is no such number."""
        match = _NUMBER.fullmatch(self.text(name))
        return None if match is None else int(match[1])

    def line_of(self, name: str) -> int | None:
        """Line of the first attribute of that name, else of this element."""
        found = self._first.get(self._tag(name))
        return self.line if found is None else line_of(found)

    def _tag(self, name: str) -> str:
        return name if self._namespace is None else f"{{{self._namespace}}}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Special_Constants as written."""

    values: tuple[tuple[str, str], ...]
    """Names and values of all but the valid range."""
    valid_minimum: str
    valid_maximum: str
    line: int | None

    @classmethod
    def of(cls, part: Part) -> "Constants":
        """Read them; what is not given is empty."""
        return cls(
            values=tuple((name, text) for name in CONSTANTS if (text := part.text(name))),
            valid_minimum=part.text("valid_minimum"),
            valid_maximum=part.text("valid_maximum"),
            line=part.line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Bounds that Field_Statistics or Object_Statistics promise, as written; may be empty."""

    minimum: str
    maximum: str
    minimum_scaled: str
    maximum_scaled: str
    bit_mask: str
    """Bits of an element that count, the most significant first; empty where all do."""
    line: int | None

    @classmethod
    def of(cls, part: Part) -> "Statistics":
        """Read them; what is not given is empty."""
        return cls(
            minimum=part.text("minimum"),
            maximum=part.text("maximum"),
            minimum_scaled=part.text("minimum_scaled_value"),
            maximum_scaled=part.text("maximum_scaled_value"),
            bit_mask=part.text("bit_mask"),
            line=part.line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BitField:
    """Bits ``start`` to ``stop`` of a packed field, counted from 1 at its most significant."""

    name: str
    data_type: str
    start: int | None
    stop: int | None
    unit: str
    scaling_factor: str
    value_offset: str
    constants: Constants | None
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as the label describes it."""

    name: str
    number: int | None
    location: int | None
    """First byte in its record or group, from 1; None in delimited tables."""
    length: int | None
    max_length: int | None
    data_type: str
    unit: str
    format: str
    validation_format: str
    scaling_factor: str
    value_offset: str
    constants: Constants | None
    statistics: Statistics | None
    bits: tuple[BitField, ...]
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that repeat."""

    name: str
    location: int | None
    length: int | None
    """Bytes of all repetitions together."""
    repetitions: int | None
    fields: int | None
    """Fields directly in it, as the label counts them."""
    groups: int | None
    members: "tuple[Field | Group, ...]"
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one record of a table holds."""

    fields: int | None
    """Fields directly in it, as the label counts them."""
    groups: int | None
    length: int | None
    max_length: int | None
    """maximum_record_length of a delimited table."""
    members: tuple[Field | Group, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the table as it lies in every record."""

    field: Field
    offset: int
    """First byte in the record, from 0; 0 in delimited tables."""
    bits: BitField | None = None

    @property
    def length(self) -> int:
        """Bytes; 0 where the label does not tell."""
        return self.field.length or 0

    @property
    def end(self) -> int:
        """First byte after it."""
        return self.offset + self.length

    @property
    def data_type(self) -> str:
        """Type of its values."""
        return self.field.data_type if self.bits is None else self.bits.data_type

    @property
    def name(self) -> str:
        """Name of the field or bit field."""
        return self.field.name if self.bits is None else self.bits.name


def read_record(part: Part) -> Record:
    """The record that a Record_Character, Record_Binary or Record_Delimited describes."""
    return Record(
        fields=part.number("fields"),
        groups=part.number("groups"),
        length=part.number("record_length"),
        max_length=part.number("maximum_record_length"),
        members=tuple(_members(part)),
        line=part.line,
    )


def count_columns(members: tuple[Field | Group, ...]) -> int:
    """How many columns `columns` would give."""
    total = 0
    for member in members:
        if isinstance(member, Group):
            total += (member.repetitions or 0) * count_columns(member.members)
        else:
            total += max(len(member.bits), 1)
    return total


def columns(members: tuple[Field | Group, ...], base: int = 0) -> Iterator[Column]:
    """Every column of a record, groups repeated; ask `count_columns` first."""
    for member in members:
        if isinstance(member, Group):
            if not count_columns(member.members):
                continue
            repetitions = member.repetitions or 0
            start = base + (member.location or 1) - 1
            step = (member.length or 0) // max(repetitions, 1)
            for turn in range(repetitions):
                yield from columns(member.members, start + turn * step)
            continue
        offset = base + (member.location or 1) - 1
        if member.bits:
            yield from (Column(member, offset, bits) for bits in member.bits)
        else:
            yield Column(member, offset)


def extent(group: Group) -> int:
    """Bytes that one repetition needs for the fields in it."""
    ends = [0]
    for member in group.members:
        if isinstance(member, Group):
            ends.append((member.location or 1) - 1 + extent(member) * (member.repetitions or 0))
        else:
            ends.append((member.location or 1) - 1 + (member.length or 0))
    return max(ends)


def _members(part: Part) -> Iterator[Field | Group]:
    for member in part.parts:
        if _FIELD.fullmatch(member.name):
            yield _field(member)
        elif _GROUP.fullmatch(member.name):
            yield Group(
                name=member.text("name"),
                location=member.number("group_location"),
                length=member.number("group_length"),
                repetitions=member.number("repetitions"),
                fields=member.number("fields"),
                groups=member.number("groups"),
                members=tuple(_members(member)),
                line=member.line,
            )


def _field(part: Part) -> Field:
    constants = part.first("Special_Constants")
    statistics = part.first("Field_Statistics")
    packed = part.first("Packed_Data_Fields")
    return Field(
        name=part.text("name"),
        number=part.number("field_number"),
        location=part.number("field_location"),
        length=part.number("field_length"),
        max_length=part.number("maximum_field_length"),
        data_type=part.text("data_type"),
        unit=part.text("unit"),
        format=part.text("field_format"),
        validation_format=part.text("validation_format"),
        scaling_factor=part.text("scaling_factor"),
        value_offset=part.text("value_offset"),
        constants=None if constants is None else Constants.of(constants),
        statistics=None if statistics is None else Statistics.of(statistics),
        bits=() if packed is None else tuple(map(_bits, packed.every("Field_Bit"))),
        line=part.line,
    )


def _bits(part: Part) -> BitField:
    constants = part.first("Special_Constants")
    start, stop = part.number("start_bit"), part.number("stop_bit")
    return BitField(
        name=part.text("name"),
        data_type=part.text("data_type"),
        start=part.number("start_bit_location") if start is None else start,
        stop=part.number("stop_bit_location") if stop is None else stop,
        unit=part.text("unit"),
        scaling_factor=part.text("scaling_factor"),
        value_offset=part.text("value_offset"),
        constants=None if constants is None else Constants.of(constants),
        line=part.line,
    )
