"""Orbits of the two orbiters: propagated, laid over the turning Moon, written as SPK.

Forces: the Moon's mass with J2, J3 and C22 (Konopliv et al. 2013, JGR Planets 118:1415, GRAIL,
unnormalised, to three digits), Earth and Sun as points. MOON_ME stands for the principal axes,
from which it is turned by less than 0.03 degrees. Neither mission has flown: heights are those
planned in print, planes are made up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from perilune.mission.simulate.strips import RADIUS_M
from perilune.moon.ephemeris import Ephemeris, Target

Array = npt.NDArray[np.float64]

_GM_MOON, _GM_EARTH, _GM_SUN = 4.902800066e12, 3.986004354e14, 1.327124400e20
"""m3/s2, DE421."""
_REFERENCE_M = 1_738_000.0
_J2, _J3, _C22 = 2.033e-4, 8.47e-6, 2.24e-5
_KNOT_S = 600.0
STEP_S = 10.0
"""Between two states."""
_TDB_MINUS_UTC_S = 69.184
"""With the leap seconds known in 2026; none is announced."""
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
ORIENTATION = ("moon_pa_de421_1900-2050.bpc", "moon_080317.tf")
"""The kernels of NAIF that turn the Moon."""
_MOON = 301
_DEGREE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a mission, circular at its beginning."""

    craft: str
    spice_id: int
    """Negative, as SPICE numbers craft; ours, not given by NAIF."""
    start: datetime
    altitude_m: float
    inclination_deg: float
    node_deg: float
    """Longitude over which the craft flies north at the start, MOON_ME."""


LUNA26 = (
    Phase(
        craft="Luna-26 (simulated)",
        spice_id=-992_601,
        start=datetime(2028, 10, 1, tzinfo=UTC),
        altitude_m=70_000.0,
        inclination_deg=90.0,
        node_deg=30.0,
    ),
    Phase(
        craft="Luna-26 (simulated)",
        spice_id=-992_601,
        start=datetime(2029, 10, 1, tzinfo=UTC),
        altitude_m=175_000.0,
        inclination_deg=90.0,
        node_deg=75.0,
    ),
)
"""One year at 60 to 80 km, then two at 150 to 200 km (TASS, 21 October 2025)."""
CHANGE7 = (
    Phase(
        craft="Chang'e-7 orbiter (simulated)",
        spice_id=-990_701,
        start=datetime(2027, 9, 1, tzinfo=UTC),
        altitude_m=100_000.0,
        inclination_deg=89.0,
        node_deg=210.0,
    ),
)
"""Its height is not in print; 100 km is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbit:
    """States of a craft every `STEP_S` seconds."""

    phase: Phase
    inertial: Array
    """Position and velocity in ICRF from the Moon's centre, m and m/s, shape (n, 6)."""
    ground: Array
    """Position in MOON_ME, m, shape (n, 3)."""

    def moment(self, step: int) -> datetime:
        """When the state of that number is."""
        return self.phase.start + timedelta(seconds=step * STEP_S)

    def write_spk(self, path: Path) -> None:
        """Write the states as an SPK of type 13 (Hermite, degree 9), frame J2000, centre Moon."""
        import spiceypy  # noqa: PLC0415  # slow, and needed only here

        first = (self.phase.start - _J2000).total_seconds() + _TDB_MINUS_UTC_S
        epochs = first + np.arange(len(self.inertial)) * STEP_S
        path.unlink(missing_ok=True)
        handle = spiceypy.spkopn(str(path), self.phase.craft[:60], 0)
        spiceypy.spkw13(
            handle,
            self.phase.spice_id,
            _MOON,
            "J2000",
            epochs[0],
            epochs[-1],
            self.phase.craft[:40],
            _DEGREE,
            len(epochs),
            np.ascontiguousarray(self.inertial / 1e3),
            epochs,
        )
        spiceypy.spkcls(handle)


