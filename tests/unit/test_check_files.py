"""Files named in labels: each fault told, and its neighbour that has none.

Types and severities are those of NASA's ``validate`` (its table of problem types).
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import WrongUsage
from perilune.formats import xml
from perilune.testing.labels import file_area, label
from perilune.validation import files
from perilune.validation.files import check_files
from perilune.validation.label import Label, read_label
from perilune.validation.manifest import read_manifest
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity

_DATA = b"1,2,3\r\n"


def _md5(data: bytes = _DATA) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _label(folder: Path, *content: str) -> Label:
    (folder / "image.xml").write_bytes(label(*content))
    read = read_label("data/image.xml", folder / "image.xml")
    assert isinstance(read, Label)
    return read


def _of(folder: Path, *content: str, **options: bool | Path) -> list[Message]:
    found = check_files(_label(folder, *content), Options(**options))  # type: ignore[arg-type]
    return [each for each in found if each.severity is not Severity.INFO]


def _types(messages: list[Message]) -> dict[str, int]:
    return dict(Counter(each.type for each in messages))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "image.csv").write_bytes(_DATA)
    yield tmp_path
    files._names_in.cache_clear()


def test_a_file_that_is_there_and_right_is_no_fault(folder: Path) -> None:
    assert _of(folder, file_area("image.csv", size="7", md5=_md5())) == []


def test_a_file_that_is_not_there_is_told_with_its_line(folder: Path) -> None:
    [message] = _of(folder, file_area("other.csv", size="7"))

    assert (message.type, message.path) == ("error.label.missing_file", "data/other.csv")
    assert message.line == 11


def test_a_name_that_no_file_can_have_is_a_missing_file(folder: Path) -> None:
    [message] = _of(folder, file_area("9" * 4_000))

    assert message.type == "error.label.missing_file"


def test_a_missing_file_whose_name_differs_in_case_says_so(folder: Path) -> None:
    [message] = _of(folder, file_area("IMAGE.CSV"))

    assert message.type == "error.label.missing_file"
    assert message.cause == "image.csv is there, whose name differs in case"


def test_a_name_in_other_case_is_a_warning_where_the_file_system_finds_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "IMAGE.CSV").symlink_to(folder / "image.csv")
    monkeypatch.setattr(files, "_ignores_case", lambda _place: True)
    monkeypatch.setattr(files, "_names_in", lambda _folder: frozenset(("image.csv", "image.xml")))

    [message] = _of(folder, file_area("IMAGE.CSV", size="7"))

    assert (message.type, message.expected) == (
        "warning.label.file_ref_case_mismatch",
        "image.csv",
    )


def test_a_device_is_no_file_and_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")

    [message] = _of(folder, file_area("pipe.csv", md5=_md5()))

    assert message.cause == "it is there, but is no regular file"


def test_a_file_without_name_is_told(folder: Path) -> None:
    assert _types(_of(folder, file_area(""))) == {"error.validation.unknown_value": 1}


def _document(directory: str, name: str = "image.csv") -> str:
    return (
        f"<Document><Document_Edition><Document_File><file_name>{name}</file_name>"
        f"<directory_path_name>{directory}</directory_path_name></Document_File>"
        "</Document_Edition></Document>"
    )


def test_an_absolute_folder_is_told_and_a_relative_one_is_followed(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "image.csv").write_bytes(_DATA)

    assert _of(folder, _document("below/")) == []
    assert _types(_of(folder, _document("/below"))) == {"error.directory.unallowed_name": 1}


def test_of_two_files_after_an_absolute_folder_the_second_is_looked_at(folder: Path) -> None:
    content = _document("/below") + file_area("other.csv")

    assert len(_of(folder, content)) == 2
    assert len(_of(folder, content, counts_like_validate=True)) == 1


def test_a_wrong_md5_is_told_with_its_cause(folder: Path) -> None:
    [message] = _of(folder, file_area("image.csv", size="7", md5=_md5(b"1,2,3\n")))

    assert message.type == "error.label.checksum_mismatch"
    assert message.cause == "MD5 would match if CRLF were LF"


def test_an_md5_in_capitals_is_right_and_validate_says_it_is_not(folder: Path) -> None:
    content = file_area("image.csv", md5=_md5().upper())

    assert _of(folder, content) == []
    [message] = _of(folder, content, counts_like_validate=True)
    assert message.cause == "the label writes it in capitals"


def test_a_wrong_size_is_told(folder: Path) -> None:
    [message] = _of(folder, file_area("image.csv", size="8", md5=_md5()))

    assert message.type == "error.label.filesize_mismatch"
    assert message.cause == "the MD5 is right, so the label's file_size is wrong"
    assert _of(folder, file_area("image.csv", size="007")) == []
    assert len(_of(folder, file_area("image.csv", size="007"), counts_like_validate=True)) == 1


def test_without_content_presence_and_size_are_still_checked(folder: Path) -> None:
    content = file_area("image.csv", size="8", md5=_md5(b"")) + file_area("other.csv")

    assert _types(_of(folder, content, checks_content=False)) == {
        "error.label.filesize_mismatch": 1,
        "error.label.missing_file": 1,
    }
    assert _of(folder, content, checks_content=False, counts_like_validate=True) == []


def test_a_manifest_holds_for_the_label_and_its_files(folder: Path) -> None:
    content = file_area("image.csv", size="7")
    right = _md5((_label(folder, content)).data)
    manifest = folder / "manifest.txt"

    manifest.write_text(f"{right}  image.xml\n{_md5().upper()}  ./image.csv\n")
    assert _of(folder, content, manifest=manifest) == []

    other = folder / "other.txt"
    other.write_text(f"{_md5(b'')} *{folder}/image.xml\r\n{_md5(b'')}  image.csv\n")
    assert _types(_of(folder, content, manifest=other)) == {"error.label.checksum_mismatch": 2}


def test_a_file_that_the_manifest_leaves_out_is_told(folder: Path) -> None:
    manifest = folder / "manifest.txt"
    manifest.write_text("\n")
    content = file_area("image.csv", size="7")

    assert _types(_of(folder, content, manifest=manifest)) == {"error.label.missing_checksum": 1}
    assert _of(folder, content, manifest=manifest, counts_like_validate=True) == []


def test_a_line_of_a_manifest_that_is_none_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.txt"
    manifest.write_text(f"{_md5()}  image.csv\nnonsense\n")

    with pytest.raises(WrongUsage, match="line 2: not an MD5 and a path"):
        read_manifest(manifest, tmp_path)


def test_an_identifier_on_two_lines_stops_validate_and_not_us(folder: Path) -> None:
    (folder / "image.xml").write_bytes(label(file_area("other.csv"), lid="urn:nasa:pds:a:b:c\n"))
    read = read_label("image.xml", folder / "image.xml")
    assert isinstance(read, Label)

    ours = list(check_files(read, Options()))
    theirs = list(check_files(read, Options(counts_like_validate=True)))

    assert [each.type for each in ours] == ["error.label.missing_file"]
    assert [each.type for each in theirs] == ["error.validation.internal_error"]


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=300))
def test_whatever_a_file_is_called_the_check_ends(name: str) -> None:
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    place = Path("/nonexistent/image.xml")
    read = read_label("image.xml", place)
    assert isinstance(read, Message)
    data = label(file_area(escaped, md5=_md5(), size="7"))
    made = Label(path="image.xml", place=place, data=data, root=xml.parse(data))

    assert 1 <= len(list(check_files(made, Options()))) <= 3
