"""Facts: what one label says of itself and of other products, small enough to be sent and kept.

They are read in whatever process examines the label; `perilune.validation.integrity` puts those
of all labels together.
"""

from dataclasses import dataclass

from lxml import etree

from perilune.formats.pds4.grow import PDS
from perilune.formats.xml import line_of
from perilune.validation.areas import FileArea, areas_of
from perilune.validation.label import Label
from perilune.validation.named import named_in
from perilune.validation.options import Options

_PREFIX = f"{{{PDS}}}"
_REFERENCES = tuple(f"{_PREFIX}{name}" for name in ("lidvid_reference", "lid_reference"))
_INTERNAL = f"{_PREFIX}Internal_Reference"
_MEMBER = f"{_PREFIX}Bundle_Member_Entry"
_IDENTIFICATION = f"{_PREFIX}Identification_Area"
_INVENTORY = f"{_PREFIX}Inventory"
_FIELD = f"{_PREFIX}Record_Delimited/{_PREFIX}Field_Delimited"
_STATUS_NAMES = frozenset(("member_status", "member status"))
_IDENTIFIER_TYPES = frozenset(("ASCII_LIDVID_LID", "ASCII_LIDVID", "ASCII_LID"))
_PRIMARY = frozenset(("primary", "p"))
_DELIMITERS = {"comma": ",", "horizontal tab": "\t", "semicolon": ";", "vertical bar": "|"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A LID or LIDVID that a label refers to."""

    lid: str
    version: str | None
    line: int | None

    def __str__(self) -> str:
        return self.lid if self.version is None else f"{self.lid}::{self.version}"


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A member that a bundle's label names."""

    target: Reference
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How the list of a collection's members is written, and where."""

    file: str
    """Path relative to what is checked."""
    offset: int
    records: int | None
    delimiter: str
    status_field: int
    """Numbers of fields count from 1."""
    identifier_field: int


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a label names, by its path relative to what is checked."""

    path: str
    is_observational: bool
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What integrity needs of one label."""

    path: str
    product_class: str
    lid: str
    version: str
    model: str
    """Version of the information model."""
    files: tuple[NamedFile, ...]
    references: tuple[Reference, ...]
    """Of all its Internal_References, each once."""
    members: tuple[MemberEntry, ...] = ()
    inventory: Inventory | None = None
    grammar: tuple[tuple[str, str], ...] = ()
    """Namespace and address of each schema that it names; Schematrons with no namespace."""

    @property
    def lidvid(self) -> str | None:
        """LID and version as written; None where the label lacks one."""
        return f"{self.lid}::{self.version}" if self.lid and self.version else None

    @property
    def is_bundle(self) -> bool:
        """Whether it is the label of a bundle."""
        return self.product_class == "Product_Bundle"

    @property
    def is_collection(self) -> bool:
        """Whether it is the label of a collection."""
        return self.product_class == "Product_Collection"


def facts_of(label: Label, options: Options = Options()) -> Facts:  # noqa: B008 - frozen
    """What integrity needs of the label."""
    areas = list(areas_of(label, options))
    version = label.root.findtext(f"{_IDENTIFICATION}/{_PREFIX}information_model_version")
    return Facts(
        path=label.path,
        product_class=label.product_class,
        lid=label.lid,
        version=label.version,
        model=(version or "").strip(),
        files=tuple(
            [
                NamedFile(path, area.is_observational, area.line)
                for area in areas
                if area.name and (path := area.path_from(label.path)) is not None
            ]
        ),
        references=tuple(_references(label.root, is_lax=options.counts_like_validate)),
        members=tuple(_members(label.root)) if label.product_class == "Product_Bundle" else (),
        inventory=_inventory(label, areas),
        grammar=_grammar(label),
    )


def _grammar(label: Label) -> tuple[tuple[str, str], ...]:
    named = named_in(label)
    return (*named.schemas, *(("", address) for address in named.schematrons))


def parse_reference(text: str, line: int | None) -> Reference:
    """A LID or LIDVID as written, right or wrong."""
    lid, colons, version = text.partition("::")
    return Reference(lid.strip(), version.strip() if colons else None, line)


def reference_in(element: etree._Element) -> Reference | None:
    """The LID or LIDVID that an element refers to; None where it lacks one."""
    for name in _REFERENCES:
        found = element.find(name)
        if found is not None and (text := (found.text or "").strip()):
            return parse_reference(text, line_of(found))
    return None


def _references(root: etree._Element, *, is_lax: bool) -> list[Reference]:
    """Those on two lines are left out where ``validate`` is followed: it tells that alone."""
    found: dict[str, Reference] = {}
    for internal in root.iter(_INTERNAL):
        if is_lax and any("\n" in (internal.findtext(name) or "") for name in _REFERENCES):
            continue
        if (reference := reference_in(internal)) is not None:
            found.setdefault(str(reference), reference)
    return list(found.values())


def _members(root: etree._Element) -> list[MemberEntry]:
    found = []
    for entry in root.iter(_MEMBER):
        if (reference := reference_in(entry)) is not None:
            status = (entry.findtext(f"{_PREFIX}member_status") or "").strip().lower()
            found.append(MemberEntry(reference, status in _PRIMARY))
    return found


def _inventory(label: Label, areas: list[FileArea]) -> Inventory | None:
    table = next(label.root.iter(_INVENTORY), None)
    area = next((each for each in areas if each.kind == "File_Area_Inventory"), None)
    if table is None or area is None or label.product_class != "Product_Collection":
        return None
    path = area.path_from(label.path) if area.name else None
    if path is None:
        return None
    status, identifier = 1, 2
    for position, each in enumerate(table.iterfind(_FIELD), 1):
        number = _number(each, "field_number") or position
        if (each.findtext(f"{_PREFIX}name") or "").strip().lower() in _STATUS_NAMES:
            status = number
        elif (each.findtext(f"{_PREFIX}data_type") or "").strip() in _IDENTIFIER_TYPES:
            identifier = number
    delimiter = (table.findtext(f"{_PREFIX}field_delimiter") or "").strip().lower()
    return Inventory(
        file=path,
        offset=_number(table, "offset") or 0,
        records=_number(table, "records"),
        delimiter=_DELIMITERS.get(delimiter, ","),
        status_field=status,
        identifier_field=identifier,
    )


def _number(element: etree._Element, name: str) -> int | None:
    text = (element.findtext(f"{_PREFIX}{name}") or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
