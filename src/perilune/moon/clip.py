"""Polygons on the sphere cut to what a map can show, on a unit sphere's map.

The interior of a ring lies to its left. So does the interior of the map's own edge, walked
counter-clockwise. Where a ring leaves the map, the outline of what remains follows the edge
counter-clockwise to the next place where a ring comes in (Weiler and Atherton 1977, for a window
whose edge is one closed line). Poles, holes and areas greater than half the sphere need no case of
their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Protocol

from perilune.model.footprint import LonLat
from perilune.moon.ring import Vector, unit_vector

XY = tuple[float, float]

POLAR_EDGE_LAT = 55.0
"""Polar views show what lies at least so many degrees from the equator."""
_SLIVER = 1e-15
"""Area on the unit sphere's map below which a cut piece is nothing: a metre by a kilometre."""
_NO_WAY = 1e-10
"""Radians back along the edge that are rounding, not a walk round the whole map."""

_HAIR_DEG = 1e-9
"""Thirty micrometres on the Moon: more than the width of a boundary."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A place on the edge where a ring passes: how far along the edge, and where on the map."""

    way: float
    xy: XY


@dataclass(slots=True)
class Run:
    """A stretch of a ring on the map; a whole ring has no gates."""

    entry: Gate | None
    points: list[XY]
    exit: Gate | None = None


class Domain(Protocol):
    """A map with one closed edge, counter-clockwise, of a known length."""

    length: float

    def settle(self, corner: Vector) -> Vector:
        """The corner, moved off the edge where it lies on it to within rounding."""
        ...

    def shows(self, place: Vector, /) -> bool:
        """Whether the place is on the map."""
        ...

    def project(self, place: Vector) -> XY:
        """Where it lies on the map."""
        ...

    def is_short(self, a: Vector, b: Vector) -> bool:
        """Whether an arc may be drawn as a straight line."""
        ...

    def gates(self, a: Vector, b: Vector) -> tuple[Gate | None, Gate | None]:
        """Where a short arc leaves the map, and where it comes in."""
        ...

    def edge(self, start: float, stop: float) -> Iterator[XY]:
        """Bends of the edge after ``start`` and before ``stop``, which is not smaller."""
        ...

    def edge_place(self) -> LonLat:
        """A place on the edge, a hair outside where what lies on the edge counts as inside."""
        ...


class Disc:
    """A polar stereographic map out to a parallel."""

    length = 2.0 * pi

    def __init__(self, sign: int) -> None:
        """Make the map of the north pole (1) or the south pole (-1)."""
        self._sign = float(sign)
        self._depth = sin(radians(POLAR_EDGE_LAT))
        self._rho = 2.0 * cos(radians(POLAR_EDGE_LAT)) / (1.0 + self._depth)

    def settle(self, corner: Vector) -> Vector:
        """The corner as it is: the parallel itself is shown."""
        return corner

    def shows(self, place: Vector, /) -> bool:
        """Whether it lies poleward of the parallel."""
        return self._sign * place[2] >= self._depth

    def project(self, place: Vector) -> XY:
        """Polar stereographic coordinates."""
        x, y, z = place
        scale = 2.0 / (1.0 + self._sign * z)
        return scale * y, -self._sign * scale * x

    def is_short(self, a: Vector, b: Vector) -> bool:
        """Whether it is shorter than a degree: its chord is then within 33 m on the Moon."""
        return _cosine(a, b) > 0.99985

    def gates(self, a: Vector, b: Vector) -> tuple[Gate | None, Gate | None]:
        """Where the arc crosses the parallel, one way or the other."""
        is_leaving = self.shows(a)
        if is_leaving == self.shows(b):
            return None, None
        share = (self._sign * self._depth - a[2]) / (b[2] - a[2])
        x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
        way = atan2(-self._sign * x, y)
        gate = Gate(way, (self._rho * cos(way), self._rho * sin(way)))
        return (gate, None) if is_leaving else (None, gate)

    def edge(self, start: float, stop: float) -> Iterator[XY]:
        """Places along the parallel, two degrees apart at most."""
        steps = int((stop - start) / radians(2.0))
        for k in range(1, steps + 1):
            way = start + (stop - start) * k / (steps + 1)
            yield self._rho * cos(way), self._rho * sin(way)

    def edge_place(self) -> LonLat:
        """A place on the parallel, a hair toward the equator."""
        return 0.0, self._sign * (POLAR_EDGE_LAT - _HAIR_DEG)


