"""The regression cases of NASA's validate, counted as its own test suite counts them.

Reference: the expectations of its Cucumber features, read and compared by ``run_cases.py`` beside
them: a case agrees where six counts and the total of every message type are those of its table.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perilune.validation.compat import read_command_line
from perilune.validation.context import Registry
from perilune.validation.examine import Sources
from perilune.validation.run import Means, run
from perilune.validation.schemas import Schemas
from perilune.validation.writing.document import as_document

_AT_LEAST = 150
_ONE_OF_EACH = ("992-1", "1201-2", "482-5", "680-2", "599-4", "401-1", "278-2", "6-1")
"""Content, stray labels, no products, records, given schemas, a bundle, documents, names."""
_DATA = "data/pds4/validate-cases"

Case = dict[str, Any]


@pytest.fixture(scope="module")
def harness(shared: Callable[[str], Path]) -> ModuleType:
    place = shared(_DATA) / "run_cases.py"
    spec = importlib.util.spec_from_file_location("run_cases", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def home(shared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's data folder with every schema and the context products."""
    folder = tmp_path_factory.mktemp("data")
    Schemas.open(folder / "perilune" / "schemas").add(shared("data/pds4/schemas.tar.xz"))
    shutil.copytree(shared("data/pds4/context"), folder / "perilune" / "context")
    return folder


@pytest.fixture
def cases(shared: Callable[[str], Path]) -> list[Case]:
    found: list[Case] = json.loads((shared(_DATA) / "cases.json").read_text("utf-8"))
    return [case for case in found if case["self_contained"] and not case["commented"]]


def _differences(harness: ModuleType, case: Case, report: Any) -> Iterator[str]:
    expected = {**dict.fromkeys(harness.MUST, 0), **case["expect"]}
    for key, wanted in expected.items():
        if (got := harness.get(report, key)) != wanted:
            yield f"{key}: {got}, not {wanted}"
    for each in report["summary"]["messageTypes"]:
        if f"summary:messageTypes:{each['messageType']}" not in expected:
            yield f"{each['messageType']}: {each['total']}, not named"


def _named(case: Case) -> str:
    return f"{case['issue']}-{case['subtest']}"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # run_cases.py leaves files to be closed
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nearly_every_case_counts_exactly_as_validate_does(
    harness: ModuleType,
    cases: list[Case],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    own = home / "perilune"
    registry = Registry.open(own / "context")
    sources = Sources(Schemas.open(own / "schemas"), registry)
    wrong = {}

    for case in cases:
        sink = tmp_path / f"{_named(case)}-{case['line']}"
        sink.mkdir()
        asked = read_command_line(harness.expand(case, str(sink)))
        report = run(
            [Path(target) for target in asked.targets],
            asked.options,
            Means(jobs=1, sources=sources),
        )
        if differences := list(_differences(harness, case, as_document(report))):
            wrong[_named(case)] = differences

    assert len(cases) - len(wrong) >= _AT_LEAST, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("name", _ONE_OF_EACH)
def test_an_old_command_line_counts_as_validate_did(
    harness: ModuleType, cases: list[Case], home: Path, tmp_path: Path, name: str
) -> None:
    case = next(case for case in cases if _named(case) == name)
    report = tmp_path / "report.json"
    words = ["--report-file", str(report), "--report-style", "json"]
    words += harness.expand(case, str(tmp_path))

    subprocess.run(
        [sys.executable, "-m", "perilune", "validate", "--compat", *words],
        env={**os.environ, "XDG_DATA_HOME": str(home)},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert list(_differences(harness, case, json.loads(report.read_text("utf-8")))) == []
