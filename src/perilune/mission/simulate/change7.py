"""Chang'e-7, simulated, as China's ground segment would hand it over: in the dialect of GRAS.

Chang'e-7 is planned for 2027. Craft and instruments are those in print (planetary.org, 3 March
2026); codes in the names, the orbiter's height and its camera are ours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from perilune.errors import WrongUsage
from perilune.formats.gras.names import GrasName
from perilune.formats.pds4.writing import element, time_text
from perilune.mission.simulate import gras_labels
from perilune.mission.simulate.gras_labels import Column, Product, fields, image
from perilune.mission.simulate.strips import Strip
from perilune.mission.simulate.surface import reflectance

LANDING = datetime(2027, 9, 1, 3, 0, tzinfo=UTC)
LANDER_LON, LANDER_LAT = 129.8, -89.8
"""On the rim of Shackleton, where the landing is meant to be."""
_HERE = gras_labels.place(LANDER_LON, LANDER_LAT)
_GAIN = 24_000.0
_TRACES, _ECHOES = 64, 128
_TRACE = np.dtype(
    [
        ("frame", "<f4"),
        ("place", "<f4", 3),
        ("mode", "u1"),
        ("echo", "<f4", _ECHOES),
        ("quality", "u1"),
    ]
)
_TRACE_COLUMNS = (
    Column("FRAME_IDENTIFICATION", 1, "IEEE754LSBSingle", 4),
    Column("XPOSITION", 5, "IEEE754LSBSingle", 4, "m"),
    Column("YPOSITION", 9, "IEEE754LSBSingle", 4, "m"),
    Column("ZPOSITION", 13, "IEEE754LSBSingle", 4, "m"),
    Column("RADAR_WORKING_MODE", 17, "UnsignedByte", 1),
    Column("QUALITY_STATE", _TRACE.itemsize, "UnsignedByte", 1),
)
_WEATHER_COLUMNS = (
    Column("TIME", 1, "ASCII_Date_Time_YMD_UTC", 24),
    Column("TEMPERATURE", 26, "ASCII_Real", 8, "degC"),
    Column("DUST_COUNT", 35, "ASCII_Integer", 6),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of each there is."""

    strips: Sequence[Strip]
    """Exposures of the orbiter's stereo camera."""
    landing_frames: int
    panoramas: int
    """Frames of the rover's two cameras, half from each."""
    tables: int
    """Of each of the instruments that give tables."""
    frame: tuple[int, int]
    """Lines and samples of a panoramic frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change7Truth:
    """What was written: wrapping and delivering it must find exactly this."""

    products: tuple[GrasName, ...]
    wrong_sizes: tuple[str, ...]
    """Labels whose file_size is planted wrong."""
    bytes: int


_APPROACH = datetime(2027, 8, 30, 2, 0, tzinfo=UTC)
SMALL = Plan(
    strips=tuple(
        Strip(
            number=number,
            place="over the landing site",
            lon=LANDER_LON,
            lat=LANDER_LAT,
            heading=heading,
            lines=320,
            samples=64,
            pixel_m=192.0,
            incidence=88.0,
            start=_APPROACH + (number - 1) * timedelta(minutes=118),
        )
        for number, heading in enumerate((10.0, 55.0, 100.0, 145.0), 1)
    ),
    landing_frames=8,
    panoramas=6,
    tables=2,
    frame=(108, 147),
)
"""A few of each, with designed exposures: no orbit is needed for it."""


def write_change7(target: Path, plan: Plan = SMALL, *, seed: int = 7) -> Change7Truth:
    """Write data and labels into ``target``, a folder a craft.

    Raises `WrongUsage` where it holds anything.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WrongUsage(f"not an empty folder: {target}")
    names: list[GrasName] = []
    wrong: list[str] = []
    size = 0
    for product in _products(plan, seed):
        folder = target / f"CE7-{product.name.craft}"
        folder.mkdir(parents=True, exist_ok=True)
        label = gras_labels.label(product)
        (folder / product.name.data_file).write_bytes(product.data)
        (folder / product.name.label_file).write_bytes(label)
        names.append(product.name)
        size += len(product.data) + len(label)
        if product.is_size_wrong:
            wrong.append(product.name.label_file)
    return Change7Truth(products=tuple(names), wrong_sizes=tuple(wrong), bytes=size)


def _products(plan: Plan, seed: int) -> Iterator[Product]:
    for strip in plan.strips:
        yield from _stereo(strip, seed)
    for number in range(1, plan.landing_frames + 1):
        yield _landing(number, plan.landing_frames, seed)
    for number in range(plan.panoramas):
        yield _panorama(number, plan.frame, seed)
    for number in range(1, plan.tables + 1):
        yield _radar(number, seed)
        yield _weather(number, seed)


def _name(source: str, level: str, span: tuple[datetime, datetime], sequence: int = 1) -> GrasName:
    """``source`` is the craft's letter and the payload: ``L_LCAM-1-0001``."""
    craft, _, payload = source.partition("_")
    return GrasName(
        mission="CE7",
        craft=craft,
        station="GRAS",
        payload=payload,
        kind="SCI",
        data_class="N",
        start=span[0].replace(microsecond=0),
        stop=span[1].replace(microsecond=0),
        sequence=f"{sequence:04d}",
        version="A",
        suffix="",
        level=level,
        is_label=False,
    )


