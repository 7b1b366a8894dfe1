"""What is looked at: labels of a folder, the version of a bundle that is meant, and why not others.

Reference: what NASA's validate skips in its regression cases 597 and 240 (several versions of one
bundle and its collections in one folder).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.errors import WrongUsage
from perilune.validation.options import Options, Rule
from perilune.validation.walk import walk

_LABEL = (
    '<{kind} xmlns="http://pds.nasa.gov/pds4/pds/v1"><Identification_Area>'
    "<logical_identifier>{lid}</logical_identifier><version_id>{version}</version_id>"
    "</Identification_Area>{more}</{kind}>"
)
_MEMBER = "<Bundle_Member_Entry><{how}>{what}</{how}></Bundle_Member_Entry>"
_BUNDLE = "urn:nasa:pds:luna"
_DATA = f"{_BUNDLE}:data"


def _write(place: Path, kind: str, lid: str, version: str, more: str = "") -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(_LABEL.format(kind=kind, lid=lid, version=version, more=more), "utf-8")


def _bundle(root: Path, version: str, member: str) -> None:
    how = "lidvid_reference" if "::" in member else "lid_reference"
    more = _MEMBER.format(how=how, what=member)
    _write(root / f"bundle_{version}.xml", "Product_Bundle", _BUNDLE, version, more)


def _collection(root: Path, version: str, lid: str = _DATA, name: str = "collection") -> None:
    _write(root / "data" / f"{name}_{version}.xml", "Product_Collection", lid, version)


def test_a_folder_gives_its_labels_in_order_and_a_file_itself(tmp_path: Path) -> None:
    for name in ("b/two.XML", "a.xml", "b/one.lblx", "b/data.tab", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    [whole] = walk([tmp_path], Options()).targets
    [flat] = walk([tmp_path], Options(is_recursive=False)).targets
    both = walk([tmp_path / "a.xml", tmp_path / "b"], Options(extensions=("xml",)))

    assert (whole.rule, list(whole.labels)) == (Rule.FOLDER, ["a.xml", "b/one.lblx", "b/two.XML"])
    assert list(flat.labels) == ["a.xml"]
    assert both.base == tmp_path
    assert list(both) == ["a.xml", "b/two.XML"]
    assert [target.rule for target in both.targets] == [Rule.LABEL, Rule.FOLDER]


def test_a_label_that_is_named_twice_is_looked_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.xml").touch()

    assert list(walk([tmp_path, tmp_path / "a.xml"], Options())) == ["a.xml"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="nothing is at"):
        walk([tmp_path / "none"], Options())


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.xml").symlink_to("a.xml")
    (tmp_path / "b.xml").write_text("<a/>", "utf-8")

    assert list(walk([tmp_path], Options())) == ["b.xml"]


def test_a_link_to_a_folder_above_is_no_way_round(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").touch()
    (tmp_path / "in" / "up").symlink_to(tmp_path)

    assert list(walk([tmp_path], Options())) == ["in/a.xml"]


@pytest.mark.parametrize(
    ("given", "member", "skipped"),
    [
        ("", f"{_DATA}::2.0", ["bundle_1.0.xml", "bundle_9.0.xml", "data/collection_1.0.xml"]),
        ("", _DATA, ["bundle_1.0.xml", "bundle_9.0.xml", "data/collection_1.0.xml"]),
        ("", f"{_DATA}::1.0", ["bundle_1.0.xml", "bundle_9.0.xml", "data/collection_2.0.xml"]),
        (
            "bundle_1.0.xml",
            f"{_DATA}::2.0",
            ["bundle_10.0.xml", "bundle_9.0.xml", "data/collection_2.0.xml"],
        ),
    ],
)
def test_the_bundle_named_or_the_latest_is_meant_with_the_collections_it_names(
    tmp_path: Path, given: str, member: str, skipped: list[str]
) -> None:
    _bundle(tmp_path, "1.0", f"{_DATA}::1.0")
    _bundle(tmp_path, "9.0", f"{_DATA}::1.0")
    _bundle(tmp_path, "10.0", member)
    _collection(tmp_path, "1.0")
    _collection(tmp_path, "2.0")

    [target] = walk([tmp_path / given], Options(rule=Rule.BUNDLE)).targets

    assert sorted(target.skipped) == skipped
    assert set(target.labels).isdisjoint(skipped)
    assert len(target.labels) + len(skipped) == 5


def test_a_collection_that_the_bundle_does_not_name_is_looked_at_and_told(tmp_path: Path) -> None:
    _bundle(tmp_path, "1.0", f"{_DATA}::1.0")
    _collection(tmp_path, "1.0")
    _collection(tmp_path, "1.0", lid="urn:nasa:pds:other:docs", name="docs")

    [target] = walk([tmp_path], Options(rule=Rule.BUNDLE)).targets

    assert list(target.strangers) == ["data/docs_1.0.xml"]
    assert "data/docs_1.0.xml" in target.labels


@pytest.mark.parametrize(
    ("target", "rule", "skipped"),
    [
        ("github597", Rule.BUNDLE, 4),
        ("github597/spice_kernels/collection_spice_kernels_v003.xml", Rule.COLLECTION, 2),
        ("github240/valid/bundle_kaguya_derived.xml", Rule.BUNDLE, 6),
    ],
)
def test_validate_skips_as_many(
    shared: Callable[[str], Path], target: str, rule: Rule, skipped: int
) -> None:
    place = shared("data/pds4/validate-cases/resources") / target

    [found] = walk([place], Options(rule=rule, extensions=("xml",))).targets

    assert len(found.skipped) == skipped
