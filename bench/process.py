"""Processes: how soon they answer and how much memory they take."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Row

RUNS = 7


def run() -> list[Row]:
    """Help, the start of a server, and its memory while nobody asks."""
    return [_help(), *_server()]


def _help() -> Row:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([_perilune(), "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    return Row("perilune --help", f"{median:.2f} s", "<= 0.2 s", median <= 0.2)


def _perilune() -> str:
    return str(Path(sys.executable).parent / "perilune")


def _server() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "node"
        name = ["--name", "Bench", "--namespace", "urn:ros:rssa"]
        subprocess.run(
            [_perilune(), "init", str(root), *name], check=True, stdout=subprocess.DEVNULL
        )
        start = time.perf_counter()
        serve = [_perilune(), "serve", "-n", str(root), "--port", "0", "--json"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                json.loads(server.stdout.readline())
                took = time.perf_counter() - start
                time.sleep(1)
                memory = _resident_mb(server.pid)
            finally:
                server.terminate()
    return [
        Row("perilune serve answers", f"{took:.2f} s", "<= 2 s", took <= 2),
        Row("idle server", f"{memory:.0f} MB", "<= 250 MB", memory <= 250),
    ]


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
