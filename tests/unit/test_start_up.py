"""What is asked for little loads little: scripts call the command line thousands of times."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "apsw", "babel", "cryptography", "fastapi", "lxml", "numpy", "PIL", "pydantic", "pyroaring",
    "sqlite3", "starlette", "urllib3", "uvicorn", "zipstream",
}  # fmt: skip


def loaded(code: str) -> set[str]:
    told = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # ourselves
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


HELP = """
from click.testing import CliRunner
from perilune.cli import main
done = CliRunner().invoke(main, ["--help"])
assert done.exit_code == 0 and "deliver" in done.output
"""


@pytest.mark.parametrize("code", ["import perilune", "import perilune.cli", HELP])
def test_it_loads_nothing_heavy(code: str) -> None:
    assert loaded(code) & HEAVY == set()


def test_a_module_named_heavy_would_be_seen() -> None:
    assert loaded("import numpy") & HEAVY == {"numpy"}


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("perilune.model.product", {"numpy", "apsw", "lxml", "fastapi", "click"}),
        ("perilune.ledger.proof", {"apsw", "lxml", "fastapi", "click", "urllib3"}),
        ("perilune.moon.sphere", {"apsw", "lxml", "fastapi", "click", "urllib3"}),
    ],
)
def test_pure_parts_stay_without_what_they_do_not_need(module: str, never: set[str]) -> None:
    assert loaded(f"import {module}") & never == set()
