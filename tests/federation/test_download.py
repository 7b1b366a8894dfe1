"""A user without our software fetches from both nodes and verifies with what every machine has."""

import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.responses import Response

from perilune.ledger import standalone
from perilune.node import Node

from .scene import OWNER, Served, befriend, hand_in, pull, served, write

ID = f"{OWNER}:mission:data:large::1.0"
METALINK = "{urn:ietf:params:xml:ns:metalink}"


@pytest.fixture
def both(owner: Served, copier: Node, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """The owner, and a node that holds a large product too, as its receipt says."""
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=6 << 20))
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
        yield owner, other


def get(served: Served, path: str) -> bytes:
    with urllib.request.urlopen(f"{served.url}{path}") as reply:
        body: bytes = reply.read()
        return body


def fetched(served: Served, folder: Path) -> Path:
    """The product as any tool fetches it, and what is needed to verify it."""
    folder.mkdir()
    for name, path in {
        "SHA256SUMS": f"/extract/{ID}.sha256sums",
        "SHA256SUMS.sig": f"/extract/{ID}.sig",
        "allowed_signers": "/log/allowed_signers",
        "verify.py": "/log/verify.py",
        "proof": f"/log/proof/{ID}",
        "policy": "/log/policy",
        "witnessed.proof": f"/log/proof/{ID}?witnessed=true",
        "witnessed.policy": "/log/policy?witnessed=true",
    }.items():
        (folder / name).write_bytes(get(served, path))
    (folder / "data").mkdir()
    for name in ("large.xml", "large.img"):
        (folder / "data" / name).write_bytes(get(served, f"/objects/{ID}/data/{name}"))
    return folder


def run(folder: Path, *command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, check=False)


def ssh_verify(folder: Path, origin: str, sums: bytes) -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", origin, "-n", "file"]
    return run(folder, *command, "-s", "SHA256SUMS.sig", given=sums)


def checked(folder: Path, *files: str, proof: str = "proof", policy: str = "policy") -> int:
    command = [sys.executable, "-I", "-W", "error", "verify.py", proof, policy, *files]
    return run(folder, *command).returncode


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_sums_are_checked_by_sha256sum_and_their_signature_by_ssh_keygen(
    both: tuple[Served, Served], tmp_path: Path
) -> None:
    for number, each in enumerate(both):
        folder = fetched(each, tmp_path / f"user{number}")
        sums, origin = (folder / "SHA256SUMS").read_bytes(), each.node.config.origin

        assert run(folder, "sha256sum", "--check", "--strict", "SHA256SUMS").returncode == 0
        good = ssh_verify(folder, origin, sums)
        assert good.returncode == 0, good.stderr
        assert f'Good "file" signature for {origin}'.encode() in good.stdout
        assert ssh_verify(folder, origin, sums.replace(b"large.img", b"other.img")).returncode
        assert ssh_verify(folder, "somebody/else", sums).returncode
        (folder / "data" / "large.img").write_bytes(b"other bytes")
        assert run(folder, "sha256sum", "--check", "--strict", "SHA256SUMS").returncode == 1


def test_the_stand_alone_program_proves_the_files_and_nothing_else(
    both: tuple[Served, Served], tmp_path: Path
) -> None:
    files = ("data/large.xml", "data/large.img")
    folder = fetched(both[0], tmp_path / "user")

    assert checked(folder, *files) == 0
    assert checked(folder, *files, proof="witnessed.proof", policy="witnessed.policy") == 0
    assert checked(folder, *files, policy="witnessed.policy") == 3, "nobody has seen that head"
    assert checked(folder, "SHA256SUMS") == 3
    assert checked(folder) == 2
    text = (folder / "proof").read_text()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line:
            continue
        place = len(line) // 2
        other = "A" if line[place] != "A" else "B"
        bent = [*lines[:number], line[:place] + other + line[place + 1 :], *lines[number + 1 :]]
        (folder / "bent").write_text("\n".join(bent) + "\n")
        assert checked(folder, *files, proof="bent") == 3, line
    other = fetched(both[1], tmp_path / "copy")
    shutil.copy(other / "policy", folder / "stranger")
    assert checked(folder, *files, policy="stranger") == 3
    assert checked(other, *files) == 0, "the copier proves that it took custody"


def test_the_program_needs_nothing_of_ours() -> None:
    source = Path(standalone.__file__).read_text()

    assert "import perilune" not in source
    assert "from perilune" not in source


@pytest.mark.skipif(shutil.which("aria2c") is None, reason="needs aria2")
def test_aria2_fetches_from_both_nodes_at_once_and_from_one_that_is_left(
    both: tuple[Served, Served], tmp_path: Path
) -> None:
    owner, other = both
    metalink = get(owner, f"/extract/{ID}.meta4")
    (tmp_path / "product.meta4").write_bytes(metalink)
    urls = [each.text or "" for each in ET.fromstring(metalink).iter(f"{METALINK}url")]
    assert [url.partition("/objects/")[0] for url in urls] == [owner.url, other.url] * 2
    for each in both:
        each.asked.clear()
    command = ["aria2c", "-q", "-V", "-s8", "-x4", "-k1M", "--file-allocation=none", "-M"]

    for number, bend in enumerate((lambda _request: None, _refusing)):
        owner.bend = bend
        folder = tmp_path / f"user{number}"
        folder.mkdir()
        done = run(folder, *command, str(tmp_path / "product.meta4"))
        assert done.returncode == 0, done.stdout
        theirs = get(other, f"/objects/{ID}/data/large.img")
        assert (folder / "data" / "large.img").read_bytes() == theirs
    asked = [[path for path in each.asked if path.endswith("large.img")] for each in both]
    assert all(asked)


def _refusing(_request: object) -> Response:
    return Response(status_code=503)
