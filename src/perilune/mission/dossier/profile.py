"""A site held against thresholds: candidates ranked, what each meets and by how much.

Profiles are data: those of Luna-25 and Luna-27 in ``profiles.toml`` beside this module, own ones
in a file of the same form.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from perilune.errors import BadQuestion
from perilune.mission.dossier.ground import Ground, Timeline

Array = npt.NDArray[np.float64]
Pixel = tuple[int, int]
Quantity = Literal["slope_deg", "sun_share", "earth_share", "longest_night_h", "psr_distance_km"]
MAPPED: tuple[Quantity, ...] = ("slope_deg", "sun_share", "earth_share")
"""Known for every pixel; the others are worked out for candidates alone."""
CANDIDATES = 5
_APART_KM = 1.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """A quantity that has to be at most, or at least, so much."""

    quantity: Quantity
    limit: float
    is_upper: bool

    def margin(self, value: npt.ArrayLike) -> Array:
        """By how much it is met, in the quantity's unit; negative where it is not."""
        found = np.asarray(value, dtype=np.float64)
        return self.limit - found if self.is_upper else found - self.limit

    def score(self, value: npt.ArrayLike) -> Array:
        """The margin as a share of the limit."""
        return self.margin(value) / (abs(self.limit) or 1.0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Thresholds of one mission, and where they are printed."""

    name: str
    source: str
    thresholds: tuple[Threshold, ...]
    ellipse_km: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pixel of the site and its figures."""

    lat: float
    lon: float
    height_m: float
    values: dict[Quantity, float]
    timeline: Timeline

    def meets(self, profile: Profile) -> bool:
        """Whether all thresholds are met."""
        return all(
            float(each.margin(self.values[each.quantity])) >= 0.0 for each in profile.thresholds
        )


def built_in() -> tuple[Profile, ...]:
    """The profiles in print."""
    text = files("perilune.mission.dossier").joinpath("profiles.toml").read_text("utf-8")
    return _profiles(tomllib.loads(text))


def read_profiles(path: Path) -> tuple[Profile, ...]:
    """Own profiles; raise `BadQuestion` with the place in the file where it cannot be read."""
    try:
        return _profiles(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadQuestion(f"{path.name} is no TOML: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadQuestion(f"{path.name} is no list of profiles: {error!r}") from error


def _profiles(document: dict[str, Any]) -> tuple[Profile, ...]:
    return tuple(
        Profile(
            str(each["name"]),
            str(each.get("source", "")),
            tuple(_threshold(line) for line in each["threshold"]),
            (float(each["ellipse_km"][0]), float(each["ellipse_km"][1]))
            if "ellipse_km" in each
            else None,
        )
        for each in document["profile"]
    )


def _threshold(line: dict[str, Any]) -> Threshold:
    limits = {name: value for name, value in line.items() if name != "quantity"}
    if line["quantity"] not in get_args(Quantity) or set(limits) not in ({"at_most"}, {"at_least"}):
        raise ValueError(f"no threshold: {line}")
    [(name, limit)] = limits.items()
    return Threshold(line["quantity"], float(limit), name == "at_most")


def leading(ground: Ground, profile: Profile) -> list[Pixel]:
    """The pixels that meet the thresholds of the map best, `_APART_KM` from each other.

    A pixel is as good as the threshold that it meets worst, as a share of the limit.
    """
    maps = fields(ground)
    scores = [
        each.score(maps[each.quantity]) for each in profile.thresholds if each.quantity in maps
    ]
    worst = np.min(scores, axis=0) if scores else maps["sun_share"]
    tie = 1e-6 * maps["sun_share"]  # equally good ones by their light
    return _apart(np.where(ground.inside & np.isfinite(worst), worst + tie, -np.inf), ground)


def ranked(candidates: Iterable[Candidate], profile: Profile) -> tuple[Candidate, ...]:
    """The candidates by all thresholds, the best first."""

    def score(each: Candidate) -> float:
        lines = [float(line.score(each.values[line.quantity])) for line in profile.thresholds]
        return min(lines, default=each.values["sun_share"])

    return tuple(sorted(candidates, key=score, reverse=True))


def fields(ground: Ground) -> dict[Quantity, Array]:
    """The quantities that are known for every pixel."""
    return {
        "slope_deg": ground.slope_deg.astype(np.float64),
        "sun_share": ground.sun.mean.astype(np.float64),
        "earth_share": ground.earth.mean.astype(np.float64),
    }


def share_meeting(ground: Ground, profile: Profile) -> float:
    """Part of the site's area that meets all thresholds known for every pixel."""
    maps = fields(ground)
    meets = ground.inside.copy()
    for each in profile.thresholds:
        if each.quantity in maps:
            with np.errstate(invalid="ignore"):
                meets &= each.margin(maps[each.quantity]) >= 0.0
    areas = ground.grid.area_km2()
    return float(areas[meets].sum() / areas[ground.inside].sum())


def candidate(ground: Ground, pixel: Pixel, timeline: Timeline) -> Candidate:
    """The figures of a pixel."""
    lat, lon = ground.lat_lon(pixel)
    values = {name: float(field[pixel]) for name, field in fields(ground).items()}
    values["longest_night_h"] = timeline.longest_night_h
    values["psr_distance_km"] = _shadow_distance_km(ground, pixel)
    return Candidate(lat, lon, float(ground.heights_m[pixel]), values, timeline)


def _shadow_distance_km(ground: Ground, pixel: Pixel) -> float:
    """To the nearest permanent shadow within the site; infinite where there is none."""
    rows, columns = np.nonzero(ground.inside & ~ground.sun.is_ever)
    if not rows.size:
        return float("inf")
    away = np.hypot(rows - pixel[0], columns - pixel[1]).min()
    return float(away * ground.grid.pixel_m / 1000.0)


def _apart(scores: Array, ground: Ground) -> list[Pixel]:
    """The pixels of the highest scores, none near another."""
    left, size = scores.copy(), ground.grid.size
    away = max(2, round(_APART_KM * 1000.0 / ground.grid.pixel_m))
    found: list[Pixel] = []
    while len(found) < CANDIDATES and np.isfinite(left.max()):
        row, column = divmod(int(left.argmax()), size)
        found.append((row, column))
        rows, columns = np.ogrid[:size, :size]
        left[np.hypot(rows - row, columns - column) < away] = -np.inf
    return found
