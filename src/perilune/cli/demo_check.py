"""``perilune demo --check``: the whole main job, through the doors that users take."""

import hashlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from perilune.catalogue.query import Query
from perilune.cli import frame
from perilune.cli.demo_embargo import Reserved
from perilune.cli.demo_joint import DemoNode, Joint
from perilune.client.remote import RemoteNode
from perilune.errors import PeriluneError, ProofFails
from perilune.ledger.policy import Policy
from perilune.ledger.proof import verify_path


def check(made: tuple[DemoNode, DemoNode], *, as_json: bool) -> int:
    """Find, take out, prove, copy and repair what the two nodes have; 0 when all holds, else 1."""
    steps: list[tuple[str, bool, str]] = []
    counts: dict[str, int] = {}
    try:
        for step in itertools.chain(_alone(made[0]), _together(Joint(*made), counts)):
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
        nodes = [node.document() for node in made]
        frame.show({"ok": is_right, "checks": checks, "joint": counts, "nodes": nodes})
    return frame.DONE if is_right else frame.OUR_FAULT


def _alone(node: DemoNode) -> Iterator[tuple[str, bool, str]]:
    """What each node does by itself."""
    with tempfile.TemporaryDirectory() as folder:
        remote = RemoteNode(node.url)
        found = remote.search(Query(limit=10_000))
        products = found["products"]
        yield (
            "delivered and found",
            found["total"] == len(products) == node.accepted > 0,
            f"{len(products)} products",
        )
        out = Path(folder) / "out"
        paths = [path for each in products for path in remote.download(each["lidvid"], out)]
        same = [path for path in paths if _same(path, node.delivered / path.relative_to(out))]
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


def _together(joint: Joint, counts: dict[str, int]) -> Iterator[tuple[str, bool, str]]:
    """What the two do for each other; ``counts`` gets what was counted."""
    joint.befriend()
    joint.sync()
    wanted = joint.first.accepted + joint.second.accepted
    found = counts["replicated"] = joint.replicated()
    yield "replicated", found == wanted, f"{found} of {wanted} products are at both nodes"
    found = counts["custody_receipts"] = joint.custody_receipts()
    yield "custody receipts", found == 2, f"{found} of 2 verified"
    proved = _proved_witnessed(joint.first)
    yield (
        "proved with the other's cosignature",
        proved == joint.first.accepted,
        f"{proved} products, offline",
    )
    found = counts["repaired"] = joint.repaired()
    yield "repaired", found == 1, f"{found} of 1 flipped bits, from the other node"
    yield from _embargoed(joint, counts)


def _embargoed(joint: Joint, counts: dict[str, int]) -> Iterator[tuple[str, bool, str]]:
    """What is under embargo: there twice, found nowhere, and after its release at both."""
    reserved = Reserved.deliver(joint)
    joint.sync()
    wanted = len(reserved.products)
    found = reserved.sealed()
    yield "sealed", found == wanted, f"{found} of {wanted} products, encrypted at the other node"
    hits = counts["sealed_hits_before_release"] = reserved.hits()
    yield "not found before its release", hits == 0, f"{hits} answers or files tell of any"
    reserved.release()
    found = counts["found_after_release"] = reserved.found()
    hits = reserved.hits()
    yield (
        "found after its release",
        found == wanted and hits > 0,
        f"{found} of {wanted} products, at both nodes; {hits} answers or files tell of them",
    )


def _proved_witnessed(node: DemoNode) -> int:
    """Products of ``node`` that are proved to a reader who asks for the other's cosignature."""
    remote = RemoteNode(node.url)
    policy = Policy.parse(remote.policy(witnessed=True))
    proved = 0
    for each in node.own():
        evidence = remote.proof(each["lidvid"], witnessed=True)
        verified = verify_path(node.delivered, evidence, policy)
        proved += len(verified.signed_by) == 2
    return proved


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
