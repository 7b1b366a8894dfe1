"""Counts of content messages on NASA's cases, which give those of ``validate`` (Apache-2.0)."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perilune.validation.content import check_content
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options

CASES = "data/pds4/validate-cases"
KINDS = (
    "error.table.",
    "warning.table.",
    "error.array.",
    "warning.array.",
    "error.label.table_definition",
    "error.label.invalid_object_definition",
    "warning.data_objects.",
    "warning.data.",
    "warning.field.",
    "error.inventory.",
)
"""Message types of tables D, E and F; a line break in an identifier is told by others."""


def test_content_messages_are_counted_as_in_every_case(shared: Callable[[str], Path]) -> None:
    root = shared(CASES)
    wrong, told = [], 0

    for case in json.loads((root / "cases.json").read_text()):
        wanted = {
            key.rpartition(":")[2]: count
            for key, count in case["expect"].items()
            if key.rpartition(":")[2].startswith(KINDS)
        }
        told += len(wanted)
        found = _found(case, root / "resources")
        if found != wanted:
            wrong.append((case["issue"], case["subtest"], wanted, dict(found)))

    assert not wrong
    assert told > 30


def _found(case: dict[str, str], resources: Path) -> Counter[str]:
    options, targets = _asked(case, resources)
    found: Counter[str] = Counter()
    for path in _labels(targets, case["args"]):
        label = read_label(str(path.relative_to(resources)), path)
        if isinstance(label, Label):
            for message in check_content(label, options):
                if message.type.startswith(KINDS):
                    found[message.type] += message.count
    return found


def _asked(case: dict[str, str], resources: Path) -> tuple[Options, list[Path]]:
    source = str(resources / case["datasrc"])
    words = [word.replace("{datasrc}", source) for word in case["args"].split()]
    named = [Path(word.replace("%20", " ")) for word in words if not word.startswith("-")]
    targets = [path for path in named if path.is_relative_to(resources)]
    return (
        Options(
            counts_like_validate=True,
            checks_content="--skip-content-validation" not in words,
            is_strict_of_fields="--strict-field-checks" in words,
            wants_all_described="--complete-descriptions" in words,
        ),
        [] if "--skip-product-validation" in words else targets,
    )


def _labels(targets: list[Path], words: str) -> Iterator[Path]:
    for target in targets:
        folder = target.parent if target.is_file() and "pds4.bundle" in words else target
        if not folder.is_dir():
            yield target
            continue
        yield from (path for path in sorted(folder.rglob("*")) if path.suffix in (".xml", ".lblx"))


@pytest.mark.parametrize("options", [Options(), Options(counts_like_validate=True)])
def test_every_label_of_the_samples_gets_a_verdict(
    shared: Callable[[str], Path], options: Options
) -> None:
    root = shared("data/pds4/samples")
    seen = 0

    for path in sorted(root.rglob("*.xml")):
        label = read_label(str(path.relative_to(root)), path)
        if isinstance(label, Label):
            seen += 1
            for message in check_content(label, options):
                assert message.count >= 1
                assert message.message

    assert seen > 400
