"""The simulator: a day of each mission in the profile of the demo, from command to truth file."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Row

_BAR_S = 30.0


def run() -> list[Row]:
    """Seconds for each mission, start of the process included."""
    return [_row("luna26"), _row("change7")]


def _row(mission: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "new"
        command = [sys.executable, "-m", "perilune", "simulate", mission, "-o", str(target)]
        started = time.monotonic()
        subprocess.run([*command, "--profile", "ci"], check=True, capture_output=True)
        seconds = time.monotonic() - started
        files = sum(path.is_file() for path in (target / "delivery").rglob("*"))
    return Row(
        f"simulate {mission} --profile ci, {files} files",
        f"{seconds:.1f} s",
        f"<= {_BAR_S:.0f} s",
        seconds <= _BAR_S,
    )
