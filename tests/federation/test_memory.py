"""Whatever a hostile partner sends, the process that copies from it stays small."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from perilune.errors import PeerUnreachable
from perilune.federation import link
from perilune.node import Node

from .scene import COPIER, Bend, Served, befriend, hand_in, make, pull, write

MOST_MB = 512
COUNTED = """
import sys
from pathlib import Path
from perilune.cli import main
try:
    main(sys.argv[1:])
finally:
    status = Path("/proc/self/status").read_text()
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    print(int(peak) // 1024, file=sys.stderr)
"""


def endless() -> Iterator[bytes]:
    while True:
        yield bytes(1 << 20)


def at(*paths: str, body: Callable[[], Response]) -> Bend:
    return lambda request: body() if request.url.path.startswith(paths) else None


def lying_ranges(request: Request) -> Response | None:
    if not request.url.path.endswith("large.img"):
        return None
    first, last = request.headers["range"].removeprefix("bytes=").split("-")
    size = 40 * (1 << 20) + 1_000_000
    told = {"content-range": f"bytes {first}-{last}/{size}"}
    return StreamingResponse(endless(), 206, told)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    "bend",
    [
        at("/federation/products", body=lambda: StreamingResponse(endless())),
        at("/federation/products", body=lambda: Response(b"\xff" * (64 << 20))),
        at("/federation/products", "/manifests", body=lambda: StreamingResponse(endless())),
        at("/log/checkpoint", body=lambda: StreamingResponse(endless())),
        at("/objects", "/federation/products", body=lambda: StreamingResponse(endless())),
        lying_ranges,
    ],
    ids=["frames", "a huge length", "manifests", "checkpoint", "files", "ranges"],
)
def test_bytes_without_end_cost_no_memory(tmp_path: Path, owner: Served, bend: Bend) -> None:
    hand_in(owner.node, write(tmp_path / "many", [f"m{n:03d}" for n in range(60)], seed=7))
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=40 << 20))
    copier = make(tmp_path, "copier", COPIER)
    befriend(copier, owner)
    copier.close()
    owner.bend = bend

    assert peak_mb(tmp_path / "copier") < MOST_MB


def peak_mb(root: Path) -> int:
    """Memory that ``perilune peer sync`` took at most, whatever came of it."""
    command = [sys.executable, "-c", COUNTED, "-n", str(root), "peer", "sync", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return int(done.stderr.split()[-1])


def test_a_partner_that_drips_is_left_and_costs_no_memory(
    owner: Served, copier: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        for _ in range(600):
            yield b"\0"
            await asyncio.sleep(0.1)

    usual = link.Limits
    monkeypatch.setattr(link, "Limits", lambda **given: usual(**{**given, "total_s": 1.5}))
    owner.bend = at(
        "/federation/products", "/manifests", body=lambda: StreamingResponse(dripping())
    )
    start = time.monotonic()

    with pytest.raises(PeerUnreachable):
        pull(copier, owner)

    assert time.monotonic() - start < 30
