"""The moments of a command at which something can go wrong: its system calls that change a node.

`watched` runs a command under strace and lists them; `disturbed` runs it again and lets the kernel
kill it, or fail the call, at one of them. Where strace is missing, `killed_in_time` kills by the
clock.
"""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .deliveries import Delivery

HAS_STRACE = shutil.which("strace") is not None
CALLS = (
    "write,pwrite64,openat,rename,renameat,renameat2,link,linkat,fsync,fdatasync,syncfs,"
    "unlink,unlinkat,rmdir,ftruncate,fallocate,mkdir,mkdirat"
)
_LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)")
DRIVER = Path(__file__).with_name("driver.py")
_TIMEOUT_S = 300.0
"""Longer than a command waits for a lock, so that one that does says so itself."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The ``number``-th time that a process makes one system call."""

    call: str
    number: int
    arguments: str


def perilune(root: Path, *arguments: str) -> list[str]:
    """The command of the node in ``root``."""
    return [sys.executable, "-m", "perilune", "-n", str(root), *arguments]


def delivering(root: Path, delivery: Delivery) -> list[str]:
    """The command that hands ``delivery`` to the node in ``root``."""
    how = ["--json", "--releasability", delivery.releasability.value]
    return perilune(root, "deliver", *how, str(delivery.path))


def driving(root: Path, delivery: Delivery, *, without: str) -> list[str]:
    """The same, done by a program that has one safeguard taken out."""
    order = f"{delivery.releasability.value} {delivery.path}"
    return [sys.executable, str(DRIVER), "--without", without, str(root), order]


def watched(command: Sequence[str], place: Path, trace: Path) -> list[Moment]:
    """Run ``command`` to its end; the moments at which it changed something under ``place``."""
    _strace(command, "-y", "-s", "0", "-e", f"trace={CALLS}", "-o", str(trace)).check_returncode()
    times: Counter[tuple[str, str]] = Counter()
    moments: list[Moment] = []
    for line in trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        pid, call, rest = match["pid"], match["call"], match["rest"]
        times[pid, call] += 1
        reads = call == "openat" and not re.search("O_CREAT|O_WRONLY|O_RDWR", rest)
        if str(place) in rest and not reads:
            moments.append(Moment(call, times[pid, call], rest.replace(str(place), "")))
    return moments


def disturbed(
    command: Sequence[str], moment: Moment, effect: str
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with ``effect`` (``signal=SIGKILL``, ``error=EIO``) at ``moment``."""
    return _strace(
        command,
        *("-e", f"trace={moment.call}"),
        *("-e", f"inject={moment.call}:{effect}:when={moment.number}"),
        *("-o", "/dev/null"),
    )


def killed_in_time(
    command: Sequence[str], incoming: Path, random: Random
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and kill it some time after the first sign of it under ``incoming``."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + _TIMEOUT_S
        while process.poll() is None and len(list(incoming.iterdir())) < 2:
            assert time.monotonic() < deadline
        time.sleep(random.uniform(0, 0.15))
        process.kill()
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end, undisturbed."""
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)


@contextmanager
def seeing_heads(root: Path) -> Iterator[set[bytes]]:
    """Every signed head that a reader of the node in ``root`` could see meanwhile, or nearly."""
    heads: set[bytes] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            heads.add((root / "log" / "checkpoint").read_bytes())
            ended.wait(0.001)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield heads
    finally:
        ended.set()
        looking.join()


def _strace(command: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
    return run(["strace", "-f", "-qq", *options, *command])