def propagate(phase: Phase, days: float, ephemeris: Ephemeris) -> Orbit:
    """Follow ``phase`` for so many days."""
    from scipy.integrate import solve_ivp  # noqa: PLC0415  # slow, and needed only here
    from scipy.interpolate import CubicSpline  # noqa: PLC0415

    span = days * 86_400.0
    knots = np.arange(0.0, span + 3 * _KNOT_S, _KNOT_S)
    times = _moments(phase.start, knots)
    turned = ephemeris.rotations(times)
    rotation = CubicSpline(knots, turned.reshape(-1, 9))
    pulling: tuple[tuple[float, Target], ...] = ((_GM_EARTH, "earth"), (_GM_SUN, "sun"))
    others = [
        (gm, CubicSpline(knots, _inertial(turned, ephemeris.positions_m(who, times))))
        for gm, who in pulling
    ]

    def change(t: float, state: Array) -> Array:
        axes = rotation(t).reshape(3, 3)
        place = state[:3]
        pull = axes.T @ _gravity(axes @ place)
        for gm, spline in others:
            other = spline(t)
            pull = pull + gm * (_by_cube(other - place) - _by_cube(other))
        return np.concatenate([state[3:], pull])

    steps = np.arange(0.0, span + STEP_S / 2, STEP_S)
    start = _circular(phase, turned[0])
    solved = solve_ivp(
        change, (0.0, span), start, method="DOP853", rtol=1e-9, atol=1e-3, t_eval=steps
    )
    inertial = np.ascontiguousarray(solved.y.T)
    axes = ephemeris.rotations(_moments(phase.start, steps))
    ground = np.matmul(axes, inertial[:, :3, None])[:, :, 0]
    return Orbit(phase=phase, inertial=inertial, ground=ground)


def _moments(start: datetime, seconds: Array) -> npt.NDArray[np.datetime64]:
    first = np.datetime64(start.replace(tzinfo=None), "us")
    return first + np.rint(seconds * 1e6).astype("timedelta64[us]")


def _inertial(turned: Array, places: Array) -> Array:
    back: Array = np.matmul(np.swapaxes(turned, 1, 2), places[:, :, None])[:, :, 0]
    return back


def _circular(phase: Phase, axes: Array) -> Array:
    """The state at the start, ICRF: over the equator, flying north."""
    radius = RADIUS_M + phase.altitude_m
    speed = np.sqrt(_GM_MOON / radius)
    tilt, node = np.radians([phase.inclination_deg, phase.node_deg])
    up = np.array([np.cos(node), np.sin(node), 0.0])
    east = np.array([-np.sin(node), np.cos(node), 0.0])
    ahead = np.cos(tilt) * east + np.sin(tilt) * np.array([0.0, 0.0, 1.0])
    return np.concatenate([axes.T @ (up * radius), axes.T @ (ahead * speed)])


def _gravity(place: Array) -> Array:
    """Acceleration by the Moon in its own axes, m/s2."""
    x, y, z = place
    square = float(place @ place)
    distance = np.sqrt(square)
    flat = 1.5 * _J2 * _GM_MOON * _REFERENCE_M**2 / distance**5
    pear = 0.5 * _J3 * _GM_MOON * _REFERENCE_M**3 / distance**7
    oval = 3 * _C22 * _GM_MOON * _REFERENCE_M**2 / distance**5
    zz = z * z / square
    xy = 5 * (x * x - y * y) / square
    return np.array(
        [
            -_GM_MOON * x / distance**3
            + flat * x * (5 * zz - 1)
            + pear * 5 * x * z * (7 * zz - 3)
            + oval * x * (2 - xy),
            -_GM_MOON * y / distance**3
            + flat * y * (5 * zz - 1)
            + pear * 5 * y * z * (7 * zz - 3)
            - oval * y * (2 + xy),
            -_GM_MOON * z / distance**3
            + flat * z * (5 * zz - 3)
            + pear * square * (35 * zz * zz - 30 * zz + 3)
            - oval * z * xy,
        ]
    )


def _by_cube(place: Array) -> Array:
    scaled: Array = place / float(np.linalg.norm(place)) ** 3
    return scaled
