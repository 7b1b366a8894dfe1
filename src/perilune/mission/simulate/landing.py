"""What a second agency would deliver beside the orbiter's data: candidate landing sites, simulated.

Chang'e-7 is planned for 2027. Names and places of the sites are those of the lunar map; every
slope and every hour of light is made up, and each label says so.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from perilune.errors import WrongUsage
from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import element
from perilune.mission.simulate import labels
from perilune.mission.simulate.labels import NOTICE
from perilune.mission.simulate.products import written
from perilune.model.identifier import Lidvid

LANDING_BUNDLE = "urn:cnsa:grss:change7_simulated"
_MISSION = "Chang'e-7 (simulated)"
_SITES = (
    ("shackleton_rim", "Shackleton rim", -89.8, 129.8),
    ("haworth_rim", "Haworth rim", -86.8, -10.0),
    ("de_gerlache_rim", "de Gerlache rim", -88.4, -68.0),
    ("malapert_massif", "Malapert massif", -86.0, 0.0),
    ("nobile_rim", "Nobile rim", -85.3, 36.0),
)
_FIELDS = (
    ("easting", "km", "{:.2f}"),
    ("northing", "km", "{:.2f}"),
    ("slope", "deg", "{:.1f}"),
    ("light", "%", "{:.1f}"),
)
_ROWS = 400


def write_landing_sites(
    target: Path, *, seed: int = 7, bundle: str = LANDING_BUNDLE
) -> tuple[Lidvid, ...]:
    """Write one table for each site into ``target``, as members of ``bundle``; the products.

    Raises `WrongUsage` where the folder holds anything.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WrongUsage(f"not an empty folder: {target}")
    folder = target / "sites"
    folder.mkdir(parents=True)
    made = []
    for number, (name, title, lat, lon) in enumerate(_SITES):
        rows = _rows(np.random.default_rng([seed, number]))
        data = "".join(f"{row}\r\n" for row in rows).encode("ascii")
        (folder / f"{name}.csv").write_bytes(data)
        (folder / f"{name}.xml").write_bytes(
            _label(f"{bundle}:sites:{name}", title, (lat, lon), data)
        )
        made.append(Lidvid.parse(f"{bundle}:sites:{name}::{labels.VERSION}"))
    return tuple(made)


def _rows(random: np.random.Generator) -> Sequence[str]:
    values = (
        random.uniform(-5, 5, _ROWS),
        random.uniform(-5, 5, _ROWS),
        random.gamma(2.0, 4.0, _ROWS).clip(0, 45),
        random.uniform(0, 85, _ROWS),
    )
    shown = [
        [form.format(value) for value in column]
        for (_, _, form), column in zip(_FIELDS, values, strict=True)
    ]
    return [",".join(row) for row in zip(*shown, strict=True)]


def _label(lid: str, title: str, place: tuple[float, float], data: bytes) -> bytes:
    lat, lon = place
    area = labels.identification(
        lid,
        f"Candidate landing site {title} (simulated)",
        "Product_Ancillary",
        f"Slope and light round {title}, {lat} degrees north, {lon} degrees east.",
        mission="Chang'e-7",
    )
    context = element(
        "Context_Area",
        element("comment", NOTICE),
        element(
            "Investigation_Area",
            element("name", _MISSION),
            element("type", "Mission"),
            writing.internal_reference(
                "urn:cnsa:grss:context:investigation:mission.change7_simulated",
                "ancillary_to_investigation",
            ),
        ),
        element(
            "Target_Identification",
            element("name", "Moon"),
            element("type", "Satellite"),
            writing.internal_reference(
                "urn:nasa:pds:context:target:satellite.earth.moon", "ancillary_to_target"
            ),
        ),
    )
    root = element(
        "Product_Ancillary",
        area,
        context,
        element(
            "File_Area_Ancillary",
            writing.file(written(f"{lid.rpartition(':')[2]}.csv", data)),
            _table(data),
        ),
    )
    return writing.document(root)


def _table(data: bytes) -> Element:
    fields = [
        element(
            "Field_Delimited",
            element("name", name),
            element("field_number", str(number)),
            element("data_type", "ASCII_Real"),
            element("unit", unit),
        )
        for number, (name, unit, _) in enumerate(_FIELDS, 1)
    ]
    return element(
        "Table_Delimited",
        element("offset", "0", unit="byte"),
        element("object_length", str(len(data)), unit="byte"),
        element("parsing_standard_id", "PDS DSV 1"),
        element("description", "Simulated values at random points within five kilometres."),
        element("records", str(_ROWS)),
        element("record_delimiter", "Carriage-Return Line-Feed"),
        element("field_delimiter", "Comma"),
        element(
            "Record_Delimited",
            element("fields", str(len(fields))),
            element("groups", "0"),
            *fields,
        ),
    )
