"""A label of PDS4 around files of GRAS, which stay as they came.

The dialect keeps to PDS4's form and breaks its rules: identifiers are file names in capitals,
classes hold the text "None", mission values stand in PDS4's own namespace, sizes are not those of
the files.
The wrapper says the same by the rules: an identifier in the namespace of whoever wraps, the true
sizes and digests, the same data objects, times and place; it keeps the original label as a file
and says in words that it is a wrapper. What the original said otherwise is listed, never mended in
silence.

Wrapper: information model 1.21.0.0, with CART 1.9.7.0 where the label tells a place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from lxml import etree

from perilune.errors import MalformedLabel
from perilune.formats import xml
from perilune.formats.gras.names import PROCESSING_LEVELS, GrasName
from perilune.formats.pds4 import writing
from perilune.formats.pds4.geometry import Vertex, cartography, geometry
from perilune.formats.pds4.writing import WrittenFile, element
from perilune.model.footprint import LatLonBox
from perilune.model.identifier import Lidvid
from perilune.model.timespan import read_utc

NOTICE = (
    "Wrapped by this node: the label was made by an archive around files of the Ground Research and"
    " Application System (GRAS), which are kept as they came, their own label among them."
)
_RIGHTS = (
    "Rights: GRAS asks for written permission before copies are given on, while records of the"
    " same data at China's National Space Science Data Center say CC BY 4.0. Ask before giving on."
)
_LANDER = "Place of the lander as the original label tells it; it names no frame."
_OBJECTS = ("Array", "Table_", "Header", "Stream_Text", "Encoded_", "Parsable_Byte_Stream")
_NOTHING = frozenset(("", "none", "null", "n/a"))
_MOST_SECONDS = 1.0
"""How far a label's times may be from those of the name, which are to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Where a label of GRAS says other than its file, its name or the standard."""

    place: str
    """Element of the original label."""
    found: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """A label made around a product of GRAS."""

    name: GrasName
    lidvid: Lidvid
    label: bytes
    deviations: tuple[Deviation, ...]


def wrap(original: bytes, files: tuple[WrittenFile, WrittenFile], namespace: str) -> Wrapper:
    """The wrapper of the data file and the label that ``files`` describe, in this order.

    ``original`` is the label's content. Raises `MalformedLabel` where it describes no data object
    or names another product, `MalformedName` where the file's name is none of GRAS.
    """
    return _Wrapping(xml.parse(original), original, *files, namespace).wrapper()


def identify(name: GrasName, namespace: str) -> Lidvid:
    """The identifier of a product: all of its name, the version letter as version.

    ``A`` is 1.0, ``B`` 2.0: another letter is another version of the same product.
    """
    collection = f"{name.instrument}_{name.level}".lower()
    product = str(name).rpartition(".")[0].removesuffix(f"_{name.version}{name.suffix}")
    lid = f"{namespace}:{name.mission}:{collection}:{product}{name.suffix}_{name.level}".lower()
    return Lidvid.parse(f"{lid}::{ord(name.version) - ord('A') + 1}.0")


