"""Real products of PDS3 and FITS: opened, wrapped, delivered, found and drawn.

Independent references: GDAL's PDS driver by rasterio, and for FITS the label that the MAVEN team
wrote around a file of theirs (test data of pds4_tools 1.4).
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import perilune
from perilune.access.holding import open_holding
from perilune.access.policy import VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Cap, Query
from perilune.cli import main
from perilune.errors import PeriluneError
from perilune.formats.heritage.wrapper import is_heritage
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.table import OpenTable
from perilune.formats.picture import picture
from perilune.ingest.delivery import deliver
from perilune.ingest.wrapping import wrap_folder
from perilune.model.footprint import LatLonBox
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.validation.schemas import Schemas

Shared = Callable[[str], Path]


def old_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                if is_heritage(file.read(4096)):
                    found.append(path)
    return found


def in_bands(image: OpenArray) -> np.ndarray:  # type: ignore[type-arg]
    """Elements as GDAL orders them: band, line, sample."""
    order = [
        image.axis_names.index(name) for name in ("band", "line", "sample")[-image.raw().ndim :]
    ]
    return np.moveaxis(image.raw(), order, range(len(order)))


def test_images_are_those_of_gdal(shared: Shared) -> None:
    rasterio = pytest.importorskip("rasterio")
    same = []
    for path in old_files(shared("data/pds4/samples")) + old_files(shared("data/moon/samples")):
        try:
            [image] = perilune.open(path).arrays
            values = in_bands(image)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with rasterio.open(path) as opened:
                    bands = opened.read()
        except (PeriluneError, ValueError, rasterio.errors.RasterioError):
            continue
        values = values.reshape(bands.shape)
        assert np.array_equal(values, bands, equal_nan=values.dtype.kind == "f"), path
        same.append(path.name)

    assert len(same) > 20
    assert {"nacl.img", "wac0000a1c4_cropped.img", "3133_h1.pds_cropped.img"} <= set(same)


def test_fits_is_read_as_its_own_team_labelled_it(shared: Shared, tmp_path: Path) -> None:
    folder = shared("data/pds4/samples/pds4_tools-tests")
    labelled = perilune.open(folder / "äf.xml")
    (tmp_path / "alone.fits").write_bytes((folder / "äf.fits").read_bytes())
    alone = perilune.open(tmp_path / "alone.fits")

    image, expected = alone.arrays[0], labelled.arrays[0]
    assert np.array_equal(image.raw(), expected.raw())
    compared = 0
    for table, theirs in zip(alone.tables, labelled.tables, strict=False):
        ours = list(table.read().values())
        for ours_one, column in zip(ours, theirs.read().values(), strict=False):
            if ours_one.shape == column.shape and ours_one.dtype == column.dtype:
                assert ours_one.data.tobytes() == column.data.tobytes(), (table, theirs)
                compared += 1
    assert compared > 60


@pytest.fixture(scope="module")
def node(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Node:
    folder = tmp_path_factory.mktemp("wrap")
    wrapped = wrap_folder(
        shared("data/moon/samples/isis/kaguyatc2isis"), folder / "kaguya", "urn:ros:rssa"
    )
    assert wrapped.left == ()
    made = Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    assert deliver(folder / "kaguya", made).is_complete
    return made


KAGUYA = "urn:ros:rssa:sln-l-tc-3-s-level2b0-v1.0:data:tc1s2b0_01_05186n225e0040"


def test_a_wrapped_product_is_found_where_its_keywords_say_it_lies(node: Node) -> None:
    holding = find(KAGUYA, node, VISITOR)
    near = Query(site=Cap(lon=4.05, lat=22.5, radius_km=5.0))
    far = Query(site=Cap(lon=184.0, lat=-22.5, radius_km=5.0))

    [shape] = [each.shape for each in holding.product.footprints]

    assert isinstance(shape, LatLonBox)
    assert (shape.west, shape.south) == pytest.approx((3.4, 21.69), abs=0.1)
    assert KAGUYA in [str(each.product.id.lid) for each in search(near, node, VISITOR).hits]
    assert search(far, node, VISITOR).total == 0
    assert "Wrapped by this node" in holding.product.citation.description


def test_a_wrapped_product_keeps_its_original_label_and_is_read_from_the_node(
    node: Node, shared: Shared
) -> None:
    holding = find(KAGUYA, node, VISITOR)
    product = open_holding(holding, node)
    original = shared("data/moon/samples/isis/kaguyatc2isis/TC1S2B0_01_05186N225E0040_mini.lbl")

    image = product.arrays[0]

    assert image.shape == (3, 3208)
    assert product.streams[0].read() == original.read_bytes()
    assert image.raw().max() == 1634
    assert image[...].max() == pytest.approx(1634 * 0.013)  # SCALING_FACTOR of the label
    assert picture(image) is not None


def test_a_table_of_pds3_is_the_table_of_its_pds4_migration(shared: Shared) -> None:
    """The Odyssey accelerometer's profiles were migrated by the PDS: both labels are there."""
    folder = shared("data/pds4/samples/ody-accel-pds3+pds4/ody_bundle/Data/PROFILE_DATA/PROF")
    old = perilune.open(folder / "ACCPROFP232.LBL").tables[0]
    new = perilune.open(folder / "ACCPROFP232.xml").tables[0]

    assert isinstance(old, OpenTable)
    compared = 0
    for ours, theirs in zip(old.read().values(), new.read().values(), strict=True):
        if ours.dtype.kind == "f" and theirs.dtype.kind == "f":
            assert ours.tolist() == theirs.tolist()
            compared += 1
    assert compared > 3


def test_wrappers_are_right_by_the_check(
    shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemas, Schematrons and content, with NASA's own files."""
    monkeypatch.setenv("PERILUNE_SCHEMAS", str(tmp_path / "schemas"))
    Schemas.open(tmp_path / "schemas").add(shared("data/pds4/schemas.tar.xz"))
    made = 0
    for number, source in enumerate(
        (
            "data/moon/samples/isis/kaguyatc2isis",
            "data/moon/samples/isis/lrowac2isis",
            "data/pds4/samples/isis3-lunar-pds3/lronac",
            "data/pds4/samples/gdal-autotest/fits",
        )
    ):
        target = tmp_path / "wrapped" / str(number)
        made += len(wrap_folder(shared(source), target, "urn:ros:rssa").wrappers)

    checked = CliRunner().invoke(main, ["validate", "--json", str(tmp_path / "wrapped")])

    report = json.loads(checked.stdout)
    faults = [
        (each["label"], message["type"], message["message"])
        for each in report["productLevelValidationResults"]
        for message in each["messages"]
        if message["severity"] != "WARNING"
    ]
    assert made == len(report["productLevelValidationResults"]) == 11
    assert faults == []