class Sheet:
    """An equirectangular map from -180 to 180 degrees; with 180 degrees and the poles as its edge.

    The edge is measured in radians from the lower right corner. What lies on 180 degrees belongs to
    the right.
    """

    length = 6.0 * pi
    _corners = (
        (0.0, (pi, -pi / 2)),
        (pi, (pi, pi / 2)),
        (3 * pi, (-pi, pi / 2)),
        (4 * pi, (-pi, -pi / 2)),
    )

    def settle(self, corner: Vector) -> Vector:
        """The corner, exactly on the right edge where it lies on 180 degrees."""
        x, y, z = corner
        return (x, 0.0, z) if x < 0.0 and abs(y) < 1e-12 else corner

    def shows(self, _: Vector, /) -> bool:
        """Say that the map shows everything."""
        return True

    def project(self, place: Vector) -> XY:
        """Longitude and latitude in radians."""
        x, y, z = place
        return atan2(y, x), atan2(z, hypot(x, y))

    def is_short(self, a: Vector, b: Vector) -> bool:
        """Whether it is shorter than two degrees and turns by less than three in longitude."""
        if _cosine(a, b) < 0.9994:
            return False
        turn = abs(atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]))
        return turn < 0.05 or _square(a, b) < 1e-16

    def gates(self, a: Vector, b: Vector) -> tuple[Gate | None, Gate | None]:
        """Where the arc crosses 180 degrees: out on one side and in on the other."""
        is_east = a[1] >= 0.0
        if is_east == (b[1] >= 0.0):
            return None, None
        share = abs(a[1]) / (abs(a[1]) + abs(b[1]))
        x, z = a[0] + share * (b[0] - a[0]), a[2] + share * (b[2] - a[2])
        if x >= 0.0:
            return None, None
        lat = atan2(z, -x)
        right = Gate(lat + pi / 2, (pi, lat))
        left = Gate(3.5 * pi - lat, (-pi, lat))
        return (right, left) if is_east else (left, right)

    def edge(self, start: float, stop: float) -> Iterator[XY]:
        """Corners of the map."""
        for turn in (0.0, self.length):
            for way, corner in self._corners:
                if start < way + turn < stop:
                    yield corner

    def edge_place(self) -> LonLat:
        """A place on the equator, a hair left of the cut."""
        return -180.0 + _HAIR_DEG, 0.0


def clip(
    rings: Sequence[Sequence[LonLat]], domain: Domain, contains: Callable[[float, float], bool]
) -> list[list[XY]]:
    """Closed paths, the last place the first, of the polygon's part that the map shows."""
    runs = [run for ring in rings for run in _runs(ring, domain)]
    whole = [run.points for run in runs if run.entry is None]
    cut = [run for run in runs if run.entry is not None]
    if not cut and contains(*domain.edge_place()):
        whole.append([*domain.edge(-_NO_WAY, domain.length - _NO_WAY)])
    joined = [path for path in _joined(cut, domain) if abs(_doubled_area(path)) > _SLIVER]
    return [[*path, path[0]] for path in (*whole, *joined) if path]


def _runs(ring: Sequence[LonLat], domain: Domain) -> list[Run]:
    """Stretches of a ring on the map, each from gate to gate, or the ring if it meets no gate."""
    places = list(_dense([domain.settle(unit_vector(lon, lat)) for lon, lat in ring], domain))
    runs: list[Run] = []
    run = Run(None, [])
    for index, place in enumerate(places):
        leaving, coming = domain.gates(places[index - 1], place)
        if leaving is not None:
            run.exit = leaving
            runs.append(run)
        if coming is not None:
            run = Run(coming, [])
        if domain.shows(place):
            run.points.append(domain.project(place))
    if not runs:
        return [run] if run.points else []
    if runs[0].entry is None:  # the ring's seam lay amid a stretch
        runs[0] = Run(run.entry, run.points + runs[0].points, runs[0].exit)
    return runs


def _dense(corners: list[Vector], domain: Domain) -> Iterator[Vector]:
    """The corners, with as many places between them as straight lines need."""
    for index, corner in enumerate(corners):
        todo = [corner]
        at = corners[index - 1]
        while todo:
            if domain.is_short(at, todo[-1]):
                at = todo.pop()
                yield at
            else:
                todo.append(_middle(at, todo[-1]))


def _joined(cut: list[Run], domain: Domain) -> Iterator[list[XY]]:
    """The stretches joined along the edge, each from its exit to the next entry."""
    left = list(cut)
    while left:
        start = run = left[0]
        path: list[XY] = []
        while True:
            entry, leave = _gates_of(run)
            path += [entry.xy, *run.points, leave.xy]
            way, follower = min(
                ((_way(leave, _gates_of(other)[0], domain), k) for k, other in enumerate(left)),
            )
            path += domain.edge(leave.way, leave.way + way)
            run = left.pop(follower)
            if run is start:
                break
        yield path


def _gates_of(run: Run) -> tuple[Gate, Gate]:
    assert run.entry is not None
    assert run.exit is not None
    return run.entry, run.exit


def _way(leave: Gate, entry: Gate, domain: Domain) -> float:
    """How far along the edge from one gate to the other."""
    way = (entry.way - leave.way + _NO_WAY) % domain.length - _NO_WAY
    return max(0.0, way)


def _middle(a: Vector, b: Vector) -> Vector:
    x, y, z = a[0] + b[0], a[1] + b[1], a[2] + b[2]
    length = sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def _cosine(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _square(a: Vector, b: Vector) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2


def _doubled_area(path: list[XY]) -> float:
    return sum(path[k - 1][0] * y - x * path[k - 1][1] for k, (x, y) in enumerate(path))