def _stereo(strip: Strip, seed: int) -> Iterator[Product]:
    """One exposure at three levels: counts, I/F, and I/F corrected for the light."""
    seen = reflectance(seed, strip)
    light = float(np.cos(np.radians(strip.incidence)))
    levels = (
        ("2A", np.clip(np.rint(seen * _GAIN), 0, 65_535).astype("<u2"), "UnsignedLSB2"),
        ("2B", seen.astype("<f4"), "IEEE754LSBSingle"),
        ("2C", (seen / max(light, 0.02)).astype("<f4"), "IEEE754LSBSingle"),
    )
    for level, values, data_type in levels:
        yield Product(
            name=_name(f"O_SMC-F-{strip.number:04d}", level, (strip.start, strip.stop)),
            instrument="Stereo Mapping Camera",
            data=values.tobytes(),
            parts=(gras_labels.corners(strip), gras_labels.light(strip.incidence)),
            described=image(values.shape, data_type),
        )


def _landing(number: int, frames: int, seed: int) -> Product:
    """A frame of the descent, one a second: the ground below, ever nearer."""
    moment = LANDING - timedelta(seconds=frames - number)
    ground = Strip(
        number=number,
        place="",
        lon=LANDER_LON,
        lat=LANDER_LAT,
        heading=0.0,
        lines=128,
        samples=128,
        pixel_m=40.0 * 0.94**number + 0.2,
        incidence=86.0,
    )
    seen = reflectance(seed, ground)
    return Product(
        name=_name(f"L_LCAM-1-{number:04d}", "2A", (moment, moment)),
        instrument="Landing Camera",
        data=np.clip(seen * 4_000, 0, 255).astype("u1").tobytes(),
        parts=(_HERE,),
        described=image(seen.shape, "UnsignedByte"),
        is_size_wrong=True,
    )


def _panorama(number: int, frame: tuple[int, int], seed: int) -> Product:
    """A frame of the rover: ground to the horizon, and the black sky."""
    lines, samples = frame
    moment = LANDING + timedelta(hours=4, minutes=2 * (number // 2))
    random = np.random.default_rng([seed, 21, number])
    depth = np.linspace(-0.4, 1.0, lines)[:, None]
    ground = (900 + 2_200 * np.clip(depth, 0, None)) * random.normal(1.0, 0.08, (lines, samples))
    values = np.where(depth < 0, random.normal(12, 2, (lines, samples)), ground)
    side = "L" if number % 2 == 0 else "R"
    return Product(
        name=_name(f"R_PCAM{side}-Q-{number // 2:03d}", "2B", (moment, moment)),
        instrument="Panoramic Camera",
        data=np.clip(values, 0, 4_095).astype("<u2").tobytes(),
        parts=(_HERE,),
        described=image(values.shape, "UnsignedLSB2"),
    )


def _radar(number: int, seed: int) -> Product:
    """Traces of the rover's radar, one every 5 cm, in the layout of Chang'e 4's."""
    random = np.random.default_rng([seed, 22, number])
    traces = np.zeros(_TRACES, _TRACE)
    traces["frame"] = np.arange(_TRACES)
    traces["place"][:, 0] = np.arange(_TRACES) * 0.05
    traces["mode"] = 0xFF
    decay = np.exp(-np.arange(_ECHOES) / 30.0)
    traces["echo"] = random.normal(0, 1, (_TRACES, _ECHOES)) * decay * 1_000
    start = LANDING + timedelta(hours=5 + number)
    *before, quality = fields("Binary", _TRACE_COLUMNS)
    echoes = element(
        "Group_Field_Binary",
        element("name", "ECHO_DATA"),
        element("group_number", "1"),
        element("repetitions", str(_ECHOES)),
        element("fields", "1"),
        element("groups", "0"),
        element("group_location", "18", unit="byte"),
        element("group_length", str(4 * _ECHOES), unit="byte"),
        *fields("Binary", [Column("ECHO_DATA", 1, "IEEE754LSBSingle", 4)]),
    )
    table = element(
        "Table_Binary",
        element("offset", "0", unit="byte"),
        element("records", str(_TRACES)),
        element(
            "Record_Binary",
            element("fields", str(len(_TRACE_COLUMNS))),
            element("groups", "1"),
            element("record_length", str(_TRACE.itemsize), unit="byte"),
            *before,
            echoes,
            quality,
        ),
    )
    return Product(
        name=_name("R_LPR-2B", "2B", (start, start + timedelta(minutes=20)), number),
        instrument="Lunar Penetrating Radar",
        data=traces.tobytes(),
        parts=(_HERE,),
        described=table,
    )


def _weather(number: int, seed: int) -> Product:
    """Temperature and dust at the lander, a record a minute, in fixed columns."""
    random = np.random.default_rng([seed, 23, number])
    start = LANDING + timedelta(hours=6 * (number - 1))
    records = [
        f"{time_text(start + timedelta(minutes=n))} {random.normal(-62, 1.5):8.2f}"
        f" {random.poisson(3):6d}\r\n"
        for n in range(360)
    ]
    table = element(
        "Table_Character",
        element("offset", "0", unit="byte"),
        element("records", str(len(records))),
        element("record_delimiter", "Carriage-Return Line-Feed"),
        element(
            "Record_Character",
            element("fields", str(len(_WEATHER_COLUMNS))),
            element("groups", "0"),
            element("record_length", str(len(records[0])), unit="byte"),
            *fields("Character", _WEATHER_COLUMNS),
        ),
    )
    return Product(
        name=_name("L_ENV", "2A", (start, start + timedelta(minutes=359)), number),
        instrument="Environment Detection System",
        data="".join(records).encode("ascii"),
        parts=(_HERE,),
        described=table,
    )
