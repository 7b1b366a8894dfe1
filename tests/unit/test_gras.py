"""Names and labels of China's Ground Research and Application System."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from perilune.cli import main
from perilune.errors import MalformedName, WrongUsage
from perilune.formats.gras.names import GrasName
from perilune.formats.gras.wrapper import identify
from perilune.formats.pds4.label import read_label
from perilune.ingest.wrapping import Wrapped, wrap_folder
from perilune.model.footprint import LatLonBox, Point

RADAR = "CE4_GRAS_LPR-2B_SCI_N_20190104004000_20190109213900_0001_A.2B"
CAMERA = "CE4_GRAS_TCAM-I-143_SCI_N_20190111195709_20190111195709_0009_A.2C"
NAMESPACE = "urn:cnsa:gras"
_SCHEMAS = ("PDS4_PDS_1L00", "PDS4_CART_1L00_1970", "PDS4_GEOM_1L00_1970")
"""CART imports GEOM."""


def test_every_real_name_of_change_4_is_taken_apart_and_put_together_again(
    shared: Callable[[str], Path],
) -> None:
    """5,608 names of an order that the archive of CE-4 delivered in 2019."""
    names = shared("data/moon/samples/gras/ce4_product_names.txt").read_text().split()

    parsed = [GrasName.parse(name) for name in names]

    assert [str(each) for each in parsed] == names
    assert len(names) == 5_608
    assert sum(each.is_label for each in parsed) == 2_804
    assert {each.data_file for each in parsed if each.is_label} == {
        str(each) for each in parsed if not each.is_label
    }
    assert {each.instrument for each in parsed} == {"PCAML", "PCAMR", "TCAM"}


def test_names_of_all_missions_but_a_map_sheet(shared: Callable[[str], Path]) -> None:
    names = shared("data/moon/samples/gras/ce1-ce6_example_names.txt").read_text().split()
    refused = []
    for name in names:
        try:
            assert str(GrasName.parse(name)) == name
        except MalformedName:
            refused.append(name)

    assert refused == ["CE1_BMYK_CCD_F001_21N171W_A.03"]


def test_the_parts_of_a_name() -> None:
    name = GrasName.parse("CE5-L_GRAS_PCAML-I-008_SCI_N_20201203054903_20201203054904_0004_B.2BL")

    assert (name.mission, name.craft, name.station) == ("CE5", "L", "GRAS")
    assert (name.payload, name.instrument) == ("PCAML-I-008", "PCAML")
    assert (name.kind, name.data_class, name.sequence) == ("SCI", "N", "0004")
    assert name.start == datetime(2020, 12, 3, 5, 49, 3, tzinfo=UTC)
    assert name.stop == datetime(2020, 12, 3, 5, 49, 4, tzinfo=UTC)
    assert (name.version, name.level, name.is_label) == ("B", "2B", True)
    assert str(identify(name, NAMESPACE)) == (
        "urn:cnsa:gras:ce5:pcaml_2b:"
        "ce5-l_gras_pcaml-i-008_sci_n_20201203054903_20201203054904_0004_2b::2.0"
    )


@pytest.mark.parametrize(
    "name",
    [
        RADAR.lower(),
        RADAR.replace("2019010400", "2019130400"),
        RADAR.replace("20190109213900", "20180109213900"),
        RADAR.replace("_0001_", "_1_"),
        RADAR.replace("CE4", "CX4"),
        RADAR.replace("SCI_N", "SCI"),
        RADAR.replace(".2B", ".2D"),
        RADAR.replace(".2B", ""),
        RADAR + "LL",
        f" {RADAR}",
        f"{RADAR}\n",
        f"../{RADAR}",
        "",
    ],
)
def test_mangled_names_are_refused_and_named(name: str) -> None:
    with pytest.raises(MalformedName) as refusal:
        GrasName.parse(name)

    assert repr(name[:300]) in str(refusal.value)


@given(position=st.integers(0, len(RADAR) - 1), letter=st.characters())
def test_a_name_with_one_other_letter_is_refused_or_given_back(position: int, letter: str) -> None:
    mangled = RADAR[:position] + letter + RADAR[position + 1 :]
    try:
        assert str(GrasName.parse(mangled)) == mangled
    except MalformedName:
        assert mangled != RADAR


@pytest.fixture
def given_products(shared: Callable[[str], Path], tmp_path: Path) -> Path:
    """The rebuilt labels of CE-4, and synthetic bytes for the image that has none."""
    source = shared("data/pds4/samples/change4-reconstructed")
    folder = tmp_path / "given"
    folder.mkdir()
    for path in source.glob("CE4_*"):
        shutil.copyfile(path, folder / path.name)
    (folder / CAMERA).write_bytes(bytes(1728 * 2352 * 3))
    return folder


@pytest.fixture
def wrapped(given_products: Path, tmp_path: Path) -> Wrapped:
    return wrap_folder(given_products, tmp_path / "wrapped", NAMESPACE)


def test_the_wrapper_says_what_the_label_and_the_files_say(
    wrapped: Wrapped, given_products: Path, tmp_path: Path
) -> None:
    made = {each.name.payload: (path, each) for path, each in wrapped.wrappers}
    path, radar = made["LPR-2B"]
    product = read_label((tmp_path / "wrapped" / path).read_bytes())

    assert wrapped.left == ()
    assert product.id == radar.lidvid
    assert product.processing_level == "Calibrated"
    assert [each.name for each in product.instruments] == ["Lunar Penetrating Radar"]
    assert product.time is not None
    assert product.time.start == datetime(2019, 1, 4, 0, 40, tzinfo=UTC)
    assert product.time.stop == datetime(2019, 1, 9, 21, 39, tzinfo=UTC)
    [footprint] = product.footprints
    shape = footprint.shape
    assert isinstance(shape, LatLonBox | Point)
    assert (shape.west if isinstance(shape, LatLonBox) else shape.lon) == 177.5991
    for named in product.files:
        content = (given_products / named.path).read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert (named.size, named.md5) == (len(content), md5)
        assert (tmp_path / "wrapped" / named.path).read_bytes() == content
    assert [named.path for named in product.files] == [RADAR, f"{RADAR}L"]
    assert "wrapped by this node" in product.citation.keywords
    assert {each.place for each in radar.deviations} == {
        "logical_identifier",
        "start_date_time",
        "stop_date_time",
        "title",
    }


def test_wrappers_are_right_by_the_check(
    wrapped: Wrapped, shared: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemas, Schematrons and content, with NASA's own files; the prefix is a warning."""
    monkeypatch.setenv("PERILUNE_SCHEMAS", str(tmp_path / "pinned" / "schemas"))
    with tarfile.open(shared("data/pds4/schemas.tar.xz")) as archive:
        for member in archive:
            if Path(member.name).stem in _SCHEMAS:
                content = archive.extractfile(member)
                assert content is not None
                (tmp_path / Path(member.name).name).write_bytes(content.read())
    runner = CliRunner()
    for schema in sorted(tmp_path.glob("PDS4_*")):
        assert runner.invoke(main, ["schemas", "add", str(schema)]).exit_code == 0

    checked = runner.invoke(main, ["validate", "--json", str(tmp_path / "wrapped")])

    report = json.loads(checked.stdout)
    assert checked.exit_code == 0, checked.stdout[:2_000]
    assert len(wrapped.wrappers) == 2
    assert report["summary"]["totalErrors"] == 0
    assert report["summary"]["totalWarnings"] == 8


