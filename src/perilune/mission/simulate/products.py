"""The simulated products: their data as bytes and the labels that describe them.

Each function gives a `Draft`: what lies in one collection's folder for one product. Nothing is
written here; `bundle` does that.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

import numpy as np
from PIL import Image

from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import WrittenFile, element
from perilune.mission.simulate import labels
from perilune.mission.simulate.labels import BUNDLE, VERSION
from perilune.mission.simulate.strips import Array, Strip
from perilune.model.footprint import Polygon

CAMERA = ("Stereo Camera (simulated)", "stc")
SPECTROMETER = ("Infrared Spectrometer (simulated)", "irs")
HOUSEKEEPING = ("Spacecraft Housekeeping (simulated)", "hk")
_GAIN, _OFFSET, _FULL = 24_000.0, 96, 4095
_SCALE, _MISSING = 1e-5, -32768
_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A product before it is written."""

    collection: str
    name: str
    """The last part of its LID and the stem of its label's name."""
    root: Element
    data: tuple[tuple[str, bytes], ...]
    prefixes: tuple[str, ...] = ()
    footprint: Polygon | None = None

    @property
    def lid(self) -> str:
        """The product's LID."""
        return f"{BUNDLE}:{self.collection}:{self.name}"

    @property
    def lidvid(self) -> str:
        """The product's LIDVID."""
        return f"{self.lid}::{VERSION}"

    @property
    def label(self) -> bytes:
        """The label's bytes."""
        return writing.document(self.root, self.prefixes)


