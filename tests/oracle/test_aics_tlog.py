"""Our log under another's program: aics-tlog 0.2.1 verifies its files as they lie on disk.

It is an implementation of C2SP tlog-tiles, tlog-checkpoint and signed-note by other authors, and
runs in an environment of its own (`.ci/oracle`), as a program, with no code of ours.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from perilune.errors import LogInconsistent
from perilune.ledger.log import Log
from perilune.ledger.note import Signer
from perilune.ledger.tiles import LocalTiles

PROGRAM = Path(__file__).resolve().parents[2] / ".venv" / "oracle" / "bin" / "aics-tlog"
pytestmark = pytest.mark.skipif(
    not PROGRAM.exists(), reason="needs aics-tlog, which needs Python 3.12 or newer: .ci/oracle"
)

ENTRIES = [b'{"act":"fixity","n":%d}' % number for number in range(700)]
HEADS = (1, 2, 255, 256, 257, 300, 512, 700)
"""Sizes at which a signed head is kept: a full tile, one before and one after among them."""


@dataclass(frozen=True)
class Kept:
    """A log on disk, whoever signs it, and its head at each of `HEADS`."""

    folder: Path
    signer: Signer
    heads: dict[int, Path]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    root = tmp_path_factory.mktemp("oracle")
    signer = Signer.generate("node.example/log")
    log = Log.create(LocalTiles(root / "log"), signer, ENTRIES[0])
    heads = {}
    for size in HEADS:
        if size > log.size:
            log.append(ENTRIES[log.size : size])
        heads[size] = root / f"head-{size}"
        heads[size].write_bytes(log.head)
    return Kept(root / "log", signer, heads)


def told(kept: Kept, command: str, *options: str, vkey: str = "") -> dict[str, object]:
    call = [
        str(PROGRAM),
        command,
        "--log-key",
        vkey or kept.signer.vkey,
        "--tiles",
        str(kept.folder),
    ]
    done = subprocess.run([*call, *options], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    assert isinstance(report, dict)
    return report


def test_it_accepts_the_checkpoint_under_our_key_and_no_other(kept: Kept) -> None:
    stranger = Signer.generate("node.example/log").vkey

    ours, theirs = told(kept, "verify-checkpoint"), told(kept, "verify-checkpoint", vkey=stranger)

    assert (ours["ok"], ours["size"], ours["origin"]) == (True, 700, "node.example/log")
    assert not theirs["ok"]


@pytest.mark.parametrize("index", [0, 1, 254, 255, 256, 257, 511, 512, 698, 699])
def test_it_finds_each_entry_where_we_say_it_is_and_nowhere_else(
    kept: Kept, tmp_path: Path, index: int
) -> None:
    leaf = tmp_path / "leaf"
    leaf.write_bytes(ENTRIES[index])

    here = told(kept, "verify-inclusion", "--leaf", str(leaf), "--index", str(index))
    beside = told(kept, "verify-inclusion", "--leaf", str(leaf), "--index", str((index + 1) % 700))

    assert here["ok"], here
    assert not beside["ok"]


@pytest.mark.parametrize("old", HEADS)
def test_it_sees_that_every_head_we_signed_is_an_ancestor_of_the_last(kept: Kept, old: int) -> None:
    report = told(kept, "verify-consistency", "--old-checkpoint", str(kept.heads[old]))

    assert report["ok"], report


def test_it_and_we_refuse_a_log_with_one_changed_byte(kept: Kept, tmp_path: Path) -> None:
    """Both must see it, so that neither is the only guard."""
    changed = Kept(tmp_path / "log", kept.signer, kept.heads)
    shutil.copytree(kept.folder, changed.folder)
    Log.open(LocalTiles(changed.folder), changed.signer).check()
    bundle = changed.folder / "tile" / "entries" / "001"
    data = bytearray(bundle.read_bytes())
    data[100] ^= 1
    bundle.write_bytes(data)
    place = 256
    leaf = tmp_path / "leaf"
    leaf.write_bytes(ENTRIES[place])
    with_entries = ("--index", str(place), "--entry-out", str(tmp_path / "entry"))

    report = told(changed, "verify-inclusion", *with_entries)

    assert not report["ok"]
    with pytest.raises(LogInconsistent):
        Log.open(LocalTiles(changed.folder), changed.signer).check()
