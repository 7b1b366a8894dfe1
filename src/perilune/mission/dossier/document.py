"""A dossier as one JSON object: figures with their units and their sources.

Keys and units: docs/reference/site.md.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import numpy.typing as npt

from perilune.mission.dossier.archive import INCIDENCES_DEG, RESOLUTIONS_M, Coverage, Covering
from perilune.mission.dossier.dossier import Dossier, Verdict
from perilune.mission.dossier.ground import FAR_KM, Ground, Steepness
from perilune.mission.dossier.place import STEP_H
from perilune.mission.dossier.profile import Candidate, Threshold
from perilune.mission.dossier.sky import SOURCE as EPHEMERIS
from perilune.model.reading import time_text
from perilune.moon.illumination import AZIMUTHS

LISTED = 200
"""Products told one by one; all are counted."""
FRAME = "MOON_ME of DE421"

Field = npt.NDArray[np.float32]
Value = None | bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]
Object = dict[str, Value]


def document(dossier: Dossier) -> Object:
    """The dossier for programs."""
    place, ground = dossier.wanted.place, dossier.ground
    return {
        "site": {
            "lat": place.lat,
            "lon": place.lon,
            "radius_km": place.radius_km,
            "body": "Moon",
            "frame": FRAME,
            "area_km2": round(float(dossier.coverage.cells.areas_km2.sum()), 3),
        },
        "period": dossier.wanted.period.text,
        "model": None if ground is None else _model(ground),
        "illumination": _illumination(dossier),
        "earth": _earth(dossier),
        "psr_km2": None if ground is None else round(ground.psr_km2, 3),
        "elevation": None if ground is None else _elevation(ground),
        "slope": None if ground is None else _slope(ground),
        "sky": _sky(dossier),
        "profiles": [_verdict(each) for each in dossier.verdicts],
        "coverage": _coverage(dossier),
        "features": [
            {"name": each.name, "lat": each.lat, "lon": each.lon, "diameter_km": each.diameter_km}
            for each in dossier.features
        ],
        "missing": list(dossier.missing),
        "units": {
            "lat": "degrees north, planetocentric",
            "lon": "degrees east",
            "area_km2": "km2",
            "psr_km2": "km2",
            "mean_visibility": "share of time, weighted with the part of the disc seen, 0 to 1",
            "share": "0 to 1",
            "*_deg": "degrees",
            "*_m": "metres",
            "*_km": "kilometres",
            "*_h": "hours",
        },
        "sources": _sources(dossier),
    }


OF_THE_GROUND = (
    "model",
    "illumination",
    "earth",
    "psr_km2",
    "elevation",
    "slope",
    "profiles",
    "sources",
)
"""Keys that a model of heights fills."""


def ground_document(dossier: Dossier) -> Object:
    """The part of the document that hangs on the model of heights alone."""
    told = document(dossier)
    return {key: told[key] for key in OF_THE_GROUND}


def _sources(dossier: Dossier) -> Object:
    heights = None if dossier.ground is None else _model_text(dossier.ground)
    light = light_source(dossier)
    return {
        "illumination": light,
        "earth": light,
        "psr_km2": None if heights is None else light,
        "elevation": heights,
        "slope": heights,
        "sky": EPHEMERIS,
        "coverage": f"catalogue of {dossier.node}" if dossier.node else None,
        "features": "Gazetteer of Planetary Nomenclature (IAU, USGS), mean-Earth frame",
    }


def light_source(dossier: Dossier) -> str:
    """What figures of light are taken from."""
    heights = [] if dossier.ground is None else [_model_text(dossier.ground)]
    return "; ".join([*heights, EPHEMERIS, dossier.wanted.period.text])


def _model_text(ground: Ground) -> str:
    name = ground.model.lidvid or ground.model.path.name
    return f"{name}, {ground.model_pixel_m:.4g} m pixels, sha256 {ground.sha256[:16]}"


def _model(ground: Ground) -> Object:
    model = ground.model
    return {
        "name": model.path.name,
        "sha256": ground.sha256,
        "lidvid": model.lidvid or None,
        "log_position": model.position,
        "licence": model.licence or None,
        "pixel_m": round(ground.model_pixel_m, 3),
        "grid_pixel_m": round(ground.grid.pixel_m, 3),
        "grid": "gnomonic, touching the sphere at the site's middle",
        "terrain_known_to_km": round(ground.known_to_km, 1),
        "terrain_wanted_to_km": FAR_KM + ground.sky.place.radius_km,
    }


def _illumination(dossier: Dossier) -> Object:
    ground, best = dossier.ground, dossier.best
    if ground is None or best is None:
        return {"best": None, "mean": None, "units": _VISIBILITY_UNITS, "source": EPHEMERIS}
    mean = ground.sun.mean[ground.inside]
    return {
        "best": {
            "lat": round(best.lat, 5),
            "lon": round(best.lon, 5),
            "mean_visibility": _share(best.values["sun_share"]),
            "earth_visibility": _share(best.values["earth_share"]),
            "height_m": round(best.height_m, 1),
            "slope_deg": _number(best.values["slope_deg"], 2),
            "longest_night_h": best.timeline.longest_night_h,
            "longest_without_earth_h": best.timeline.longest_without_earth_h,
            "psr_distance_km": _number(best.values["psr_distance_km"], 2),
            "monthly": [
                {"month": month, "mean_visibility": _share(share)}
                for month, share in best.timeline.monthly
            ],
        },
        "mean": _share(_mean(ground, ground.sun.mean)),
        "percentiles": _percentiles(mean),
        "observer_m": ground.observer_m,
        "azimuths": AZIMUTHS,
        "step_h": STEP_H,
        "units": _VISIBILITY_UNITS,
        "source": light_source(dossier),
    }


_VISIBILITY_UNITS: Object = {
    "mean_visibility": "share of time, weighted with the part of the disc seen, 0 to 1",
    "lat": "degrees north",
    "lon": "degrees east",
    "longest_night_h": "hours",
    "height_m": "metres above the sphere of 1737.4 km",
}


def _earth(dossier: Dossier) -> Object:
    ground = dossier.ground
    if ground is None:
        return {"mean": None, "units": _VISIBILITY_UNITS, "source": EPHEMERIS}
    return {
        "mean": _share(_mean(ground, ground.earth.mean)),
        "percentiles": _percentiles(ground.earth.mean[ground.inside]),
        "never_km2": round(
            float(ground.grid.area_km2()[ground.inside & ~ground.earth.is_ever].sum()), 3
        ),
        "units": _VISIBILITY_UNITS,
        "source": light_source(dossier),
    }


def _elevation(ground: Ground) -> Object:
    heights = ground.heights_m[ground.inside]
    return {
        "lowest_m": round(float(heights.min()), 1),
        "mean_m": round(float(heights.mean()), 1),
        "highest_m": round(float(heights.max()), 1),
        "units": "metres above the sphere of 1737.4 km",
        "source": _model_text(ground),
    }


def _slope(ground: Ground) -> Object:
    baselines = [_steep(each, ground) for each in ground.steepness]
    return {
        **baselines[0],
        "baselines": [dict(each) for each in baselines],
        "units": {"slope": "degrees", "baseline_m": "metres", "roughness_m": "metres rms"},
        "source": _model_text(ground),
    }


def _steep(steepness: Steepness, ground: Ground) -> Object:
    near = steepness.grid.distance_m() <= ground.sky.place.radius_km * 1000.0
    known = near & np.isfinite(steepness.slope_deg)
    slopes, areas = steepness.slope_deg[known], steepness.grid.area_km2()[known]
    if not slopes.size:
        return {"baseline_m": round(steepness.baseline_m, 1), "median_deg": None}
    rough = steepness.roughness_m[near & np.isfinite(steepness.roughness_m)]
    total = float(areas.sum())
    return {
        "baseline_m": round(steepness.baseline_m, 1),
        "median_deg": round(float(np.median(slopes)), 3),
        "mean_deg": round(float((slopes * areas).sum() / total), 3),
        "p90_deg": round(float(np.quantile(slopes, 0.9)), 3),
        "highest_deg": round(float(slopes.max()), 3),
        "share_below": {
            str(limit): _share(float(areas[slopes < limit].sum()) / total)
            for limit in (5, 7, 10, 15, 20)
        },
        "median_roughness_m": round(float(np.median(rough)), 3) if rough.size else None,
    }


def _sky(dossier: Dossier) -> Value:
    if dossier.sky is None:
        return None
    courses = {name: dossier.sky.course(name) for name in dossier.sky.positions_m}
    return {
        **{
            str(name): {
                "lowest_deg": round(course.lowest_deg, 3),
                "highest_deg": round(course.highest_deg, 3),
                "up_share": _share(course.up_share),
            }
            for name, course in courses.items()
        },
        "surface": "smooth sphere: no terrain",
        "units": "elevation of the centre in degrees; share of time with it above the horizon",
        "source": f"{EPHEMERIS}; {dossier.wanted.period.text}",
    }


def _verdict(verdict: Verdict) -> Object:
    profile = verdict.profile
    return {
        "name": profile.name,
        "source": profile.source,
        "ellipse_km": list(profile.ellipse_km) if profile.ellipse_km else None,
        "share_meeting": _share(verdict.share_meeting),
        "thresholds": [
            {"quantity": each.quantity, ("at_most" if each.is_upper else "at_least"): each.limit}
            for each in profile.thresholds
        ],
        "candidates": [
            {
                **_candidate(each),
                "rank": rank,
                "meets": each.meets(profile),
                "against": [_against(each, line) for line in profile.thresholds],
            }
            for rank, each in enumerate(verdict.candidates, start=1)
        ],
    }


def _candidate(candidate: Candidate) -> Object:
    return {
        "lat": round(candidate.lat, 5),
        "lon": round(candidate.lon, 5),
        "height_m": round(candidate.height_m, 1),
        **{str(name): _number(value, 4) for name, value in candidate.values.items()},
    }


def _against(candidate: Candidate, threshold: Threshold) -> Object:
    margin = float(threshold.margin(candidate.values[threshold.quantity]))
    return {
        "quantity": threshold.quantity,
        "value": _number(candidate.values[threshold.quantity], 4),
        "margin": _number(margin, 4),
        "meets": margin >= 0.0,
    }


def class_words(ends: tuple[float, ...], number: int, unit: str) -> str:
    """A class of resolution or incidence in words; -1 is what is not known."""
    if number < 0:
        return "unknown"
    if number == 0:
        return f"<= {ends[0]:g} {unit}"
    if number == len(ends):
        return f"> {ends[-1]:g} {unit}"
    return f"{ends[number - 1]:g}-{ends[number]:g} {unit}"


def _coverage(dossier: Dossier) -> Object:
    found = dossier.coverage
    cells = found.cells
    gap = cells.missing(found.any)
    finest = [each for each in found.coverings if each.resolution_m is not None]
    lit = [each for each in found.coverings if each.incidence_deg is not None]
    return {
        "products": len(found.coverings),
        "share": _share(cells.share(found.any)),
        "matrix": [
            {
                "resolution": class_words(RESOLUTIONS_M, resolution, "m"),
                "incidence": class_words(INCIDENCES_DEG, incidence, "deg"),
                "share": _share(cells.share(part)),
            }
            for (resolution, incidence), part in sorted(found.covered.items())
        ],
        "by_sun_azimuth": {
            name: _share(cells.share(part)) for name, part in sorted(found.by_sector.items())
        },
        "by_year": {
            name: _share(cells.share(part)) for name, part in sorted(found.by_year.items())
        },
        "gaps": {
            "share": _share(cells.share(gap)),
            "area_km2": round(float(cells.areas_km2[gap].sum()), 3),
            "not_seen_at": {
                class_words(RESOLUTIONS_M, number, "m").replace("<= ", "").split("-")[-1]: _share(
                    cells.share(cells.missing(found.at_least(number)))
                )
                for number in range(len(RESOLUTIONS_M))
            },
        },
        "best_by_resolution": _best(finest, key="resolution_m"),
        "best_by_incidence": _best(lit, key="incidence_deg"),
        "wrong_frame": [
            {"lidvid": str(each.holding.product.id), "fault": each.frame_fault}
            for each in found.coverings
            if each.frame_fault
        ],
        "list": [covering(each) for each in found.coverings[:LISTED]],
        "units": {
            "share": "part of the site's area, 0 to 1",
            "resolution": "root of the ground that one pixel covers, metres",
            "incidence": "Sun from the zenith, degrees",
        },
        "source": f"catalogue of {dossier.node}" if dossier.node else None,
        "counts": _counts(found),
    }


def _counts(found: Coverage) -> Object:
    missions: dict[str, int] = {}
    origins: dict[str, int] = {}
    for each in found.coverings:
        for name in each.holding.product.investigations:
            missions[name.name] = missions.get(name.name, 0) + 1
        origin = each.holding.origin or "this node"
        origins[origin] = origins.get(origin, 0) + 1
    return {
        "missions": {name: missions[name] for name in sorted(missions)},
        "origins": {name: origins[name] for name in sorted(origins)},
    }


def _best(found: list[Covering], key: str) -> Value:
    """Of those that cover the middle if any do, else of all."""
    middle = [each for each in found if each.covers_middle] or found
    return covering(min(middle, key=lambda each: float(getattr(each, key)))) if middle else None


def covering(each: Covering) -> Object:
    """A product that covers some of the site, with its proof and licence."""
    product = each.holding.product
    return {
        "lidvid": str(product.id),
        "title": product.title,
        "missions": [name.name for name in product.investigations],
        "instruments": [name.name for name in product.instruments],
        "simulated": product.is_simulated,
        "time": None if each.middle is None else time_text(each.middle),
        "share": _share(each.share),
        "covers_middle": each.covers_middle,
        "resolution_m": _number(each.resolution_m, 3),
        "incidence_deg": _number(each.incidence_deg, 2),
        "incidence_source": each.incidence_source or None,
        "sun_azimuth_deg": _number(each.sun_azimuth_deg, 1),
        "frame": each.frame or None,
        "frame_fault": each.frame_fault or None,
        "origin": each.holding.origin or None,
        "log_position": each.holding.index,
        "licence": product.licence or None,
    }


def _mean(ground: Ground, field: Field) -> float:
    areas = ground.grid.area_km2()[ground.inside]
    return float((field[ground.inside] * areas).sum() / areas.sum())


def _percentiles(values: Field) -> Object:
    return {str(each): _share(float(np.quantile(values, each / 100.0))) for each in (10, 50, 90)}


def _share(value: float) -> float:
    return round(value, 4)


def _number(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None and isfinite(value) else None
