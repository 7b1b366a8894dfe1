"""Real labels: of agencies, of test suites, right ones and wrong ones.

Independent reference: pds4_tools 1.4 of the Small Bodies Node, by its label reader (which is built
on the standard library's ElementTree).
"""

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from perilune.errors import MalformedLabel
from perilune.formats.pds4.inventory import read_inventory
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model.footprint import LatLonBox
from perilune.model.product import Product
from perilune.validation.causes import why_md5_differs

_LABELS = (".xml", ".lblx", ".2cl", ".2bl")

Shared = Callable[[str], Path]


def _labels(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _LABELS)


def _read(folder: Path) -> Iterator[tuple[Path, Product]]:
    for path in _labels(folder):
        try:
            yield path, read_label(path.read_bytes())
        except MalformedLabel:
            continue


def _refused(folder: Path) -> Iterator[tuple[Path, MalformedLabel]]:
    for path in _labels(folder):
        try:
            read_label(path.read_bytes())
        except MalformedLabel as error:
            yield path, error


_REASONS = {
    "not a LID": "identifiers with blanks left to fill in, upper case, or file names",
    "not a LIDVID": "version 0.1",
    "is not in http://pds.nasa.gov/pds4/pds/v1": "drafts from before version 1 of the model",
    "the file is empty": "empty on purpose",
    "Namespace prefix": "cropped simulated labels that lack a declaration",
    "Opening and ending tag mismatch": "templates with parts to delete",
    "is no XML": "a stub of a template",
    "declared to be encoded": "a build file",
    "DOCTYPE": "an OASIS catalogue",
}


@pytest.mark.parametrize(
    ("folder", "read", "refused"),
    [("data/pds4/samples", 354, 68), ("data/pds4/validate-cases", 395, 17)],
)
def test_every_label_is_read_or_refused_for_a_known_reason(
    shared: Shared, folder: str, read: int, refused: int
) -> None:
    place = shared(folder)

    wrong = [(path, str(error)) for path, error in _refused(place)]

    unexplained = [each for each in wrong if not any(words in each[1] for words in _REASONS)]
    assert unexplained == []
    assert len(list(_read(place))) == read
    assert len(wrong) == refused


@pytest.fixture(scope="module")
def peer() -> Callable[[str], ET.Element]:
    """The label reader of pds4_tools, which speaks of what it does unless it is silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pds4_tools.reader.read_label import read_label as read  # noqa: PLC0415
    logging.getLogger("PDS4ToolsLogger").setLevel(logging.CRITICAL)

    def quietly(path: str) -> ET.Element:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root: ET.Element = read(path, enforce_default_prefixes=True)
        return root

    return quietly


def _texts(root: ET.Element, *paths: str) -> tuple[str, ...]:
    found = [element for path in paths for element in root.iterfind(path)]
    return tuple(" ".join((element.text or "").split()) for element in found)


def _ours(product: Product) -> dict[str, tuple[str, ...]]:
    time = product.time
    return {
        "lid": (product.id.lid.text,),
        "version": (product.id.version,),
        "title": (product.title,),
        "model": (product.information_model,),
        "start": (time.start_text,) if time else (),
        "stop": (time.stop_text,) if time else (),
        "files": tuple(sorted(file.path.rpartition("/")[2] for file in product.files)),
        "sizes": tuple(sorted(str(file.size) for file in product.files if file.size is not None)),
        "md5": tuple(sorted(file.md5 for file in product.files if file.md5)),
        "targets": tuple(sorted({target.name for target in product.targets})),
        "keywords": product.citation.keywords,
    }


def _theirs(root: ET.Element) -> dict[str, tuple[str, ...]]:
    area = "Identification_Area/"
    files = ".//File/", ".//Document_File/"
    starts = _texts(root, ".//Time_Coordinates/start_date_time")[:1]
    stops = _texts(root, ".//Time_Coordinates/stop_date_time")[:1]
    has_time = any(starts + stops)
    targets = {name for name in _texts(root, ".//Target_Identification/name") if name}
    return {
        "lid": _texts(root, area + "logical_identifier"),
        "version": _texts(root, area + "version_id"),
        "title": _texts(root, area + "title"),
        "model": _texts(root, area + "information_model_version"),
        "start": (starts or ("",)) if has_time else (),
        "stop": (stops or ("",)) if has_time else (),
        "files": tuple(sorted(filter(None, _texts(root, *(each + "file_name" for each in files))))),
        "sizes": tuple(sorted(filter(None, _texts(root, *(each + "file_size" for each in files))))),
        "md5": tuple(
            sorted(
                text.lower()
                for text in _texts(root, *(each + "md5_checksum" for each in files))
                if text
            )
        ),
        "targets": tuple(sorted(targets)),
        "keywords": _texts(root, area + "Citation_Information/keyword"),
    }


@pytest.mark.parametrize("folder", ["data/pds4/samples", "data/pds4/validate-cases"])
def test_identification_times_and_files_are_those_that_pds4_tools_reads(
    shared: Shared, folder: str, peer: Callable[[str], ET.Element]
) -> None:
    compared = 0
    for path, product in _read(shared(folder)):
        theirs = _theirs(peer(str(path)))
        assert _ours(product) == theirs, path
        compared += 1

    assert compared > 300


def test_changed_line_endings_in_the_spice_bundles_are_named(shared: Shared) -> None:
    causes: Counter[str] = Counter()
    for path, product in _read(shared("data/pds4/samples/spice-bundles-npb")):
        for file in product.files:
            place = path.parent / file.path
            if file.md5 is None or not place.exists():
                continue
            data = place.read_bytes()
            if md5(data, usedforsecurity=False).hexdigest() == file.md5:
                causes["right"] += 1
            else:
                causes[why_md5_differs(place, file.md5, file.size).split(":")[0]] += 1

    # the counts of the collection's own manifest: 55 right, 47 only as CRLF, 68 others
    assert causes["right"] == 55
    assert causes["MD5 would match if LF were CRLF"] == 47
    assert causes.total() - 55 - 47 == 68


def test_every_line_of_every_inventory_is_a_member(shared: Shared) -> None:
    seen = 0
    for folder in ("data/pds4/samples", "data/pds4/validate-cases"):
        for path, product in _read(shared(folder)):
            name = inventory_file(product)
            if name is None or not (path.parent / name).is_file():
                continue
            data = (path.parent / name).read_bytes()
            lines = [line.strip() for line in data.splitlines() if line.strip()]
            members = read_inventory(data)
            assert len(members) == len(lines), path
            for member, line in zip(members, lines, strict=True):
                assert line.startswith(b"P" if member.is_primary else b"S")
                assert line.endswith(str(member.target).encode())
            seen += len(members)

    assert seen == 1862


def test_the_radar_image_of_titan_lies_where_its_name_says(shared: Shared) -> None:
    path = "data/pds4/validate-cases/resources/github210/BILQH07S314_D065_T008S02_V02.xml"

    (footprint,) = read_label(shared(path).read_bytes()).footprints

    # "07S314": 7 degrees south, 314 degrees west, the centre of the cut
    assert footprint.body == "Titan"
    assert isinstance(footprint.shape, LatLonBox)
    assert (footprint.shape.south + footprint.shape.north) / 2 == pytest.approx(-7, abs=0.5)
    assert (footprint.shape.west + footprint.shape.east) / 2 == pytest.approx(360 - 314, abs=0.5)
