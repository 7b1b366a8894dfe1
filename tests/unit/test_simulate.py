"""The simulated bundle is what a real team could deliver, and says on every label that it is not.

Independent references: NASA's schemas (shared data) by libxml2, pds4_tools as reader, and plain
vector arithmetic for the footprints.
"""

import csv
import hashlib
import itertools
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pds4_tools
import pytest
from lxml import etree
from PIL import Image

from perilune.errors import WrongUsage
from perilune.mission.simulate import Truth, products, write_bundle, write_landing_sites
from perilune.mission.simulate.strips import STRIPS, Strip
from perilune.mission.simulate.surface import reflectance

PDS = "{http://pds.nasa.gov/pds4/pds/v1}"
Bundle = tuple[Path, Truth]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("simulated") / "luna26"
    return folder, write_bundle(folder)


@pytest.fixture(scope="module")
def labels(bundle: Bundle) -> dict[Path, etree._Element]:
    return {path: etree.parse(path).getroot() for path in sorted(bundle[0].rglob("*.xml"))}


@pytest.fixture(scope="module")
def schema(
    shared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> etree.XMLSchema:
    folder = tmp_path_factory.mktemp("schemas")
    names = (
        "pds/PDS4_PDS_1L00",
        "cart/PDS4_CART_1L00_1970",
        "disp/PDS4_DISP_1L00_1510",
        "geom/PDS4_GEOM_1L00_19B0",
    )
    with tarfile.open(shared("data/pds4/schemas.tar.xz")) as archive:
        wanted = {f"{name}.xsd" for name in names}
        for member in archive:
            if member.name.removeprefix("./") in wanted:
                archive.extract(member, folder, filter="data")

    class Local(etree.Resolver):
        def resolve(self, url: str, _id: str, context: object) -> object:
            found = re.fullmatch(r"https://pds\.nasa\.gov/pds4/(\w+)/v1/(.+)", url)
            assert found, url
            return self.resolve_filename(str(folder / found[1] / found[2]), context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    imports = "".join(
        f'<xs:import namespace="http://pds.nasa.gov/pds4/{name.split("/")[0]}/v1"'
        f' schemaLocation="https://pds.nasa.gov/pds4/{name.replace("/", "/v1/")}.xsd"/>'
        for name in names
    )
    top = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(top, parser))


def test_every_label_is_valid_against_nasas_schemas(
    labels: dict[Path, etree._Element], schema: etree.XMLSchema
) -> None:
    faults = {
        path.name: [error.message for error in schema.error_log]
        for path, root in labels.items()
        if not schema.validate(root)
    }

    assert faults == {}
    assert len(labels) == 38


def test_the_landing_sites_are_valid_too_and_say_that_they_are_simulated(
    schema: etree.XMLSchema, tmp_path: Path
) -> None:
    made = write_landing_sites(tmp_path / "one")
    write_landing_sites(tmp_path / "two")
    found = sorted((tmp_path / "one").rglob("*.xml"))

    assert len(found) == len(made) == 5
    for path in found:
        root = etree.parse(path).getroot()
        assert schema.validate(root), (path.name, schema.error_log)
        assert "(simulated)" in root.findtext(f".//{PDS}title")
        [table] = pds4_tools.read(str(path), quiet=True, lazy_load=False)
        assert (len(table), len(table["slope"])) == (4, 400)
        assert 0 <= min(table["slope"]) <= max(table["slope"]) <= 45
    for path in (tmp_path / "one").rglob("*.*"):
        same = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == same.read_bytes()
    with pytest.raises(WrongUsage):
        write_landing_sites(tmp_path / "one")


def test_every_label_says_simulated(labels: dict[Path, etree._Element]) -> None:
    for path, root in labels.items():
        title = root.findtext(f".//{PDS}title") or ""
        words = [keyword.text for keyword in root.iter(f"{PDS}keyword")]

        assert title.startswith("Simulated "), path.name
        assert "simulated" in words, path.name


def test_sizes_and_md5_in_labels_are_those_of_the_files(
    labels: dict[Path, etree._Element],
) -> None:
    checked = 0
    for path, root in labels.items():
        for named in itertools.chain(root.iter(f"{PDS}File"), root.iter(f"{PDS}Document_File")):
            data = (path.parent / str(named.findtext(f"{PDS}file_name"))).read_bytes()
            assert int(named.findtext(f"{PDS}file_size") or 0) == len(data)
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            assert named.findtext(f"{PDS}md5_checksum") == digest
            checked += 1

    assert checked == 38


def test_truth_counts_what_lies_on_disk(bundle: Bundle, labels: dict[Path, etree._Element]) -> None:
    folder, truth = bundle
    found = [path for path in folder.rglob("*") if path.is_file()]
    named = {
        f"{root.findtext(f'.//{PDS}logical_identifier')}::{root.findtext(f'.//{PDS}version_id')}"
        for root in labels.values()
    }

    assert truth.files == len(found)
    assert truth.bytes == sum(path.stat().st_size for path in found) < 12_000_000
    assert {str(lidvid) for lidvid in truth.lidvids} == named


def test_inventories_name_every_product_once(bundle: Bundle) -> None:
    folder, truth = bundle
    rows = []
    for path in folder.rglob("collection_*.csv"):
        assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
        rows += list(csv.reader(path.read_text("ascii").splitlines()))
    basic = {str(lidvid) for lidvid in truth.lidvids if str(lidvid.lid).count(":") == 5}

    assert {status for status, _ in rows} == {"P"}
    assert sorted(lidvid for _, lidvid in rows) == sorted(basic)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("number", [1, 5])
def test_pds4_tools_reads_the_values_that_were_meant(bundle: Bundle, number: int) -> None:
    folder, _ = bundle
    strip = STRIPS[number - 1]
    seen = reflectance(26, strip)

    counts = pds4_tools.read(
        str(folder / f"data_raw/stc_{number:02d}_raw.xml"), quiet=True, lazy_load=False
    )[0].data
    scaled = pds4_tools.read(
        str(folder / f"data_calibrated/stc_{number:02d}_cal.xml"), quiet=True, lazy_load=False
    )[0].data

    assert counts.shape == scaled.shape == (strip.lines, strip.samples)
    assert np.array_equal(counts, products.raw_counts(seen, 26))
    full = counts >= 4095
    assert np.allclose(np.asarray(scaled)[~full], seen[~full], rtol=0, atol=12 / 24_000)
    assert counts.std() > 20


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pds4_tools_reads_both_tables(bundle: Bundle) -> None:
    folder, _ = bundle

    day = pds4_tools.read(str(folder / "data_raw/hk_20281003.xml"), quiet=True, lazy_load=False)[0]
    spectra = pds4_tools.read(
        str(folder / "data_calibrated/irs_spectra.xml"), quiet=True, lazy_load=False
    )[0]

    assert len(day["bus_voltage"]) == 144
    assert day["utc"][0] == "2028-10-03T00:00:00.000Z"
    assert 27 < np.mean(day["bus_voltage"]) < 30
    assert (spectra["wavelength"][0], spectra["wavelength"][-1]) == (900.0, 3300.0)
    band = np.argmin(np.abs(spectra["wavelength"] - 2900))
    assert spectra["shackleton_rim"][band] < spectra["sinus_medii"][band]


def test_browse_images_are_of_their_strips_shape(bundle: Bundle) -> None:
    for strip in STRIPS:
        with Image.open(bundle[0] / f"browse/stc_{strip.number:02d}_browse.png") as picture:
            assert picture.size == (strip.samples, strip.lines)


def _vectors(strip: Strip) -> np.ndarray:
    lon, lat = np.radians(np.array(strip.outline().rings[0])).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _holds(strip: Strip, lon: float, lat: float) -> bool:
    """Whether a place is left of every edge: true inside a ring all but convex."""
    ring = _vectors(strip)
    a, b = np.radians([lon, lat])
    place = np.array([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])
    return bool(np.all(np.cross(ring, np.roll(ring, -1, axis=0)) @ place > -2e-7))


def test_the_strips_are_those_that_break_other_archives() -> None:
    assert [strip.number for strip in STRIPS if _holds(strip, 0, -90)] == [1, 2]
    assert [strip.number for strip in STRIPS if _holds(strip, 0, 90)] == [8]
    assert {strip.number for strip in STRIPS if strip.box().east < strip.box().west} == {3, 4, 10}
    thin = [strip for strip in STRIPS if 2 * strip.half_width * 1737.4 < 1.0]
    assert [strip.number for strip in thin] == [5]


@pytest.mark.parametrize("strip", STRIPS, ids=lambda strip: str(strip.number))
def test_the_outline_has_the_area_of_its_pixels(strip: Strip) -> None:
    ring = _vectors(strip)
    middle = ring.mean(axis=0)
    after = np.roll(ring, -1, axis=0)
    signed = np.einsum("ij,ij->i", np.cross(ring, after), np.broadcast_to(middle, ring.shape))
    area = signed.sum() / 2 * 1_737_400.0**2

    assert area == pytest.approx(strip.lines * strip.samples * strip.pixel_m**2, rel=2e-3)


@pytest.mark.parametrize("strip", STRIPS, ids=lambda strip: str(strip.number))
def test_the_bounding_box_holds_the_outline_and_no_more(strip: Strip) -> None:
    box = strip.box()
    ring = np.array(strip.outline().rings[0])
    width = (box.east - box.west) % 360.0 or 360.0

    assert np.all((ring[:, 0] - box.west) % 360.0 <= width + 1e-9)
    assert box.south <= ring[:, 1].min()
    assert ring[:, 1].max() <= box.north
    if not box.is_full_circle:
        assert np.ptp((ring[:, 0] - box.west) % 360.0) == pytest.approx(width, rel=2e-2)


def test_one_seed_writes_the_same_bytes_and_another_does_not(
    bundle: Bundle, tmp_path: Path
) -> None:
    first, _ = bundle
    write_bundle(tmp_path / "again")
    write_bundle(tmp_path / "other", seed=27)
    name = "data_raw/stc_03_raw.img"

    for path in first.rglob("*"):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(first)
            assert again.read_bytes() == path.read_bytes(), path.name
    assert (tmp_path / "other" / name).read_bytes() != (first / name).read_bytes()


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", "utf-8")

    with pytest.raises(WrongUsage, match="not an empty folder"):
        write_bundle(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
