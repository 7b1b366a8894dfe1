"""Print the table of figures; end with 1 where one does not hold."""

import argparse
import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

PARTS = (
    "labels",
    "validation",
    "content",
    "integrity",
    "tree",
    "delivery",
    "containers",
    "process",
    "joint",
    "reading",
    "missions",
    "quicklook",
    "scale",
    "transfer",
    "site",
)


def main() -> int:
    """Run the parts named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or PARTS
    print(f"{_machine()}, {datetime.now(UTC):%Y-%m-%d}\n")
    print("| what | measured | bar | holds |\n|---|---|---|---|")
    holds = True
    for part in chosen:
        for row in importlib.import_module(f"bench.{part}").run():
            print(row, flush=True)
            holds = holds and row.holds is not False
    return 0 if holds else 1


def _machine() -> str:
    cpu = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return f"{os.cpu_count()} cores {cpu}, CPython {platform.python_version()}"


sys.exit(main())
