"""How high the terrain stands in a direction: the horizon of every pixel of a grid.

On a gnomonic grid (`perilune.moon.grids`) the ground toward one azimuth lies on straight lines.
Each line is walked once, and the upper hull of what was passed is kept as a stack: what
a hill hides can never be a horizon again, so every pixel costs constant time. The geometry is that
of the sphere, not of a plane: points are compared in the plane through the body's centre.

An *azimuth* here is a direction of the grid: 0 points up the page, 90 degrees to the right. A body
far away in the plane of the grid is seen from every pixel exactly along one.

Method: upper convex hull as in Graham's scan over the profile; compared with plain ray marching in
tests/unit/test_horizon.py.
"""

from functools import lru_cache
from math import radians
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.moon.grids import Terrain

Angles = npt.NDArray[np.float32]

NOTHING_DEG = -90.0
"""Where the line leaves the grid at once there is no ground in that direction."""


def horizon_deg(terrain: Terrain, azimuth_deg: float, *, observer_m: float = 0.0) -> Angles:
    """Elevation of the horizon in degrees of each pixel of the core, shape (size, size).

    ``observer_m``: height of the eye above the ground. Pixels from which no ground lies in that
    direction have `NOTHING_DEG`.
    """
    grid = terrain.grid
    swept: Angles = _compiled().sweep(
        terrain.heights_m,
        grid.pixel_m,
        radians(azimuth_deg),
        float(observer_m),
        grid.radius_m,
        terrain.core.size,
    )
    return swept


@lru_cache(1)
def _compiled() -> Any:
    """The inner loops; importing numba takes half a second, so not before they are needed."""
    from perilune.moon import _horizon_loops  # noqa: PLC0415

    return _horizon_loops
