"""Maps: what the server draws is where the formulas put it, and texts leave one another room."""

from math import asin, atan2, cos, degrees, pi, radians, sin, tan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from perilune.catalogue.query import Cap
from perilune.model.footprint import LatLonBox, Point
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app
from perilune.web.pages import sheet
from perilune.web.pages.labels import WIDTHS, Text, placed

R = 1_737_400.0
DATA = "urn:nasa:pds:luna:data"


def south(lon: float, lat: float) -> tuple[float, float]:
    """Snyder (1987), equations 21-9 and 21-10 for the south pole, k0 = 1."""
    rho = 2 * R * tan(radians(90 + lat) / 2)
    return rho * sin(radians(lon)), rho * cos(radians(lon))


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Snyder (1987), equations 20-14 to 20-18, for the south pole."""
    rho = (x * x + y * y) ** 0.5
    return degrees(atan2(x, y)), -degrees(pi / 2 - 2 * atan2(rho, 2 * R))


def angle(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Degrees between two places, by the haversine."""
    (lon_a, lat_a), (lon_b, lat_b) = a, b
    rise = sin(radians(lat_b - lat_a) / 2) ** 2
    turn = sin(radians(lon_b - lon_a) / 2) ** 2
    return degrees(2 * asin((rise + cos(radians(lat_a)) * cos(radians(lat_b)) * turn) ** 0.5))


@pytest.fixture(scope="module")
def client() -> TestClient:
    node = Node.in_memory()
    places = [
        build.footprint(Point(123.4, -88.8)),
        build.footprint(LatLonBox(170.0, -80.0, -170.0, -75.0)),
        build.footprint(Point(0.0, 10.0)),
    ]
    products = [
        build.product(f"{DATA}:image_{number}::1.0", footprints=(each,))
        for number, each in enumerate(places)
    ]
    keep(node, *build.holdings(products))
    return TestClient(create_app(node))


@given(st.floats(-180, 180), st.floats(-89.9, -62), st.floats(1, 200))
def test_the_circle_of_a_site_is_everywhere_its_radius_away(
    lon: float, lat: float, radius_km: float
) -> None:
    (ring,) = sheet.cap_paths(Cap(lon, lat, radius_km), "south")

    away = [angle((lon, lat), lonlat(x, y)) for x, y in ring]

    assert max(away) == pytest.approx(degrees(radius_km * 1000 / R), rel=1e-6)
    assert min(away) > degrees(radius_km * 1000 / R) * 0.99  # chords lie inside the circle


def test_features_come_in_metres_of_the_view(client: TestClient) -> None:
    found = client.get("/map/features.json", params={"view": "south", "sort": "lid"}).json()
    point, box = found["features"]

    x, y = south(123.4, -88.8)
    assert point["geometry"] == {"type": "Point", "coordinates": [round(x), round(y)]}
    assert point["properties"]["href"] == f"/products/{DATA}:image_0::1.0"
    corners = [lonlat(x, y) for x, y in box["geometry"]["coordinates"][0]]
    assert {round(lat, 3) for _, lat in corners} == {-80.0, -75.0}
    assert all(abs(lon) >= 169.999 for lon, _ in corners)


def test_features_of_a_site_carry_its_circle(client: TestClient) -> None:
    found = client.get("/map/features.json", params={"site": "-88.8,123.4", "radius": "5"}).json()

    assert [each["properties"]["lidvid"] for each in found["features"]] == [f"{DATA}:image_0::1.0"]
    assert found["site"]["geometry"]["type"] == "MultiLineString"


@pytest.mark.parametrize("view", ["south", "north", "global"])
def test_the_graticule_keeps_to_its_degrees_and_its_labels_to_the_box(
    client: TestClient, view: str
) -> None:
    extent = client.get(f"/map/sheet/{view}.json").json()["extent"]
    lines = client.get(f"/map/grid/{view}.json", params={"box": ",".join(map(str, extent))}).json()

    assert len(lines) >= 8
    for line in lines:
        assert extent[0] <= line["anchor"][0] <= extent[2]
        assert extent[1] <= line["anchor"][1] <= extent[3]
    if view == "south":
        parallel = next(line for line in lines if line["text"] == "80° S")
        assert {round(lonlat(*place)[1], 3) for run in parallel["runs"] for place in run} == {-80.0}
        meridian = next(line for line in lines if line["text"] == "240° E")
        assert {round(lonlat(*place)[0], 2) for place in meridian["runs"][0][1:]} <= {
            -120.0,
            -119.99,
            -120.01,
        }


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    """At 60 degrees of latitude a polar map is 7.2 per cent too large: (1 + sin 60) / 2 = 0.933."""
    x, y = south(0.0, -60.0)
    box = (x - 50_000, y - 50_000, x + 50_000, y + 50_000)

    km, share = sheet.bar_km(box, "south", 0.3)

    assert km == 20.0
    assert share == pytest.approx(20.0 / (100.0 * 0.9330127), rel=1e-4)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/map/sheet/east.json", 404),
        ("/map/base/east.png", 404),
        ("/map/grid/south.json?box=1,2,3", 400),
        ("/map/grid/south.json?box=nan,0,10000,10000", 400),
        ("/map/grid/south.json?box=0,0,10,10", 400),
        ("/map/features/urn:nasa:pds:luna:data:absent::1.0.json", 404),
    ],
)
def test_what_is_no_map_is_refused(client: TestClient, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@given(
    st.lists(
        st.builds(
            Text,
            st.floats(0, 1),
            st.floats(0, 1),
            st.sampled_from(["Shackleton", "de Gerlache", "月球", "80° S"]),
            st.just("name"),
        ),
        max_size=40,
    )
)
def test_texts_that_show_at_one_width_leave_one_another_room(texts: list[Text]) -> None:
    """A character is taken as 6 pixels wide and 11 high: less than the fonts of any system."""
    labels = placed(tuple(texts), 1.0)

    for width in WIDTHS[1:]:
        boxes = []
        for label in labels:
            from_width = [int(part[5:]) for part in label.look.split() if part[:5] == "from-"]
            if from_width and from_width[0] > width:
                continue
            x, y, length = label.x * width / 100, label.y * width / 100, 6 * len(label.text)
            left = {"start": x, "middle": x - length / 2, "end": x - length}[label.anchor]
            boxes.append((left, y - 11, left + length, y))
        for number, a in enumerate(boxes):
            for b in boxes[number + 1 :]:
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_the_first_text_keeps_its_place_on_the_narrowest_map() -> None:
    big, small = Text(0.5, 0.5, "Mare Imbrium", "name"), Text(0.52, 0.5, "Plato", "name")

    labels = placed((big, small), 1.0)

    assert labels[0].look == "name"
    assert [label.text for label in labels] == ["Mare Imbrium"]