def written(name: str, data: bytes) -> WrittenFile:
    """What a label says of ``data`` in a file of that name."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return WrittenFile(name=name, size=len(data), md5=md5)


def raw_counts(seen: Array, seed: int) -> Array:
    """12-bit counts of the detector for I/F values of shape (lines, samples)."""
    noise = np.random.default_rng([seed, 7]).normal(0.0, 2.0, seen.shape)
    return np.clip(np.rint(seen * _GAIN + _OFFSET + noise), 0, _FULL)


def images(
    strip: Strip, seen: Array, seed: int, kernels: Sequence[str] = ()
) -> tuple[Draft, Draft, Draft]:
    """The raw, the calibrated and the browse product of one exposure.

    ``kernels``: names of the SPICE files that its outline was computed from.
    """
    counts = raw_counts(seen, seed)
    stored = np.rint((counts - _OFFSET) / _GAIN / _SCALE)
    stored[counts >= _FULL] = _MISSING
    name = f"stc_{strip.number:02d}"
    raw = _image(
        strip,
        ("data_raw", f"{name}_raw", "Raw", "UnsignedLSB2"),
        counts.astype("<u2").tobytes(),
        kernels,
        ("data_to_browse", f"{BUNDLE}:browse:{name}_browse"),
    )
    calibrated = _image(
        strip,
        ("data_calibrated", f"{name}_cal", "Calibrated", "SignedMSB2"),
        stored.astype(">i2").tobytes(),
        kernels,
        ("data_to_raw_product", raw.lidvid),
        ("data_to_browse", f"{BUNDLE}:browse:{name}_browse"),
    )
    return raw, calibrated, _browse(strip, seen, f"{name}_browse", calibrated.lidvid)


def _image(
    strip: Strip,
    kind: tuple[str, str, str, str],
    data: bytes,
    kernels: Sequence[str],
    *targets: tuple[str, str],
) -> Draft:
    collection, name, level, data_type = kind
    found = written(f"{name}.img", data)
    title = f"Simulated {level.lower()} strip {strip.number:02d} of the Moon: {strip.place}"
    about = f"{level} push-broom strip of {strip.lines} lines by {strip.samples} samples."
    values = element("Element_Array", element("data_type", data_type))
    constants: tuple[Element, ...] = ()
    if level == "Calibrated":
        values.append(element("scaling_factor", f"{_SCALE:.5f}"))
        values.append(element("value_offset", "0.0"))
        constants = (element("Special_Constants", element("missing_constant", str(_MISSING))),)
    array = element(
        "Array_2D_Image",
        element("local_identifier", "image"),
        element("offset", "0", unit="byte"),
        element("axes", "2"),
        element("axis_index_order", "Last Index Fastest"),
        element("description", f"{'I/F' if constants else 'Detector counts, 12 bits'}. Simulated."),
        values,
        writing.axis("Line", strip.lines, 1),
        writing.axis("Sample", strip.samples, 2),
        *constants,
    )
    root = element(
        "Product_Observational",
        labels.identification(
            f"{BUNDLE}:{collection}:{name}", title, "Product_Observational", about
        ),
        labels.context(
            "data",
            strip.start,
            strip.stop,
            level,
            [CAMERA],
            labels.display("image"),
            *labels.footprint(strip, "image", kernels),
        ),
        labels.references(*((lid, how) for how, lid in targets)),
        element("File_Area_Observational", writing.file(found), array),
    )
    return Draft(
        collection=collection,
        name=name,
        root=root,
        data=((found.name, data),),
        prefixes=("cart", "disp", "geom"),
        footprint=strip.outline(),
    )


def _browse(strip: Strip, seen: Array, name: str, calibrated: str) -> Draft:
    low, high = np.percentile(seen, [1, 99])
    shades = np.clip((seen - low) / max(high - low, 1e-9), 0, 1) ** 0.7 * 255
    buffer = io.BytesIO()
    Image.fromarray(shades.astype(np.uint8)).save(buffer, "PNG", optimize=True)
    data = buffer.getvalue()
    found = written(f"{name}.png", data)
    title = f"Simulated browse image of strip {strip.number:02d}: {strip.place}"
    root = element(
        "Product_Browse",
        labels.identification(
            f"{BUNDLE}:browse:{name}", title, "Product_Browse", "Contrast-stretched picture."
        ),
        labels.context("browse", strip.start, strip.stop, "Calibrated", [CAMERA]),
        labels.references((calibrated, "browse_to_data")),
        element(
            "File_Area_Browse",
            writing.file(found),
            element(
                "Encoded_Image",
                element("offset", "0", unit="byte"),
                element("object_length", str(len(data)), unit="byte"),
                element("encoding_standard_id", "PNG"),
            ),
        ),
    )
    return Draft(collection="browse", name=name, root=root, data=((found.name, data),))


_HOUSEKEEPING_FIELDS = (
    ("utc", "ASCII_Date_Time_YMD_UTC", 1, 24, ""),
    ("camera_temperature", "ASCII_Real", 26, 7, "degC"),
    ("bus_voltage", "ASCII_Real", 34, 6, "V"),
    ("memory_used", "ASCII_Integer", 41, 4, ""),
)


def housekeeping(seed: int, day: datetime) -> Draft:
    """A day of housekeeping, a record every ten minutes, in fixed columns."""
    random = np.random.default_rng([seed, 8, day.toordinal()])
    name = f"hk_{day:%Y%m%d}"
    records = []
    for step in range(144):
        moment = day + timedelta(minutes=10 * step)
        turn = 2 * np.pi * step * 10 / 115
        warm = -12.5 + 9.0 * np.sin(turn) + random.normal(0, 0.2)
        volts = 28.4 + 0.6 * np.cos(turn) + random.normal(0, 0.02)
        used = round(3 + 92 * step / 143)
        records.append(f"{writing.time_text(moment)} {warm:7.2f} {volts:6.2f} {used:4d}\r\n")
    data = "".join(records).encode("ascii")
    found = written(f"{name}.tab", data)
    fields = [
        element(
            "Field_Character",
            element("name", name),
            element("field_number", str(number)),
            element("field_location", str(start), unit="byte"),
            element("data_type", data_type),
            element("field_length", str(length), unit="byte"),
            *([element("unit", unit)] if unit else []),
        )
        for number, (name, data_type, start, length, unit) in enumerate(_HOUSEKEEPING_FIELDS, 1)
    ]
    table = element(
        "Table_Character",
        element("offset", "0", unit="byte"),
        element("records", str(len(records))),
        element("description", "Simulated values; memory_used is in per cent."),
        element("record_delimiter", "Carriage-Return Line-Feed"),
        element(
            "Record_Character",
            element("fields", str(len(fields))),
            element("groups", "0"),
            element("record_length", str(len(records[0])), unit="byte"),
            *fields,
        ),
    )
    root = element(
        "Product_Observational",
        labels.identification(
            f"{BUNDLE}:data_raw:{name}",
            f"Simulated housekeeping of {day.day} {day:%B %Y}",
            "Product_Observational",
            "Temperature, voltage and memory of a spacecraft.",
        ),
        labels.context("data", day, day + timedelta(minutes=10 * 143), "Raw", [HOUSEKEEPING]),
        element("File_Area_Observational", writing.file(found), table),
    )
    return Draft(collection="data_raw", name=name, root=root, data=((found.name, data),))


def spectra(seed: int, day: datetime) -> Draft:
    """Reflectance spectra of three places, one record a wavelength, comma-separated."""
    random = np.random.default_rng([seed, 9])
    wave = np.linspace(900.0, 3300.0, 97)
    slope = 0.05 + 0.05 * (wave - 900) / 2400
    water = np.exp(-(((wave - 2900) / 160) ** 2))
    pyroxene = np.exp(-(((wave - 1000) / 120) ** 2))
    columns = [
        slope * (1 - depth * water - 0.12 * pyroxene) + random.normal(0, 4e-4, wave.size)
        for depth in (0.10, 0.06, 0.01)
    ]
    rows = zip(wave, *columns, strict=True)
    records = [",".join([f"{row[0]:.1f}", *(f"{v:.5f}" for v in row[1:])]) for row in rows]
    data = b"".join(record.encode("ascii") + _CRLF for record in records)
    found = written("irs_spectra.csv", data)
    names = ("wavelength", "shackleton_rim", "haworth_floor", "sinus_medii")
    fields = [
        element(
            "Field_Delimited",
            element("name", name),
            element("field_number", str(number)),
            element("data_type", "ASCII_Real"),
            *([element("unit", "nm")] if name == "wavelength" else []),
        )
        for number, name in enumerate(names, 1)
    ]
    table = element(
        "Table_Delimited",
        element("offset", "0", unit="byte"),
        element("object_length", str(len(data)), unit="byte"),
        element("parsing_standard_id", "PDS DSV 1"),
        element("description", "Simulated I/F of three places at each wavelength."),
        element("records", str(len(records))),
        element("record_delimiter", "Carriage-Return Line-Feed"),
        element("field_delimiter", "Comma"),
        element(
            "Record_Delimited",
            element("fields", str(len(fields))),
            element("groups", "0"),
            *fields,
        ),
    )
    start = day + timedelta(hours=6)
    root = element(
        "Product_Observational",
        labels.identification(
            f"{BUNDLE}:data_calibrated:irs_spectra",
            "Simulated infrared spectra of three places on the Moon",
            "Product_Observational",
            "Reflectance from 0.9 to 3.3 micrometres with a water band near 2.9.",
        ),
        labels.context("data", start, start + timedelta(hours=9), "Calibrated", [SPECTROMETER]),
        element("File_Area_Observational", writing.file(found), table),
    )
    return Draft(
        collection="data_calibrated", name="irs_spectra", root=root, data=((found.name, data),)
    )


def spice_kernel(name: str, data: bytes, start: datetime, stop: datetime) -> Draft:
    """An orbit as an SPK."""
    found = written(f"{name}.bsp", data)
    root = element(
        "Product_SPICE_Kernel",
        labels.identification(
            f"{BUNDLE}:spice_kernels:{name}",
            f"Simulated orbit from {start:%Y-%m-%d} to {stop:%Y-%m-%d}",
            "Product_SPICE_Kernel",
            "Positions and velocities of the spacecraft, SPK type 13, frame J2000, centre Moon.",
        ),
        labels.context("data", start, stop, "Derived", []),
        element(
            "File_Area_SPICE_Kernel",
            writing.file(found),
            element(
                "SPICE_Kernel",
                element("offset", "0", unit="byte"),
                element("object_length", str(len(data)), unit="byte"),
                element("parsing_standard_id", "SPICE"),
                element("kernel_type", "SPK"),
                element("encoding_type", "Binary"),
            ),
        ),
    )
    return Draft(collection="spice_kernels", name=name, root=root, data=((found.name, data),))


_GUIDE = """\
SIMULATED DATA OF LUNA-26: USER GUIDE