def test_a_wrong_size_is_listed_and_the_true_one_stands_in_the_wrapper(
    given_products: Path, tmp_path: Path
) -> None:
    """As labels of the landing camera have it: 1,323,302,912 for another number of bytes."""
    label = given_products / f"{RADAR}L"
    label.write_bytes(label.read_bytes().replace(b">98520<", b">1323302912<"))

    made = wrap_folder(given_products, tmp_path / "new", NAMESPACE)

    [radar] = [each for _, each in made.wrappers if each.name.payload == "LPR-2B"]
    [size] = [each for each in radar.deviations if each.place == "file_size"]
    assert (size.found, size.right) == ("1323302912", "98520")


def test_what_cannot_be_wrapped_is_named_and_the_rest_is_wrapped(
    given_products: Path, tmp_path: Path
) -> None:
    (given_products / CAMERA).unlink()
    (given_products / "notes.txt").write_text("no product")
    other = "CE4_GRAS_LPR-1_SCI_N_20190104004000_20190109213900_0001_A.2B"
    (given_products / other).write_bytes(b"1")
    (given_products / f"{other}L").write_bytes((given_products / f"{RADAR}L").read_bytes())
    (given_products / "link").symlink_to("/etc/hostname")

    runner = CliRunner()
    target = str(tmp_path / "new")
    arguments = ["wrap", str(given_products), "-o", target, "--namespace", NAMESPACE, "--json"]
    result = runner.invoke(main, arguments)

    told = json.loads(result.stdout)
    left = {each["path"]: each["reason"] for each in told["left"]}
    assert result.exit_code == 3
    assert [each["label"] for each in told["products"]] == [f"{RADAR}.xml"]
    assert left[f"{CAMERA}L"] == f"its data file {CAMERA} is not beside it"
    assert "is the label of" in left[f"{other}L"]
    assert left["notes.txt"] == "no label describes it"
    assert left["link"] == "a symbolic link"
    assert sorted(path.name for path in Path(target).iterdir()) == sorted(
        [RADAR, f"{RADAR}L", f"{RADAR}.xml"]
    )


def test_nothing_is_left_where_there_is_nothing_to_wrap(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(WrongUsage, match="no label of GRAS"):
        wrap_folder(empty, tmp_path / "new", NAMESPACE)
    with pytest.raises(WrongUsage, match="is there already"):
        wrap_folder(tmp_path / "empty", empty, NAMESPACE)

    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
