"""A label of PDS4 around files of PDS3 or FITS, which stay as they came.

It says what the original says of identifiers, times, target, mission, instrument, place and data
objects, keeps the original label as a file where it is one, and says in words that it is a wrapper.
What the original does not say is not made up. Wrapper: information model 1.21.0.0, with CART and
DISP where the original tells a place or a direction.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from perilune.errors import MalformedLabel
from perilune.formats.heritage import fits, pds3
from perilune.formats.heritage.described import Described, display
from perilune.formats.heritage.odl import MOST_BYTES, Block, is_odl, read_odl
from perilune.formats.heritage.place import place_of
from perilune.formats.pds4 import writing
from perilune.formats.pds4.geometry import cartography
from perilune.formats.pds4.writing import element
from perilune.formats.source import Source
from perilune.model.footprint import LatLonBox
from perilune.model.identifier import Lidvid
from perilune.model.timespan import read_utc

NOTICE = (
    "Wrapped by this node: the label was made by an archive around files of an earlier format, "
    "which are kept as they came."
)
_EXTENT = "Extent as the original label tells it; it names no frame."
_BEGIN = 65_536
_LONGEST = 100
_NOT_IN_LID = re.compile(r"[^a-z0-9._-]+")
_UNSAID = ("", "N/A", "UNK", "NULL", "NONE")
_LEVELS = (("RAW", "Raw"), ("EDR", "Raw"), ("CALIB", "Calibrated"), ("CDR", "Calibrated"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heritage:
    """A label made around files of an earlier format."""

    lidvid: Lidvid
    label: bytes
    files: tuple[str, ...]
    """Names of the files that it describes, the original label's first."""
    deviations: tuple[()] = field(default=())


@dataclass(frozen=True, slots=True)
class _Original:
    """What the original says, whatever its format."""

    objects: tuple[Described, ...]
    facts: Mapping[str, str]
    place: LatLonBox | None
    kept: ET.Element | None
    """The original label as a data object; None where it is a header among the others."""


def is_heritage(begin: bytes) -> bool:
    """Whether a file that begins so is one that can be wrapped."""
    return is_odl(begin) or fits.is_fits(begin)


def wrap(
    source: Source,
    namespace: str,
    open_: Callable[[str], Source | None],
    told: Callable[[str], ET.Element],
) -> Heritage:
    """The label around ``source``, which is FITS or has a label of PDS3, attached or alone.

    ``open_`` gives a file beside it by its name, in whatever case; ``told`` the File element of
    one. Raises `MalformedLabel` where nothing in it has words in PDS4.
    """
    begin = bytes(source.read(0, min(source.size, _BEGIN)))
    original = _of_fits(source) if fits.is_fits(begin) else _of_pds3(source, open_)
    if not any(not each.element.tag.startswith("Header") for each in original.objects):
        raise MalformedLabel(f"{source.name} describes no image or table that is there")
    facts = original.facts
    bundle, product = facts["data_set"] or "heritage", facts["product"] or source.name
    lid = f"{namespace}:{_slug(bundle)}:data:{_slug(product)}"
    lidvid = Lidvid.parse(f"{lid}::1.0")
    areas = list(_areas(original, source.name, told))
    discipline = list(_discipline(original, areas))
    root = element(
        "Product_Observational",
        _identification(lidvid, facts),
        _observation(facts, namespace, [part for part, _ in discipline]),
        *(area for area, _ in areas),
    )
    prefixes = sorted({prefix for _, prefix in discipline})
    names = dict.fromkeys([source.name, *(each.file for each in original.objects)])
    return Heritage(lidvid=lidvid, label=writing.document(root, prefixes), files=tuple(names))


