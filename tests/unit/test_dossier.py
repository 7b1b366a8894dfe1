"""A dossier on ground that is known exactly, and on a node with simulated products."""

import hashlib
import json
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from perilune.cli import main
from perilune.mission.simulate import write_bundle
from perilune.moon.projection import to_xy

pytest.importorskip("rasterio")
pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)

PEAK = -89.6, 40.0
"""Latitude and longitude of the mountain of the fixture."""
FAST = ("--years", "1", "--from", "2028-01-01")


def perilune(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def dossier(*arguments: object) -> Any:
    result = perilune("site", *arguments, *FAST, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def told(mountain: Path) -> Any:
    return dossier(PEAK[0], PEAK[1], "--radius", 25, "--dem", mountain)


def apart_km(lat: float, lon: float) -> float:
    there, here = to_xy(lon, lat, "south"), to_xy(PEAK[1], PEAK[0], "south")
    return math.hypot(float(there[0] - here[0]), float(there[1] - here[1])) / 1000.0


def test_the_best_lit_place_is_the_peak(told: Any) -> None:
    best = told["illumination"]["best"]

    assert apart_km(best["lat"], best["lon"]) <= 1.0
    assert best["mean_visibility"] > 0.85
    assert best["mean_visibility"] > told["illumination"]["mean"] + 0.2
    assert best["height_m"] == pytest.approx(1_850.0, abs=150.0)
    assert len(best["monthly"]) == 12


def test_the_pit_is_in_permanent_shadow_and_nothing_else_is(told: Any) -> None:
    """A bowl of 5 km radius; the Sun never stands higher than 2 degrees."""
    assert 0.5 * math.pi * 25.0 < told["psr_km2"] <= math.pi * 26.0


def test_slopes_are_those_of_cone_and_plain(told: Any) -> None:
    slope = told["slope"]

    assert slope["baseline_m"] == pytest.approx(2_000.0, rel=0.01)
    assert slope["median_deg"] < 0.5
    assert [each["baseline_m"] for each in slope["baselines"]] == pytest.approx(
        [2_000.0, 4_000.0, 8_000.0], rel=0.01
    )
    cone = math.pi * 8.0**2 / told["site"]["area_km2"]
    assert 1.0 - slope["share_below"]["10"] == pytest.approx(cone + 0.03, abs=0.03)


def test_every_figure_has_a_source_and_a_unit(told: Any, mountain: Path) -> None:
    for name in ("illumination", "psr_km2", "slope", "elevation", "earth"):
        assert "cone.tif" in told["sources"][name]
    assert "DE421" in told["sources"]["illumination"]
    assert told["units"]["psr_km2"] == "km2"
    for name in ("illumination", "slope", "coverage"):
        assert told[name]["units"]
    assert told["model"]["sha256"] == hashlib.sha256(mountain.read_bytes()).hexdigest()
    assert told["model"]["terrain_known_to_km"] < told["model"]["terrain_wanted_to_km"]


def test_candidates_are_ranked_and_their_margins_add_up(told: Any) -> None:
    assert [each["name"] for each in told["profiles"]] == ["Luna-25", "Luna-27"]
    luna27 = told["profiles"][1]
    for place in luna27["candidates"]:
        slope, sun, earth = place["against"]
        assert slope["margin"] == pytest.approx(10.0 - place["slope_deg"], abs=1e-3)
        assert sun["margin"] == pytest.approx(place["sun_share"] - 0.35, abs=1e-3)
        assert place["meets"] == all(each["meets"] for each in (slope, sun, earth))
    worst = [
        min(
            line["margin"] / limit
            for line, limit in zip(each["against"], (10, 0.35, 0.5), strict=True)
        )
        for each in luna27["candidates"]
    ]
    assert worst == sorted(worst, reverse=True)
    assert [each["rank"] for each in luna27["candidates"]] == [1, 2, 3, 4, 5]


def test_own_thresholds_take_the_place_of_those_in_print(mountain: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[profile]]\nname = "Ours"\n'
        '[[profile.threshold]]\nquantity = "psr_distance_km"\nat_most = 4.0\n'
    )

    told = dossier(*PEAK, "--radius", 12, "--dem", mountain, "--profiles", own)

    assert [each["name"] for each in told["profiles"]] == ["Ours"]
    own.write_text(own.read_text().replace("psr_distance_km", "smell"))
    refused = perilune("site", *PEAK, "--profiles", own, "--json")
    assert refused.exit_code == 2
    assert "smell" in json.loads(refused.stdout)["error"]["detail"]


def test_without_a_model_it_says_what_is_missing_and_how_to_give_it() -> None:
    told = dossier(-89.5, 222, "--radius", 10)

    assert told["psr_km2"] is None
    assert told["slope"] is None
    assert told["illumination"]["best"] is None
    assert any("--dem" in words for words in told["missing"])
    assert any("PERILUNE_NODE" in words for words in told["missing"])
    assert told["sky"]["sun"]["highest_deg"] == pytest.approx(2.05, abs=0.1)
    assert told["sky"]["surface"].startswith("smooth sphere")
    assert [each["name"] for each in told["features"]][:1] == ["Shackleton"]


def test_the_sun_at_89_9_south_stands_as_high_as_printed() -> None:
    """2027, DE421 in the mean-Earth frame: -1.625 to +1.626 degrees at 0 E."""
    result = perilune("site", "-89.9", "0", "--from", "2027-01-01", "--years", "1", "--json")

    sun = json.loads(result.stdout)["sky"]["sun"]

    assert sun["lowest_deg"] == pytest.approx(-1.625, abs=0.003)
    assert sun["highest_deg"] == pytest.approx(1.626, abs=0.003)


def test_a_latitude_below_zero_is_a_latitude() -> None:
    for words in (
        ["-89.5", "222"],
        ["-89.5", "-138", "--radius", "10"],
        ["--radius", "10", "-89.5", "222"],
    ):
        told = dossier(*words)

        assert (told["site"]["lat"], told["site"]["lon"]) == (-89.5, 222.0)
    assert perilune("site", "-89.5", "222", "--no-such-option").exit_code == 2
    assert perilune("site", "-91", "0", "--json").exit_code == 2
    assert perilune("site", "-89", "0", "--radius", "-5", "--json").exit_code == 2


def test_files_that_are_no_model_end_with_3(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no heights")

    refused = perilune("site", *PEAK, "--dem", path, "--json")

    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["error"]["code"] == "malformed-raster"
    assert perilune("site", *PEAK, "--dem", tmp_path / "none", "--json").exit_code == 2
    assert perilune("site", *PEAK, "--dem", "urn:a:b:c::1.0", "--json").exit_code == 2


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    write_bundle(folder / "bundle")
    perilune("init", folder / "n", "--name", "A", "--namespace", "urn:ros:rssa")
    assert perilune("deliver", folder / "bundle", "-n", folder / "n").exit_code == 0
    return folder / "n"


def test_coverage_counts_what_a_search_of_the_place_finds(node: Path) -> None:
    found = perilune("search", "--site", "-89.66,129.2,15", "-n", node, "--limit", 100, "--json")
    expected = {each["lidvid"] for each in json.loads(found.stdout)["products"]}

    told = dossier(-89.66, 129.2, "--radius", 15, "-n", node)["coverage"]

    assert told["products"] == len(expected) > 0
    assert {each["lidvid"] for each in told["list"]} == expected
    assert told["share"] + told["gaps"]["share"] == pytest.approx(1.0)
    images = [each for each in told["list"] if each["resolution_m"]]
    assert {round(each["resolution_m"]) for each in images} == {96}
    assert {each["incidence_source"] for each in images} == {"label"}
    assert all(each["simulated"] for each in told["list"])
    assert told["wrong_frame"] == []
    assert told["best_by_resolution"]["resolution_m"] == pytest.approx(96.0, abs=1.0)


def test_a_strip_covers_what_the_sphere_says(node: Path) -> None:
    told = dossier(-89.66, 129.2, "--radius", 15, "-n", node)["coverage"]
    strips = [each for each in told["list"] if "_raw" in each["lidvid"]]

    assert 0.0 < max(each["share"] for each in strips) <= 1.0
    assert told["share"] >= max(each["share"] for each in strips)
    assert told["source"] == "catalogue of A"
    assert all(isinstance(each["log_position"], int) for each in told["list"])