class _Wrapping:
    """One label on its way; gathers where it deviates."""

    def __init__(
        self,
        root: etree._Element,
        original: bytes,
        data: WrittenFile,
        label: WrittenFile,
        namespace: str,
    ) -> None:
        self._root, self._original, self._data, self._label = root, original, data, label
        self._name = GrasName.parse(data.name)
        self._lidvid = identify(self._name, namespace)
        self._context = f"{namespace}:context"
        self._deviations: list[Deviation] = []
        self._numbered = 0

    def wrapper(self) -> Wrapper:
        told = self._value("Identification_Area/logical_identifier")
        if told != self._data.name:
            raise MalformedLabel(f"{self._label.name} is the label of {told[:200]!r}")
        self._deviates("logical_identifier", told, str(self._lidvid.lid))
        objects = list(self._objects())
        if not objects:
            raise MalformedLabel(f"{self._label.name} describes no data object")
        self._compare_size()
        start, stop = self._times()
        place = self._outline(start) or self._place(objects)
        observation = self._observation(start, stop, place)
        root = element(
            "Product_Observational",
            self._identification(),  # the last, since it tells of every deviation
            observation,
            element("File_Area_Observational", writing.file(self._data), *objects),
            self._kept(),
        )
        prefixes = () if place is None else (place.tag.partition(":")[0],)
        return Wrapper(
            name=self._name,
            lidvid=self._lidvid,
            label=writing.document(root, prefixes),
            deviations=tuple(self._deviations),
        )

    def _value(self, path: str) -> str:
        """Text of the first element at ``path``, which may begin anywhere; else empty."""
        found = self._root.find(".//" + "/".join(f"{{*}}{step}" for step in path.split("/")))
        text = "" if found is None else (found.text or "").strip()
        return "" if text.lower() in _NOTHING else text

    def _deviates(self, place: str, found: str, right: str) -> None:
        if found != right:
            self._deviations.append(Deviation(place=place, found=found, right=right))

    def _compare_size(self) -> None:
        self._deviates("file_size", self._value("File/file_size"), str(self._data.size))

    def _times(self) -> tuple[datetime, datetime]:
        """Those of the name, which every real name bears out; the label's where they agree."""
        found: list[datetime] = []
        for which, named in (("start", self._name.start), ("stop", self._name.stop)):
            text = self._value(f"Time_Coordinates/{which}_date_time")
            told = _instant(text)
            if told is None or abs((told - named).total_seconds()) > _MOST_SECONDS:
                self._deviates(f"{which}_date_time", text, writing.time_text(named))
                told = named
            found.append(told)
        return found[0], found[1]

    def _level(self) -> str:
        told = self._value("Primary_Result_Summary/processing_level")
        if told in PROCESSING_LEVELS.values():
            return told
        level = PROCESSING_LEVELS[self._name.level]
        self._deviates("processing_level", told, level)
        return level

    def _identification(self) -> ET.Element:
        name = self._name
        instrument = self._value("Mission_Area/instrument_name") or name.instrument
        title = f"{_mission(name)}, {instrument}: {name.payload}, level {name.level},"
        told = self._value("Identification_Area/title")
        self._deviates("title", told, "a title of its own")
        is_simulated = "simulated" in told.lower()
        keywords = ["wrapped by this node", *(["simulated"] if is_simulated else [])]
        words = f"{NOTICE} {'Simulated: nothing here was measured.' if is_simulated else _RIGHTS}"
        made = self._value("Modification_Detail/modification_date")[:10]
        made = made if _instant(made) is not None else f"{name.stop:%Y-%m-%d}"
        return element(
            "Identification_Area",
            element("logical_identifier", str(self._lidvid.lid)),
            element("version_id", self._lidvid.version),
            element("title", f"{title} {name.start:%Y-%m-%d %H:%M:%S} UTC"),
            element("information_model_version", writing.MODEL),
            element("product_class", "Product_Observational"),
            element(
                "Citation_Information",
                element("author_list", "Ground Research and Application System (GRAS), NAOC, CNSA"),
                element("publication_year", made[:4]),
                *(element("keyword", each) for each in keywords),
                element("description", words),
            ),
            element(
                "Modification_History",
                element(
                    "Modification_Detail",
                    element("modification_date", made),
                    element("version_id", self._lidvid.version),
                    element("description", self._difference()),
                ),
            ),
        )

    def _difference(self) -> str:
        """What the original says otherwise, in words."""
        told = [f"{each.place} {each.found[:100]!r}" for each in self._deviations]
        words = "Wrapper; version and date are those of the original label."
        return f"{words} It says otherwise: {'; '.join(told)}." if told else words

    def _observation(self, start: datetime, stop: datetime, place: ET.Element | None) -> ET.Element:
        name, mission = self._name, _mission(self._name)
        slug = mission.lower().replace("'", "")
        host = f"{self._context}:instrument_host:spacecraft.{slug}"
        instrument = f"{self._context}:instrument:{name.instrument.lower()}.{slug}"
        area = element(
            "Observation_Area",
            element("comment", NOTICE),
            writing.times(start, stop),
            element(
                "Primary_Result_Summary",
                element("purpose", self._value("Primary_Result_Summary/purpose") or "Science"),
                element("processing_level", self._level()),
                element("description", f"Level {name.level} of GRAS."),
            ),
            element(
                "Investigation_Area",
                element("name", mission),
                element("type", "Mission"),
                writing.internal_reference(
                    f"{self._context}:investigation:mission.{slug}", "data_to_investigation"
                ),
            ),
            element(
                "Observing_System",
                writing.component(mission, "Host", host, "is_instrument_host"),
                writing.component(
                    self._value("Mission_Area/instrument_name") or name.instrument,
                    "Instrument",
                    instrument,
                    "is_instrument",
                ),
            ),
            element(
                "Target_Identification",
                element("name", "Moon"),
                element("type", "Satellite"),
                writing.internal_reference(
                    "urn:nasa:pds:context:target:satellite.earth.moon", "data_to_target"
                ),
            ),
        )
        if place is not None:
            area.append(element("Discipline_Area", place))
        return area

    def _objects(self) -> Iterator[ET.Element]:
        """The data objects as the original describes them, without what says nothing."""
        for found in self._root.iterfind("{*}File_Area_Observational/*"):
            name = etree.QName(found).localname
            made = _copied(found) if name.startswith(_OBJECTS) else None
            if made is not None:
                self._numbered += 1
                _give_identifier(made, f"{name.lower()}_{self._numbered}")
                yield made

    def _place(self, objects: list[ET.Element]) -> ET.Element | None:
        """Where the lander stood, as CART; None where the label does not say."""
        longitude = _degrees(self._value("Lander_Location/longitude"), 360.0)
        latitude = _degrees(self._value("Lander_Location/latitude"), 90.0)
        if longitude is None or latitude is None:
            return None
        identifier = objects[0].findtext("local_identifier", "")
        place = LatLonBox(longitude, latitude, longitude, latitude)
        return cartography(place, identifier, _LANDER)

    def _outline(self, moment: datetime) -> ET.Element | None:
        """Corners of an orbiter's image, as GEOM; None where the label does not tell all four."""
        vertices = []
        lines, samples = self._extent()
        places = (("up", 0.5), ("down", lines + 0.5)), (("left", 0.5), ("right", samples + 0.5))
        around = [(0, 1), (1, 1), (1, 0), (0, 0)]
        for vertical, horizontal in around:
            (above, line), (aside, sample) = places[0][vertical], places[1][horizontal]
            point = f"Corner_Point/{above}_{aside}_point"
            lon = _degrees(self._value(f"{point}/longitude"), 360.0)
            lat = _degrees(self._value(f"{point}/latitude"), 90.0)
            if lon is None or lat is None:
                return None
            vertices.append(Vertex(lon=lon % 360.0, lat=lat, line=line, sample=sample))
        incidence = _degrees(self._value("Angle_Pointing_Results/solar_incidence_angle"), 180.0)
        return geometry(moment, vertices, incidence_deg=incidence)

    def _extent(self) -> tuple[int, int]:
        """Lines and samples of the first image."""
        counts = [
            int(each.text or 0)
            for each in self._root.iterfind(".//{*}Axis_Array/{*}elements")
            if (each.text or "").strip().isdecimal()
        ]
        return (counts[0], counts[1]) if len(counts) > 1 else (0, 0)

    def _kept(self) -> ET.Element:
        """The original label as a file of the product."""
        ends = "Carriage-Return Line-Feed" if b"\r\n" in self._original else "Line-Feed"
        return element(
            "File_Area_Observational_Supplemental",
            writing.file(self._label),
            element(
                "Stream_Text",
                element("name", "Label as GRAS wrote it"),
                element("offset", "0", unit="byte"),
                element("object_length", str(self._label.size), unit="byte"),
                element("parsing_standard_id", "UTF-8 Text"),
                element("record_delimiter", ends),
            ),
        )


def _mission(name: GrasName) -> str:
    return f"Chang'e-{name.mission.removeprefix('CE')}"


def _copied(found: etree._Element) -> ET.Element | None:
    """The element without namespace, or None where it says nothing."""
    name = etree.QName(found).localname
    inner = [each for each in map(_copied, found) if each is not None]
    text = (found.text or "").strip()
    if not inner and text.lower() in _NOTHING:
        return None
    attributes = {str(key): str(value) for key, value in found.attrib.items()}
    return element(name, *inner, **attributes) if inner else element(name, text, **attributes)


def _give_identifier(made: ET.Element, identifier: str) -> None:
    """Let others of the label point to this object."""
    if made.find("local_identifier") is None:
        after = 1 if made.find("name") is not None else 0
        made.insert(after, element("local_identifier", identifier))


def _instant(text: str) -> datetime | None:
    try:
        return read_utc(text)[0]
    except (ValueError, OverflowError):
        return None


def _degrees(text: str, most: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= most else None