def _of_fits(source: Source) -> _Original:
    cards, _ = fits.read_header(source, 0)
    facts = {
        "product": source.name,
        "data_set": "",
        "start": cards.get("DATE-OBS", ""),
        "stop": cards.get("DATE-END", cards.get("DATE-OBS", "")),
        "target": cards.get("OBJECT", ""),
        "mission": cards.get("MISSION", ""),
        "host": cards.get("TELESCOP", ""),
        "instrument": cards.get("INSTRUME", ""),
        "level": "",
        "made": cards.get("DATE", ""),
    }
    return _Original(tuple(fits.described(source)), facts, None, None)


def _of_pds3(source: Source, open_: Callable[[str], Source | None]) -> _Original:
    label = read_odl(bytes(source.read(0, min(source.size, MOST_BYTES))))

    def beside(name: str) -> str | None:
        found = open_(name)
        return None if found is None else found.name

    def included(name: str) -> Block:
        found = open_(name)
        if found is None:
            raise MalformedLabel(f"PDS3: the structure {name[:80]!r} is not beside the label")
        return read_odl(bytes(found.read(0, min(found.size, MOST_BYTES))))

    objects = tuple(pds3.described(label, source.name, beside, included))
    facts = {
        "product": _said(label, "PRODUCT_ID"),
        "data_set": _said(label, "DATA_SET_ID"),
        "start": _said(label, "START_TIME", "IMAGE_TIME"),
        "stop": _said(label, "STOP_TIME", "START_TIME", "IMAGE_TIME"),
        "target": _said(label, "TARGET_NAME"),
        "mission": _said(label, "MISSION_NAME", "MISSION_ID"),
        "host": _said(label, "INSTRUMENT_HOST_NAME", "SPACECRAFT_NAME", "INSTRUMENT_HOST_ID"),
        "instrument": _said(label, "INSTRUMENT_NAME", "INSTRUMENT_ID"),
        "level": _said(label, "PRODUCT_TYPE", "DATA_SET_ID"),
        "made": _said(label, "PRODUCT_CREATION_TIME"),
    }
    attached = [each.offset for each in objects if each.file == source.name]
    length = min(attached, default=source.size)
    kept = None
    if length:
        kept = element(
            "Stream_Text" if not attached else "Header",
            element("name", "label of PDS3"),
            element("offset", "0", unit="byte"),
            element("object_length", str(length), unit="byte"),
            element("parsing_standard_id", "PDS3"),
            *([] if attached else [element("record_delimiter", _ends(source))]),
        )
    return _Original(objects, facts, place_of(label), kept)


def _said(label: Block, *names: str) -> str:
    found = label.text(*names)
    return "" if found.upper() in _UNSAID else found


def _ends(source: Source) -> str:
    begin = bytes(source.read(0, min(source.size, 4096)))
    return "Carriage-Return Line-Feed" if b"\r\n" in begin else "Line-Feed"


def _slug(text: str) -> str:
    return _NOT_IN_LID.sub("-", text.lower()).strip("-")[:_LONGEST] or "unnamed"


def _areas(
    original: _Original, name: str, told: Callable[[str], ET.Element]
) -> Iterator[tuple[ET.Element, list[tuple[str, Described]]]]:
    """A file area for each file, with the identifiers of the objects in it."""
    files = dict.fromkeys([*(each.file for each in original.objects), name])
    number = 0
    for file in files:
        inside = sorted(
            (each for each in original.objects if each.file == file), key=lambda each: each.offset
        )
        named = []
        for each in inside:
            number += 1
            identifier = f"object_{number}"
            each.element.insert(1, element("local_identifier", identifier))
            named.append((identifier, each))
        parts = [each.element for each in inside]
        if file == name and original.kept is not None:
            parts.insert(0, original.kept)
        if not parts:
            continue
        kind = "File_Area_Observational"
        if not inside:
            kind += "_Supplemental"
        yield element(kind, told(file), *parts), named


def _discipline(
    original: _Original, areas: Sequence[tuple[ET.Element, list[tuple[str, Described]]]]
) -> Iterator[tuple[ET.Element, str]]:
    pictures = [
        (identifier, each)
        for _, named in areas
        for identifier, each in named
        if each.display is not None
    ]
    for identifier, each in pictures:
        if each.display is not None:
            yield display(each.display, identifier), "disp"
    if original.place is not None and pictures:
        yield cartography(original.place, pictures[0][0], _EXTENT), "cart"