Nothing here was measured. Luna-26 is planned for 2028; these files let a data
centre practise with a delivery before the first real one comes.

data_raw         twelve-bit counts of a push-broom camera, unsigned 16-bit
                 integers, least significant byte first; a day of housekeeping
data_calibrated  radiance factor (I/F) of the same strips, signed 16-bit
                 integers, most significant byte first, times 0.00001;
                 -32768 where the detector was full; spectra of three places
browse           a picture of each strip

The surface is synthetic: craters at random places with N(>D) ~ D^-2, lit by
Lambert's law without cast shadows. Names of places say where a strip lies,
not what is there. Frame: MOON_ME of DE421; longitudes east-positive;
latitudes planetocentric on a sphere of 1737.4 km.
"""


def guide() -> Draft:
    """The user guide, as plain text."""
    data = _GUIDE.replace("\n", "\r\n").encode("ascii")
    found = written("user_guide.txt", data)
    described = writing.file(found)
    described.tag = "Document_File"
    described.append(element("document_standard_id", "7-Bit ASCII Text"))
    root = element(
        "Product_Document",
        labels.identification(
            f"{BUNDLE}:document:user_guide",
            "Simulated data of Luna-26: user guide",
            "Product_Document",
            "What the files of this bundle hold.",
        ),
        element(
            "Document",
            element("document_name", "Simulated data of Luna-26: user guide"),
            element("author_list", "Perilune project"),
            element("publication_date", "2026-11-22"),
            element(
                "Document_Edition",
                element("edition_name", "1.0"),
                element("language", "English"),
                element("files", "1"),
                described,
            ),
        ),
    )
    return Draft(collection="document", name="user_guide", root=root, data=((found.name, data),))
