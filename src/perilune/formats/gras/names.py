"""File names of GRAS: taken apart, and put together again.

Pattern: ``CEx_st_pl_ty_dc_yyyymmddhhmiss_YYYYMMDDHHMISS_ob_ver.lv``, as the Lunar and Planetary
Data Release System describes it (Zuo et al. 2021, Space Science Reviews 217:88,
doi 10.1007/s11214-021-00862-3) and as the lists of real Chang'e 1 to 6 products bear it out.
Map sheets of Chang'e 1, which carry a place instead of times, are not of this pattern.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from perilune.errors import MalformedName

PROCESSING_LEVELS = {
    "0": "Telemetry",
    "01": "Raw",
    "2A": "Calibrated",
    "2B": "Calibrated",
    "2C": "Calibrated",
    "03": "Derived",
    "3B": "Derived",
}
"""Level of GRAS to processing_level of PDS4.

0: packets of telemetry; 01: unpacked and sorted by instrument; 2A: calibrated; 2B: with geometry
besides; 2C: corrected for light or colour besides (Tan et al. 2014, Research in Astronomy and
Astrophysics 14:1682, and the descriptions of the single data sets); 03 and 3B: maps and
mosaics. A label that names a level of PDS4 itself is believed before this table.
"""
_NAME = re.compile(
    r"(?P<mission>CE[1-9])(?:-(?P<craft>[A-Z][a-z]?))?"
    r"_(?P<station>[A-Z]{4}[0-9]?)"
    r"_(?P<payload>[A-Z][A-Z0-9]*(?:-[A-Za-z0-9]+)*)"
    r"(?:_(?P<kind>SCI|GEO)_(?P<data_class>[NP]))?"
    r"_(?P<start>(?:19|20)[0-9]{12})_(?P<stop>(?:19|20)[0-9]{12})"
    r"_(?P<sequence>[0-9]{4}|[0-9]{3}-[0-9]{4}_[0-9]|[0-9]{3}-[0-9]{4})"
    r"_(?P<version>[A-Z])(?P<suffix>(?:_[A-Z0-9]+)*)"
    r"\.(?P<level>0|01|03|2A|2B|2C|3B)(?P<label>L?)"
)
_CLOCK = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrasName:
    """The parts of a file's name; `str` gives the name back."""

    mission: str
    """``CE4``."""
    craft: str
    """Which craft of the mission, as ``L`` of ``CE5-L``; empty where the name does not say."""
    station: str
    """Who received or made it: ``GRAS``, ``GRAS1`` (Miyun), ``GRAS2`` (Kunming), ``BMYK``."""
    payload: str
    """Instrument, and its channel, mode and frame after dashes: ``PCAML-Q-055``."""
    kind: str
    """``SCI`` or ``GEO``; empty in early map products."""
    data_class: str
    """``N`` or ``P``; empty where ``kind`` is."""
    start: datetime
    """UTC, to the second."""
    stop: datetime
    """UTC, to the second."""
    sequence: str
    """Orbit or lunar day, with its zeros."""
    version: str
    """A letter: ``A``, then ``B``."""
    suffix: str
    """What a name has after its version, each part with its underscore; mostly empty."""
    level: str
    """Processing level: ``0``, ``01``, ``2A``, ``2B``, ``2C``, ``03``, ``3B``."""
    is_label: bool
    """Whether it names the label of a data file: an ``L`` after the level."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a name apart; raise `MalformedName` on what is none."""
        found = _NAME.fullmatch(text)
        if found is None:
            raise MalformedName(f"not a name of a GRAS product: {text[:300]!r}")
        start, stop = _instant(found["start"], text), _instant(found["stop"], text)
        if stop < start:
            raise MalformedName(f"{text[:300]!r} ends before it begins")
        parts: dict[str, Any] = {name: value or "" for name, value in found.groupdict().items()}
        parts |= {"start": start, "stop": stop, "is_label": bool(parts.pop("label"))}
        return cls(**parts)

    @property
    def instrument(self) -> str:
        """The payload without channel, mode and frame: ``PCAML``."""
        return self.payload.partition("-")[0]

    @property
    def data_file(self) -> str:
        """The name of the data file, whether this is that or its label."""
        return str(self).removesuffix("L") if self.is_label else str(self)

    @property
    def label_file(self) -> str:
        """The name of the label."""
        return self.data_file + "L"

    def __str__(self) -> str:
        craft = f"-{self.craft}" if self.craft else ""
        kind = f"_{self.kind}_{self.data_class}" if self.kind else ""
        return (
            f"{self.mission}{craft}_{self.station}_{self.payload}{kind}"
            f"_{self.start:{_CLOCK}}_{self.stop:{_CLOCK}}_{self.sequence}"
            f"_{self.version}{self.suffix}.{self.level}{'L' if self.is_label else ''}"
        )


def _instant(digits: str, name: str) -> datetime:
    try:
        return datetime.strptime(digits, _CLOCK).replace(tzinfo=UTC)
    except ValueError as error:
        reason = f"{name[:300]!r} holds an impossible time: {digits}"
        raise MalformedName(reason) from error
