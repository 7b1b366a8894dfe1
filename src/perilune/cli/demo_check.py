"""``perilune demo --check``: the whole main job, through the doors that users take."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from perilune.catalogue.query import Query
from perilune.cli import frame
from perilune.client.remote import RemoteNode
from perilune.errors import PeriluneError, ProofFails
from perilune.ledger.policy import Policy
from perilune.ledger.proof import verify_path
from perilune.node import Node

_PATIENCE_S = 30.0


def check(node: Node, delivered: Path, *, as_json: bool) -> int:
    """Serve ``node``, find, take out and prove every product of it; 0 when all holds, else 1."""
    steps: list[tuple[str, bool, str]] = []
    try:
        for step in _steps(node, delivered):
            steps.append(step)
            if not as_json:
                what, is_right, detail = step
                click.echo(f"{'ok  ' if is_right else 'FAIL'} {what}: {detail}")
    except PeriluneError as error:
        steps.append(("went through", False, str(error)))
        click.echo(f"FAIL {error}", err=True)
    is_right = all(step[1] for step in steps)
    if as_json:
        checks = [{"what": what, "ok": ok, "detail": detail} for what, ok, detail in steps]
        frame.show({"ok": is_right, "checks": checks})
    return frame.DONE if is_right else frame.OUR_FAULT


def _steps(node: Node, delivered: Path) -> Iterator[tuple[str, bool, str]]:
    assert node.root is not None
    with _served(node.root) as url, tempfile.TemporaryDirectory() as folder:
        remote = RemoteNode(url)
        found = remote.search(Query(limit=10_000))
        products = found["products"]
        yield (
            "delivered and found",
            found["total"] == len(products) > 0,
            f"{len(products)} products",
        )
        out = Path(folder) / "out"
        paths = [path for each in products for path in remote.download(each["lidvid"], out)]
        same = [path for path in paths if _same(path, delivered / path.relative_to(out))]
        yield "taken out byte for byte", same == paths, f"{len(same)} of {len(paths)} files"
        policy = Policy.parse(remote.policy())
        proved = 0
        for each in products:
            verify_path(out, remote.proof(each["lidvid"]), policy)
            proved += 1
        yield "proved", proved == len(products), f"{proved} products, offline"
        evidence = remote.proof(products[0]["lidvid"])
        refused = [_is_refused(out, forged, policy) for forged in _tampered(evidence)]
        yield "tampered proofs refused", all(refused), f"{sum(refused)} of {len(refused)}"


@contextmanager
def _served(root: Path) -> Iterator[str]:
    arguments = [
        sys.executable,
        "-m",
        "perilune",
        "serve",
        "-n",
        str(root),
        "--port",
        "0",
        "--json",
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # ourselves
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()
            server.wait(_PATIENCE_S)


def _same(taken: Path, source: Path) -> bool:
    return _sha256(taken) == _sha256(source)


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _tampered(evidence: bytes) -> Iterator[bytes]:
    """The proof with one character of each of its lines changed."""
    lines = evidence.split(b"\n")
    for number, line in enumerate(lines):
        if len(line) < 2:
            continue
        middle = len(line) // 2
        other = b"A" if line[middle : middle + 1] != b"A" else b"B"
        changed = line[:middle] + other + line[middle + 1 :]
        yield b"\n".join([*lines[:number], changed, *lines[number + 1 :]])


def _is_refused(path: Path, evidence: bytes, policy: Policy) -> bool:
    try:
        verify_path(path, evidence, policy)
    except ProofFails:
        return True
    return False
