"""The dossier on the real ground of the south pole, against figures in print.

Terrain: the LOLA and GLD100 model of 80-90 S at 310 m. References: Glaeser et al. (2014), Icarus
243, 78 (the Connecting Ridge is lit best); Bussey et al. (2010), Icarus 208, 558.
"""

import json
from collections.abc import Callable
from importlib.util import find_spec
from math import radians
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from perilune.cli import main
from perilune.moon.bodies import MOON
from perilune.moon.sphere import distance

pytest.importorskip("rasterio")
pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)
POLAR, GEOGRAPHIC = "moon_south_80S_30135_310m.tif", "moon_south_74S-90S_64ppd.tif"


def told(model: Path, lat: float, lon: float, radius_km: float) -> Any:
    words = ["site", str(lat), str(lon), "--radius", str(radius_km), "--dem", str(model), "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def apart_km(best: Any, lat: float, lon: float) -> float:
    return distance((best["lon"], best["lat"]), (lon, lat)) * MOON.radius_m / 1000.0


@pytest.mark.parametrize("name", [POLAR, GEOGRAPHIC])
def test_the_connecting_ridge_is_lit_best(name: str, shared: Callable[[str], Path]) -> None:
    """Glaeser 2014: 92 % at 2 m on 20 m terrain, the longest night 3 to 5 days; this is coarser."""
    found = told(shared(f"data/moon/dem/{name}"), -89.5, 222.0, 20.0)
    best = found["illumination"]["best"]

    assert apart_km(best, -89.45, 222.69) < 3.0
    assert 0.75 < best["mean_visibility"] < 0.95
    assert 48.0 <= best["longest_night_h"] <= 15 * 24.0
    assert found["psr_km2"] > 100.0


def test_about_chang_e_7s_candidate_the_best_is_that_of_bussey_2010(
    shared: Callable[[str], Path],
) -> None:
    """88.74 S 124.5 E, from a model of Kaguya's altimeter."""
    found = told(shared(f"data/moon/dem/{POLAR}"), -88.8, 123.4, 12.0)
    best = found["illumination"]["best"]

    assert apart_km(best, -88.74, 124.5) < 3.0
    assert best["mean_visibility"] > 0.7


def test_slopes_of_mons_mouton_are_gentle_and_those_of_shackleton_are_not(
    shared: Callable[[str], Path],
) -> None:
    """Shackleton's walls are steep, 31 degrees on the mean (Zuber et al. 2012, Nature 486, 378)."""
    model = shared(f"data/moon/dem/{POLAR}")
    mouton = told(model, -84.6, 31.0, 5.0)["slope"]
    shackleton = told(model, -89.67, 129.78, 9.0)["slope"]

    assert mouton["share_below"]["10"] > 0.7
    assert 25.0 < shackleton["p90_deg"] < 36.0
    assert radians(shackleton["median_deg"]) > 0.3
