"""The files of a dossier, opened by other programs: GDAL, rio-cogeo, qpdf, an XML reader."""

import json
import math
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pikepdf
import pytest

from perilune.access.policy import OPERATOR
from perilune.errors import WrongUsage
from perilune.ingest.delivery import deliver
from perilune.mission.dossier.dossier import Dossier, Wanted, compile_dossier
from perilune.mission.dossier.figures import Figures, figures
from perilune.mission.dossier.ground import Model
from perilune.mission.dossier.place import Period, Place
from perilune.mission.dossier.profile import built_in
from perilune.mission.dossier.scene import Line, Words, svg
from perilune.mission.dossier.writing import write_dossier
from perilune.mission.simulate import write_bundle
from perilune.moon.bodies import MOON
from perilune.node import Node

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("reportlab")
pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)

PLACE = Place.of(-89.6, 40.0, 20.0)
YEAR = Period.of(datetime(2028, 1, 1, tzinfo=UTC), 1.0)
LAYERS = {"earth", "elevation", "permanent_shadow", "roughness", "slope", "sun"}


@pytest.fixture(scope="module")
def dossier(mountain: Path, tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    folder = tmp_path_factory.mktemp("bundle") / "b"
    write_bundle(folder)
    node = Node.in_memory(namespaces=("urn:ros:rssa",))
    deliver(folder, node)
    wanted = Wanted(place=PLACE, period=YEAR, model=Model(mountain), profiles=built_in())
    return compile_dossier(wanted, node, OPERATOR)


@pytest.fixture(scope="module")
def drawn(dossier: Dossier) -> Figures:
    return figures(dossier)


@pytest.fixture(scope="module")
def folder(dossier: Dossier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dossier") / "d"
    written = write_dossier(dossier, made)
    assert {each.name for each in written} == {each.name for each in made.iterdir()}
    return made


def test_gdal_reads_every_theme_of_the_geopackage(folder: Path, dossier: Dossier) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    path = folder / "dossier.gpkg"

    themes = dict(pyogrio.list_layers(path))
    assert themes == {
        "site": "MultiPolygon",
        "products": "MultiPolygon",
        "gaps": "MultiPolygon",
        "features": "Point",
        "candidates": "Point",
    }
    info = pyogrio.read_info(path, layer="products", force_total_bounds=True)
    assert info["features"] == len(dossier.coverage.coverings) > 0
    assert "Polar_Stereographic" in info["crs"] or "30135" in info["crs"]
    assert {"lidvid", "resolution_m", "log_position", "licence", "frame_fault"} <= set(
        info["fields"]
    )
    left, low, right, high = pyogrio.read_info(path, layer="site", force_total_bounds=True)[
        "total_bounds"
    ]
    assert right - left == pytest.approx(40_000.0, rel=0.01)
    assert high - low == pytest.approx(40_000.0, rel=0.01)


def test_gdal_measures_the_area_that_the_dossier_tells(folder: Path) -> None:
    """The site's circle, in the polar plane: its area, by the shoelace over GDAL's own reading."""
    raw = pytest.importorskip("pyogrio.raw")
    _, _, geometries, values = raw.read(folder / "dossier.gpkg", layer="gaps")
    told = json.loads((folder / "dossier.json").read_text())

    assert values[0][0] == pytest.approx(told["coverage"]["gaps"]["area_km2"], rel=1e-4)
    assert planar_km2(geometries[0]) == pytest.approx(values[0][0], rel=0.01)


def planar_km2(wkb: bytes) -> float:
    """Area of a multipolygon of polygons with one ring, little endian."""
    total, at = 0.0, 9
    for _ in range(int.from_bytes(wkb[5:9], "little")):
        count = int.from_bytes(wkb[at + 9 : at + 13], "little")
        x, y = np.frombuffer(wkb, "<f8", 2 * count, at + 13).reshape(-1, 2).T
        total += abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2
        at += 13 + 16 * count
    return total / 1e6


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_rasters_are_cloud_optimized_and_say_what_they_are(name: str, folder: Path) -> None:
    cogeo = pytest.importorskip("rio_cogeo.cogeo")
    path = folder / f"{name}.tif"

    is_valid, errors, _ = cogeo.cog_validate(path, quiet=True)

    assert is_valid, errors
    with rasterio.open(path) as source:
        assert source.tags()["CRS"] == "IAU_2015:30135"
        assert "cone.tif" in source.tags()["SOURCE"]
        assert source.units[0]
        assert source.crs.to_dict()["lat_0"] == -90
        values = source.read(1)
    assert np.isfinite(values).any()
    assert np.isnan(values[0, 0])


def test_the_best_lit_pixel_lies_on_the_mountain(folder: Path) -> None:
    """Where the polar stereographic formula puts 89.6 S 40 E: 2 R tan(c / 2)."""
    with rasterio.open(folder / "sun.tif") as source:
        values = source.read(1)
        x, y = source.xy(*np.unravel_index(np.nanargmax(values), values.shape))

    away = 2 * MOON.radius_m * math.tan(math.radians(0.4) / 2)
    peak = away * math.sin(math.radians(40)), away * math.cos(math.radians(40))
    assert math.hypot(x - peak[0], y - peak[1]) < 1_500.0


def test_the_print_has_pages_with_the_words_of_the_dossier(folder: Path) -> None:
    with pikepdf.open(folder / "dossier.pdf") as pdf:
        assert len(pdf.pages) >= 2
        assert "89.6° S, 40° E" in str(pdf.docinfo["/Title"])
        width, height = (float(each) for each in pdf.pages[0].MediaBox[2:])
        assert (round(width), round(height)) == (595, 842)
        assert not pdf.Root.get("/OpenAction")


def test_the_page_needs_nothing_else_and_is_whole(folder: Path) -> None:
    text = (folder / "dossier.html").read_text("utf-8")

    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "<script" not in text
    for words in (
        "At a glance",
        "Against Luna-27",
        "Products that cover the site",
        "simulated",
        "Sources",
    ):
        assert words in text


def test_a_title_in_a_product_stays_text(drawn: Figures) -> None:
    scene = drawn.maps[0]
    scene.marks.append(Words(at=(1.0, 1.0), text="<script>&amp;"))

    element = ET.fromstring(svg(scene))  # our own drawing

    assert element[-1].text == "<script>&amp;"
    scene.marks.pop()


def test_north_points_away_from_the_south_pole(drawn: Figures) -> None:
    """At 40 E the meridian leaves the pole up and to the right; so does the arrow."""
    for scene in drawn.maps:
        [arrow] = [
            mark.parts[0]
            for mark in scene.marks
            if isinstance(mark, Line)
            and mark.is_closed
            and len(mark.parts[0]) == 4
            and mark.width == 1.0
            and not mark.is_cut
            and mark.fill == "#ffffff"
        ]
        tip, notch = arrow[0], arrow[2]
        turn = math.degrees(math.atan2(tip[0] - notch[0], notch[1] - tip[1]))
        assert turn == pytest.approx(40.0, abs=1.0)


def test_every_map_says_its_unit_scale_and_projection(drawn: Figures) -> None:
    assert [scene.name for scene in drawn.maps] == [
        "coverage",
        "elevation",
        "slope",
        "sun",
        "earth",
        "permanent_shadow",
    ]
    for scene in drawn.maps:
        words = " ".join(mark.text for mark in scene.marks if isinstance(mark, Words))
        assert "km" in words
        assert "Polar stereographic, MOON_ME (DE421)" in words
        assert "N" in words.split()


def test_files_that_are_there_are_never_written_over(folder: Path, dossier: Dossier) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir()}

    with pytest.raises(WrongUsage, match=r"dossier\.gpkg"):
        write_dossier(dossier, folder)

    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


@pytest.mark.parametrize(("lat", "lon"), [(0.7, 23.5), (-45.5, 177.6), (86.0, -93.0)])
def test_a_site_anywhere_is_drawn_without_a_model(lat: float, lon: float) -> None:
    wanted = Wanted(place=Place.of(lat, lon, 30.0), period=YEAR)

    drawn = figures(compile_dossier(wanted, None, OPERATOR))

    assert drawn.layers == ()
    assert [scene.name for scene in drawn.maps] == ["coverage"]
    ET.fromstring(svg(drawn.maps[0]))  # our own drawing
