"""PDS4 labels of the simulated bundle.

tests/unit/test_simulate.py holds each against the schemas that it names.
"""

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from perilune.formats.pds4.geometry import Vertex, cartography, geometry
from perilune.formats.pds4.writing import (
    MODEL,
    component,
    element,
    internal_reference,
    local_reference,
    times,
)
from perilune.mission.simulate.strips import Strip

BUNDLE = "urn:ros:rssa:luna26_simulated"
VERSION = "1.0"
_CONTEXT = "urn:ros:rssa:context"
MISSION = "Luna-26 (simulated)"
_STRIP = "Push-broom strip, not resampled: the outline is in the geometry class."
NOTICE = "Simulated: no spacecraft has observed this. The surface is synthetic."


def identification(
    lid: str, title: str, product_class: str, about: str, *, mission: str = "Luna-26"
) -> ET.Element:
    """Who this product is, how to cite it, and that it is simulated."""
    return element(
        "Identification_Area",
        element("logical_identifier", lid),
        element("version_id", VERSION),
        element("title", title),
        element("information_model_version", MODEL),
        element("product_class", product_class),
        element(
            "Citation_Information",
            element("author_list", "Perilune project"),
            element("publication_year", "2026"),
            element("keyword", "simulated"),
            element("keyword", mission),
            element("description", f"{about} {NOTICE}"),
        ),
        element(
            "Modification_History",
            element(
                "Modification_Detail",
                element("modification_date", "2026-11-22"),
                element("version_id", VERSION),
                element("description", "First version, written by the simulator."),
            ),
        ),
    )


def investigation(reference_type: str) -> ET.Element:
    """The simulated mission; ``reference_type`` depends on the class of product."""
    return element(
        "Investigation_Area",
        element("name", MISSION),
        element("type", "Mission"),
        internal_reference(f"{_CONTEXT}:investigation:mission.luna-26_simulated", reference_type),
    )


def context(
    subject: str,
    start: datetime,
    stop: datetime,
    level: str,
    instruments: Sequence[tuple[str, str]],
    *disciplines: ET.Element,
) -> ET.Element:
    """When, how far processed, by what and of what; ``instruments`` are names and codes.

    ``subject`` is the class of product as reference types say it: ``data``, ``collection``. What
    was not observed by an instrument has a Context_Area.
    """
    host = f"{_CONTEXT}:instrument_host:spacecraft.luna-26_simulated"
    components = [component(MISSION, "Host", host, "is_instrument_host")]
    for name, code in instruments:
        lid = f"{_CONTEXT}:instrument:{code}.luna-26_simulated"
        components.append(component(name, "Instrument", lid, "is_instrument"))
    moon = internal_reference(
        "urn:nasa:pds:context:target:satellite.earth.moon", f"{subject}_to_target"
    )
    area = element(
        "Observation_Area" if subject == "data" and instruments else "Context_Area",
        element("comment", NOTICE),
        times(start, stop),
        element(
            "Primary_Result_Summary",
            element("purpose", "Science"),
            element("processing_level", level),
        ),
        investigation(f"{subject}_to_investigation"),
        element("Observing_System", *components),
        element(
            "Target_Identification",
            element("name", "Moon"),
            element("type", "Satellite"),
            moon,
        ),
    )
    if disciplines:
        area.append(element("Discipline_Area", *disciplines))
    return area


def references(*targets: tuple[str, str]) -> ET.Element:
    """A list of LIDs and their kinds of reference."""
    return element("Reference_List", *(internal_reference(*target) for target in targets))


def footprint(
    strip: Strip, array: str, kernels: Sequence[str] = ()
) -> tuple[ET.Element, ET.Element]:
    """Where the array lies: bounding coordinates (CART) and outline (GEOM).

    ``kernels`` are the names of the files that the outline was computed from.
    """
    middle = strip.start + (strip.stop - strip.start) / 2
    vertices = [
        Vertex(lon=lon % 360.0, lat=lat, line=line, sample=sample)
        for (lon, lat), (line, sample) in zip(strip.outline().rings[0], strip.pixels(), strict=True)
    ]
    outline = geometry(
        middle, vertices, incidence_deg=strip.incidence, kernels=kernels, provenance="Predicted"
    )
    box = cartography(strip.box(), array, _STRIP, frame="Mean Earth/Polar Axis of DE421")
    return box, outline


def display(array: str) -> ET.Element:
    """The first line on top, the first sample on the left."""
    return element(
        "disp:Display_Settings",
        local_reference(array, "display_settings_to_array"),
        element(
            "disp:Display_Direction",
            element("disp:horizontal_display_axis", "Sample"),
            element("disp:horizontal_display_direction", "Left to Right"),
            element("disp:vertical_display_axis", "Line"),
            element("disp:vertical_display_direction", "Top to Bottom"),
        ),
    )