def _identification(lidvid: Lidvid, facts: Mapping[str, str]) -> ET.Element:
    names = [facts["mission"], facts["instrument"], facts["product"]]
    title = ", ".join(part for part in names if part)
    made = _instant(facts["made"]) or _instant(facts["stop"])
    date = f"{made:%Y-%m-%d}" if made is not None else "1965-01-01"
    is_simulated = "simulated" in " ".join(facts.values()).lower()
    keywords = ["wrapped by this node", *(["simulated"] if is_simulated else [])]
    words = f"{NOTICE} Data set: {facts['data_set']}." if facts["data_set"] else NOTICE
    return element(
        "Identification_Area",
        element("logical_identifier", str(lidvid.lid)),
        element("version_id", lidvid.version),
        element("title", title or "Product of an earlier format"),
        element("information_model_version", writing.MODEL),
        element("product_class", "Product_Observational"),
        element(
            "Citation_Information",
            element("publication_year", date[:4]),
            *(element("keyword", each) for each in keywords),
            element("description", words),
        ),
        element(
            "Modification_History",
            element(
                "Modification_Detail",
                element("modification_date", date),
                element("version_id", lidvid.version),
                element("description", "Wrapper; the date is that of the original label."),
            ),
        ),
    )


def _observation(
    facts: Mapping[str, str], namespace: str, discipline: Sequence[ET.Element]
) -> ET.Element:
    context = f"{namespace}:context"
    start, stop = _instant(facts["start"]), _instant(facts["stop"])
    mission, host = facts["mission"] or "unknown mission", facts["host"] or "unknown host"
    instrument = facts["instrument"] or "unknown instrument"
    target = facts["target"].title() or "Unknown"
    lid = f"{context}:target:{_slug(target)}"
    if target == "Moon":
        lid = "urn:nasa:pds:context:target:satellite.earth.moon"
    area = element(
        "Observation_Area",
        element("comment", NOTICE),
        _times(start, stop),
        element(
            "Primary_Result_Summary",
            element("purpose", "Science"),
            element("processing_level", _level(facts["level"])),
        ),
        element(
            "Investigation_Area",
            element("name", mission),
            element("type", "Mission"),
            writing.internal_reference(
                f"{context}:investigation:mission.{_slug(mission)}", "data_to_investigation"
            ),
        ),
        element(
            "Observing_System",
            _component(host, "Host", f"{context}:instrument_host:spacecraft.{_slug(host)}"),
            _component(
                instrument,
                "Instrument",
                f"{context}:instrument:{_slug(instrument)}.{_slug(host)}",
            ),
        ),
        element(
            "Target_Identification",
            element("name", target),
            element("type", "Satellite" if target == "Moon" else "Calibrator"),
            writing.internal_reference(lid, "data_to_target"),
        ),
    )
    if discipline:
        area.append(element("Discipline_Area", *discipline))
    return area


def _component(name: str, kind: str, lid: str) -> ET.Element:
    reference = "is_instrument_host" if kind == "Host" else "is_instrument"
    return writing.component(name, kind, lid, reference)


def _times(start: datetime | None, stop: datetime | None) -> ET.Element:
    if start is not None and stop is not None and start <= stop:
        return writing.times(start, stop)
    nil = {"xsi:nil": "true", "nilReason": "unknown"}
    return element(
        "Time_Coordinates", element("start_date_time", **nil), element("stop_date_time", **nil)
    )


def _level(text: str) -> str:
    return next((level for word, level in _LEVELS if word in text.upper()), "Derived")


def _instant(text: str) -> datetime | None:
    try:
        return read_utc(text)[0].astimezone(UTC)
    except (ValueError, OverflowError):
        return None
