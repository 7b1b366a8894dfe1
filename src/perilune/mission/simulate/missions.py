"""Both missions by profile: a delivery, and beside it the truth of what it holds."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perilune.errors import WrongUsage
from perilune.mission.simulate.bundle import Campaign, write_bundle
from perilune.mission.simulate.change7 import LANDER_LAT, LANDER_LON, Plan, write_change7
from perilune.mission.simulate.orbit import CHANGE7, LUNA26, Orbit, propagate
from perilune.mission.simulate.strips import RADIUS_M, Strip
from perilune.mission.simulate.survey import Camera, survey
from perilune.moon.ephemeris import Ephemeris

Mission = Literal["luna26", "change7"]
DELIVERY, TRUTH = "delivery", "truth.json"
_SITE = (LANDER_LON, LANDER_LAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How much is simulated, and how coarse."""

    days: int
    scale: int
    """Pixels are so many times as long as the real camera's, images so many times as narrow."""
    strips_a_day: tuple[int, int]
    """Of Luna-26 and of Chang'e-7's orbiter."""
    landing_frames: int
    panoramas_a_day: int
    frame: tuple[int, int]


PROFILES = {
    "ci": Profile(
        days=1,
        scale=64,
        strips_a_day=(60, 20),
        landing_frames=50,
        panoramas_a_day=60,
        frame=(108, 147),
    ),
    "demo": Profile(
        days=30,
        scale=32,
        strips_a_day=(60, 20),
        landing_frames=500,
        panoramas_a_day=60,
        frame=(216, 294),
    ),
}
"""In a full day Luna-26 takes 60 pairs of 120 s within its 40 GB, at 3 m a pixel from 70 km."""


def simulate(mission: Mission, profile: str, target: Path, *, seed: int) -> dict[str, Any]:
    """Write ``target/delivery`` and ``target/truth.json``; return the truth.

    Raises `WrongUsage` where ``target`` holds anything, `NotFound` where kernels are missing.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WrongUsage(f"not an empty folder: {target}")
    chosen = PROFILES[profile]
    with Ephemeris.open() as ephemeris:
        if mission == "luna26":
            truth = _luna26(chosen, target / DELIVERY, seed, ephemeris)
        else:
            truth = _change7(chosen, target / DELIVERY, seed, ephemeris)
    truth = {"mission": mission, "profile": profile, "seed": seed, "simulated": True} | truth
    text = json.dumps(truth, indent=1, ensure_ascii=False) + "\n"
    (target / TRUTH).write_text(text, "utf-8")
    return truth


def _luna26(profile: Profile, target: Path, seed: int, ephemeris: Ephemeris) -> dict[str, Any]:
    phase = LUNA26[0]
    orbit = propagate(phase, profile.days, ephemeris)
    camera = Camera(
        ifov_rad=3.0 * profile.scale / 70_000, samples=5_000 // profile.scale, seconds=120
    )
    strips = survey(orbit, camera, ephemeris, profile.strips_a_day[0])
    name = f"luna26_{phase.start:%Y%m%d}"
    campaign = Campaign(strips=strips, orbit=(name, _spk(orbit)))
    written = write_bundle(target, seed=seed, campaign=campaign)
    return {
        "bundle": str(written.bundle),
        "products": [str(each) for each in written.lidvids],
        "files": written.files,
        "bytes": written.bytes,
        "footprints": {
            str(each): outline.rings[0] for each, outline in sorted(written.footprints.items())
        },
        "site": _coverage(strips),
        "planted": [],
    }


def _change7(profile: Profile, target: Path, seed: int, ephemeris: Ephemeris) -> dict[str, Any]:
    orbit = propagate(CHANGE7[0], profile.days, ephemeris)
    camera = Camera(
        ifov_rad=3.0 * profile.scale / 100_000, samples=4_096 // profile.scale, seconds=90
    )
    strips = survey(orbit, camera, ephemeris, profile.strips_a_day[1])
    plan = Plan(
        strips=strips,
        landing_frames=profile.landing_frames,
        panoramas=profile.panoramas_a_day * profile.days,
        tables=4 * profile.days,
        frame=profile.frame,
    )
    written = write_change7(target, plan, seed=seed)
    return {
        "products": [each.data_file for each in written.products],
        "files": 2 * len(written.products),
        "bytes": written.bytes,
        "footprints": {f"SMC-F-{each.number:04d}": each.outline().rings[0] for each in strips},
        "site": _coverage(strips),
        "planted": [{"label": each, "place": "file_size"} for each in written.wrong_sizes],
    }


def _camera(profile: Profile, height_m: float, samples: int, seconds: float) -> Camera:
    """A camera of 3 m a pixel from that height, made coarse."""
    ifov = 3.0 * profile.scale / height_m
    return Camera(ifov_rad=ifov, samples=samples // profile.scale, seconds=seconds)


def _spk(orbit: Orbit) -> bytes:
    with tempfile.TemporaryDirectory(prefix="perilune-") as folder:
        path = Path(folder) / "orbit.bsp"
        orbit.write_spk(path)
        return path.read_bytes()


def _coverage(strips: list[Strip]) -> dict[str, Any]:
    """Which exposures show the lander's place."""
    lon, lat = _SITE
    covering = [each.number for each in strips if each.shows(lon, lat)]
    return {"lon": lon, "lat": lat, "radius_m": RADIUS_M, "exposures": covering}
