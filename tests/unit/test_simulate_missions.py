"""Both missions as they would be delivered, held against SPICE and against their own truth."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skyfield_data
import spiceypy
from click.testing import CliRunner

from perilune.cli import main
from perilune.formats.pds4.label import read_label
from perilune.mission.simulate.missions import PROFILES
from perilune.mission.simulate.orbit import CHANGE7, LUNA26, propagate
from perilune.mission.simulate.strips import RADIUS_M
from perilune.mission.simulate.survey import Camera, survey
from perilune.moon.ephemeris import Ephemeris

Simulated = tuple[Path, dict[str, Any]]
CAMERA = Camera(ifov_rad=192.0 / 70_000, samples=78, seconds=120.0)


def _run(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _simulated(mission: str, folder: Path) -> Simulated:
    told = _run("simulate", mission, "-o", str(folder))
    truth = json.loads(Path(told["truth"]).read_text())
    assert told["products"] == len(truth["products"])
    return Path(told["delivery"]), truth


@pytest.fixture(scope="module")
def luna26(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return _simulated("luna26", tmp_path_factory.mktemp("luna26") / "new")


@pytest.fixture(scope="module")
def change7(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return _simulated("change7", tmp_path_factory.mktemp("change7") / "new")


def test_footprints_are_where_spice_says_that_the_camera_looks(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    """Every corner against `sincpt` on the sphere, from the SPK as it was written."""
    phase = LUNA26[0]
    with Ephemeris.open() as ephemeris:
        orbit = propagate(phase, 1.0, ephemeris)
        strips = survey(orbit, CAMERA, ephemeris, 60)
    spk = tmp_path / "orbit.bsp"
    orbit.write_spk(spk)
    kernels = shared("data/moon/kernels")
    names = (
        "latest_leapseconds.tls",
        "pck00011.tpc",
        "moon_080317.tf",
        "moon_assoc_me.tf",
        "moon_pa_de421_1900-2050.bpc",
    )
    off = []
    files = [str(kernels / name) for name in names]
    files += [str(Path(skyfield_data.__file__).parent / "data" / "de421.bsp"), str(spk)]
    with spiceypy.KernelPool(files):
        spiceypy.pdpool("BODY301_RADII", [RADIUS_M / 1e3] * 3)
        for strip in strips:
            ring = strip.outline().rings[0]
            corners = (ring[0], ring[8], ring[9], ring[17])
            edges = ((strip.start, -1), (strip.stop, -1), (strip.stop, 1), (strip.start, 1))
            for (lon, lat), (moment, side) in zip(corners, edges, strict=True):
                et = spiceypy.str2et(moment.strftime("%Y-%m-%dT%H:%M:%S.%f"))
                state, _ = spiceypy.spkezr(str(phase.spice_id), et, "MOON_ME", "NONE", "MOON")
                place, flown = np.array(state[:3]), np.array(state[3:])
                left = np.cross(place, flown)
                left /= np.linalg.norm(left)
                half = strip.samples / 2 * CAMERA.ifov_rad
                looks = -place / np.linalg.norm(place) + side * half * left
                seen, *_ = spiceypy.sincpt(
                    "ELLIPSOID",
                    "MOON",
                    et,
                    "MOON_ME",
                    "NONE",
                    str(phase.spice_id),
                    "MOON_ME",
                    looks,
                )
                own = spiceypy.latrec(RADIUS_M / 1e3, np.radians(lon), np.radians(lat))
                off.append(np.linalg.norm(np.array(seen) - own) * 1e3 / strip.pixel_m)

    assert len(off) == 240
    assert max(off) < 1.0


def test_the_orbits_stay_where_they_are_planned(tmp_path: Path) -> None:
    """A day changes a circle of 70 km by kilometres, not more; the SPK gives the states back."""
    with Ephemeris.open() as ephemeris:
        for phase, low, high in ((LUNA26[0], 68e3, 72e3), (CHANGE7[0], 98e3, 102e3)):
            orbit = propagate(phase, 1.0, ephemeris)
            height = np.linalg.norm(orbit.ground, axis=1) - RADIUS_M
            orbit.write_spk(tmp_path / "one.bsp")
            orbit.write_spk(tmp_path / "two.bsp")

            assert low < height.min() < height.max() < high
            assert (tmp_path / "one.bsp").read_bytes() == (tmp_path / "two.bsp").read_bytes()
            with spiceypy.KernelPool([str(tmp_path / "one.bsp")]):
                first = (phase.start.timestamp() - 946_728_000.0) + 69.184
                state, _ = spiceypy.spkezr(
                    str(phase.spice_id), first + 36_000, "J2000", "NONE", "301"
                )
            assert np.allclose(np.array(state) * 1e3, orbit.inertial[3_600], rtol=0, atol=1e-3)


def test_only_lit_ground_is_taken_and_the_pole_first(luna26: Simulated) -> None:
    _, truth = luna26
    assert len(truth["footprints"]) == 2 * PROFILES["ci"].strips_a_day[0]
    assert truth["site"]["exposures"], "no exposure shows the landing site"
    south = [min(lat for _, lat in ring) for ring in truth["footprints"].values()]
    assert sum(lat < -84 for lat in south) >= 20


def test_a_node_finds_what_the_truth_of_luna26_tells(luna26: Simulated, tmp_path: Path) -> None:
    delivery, truth = luna26
    node = str(tmp_path / "node")
    _run("init", node, "--name", "R", "--namespace", "urn:ros:rssa", "--releasability", "public")
    receipt = _run("-n", node, "deliver", str(delivery))
    site = truth["site"]
    found = _run(
        "-n", node, "search", "--site", f"{site['lat']},{site['lon']},0.05", "--limit", "500"
    )
    kernel = read_label((delivery / "spice_kernels" / "luna26_20281001.xml").read_bytes())
    label = (delivery / "data_raw" / "stc_01_raw.xml").read_text()

    assert receipt["accepted"] == len(truth["products"])
    shown = {
        each["lidvid"].split(":stc_")[1][:2]
        for each in found["products"]
        if "stc_" in each["lidvid"]
    }
    assert {int(number) for number in shown} == set(site["exposures"])
    assert kernel.product_class == "Product_SPICE_Kernel"
    assert "<geom:spice_kernel_file_name>luna26_20281001.bsp<" in label


def test_wrapping_change7_finds_what_was_planted_and_nothing_else(
    change7: Simulated, tmp_path: Path
) -> None:
    delivery, truth = change7
    wrapped = _run(
        "wrap", str(delivery), "-o", str(tmp_path / "new"), "--namespace", "urn:cnsa:gras"
    )

    assert len(wrapped["products"]) == len(truth["products"])
    assert wrapped["left"] == []
    wrong = {
        Path(each["label"]).name.removesuffix(".xml") + "L"
        for each in wrapped["products"]
        if "file_size" in {found["place"] for found in each["deviations"]}
    }
    assert wrong == {each["label"] for each in truth["planted"]}
    assert len(wrong) == PROFILES["ci"].landing_frames
    others = {found["place"] for each in wrapped["products"] for found in each["deviations"]}
    assert others == {"logical_identifier", "title", "file_size"}
    for each in wrapped["products"]:
        product = read_label((tmp_path / "new" / each["label"]).read_bytes())
        assert product.is_simulated
        assert len(product.footprints) == 1

    node = str(tmp_path / "node")
    _run("init", node, "--name", "C", "--namespace", "urn:cnsa:gras", "--releasability", "public")
    receipt = _run("-n", node, "deliver", str(tmp_path / "new"))
    assert receipt["accepted"] == len(truth["products"])
