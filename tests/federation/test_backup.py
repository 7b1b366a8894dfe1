"""A backup opens with enough recovery keys, gives back what it took, and is never half a node."""

import io
import json
import stat
import tarfile
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.cli import main
from perilune.errors import NodeExists, ProofFails, Unarmed, WrongUsage
from perilune.ingest.projection import walk
from perilune.model.act import CommitAct, decode
from perilune.model.guard import LoseAct, decode_lost
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.preservation.backup import KEY_LEAF, MAGIC, backup
from perilune.preservation.rebuild import rebuild
from perilune.preservation.restore import finish, read_header, unpack
from perilune.sealing.key import encrypt, identity_of, recipient_of
from perilune.sealing.keyring import Keyring, Recipients
from perilune.sealing.recovery import Shares

from .scene import OWNER, hand_in, make, write

IDENTITIES = [str(pyrage.x25519.Identity.generate()) for _ in range(3)]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Without peers; has a public and a national delivery."""
    made = make(tmp_path, "node", OWNER)
    assert made.root is not None
    by_name = {str(place): recipient_of(each) for place, each in enumerate(IDENTITIES)}
    Keyring(made.root / "keys").keep_recipients(Recipients(2, by_name))
    hand_in(made, write(tmp_path / "first", ["one", "two"]))
    hand_in(
        made, write(tmp_path / "hidden", ["three"], seed=2), releasability=Releasability.NATIONAL
    )
    return made


def rows(node: Node) -> list[str]:
    return list(node.catalogue.dump())


def files(root: Path, top: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in (root / top).rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_a_node_without_peers_comes_back_whole_from_its_backup_alone(
    node: Node, tmp_path: Path
) -> None:
    file, header = backup(node, tmp_path)
    before = rows(node)
    assert node.root is not None
    kept = {top: files(node.root, top) for top in ("keys", "receipts", "objects", "log")}
    node.close()

    assert unpack(file, tmp_path / "again", IDENTITIES[:2]) == header
    again = Node.open(tmp_path / "again")
    result = finish(again)

    assert (result.is_whole, result.is_armed, result.lost) == (True, True, [])
    assert rows(again) == before
    assert find(f"{OWNER}:mission:data:three", again, OPERATOR).releasability.value == "national"
    for top, expected in kept.items():
        assert files(tmp_path / "again", top) == expected
    for path in (tmp_path / "again" / "keys").iterdir():
        assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o600
    hand_in(again, write(tmp_path / "later", ["four"], seed=3))
    rebuild(again)


def test_nothing_of_a_backup_is_readable_and_too_few_keys_open_none(
    node: Node, tmp_path: Path
) -> None:
    file, _ = backup(node, tmp_path / "file.backup")
    data = file.read_bytes()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (b"PRIVATE KEY", b"mission:data", b"releasability"):
        assert secret not in data
    with pytest.raises(WrongUsage, match="1 of the shares open"):
        unpack(file, tmp_path / "again", IDENTITIES[2:])
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9, 0.999])
def test_a_damaged_backup_leaves_nothing(node: Node, tmp_path: Path, place: float) -> None:
    file, _ = backup(node, tmp_path / "file.backup")
    data = bytearray(file.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    (tmp_path / "bad.backup").write_bytes(data)
    (tmp_path / "short.backup").write_bytes(file.read_bytes()[: int(place * len(data))])

    for bad in ("bad.backup", "short.backup"):
        with pytest.raises(ProofFails):
            unpack(tmp_path / bad, tmp_path / "again", IDENTITIES)
    assert [path.name for path in tmp_path.iterdir() if "again" in path.name] == []


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "link"])
def test_a_backup_that_was_made_to_do_harm_writes_nothing_elsewhere(
    node: Node, tmp_path: Path, name: str
) -> None:
    file, _ = backup(node, tmp_path / "file.backup")
    with file.open("rb") as source:
        header, shares = read_header(source)
    identity = identity_of(shares.combined(IDENTITIES), KEY_LEAF)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w|") as tar:
        info = tarfile.TarInfo(name)
        if name == "link":
            info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(info)
    bent = tmp_path / "bent.backup"
    with bent.open("wb") as target:
        target.write(MAGIC + header.encode() + b"\n" + shares.encode() + b"\n")
        encrypt(io.BytesIO(content.getvalue()), target, [recipient_of(identity)])

    with pytest.raises(ProofFails, match="a backup holds no"):
        unpack(bent, tmp_path / "deep" / "again", IDENTITIES)

    assert list((tmp_path / "deep").iterdir()) == []


def test_a_backup_goes_over_nothing_and_needs_recipients(node: Node, tmp_path: Path) -> None:
    file, _ = backup(node, tmp_path / "file.backup")
    with pytest.raises(WrongUsage, match="is there already"):
        backup(node, file)
    assert node.root is not None
    with pytest.raises(NodeExists):
        unpack(file, node.root, IDENTITIES)
    (node.root / "keys" / "recovery.json").unlink()
    with pytest.raises(WrongUsage, match="no recovery recipients"):
        backup(node, tmp_path / "other")
    assert Shares.of(b"x" * 32, [recipient_of(IDENTITIES[0])], 1).combined(IDENTITIES) == b"x" * 32


def test_yesterdays_backup_of_a_node_without_peers_signs_nothing_where_the_mark_is(
    node: Node, tmp_path: Path
) -> None:
    file, _ = backup(node, tmp_path)
    hand_in(node, write(tmp_path / "today", ["four"], seed=3))
    node.close()

    unpack(file, tmp_path / "again", IDENTITIES)
    again = Node.open(tmp_path / "again")
    result = finish(again)

    assert (result.is_whole, result.is_armed) == (False, False)
    assert "this machine has a head of 5 entries" in result.why
    with pytest.raises(Unarmed):
        hand_in(again, write(tmp_path / "else", ["five"], seed=4))
    again.close()


def test_what_nobody_has_is_named_as_lost_and_the_rest_goes_on(node: Node, tmp_path: Path) -> None:
    entries = [
        find(f"{OWNER}:mission:data:{name}", node, OPERATOR).manifest for name in ("one", "three")
    ]
    assert node.root is not None
    for manifest in entries:
        for path in (node.root / "objects").rglob(manifest.files[1].sha256):
            path.unlink()
    file, _ = backup(node, tmp_path)
    node.close()

    unpack(file, tmp_path / "again", IDENTITIES)
    again = Node.open(tmp_path / "again")
    result = finish(again)

    assert [str(each.lidvid).split(":")[-3] for each in result.lost] == ["one", "three"]
    assert result.is_armed
    [(lose, index)] = [(each, index) for index, each in walk(again) if isinstance(each, LoseAct)]
    shown = decode(again.log.entry(index))
    assert isinstance(shown, CommitAct), "one of them is national, so the act is hidden"
    with again.store.open(lose.lost) as data:
        assert decode_lost(data.read()) == (1, 3)
    kept = rows(again)
    rebuild(again)
    later = Node.open(tmp_path / "again")
    assert rows(later) == kept
    hand_in(later, write(tmp_path / "back", ["one", "two"]))
    assert find(f"{OWNER}:mission:data:one", later, OPERATOR).index == 5
    again_rows = rows(later)
    rebuild(later)
    last = Node.open(tmp_path / "again")
    assert rows(last) == again_rows
    last.close()


def test_the_commands_back_up_and_restore(node: Node, tmp_path: Path) -> None:
    keys = []
    for place, each in enumerate(IDENTITIES[:2]):
        (tmp_path / f"key{place}").write_text(f"# a person\n{each}\n")
        keys += ["--identity", str(tmp_path / f"key{place}")]
    root = str(node.root)
    node.close()

    made = CliRunner().invoke(main, ["-n", root, "backup", str(tmp_path), "--json"])
    told = json.loads(made.stdout)
    assert (made.exit_code, told["log_entries"], told["with_peers"]) == (0, 4, 0)
    again = str(tmp_path / "again")
    done = CliRunner().invoke(main, ["restore", told["file"], again, *keys, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["armed"], told["lost"], told["hidden"]) == (True, [], 0)
    assert CliRunner().invoke(main, ["-n", again, "restore"]).exit_code == 0
    assert CliRunner().invoke(main, ["restore", again]).exit_code == 2
