"""Names of files and folders, after sections 6C.1 and 6C.2 of the PDS4 Standards Reference."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.testing.labels import file_area, label
from perilune.validation.label import Label, read_label
from perilune.validation.names import check_label_names, check_names
from perilune.validation.options import Options, Rule

_OURS = Options(rule=Rule.BUNDLE)
_LIKE_VALIDATE = Options(rule=Rule.BUNDLE, counts_like_validate=True)


def _of(*files: str, folders: tuple[str, ...] = (), options: Options = _OURS) -> list[str]:
    assert options.rule is not None
    return [each.type for each in check_names(options.rule, "", files, folders, options)]


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("a" * 256, "error.file.name_too_long"),
        ("file name.tab", "error.file.name_has_invalid_characters"),
        ("file#.tab", "error.file.name_has_invalid_characters"),
        ("_file.tab", "error.file.name_has_invalid_characters"),
        ("Луна.tab", "error.file.name_has_invalid_characters"),
        ("A.OUT", "error.file.unallowed_name"),
        ("core", "error.file.unallowed_base_name"),
        ("com9", "error.file.unallowed_base_name"),
    ],
)
def test_a_name_that_is_not_allowed_is_told(name: str, type_: str) -> None:
    assert _of(name) == [type_]
    assert _of(f"data/deep/deeper/{name}") == [type_]


@pytest.mark.parametrize("name", ["a" * 255, "core.tab", "com10", "LPT9.tab", "a-b_c.D.tab", "0"])
def test_its_neighbour_is_allowed(name: str) -> None:
    assert _of(name) == []


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("b" * 256, "error.directory.name_too_long"),
        ("da ta", "error.directory.name_has_invalid_characters"),
        ("data.v1", "error.directory.name_has_invalid_characters"),
        ("nul", "error.directory.unallowed_name"),
    ],
)
def test_a_folder_that_is_not_allowed_is_told(name: str, type_: str) -> None:
    assert _of(folders=(name,)) == [type_]
    assert _of(folders=("data_v1", "data-1")) == []


def test_names_equal_but_for_case_are_told_within_one_folder() -> None:
    assert _of("data/a.tab", "data/A.tab") == ["error.validation.file_naming_problem"]
    assert _of("data/a.tab", "other/A.tab") == []
    assert _of("data/a.tab", "other/a.tab") == []


def test_names_of_collections_are_told_inside_one() -> None:
    inside = ("document", "data_raw", "data_raw/browse", "data_raw/deep", "data_raw/deep/browse")

    assert _of(folders=inside) == ["warning.sub_directory.unallowed_name"]
    collection = Options(rule=Rule.COLLECTION)
    assert _of(folders=("browse", "deep", "deep/data"), options=collection) == [
        "warning.sub_directory.unallowed_name"
    ]


def test_validate_looks_no_deeper_than_the_folders_of_collections() -> None:
    names = ("a b", "data/a b", "data/deep/a b")

    assert len(_of(*names)) == 3
    assert len(_of(*names, options=_LIKE_VALIDATE)) == 2
    assert len(_of(folders=("a b.c",), options=_LIKE_VALIDATE)) == 2
    assert len(_of(folders=("a b.c",))) == 1


def _label(
    folder: Path, name: str, *content: str, product_class: str = "Product_Document"
) -> Label:
    (folder / name).write_bytes(label(*content, product_class=product_class))
    read = read_label(name, folder / name)
    assert isinstance(read, Label)
    return read


def test_the_name_of_a_label_and_of_its_tables_are_judged_with_it(tmp_path: Path) -> None:
    odd = _label(tmp_path, "a b.xml", file_area("c d.tab"))
    right = _label(tmp_path, "a_b.xml", file_area("c_d.tab"))

    assert [each.path for each in check_label_names(odd, Options())] == ["a b.xml", "c d.tab"]
    assert list(check_label_names(right, Options())) == []
    assert list(check_label_names(odd, _OURS)) == []
    assert len(list(check_label_names(odd, _LIKE_VALIDATE))) == 2


def test_names_kept_for_bundles_and_collections_are_told(tmp_path: Path) -> None:
    odd = _label(tmp_path, "collection_overview.xml")
    right = _label(tmp_path, "collection_data.xml", product_class="Product_Collection")

    assert [each.type for each in check_label_names(odd, Options())] == [
        "warning.file.reserved_name_mismatch"
    ]
    assert list(check_label_names(right, Options())) == []


@given(st.text(min_size=1, max_size=60).filter(lambda text: "/" not in text))
def test_a_name_is_told_exactly_where_a_character_is_not_in_the_list(name: str) -> None:
    legal = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
    is_right = set(name) <= legal and name[0] not in "_.-"

    found = "error.file.name_has_invalid_characters" in _of(name)

    assert found is not is_right
