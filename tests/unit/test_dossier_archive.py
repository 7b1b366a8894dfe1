"""What a catalogue's products cover of a site: frames, light, dates, and who may see what."""

import math
from datetime import datetime
from importlib.util import find_spec

import pytest

from perilune.access.policy import OPERATOR, VISITOR
from perilune.mission.dossier.archive import Coverage, coverage
from perilune.mission.dossier.place import Place
from perilune.model.footprint import Polygon
from perilune.model.product import Holding, Releasability
from perilune.moon.bodies import MOON
from perilune.moon.coverage import SiteCells
from perilune.moon.ephemeris import Ephemeris
from perilune.moon.frames import to_mean_earth
from perilune.moon.sphere import distance
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep

pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)

PLACE = Place.of(-89.5, 222.0, 20.0)
WHERE = "urn:nasa:pds:luna:data"


def square(x_km: float, y_km: float, half_km: float) -> Polygon:
    """A square on the site's plane, kilometres from its middle."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    grid = SiteCells.of(PLACE.lon, PLACE.lat, PLACE.radius_km).grid
    lon, lat = grid.lonlat_at(
        [1000.0 * (x_km + half_km * u) for u, _ in corners],
        [1000.0 * (y_km + half_km * v) for _, v in corners],
    )
    return Polygon((tuple(zip(lon.tolist(), lat.tolist(), strict=True)),))


def holding(
    name: str, shape: Polygon, index: int, frame: str = "MOON_ME", **more: object
) -> Holding:
    prints = (build.footprint(shape, body="Moon", frame=frame, realisation="DE421"),)
    releasability = more.pop("releasability", Releasability.PUBLIC)
    made = build.product(f"{WHERE}:{name}::1.0", footprints=prints, **more)
    return build.holding(made, index, releasability=releasability)


def covered(*holdings: Holding, asker: object = OPERATOR) -> Coverage:
    node = Node.in_memory()
    keep(node, *holdings)
    return coverage(PLACE, node, OPERATOR if asker is OPERATOR else VISITOR)


def test_shares_are_those_of_the_areas() -> None:
    found = covered(holding("a", square(0, 0, 5), 1), holding("b", square(12, 0, 2), 2))

    a, b = found.coverings
    site = math.pi * 20.0**2
    assert a.share == pytest.approx(100.0 / site, rel=0.06)
    assert b.share == pytest.approx(16.0 / site, rel=0.1)
    assert (a.covers_middle, b.covers_middle) == (True, False)
    assert found.cells.share(found.any) == pytest.approx(a.share + b.share)


def test_a_footprint_in_principal_axes_is_told_and_moved() -> None:
    """662 m at the pole, 658 m here: more than two cells of this site."""
    shape = square(0, 0, 5)
    found = covered(holding("pa", shape, 1, frame="MOON_PA"), holding("me", shape, 2))

    faults = {str(each.holding.product.id.lid).rpartition(":")[2]: each for each in found.coverings}
    assert faults["me"].frame_fault == ""
    assert "658 m" in faults["pa"].frame_fault
    [moved] = faults["pa"].shapes
    assert isinstance(moved, Polygon)
    assert moved.rings[0][0] == to_mean_earth(shape.rings[0][0])
    away = distance(moved.rings[0][0], shape.rings[0][0]) * MOON.radius_m
    assert away == pytest.approx(658.0, abs=8.0)


def test_a_footprint_without_a_frame_is_told() -> None:
    [found] = covered(holding("a", square(0, 0, 5), 1, frame="")).coverings

    assert "names no frame" in found.frame_fault


def test_the_sun_is_computed_where_the_label_is_silent_and_taken_where_it_is_not() -> None:
    time = build.span("2028-10-14T08:00:00Z", "2028-10-14T10:00:00Z")
    said = (("geom:Illumination_Specific.geom:incidence_angle", ("81.5",)),)
    silent = holding("a", square(0, 0, 5), 1, time=time)
    saying = holding("b", square(0, 0, 5), 2, time=time, properties=said)

    a, b = sorted(covered(silent, saying).coverings, key=lambda each: each.holding.index)

    with Ephemeris.open() as ephemeris:
        moment = datetime.fromisoformat("2028-10-14T09:00:00Z")
        azimuth, elevation = ephemeris.azimuth_elevation_deg(
            "sun", [moment], lat=PLACE.lat, lon=PLACE.lon
        )
    assert a.incidence_source == "computed"
    assert a.incidence_deg == pytest.approx(90.0 - elevation[0])
    assert a.sun_azimuth_deg == pytest.approx(azimuth[0])
    assert (b.incidence_deg, b.incidence_source) == (81.5, "label")
    assert b.sun_azimuth_deg == pytest.approx(azimuth[0])


def test_resolution_is_the_ground_that_a_pixel_covers() -> None:
    elements = (("pds:Axis_Array.pds:elements", ("5000", "1000")),)
    named = holding("a", square(0, 0, 5), 1, properties=elements)

    first, second = covered(named, holding("b", square(0, 0, 4), 2)).coverings

    assert first.resolution_m == pytest.approx(math.sqrt(1e8 / 5e6), rel=1e-3)
    assert second.resolution_m is None


def test_years_and_gaps_are_told() -> None:
    early = holding("a", square(0, 0, 5), 1, time=build.span("2019-01-01T00:00:00Z"))
    late = holding("b", square(12, 0, 2), 2, time=build.span("2028-01-01T00:00:00Z"))

    found = covered(early, late)

    assert set(found.by_year) == {"2019", "2028"}
    assert found.cells.share(found.by_year["2019"]) == pytest.approx(100 / 1257, rel=0.06)
    gap = found.cells.share(found.cells.missing(found.any))
    assert gap == pytest.approx(1.0 - 116.0 / 1257.0, abs=0.005)


def test_a_visitor_learns_nothing_of_what_is_not_public() -> None:
    secret = holding("s", square(0, 0, 5), 1, releasability=Releasability.NATIONAL)
    shown = holding("p", square(12, 0, 2), 2)

    assert len(covered(secret, shown).coverings) == 2
    seen = covered(secret, shown, asker=VISITOR)
    assert [each.holding.product.id for each in seen.coverings] == [shown.product.id]
    assert not seen.any[75, 75]
