"""A PDS4 label becomes a `Product`.

All information models from 1.0.0.0 on share the namespace ``pds/v1``, so one reader serves them:
what a version lacks is empty. Only what an archive cannot do without is insisted on (identifier,
title, information model, sizes that are numbers, members that are identifiers); the rest is the
schemas' affair.
"""

import re
from datetime import datetime, timedelta

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.formats.pds4 import citation, context
from perilune.formats.pds4.footprint import footprints
from perilune.formats.pds4.grow import grow
from perilune.formats.pds4.inventory import read_inventory
from perilune.formats.pds4.tree import Element, Tree
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.product import Member, NamedFile, Product, Reference
from perilune.model.timespan import TimeSpan, read_utc

_BYTES = re.compile(r"[0-9]{1,18}")
_REFERENCES = ("pds:Internal_Reference", "pds:Source_Product_Internal")


def read_label(data: bytes, *, inventory: bytes | None = None) -> Product:
    """The product that a label describes; raise `MalformedLabel` where it is none.

    ``inventory`` is the content of the file that `inventory_file` names; without it a collection
    has no members.
    """
    tree = grow(data)
    product_class = tree.root.name.removeprefix("pds:")
    area = tree.root.first("pds:Identification_Area")
    if area is None:
        found = f"root element {product_class[:200]} has no Identification_Area"
        raise MalformedLabel(found, line=tree.root.line)
    identifier = _identifier(area)
    authored = citation.citation(tree)
    systems = context.observing_systems(tree)
    targets = context.targets(tree)
    return Product(
        id=identifier,
        product_class=product_class,
        title=_required(area, "pds:title"),
        information_model=_required(area, "pds:information_model_version"),
        time=_time(tree),
        processing_level=context.processing_level(tree),
        investigations=context.investigations(tree),
        hosts=systems.hosts,
        instruments=systems.instruments,
        targets=targets,
        references=_references(tree),
        members=_members(tree) if inventory is None else read_inventory(inventory),
        citation=authored,
        footprints=footprints(tree, targets),
        files=_files(tree),
        properties=tree.properties,
        is_simulated=any(word.lower() == "simulated" for word in authored.keywords),
        licence=citation.licence(area),
        policy=citation.policy(area),
        calibration=citation.software(tree, calibrates=True),
        pipeline=citation.software(tree, calibrates=False),
        supersedes_reason=citation.supersedes_reason(area, identifier),
    )


def inventory_file(product: Product) -> str | None:
    """Path, relative to the label, of a collection's inventory; None for any other product.

    A Product_Collection has one file area, a File_Area_Inventory, in every information model.
    """
    if product.product_class != "Product_Collection" or not product.files:
        return None
    return product.files[0].path


def _required(area: Element, name: str) -> str:
    found = area.value(name)
    if not found:
        raise MalformedLabel(f"no {name.removeprefix('pds:')}", line=area.line)
    return found


def _identifier(area: Element) -> Lidvid:
    lid = _required(area, "pds:logical_identifier")
    version = _required(area, "pds:version_id")
    wrong = "pds:logical_identifier"
    try:
        Lid.parse(lid)
        wrong = "pds:version_id"
        return Lidvid.parse(f"{lid}::{version}")
    except MalformedIdentifier as error:
        raise MalformedLabel(str(error), line=area.line_of(wrong)) from error


def _time(tree: Tree) -> TimeSpan | None:
    found = tree.first("pds:Time_Coordinates")
    if found is None:
        return None
    start_text, stop_text = found.value("pds:start_date_time"), found.value("pds:stop_date_time")
    if not start_text and not stop_text:
        return None
    start, start_precision = _instant(start_text)
    stop, stop_precision = _instant(stop_text)
    if start is not None and stop is not None and stop < start:
        # "2019-01-03T10:00" to "2019-01-03": the end lies anywhere in its day, so after the start.
        may_follow = stop + timedelta(seconds=stop_precision) >= start
        start, stop = (start, start) if may_follow else (None, None)
    return TimeSpan(
        start=start,
        stop=stop,
        start_text=start_text,
        stop_text=stop_text,
        uncertainty_s=max(start_precision, stop_precision),
    )


def _instant(text: str) -> tuple[datetime | None, float]:
    """The instant, or None where the words name none ("UNK", or an impossible date)."""
    try:
        return read_utc(text)
    except (ValueError, OverflowError):
        return None, 0.0


def _references(tree: Tree) -> tuple[Reference, ...]:
    found: dict[tuple[str, str], Reference] = {}
    for element in tree.every(*_REFERENCES):
        kind = element.value("pds:reference_type")
        for name, text in element.attributes:
            if name in ("pds:lid_reference", "pds:lidvid_reference"):
                reference = context.reference(text, kind)
                if reference is not None:
                    found[text, kind] = reference
    return tuple(found.values())


def _members(tree: Tree) -> tuple[Member, ...]:
    return tuple([_member(entry) for entry in tree.every("pds:Bundle_Member_Entry")])


def _member(entry: Element) -> Member:
    text = entry.value("pds:lidvid_reference") or entry.value("pds:lid_reference")
    try:
        target = parse_identifier(text)
    except MalformedIdentifier as error:
        raise MalformedLabel(f"Bundle_Member_Entry: {error}", line=entry.line) from error
    return Member(target, entry.value("pds:member_status").lower() == "primary")


def _files(tree: Tree) -> tuple[NamedFile, ...]:
    elements = tree.every("pds:File", "pds:Document_File")
    return tuple([_file(element) for element in elements if element.value("pds:file_name")])


def _file(element: Element) -> NamedFile:
    name, folder = element.value("pds:file_name"), element.value("pds:directory_path_name")
    size = element.value("pds:file_size")
    if size and not _BYTES.fullmatch(size):
        reason = f"file_size of {name[:200]!r} is no number of bytes: {size[:40]!r}"
        raise MalformedLabel(reason, line=element.line_of("pds:file_size"))
    return NamedFile(
        path=f"{folder.rstrip('/')}/{name}" if folder else name,
        size=int(size) if size else None,
        md5=element.value("pds:md5_checksum").lower() or None,
        line=element.line,
    )
