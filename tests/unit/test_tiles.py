"""Paths and files of a log: C2SP tlog-tiles, with its own examples."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from perilune.durable import settle
from perilune.errors import LogInconsistent, NoSpace, NotFound
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.edge import Edge
from perilune.ledger.high_water import HighWater
from perilune.ledger.note import Signer, sign
from perilune.ledger.tiles import (
    LocalTiles,
    MemoryTiles,
    TileStore,
    is_tile_path,
    pack_entries,
    tile_path,
    unpack_entries,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(3, 1_234_067), "tile/3/x001/x234/067"),  # the example of the specification
        (tile_path(1, 999), "tile/1/999"),
        (tile_path(1, 1000), "tile/1/x001/000"),
        (tile_path(0, 273, 112), "tile/0/273.p/112"),
        (tile_path("entries", 1_234_067, 5), "tile/entries/x001/x234/067.p/5"),
    ],
)
def test_paths_are_those_of_the_specification(path: str, expected: str) -> None:
    assert path == expected
    assert is_tile_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "lock",
        "tile/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/../../x",
        "tile/64/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/entries/000\n",
        "/tile/0/000",
        "tile/0/\u0660\u0660\u0660",
    ],
)
def test_other_paths_are_none_of_a_log(path: str) -> None:
    assert not is_tile_path(path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, {"tile/0/000.p/1", "tile/entries/000.p/1"}),
        (256, {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}),
        (
            70_000,  # the example of the specification
            {f"tile/0/{n:03d}" for n in range(273)}
            | {f"tile/entries/{n:03d}" for n in range(273)}
            | {"tile/0/273.p/112", "tile/entries/273.p/112"}
            | {"tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"},
        ),
    ],
)
def test_a_tree_has_the_tiles_of_the_specification(size: int, expected: set[str]) -> None:
    _, files = Edge(0, (), b"", b"").extend([b"x"] * size)

    assert set(files) == expected


def test_tiles_hold_what_the_specification_says() -> None:
    entries = [str(number).encode() for number in range(600)]

    edge, files = Edge(0, (), b"", b"").extend(entries)

    leaves = [tree.leaf_hash(entry) for entry in entries]
    assert files["tile/0/001"] == b"".join(leaves[256:512])
    assert files["tile/0/002.p/88"] == b"".join(leaves[512:])
    assert files["tile/1/000.p/2"] == tree.root(leaves[:256]) + tree.root(leaves[256:512])
    assert files["tile/entries/002.p/88"].startswith(b"\x00\x03512\x00\x03513")
    assert edge.root == tree.root(leaves)


def test_entries_are_packed_after_their_length() -> None:
    entries = [b"", b"a", b"\0" * 65_535]

    packed = pack_entries(entries)

    assert packed[:6] == b"\0\0\0\x01a\xff"
    assert unpack_entries(packed) == entries
    for stop in (1, 4, len(packed) - 1):
        with pytest.raises(LogInconsistent, match="ends within"):
            unpack_entries(packed[:stop])


@pytest.fixture(params=["local", "memory"])
def tiles(request: pytest.FixtureRequest, tmp_path: Path) -> TileStore:
    return LocalTiles(tmp_path / "log") if request.param == "local" else MemoryTiles()


class TestTileStore:
    def test_gives_back_what_was_written(self, tiles: TileStore) -> None:
        with tiles.writing():
            tiles.write({"tile/0/000.p/1": b"a", "tile/entries/x001/000.p/1": b"b"})
            assert tiles.head() is None
            tiles.advance(b"note")

        assert tiles.read("tile/0/000.p/1") == b"a"
        assert tiles.read("tile/entries/x001/000.p/1") == b"b"
        assert tiles.head() == b"note"
        assert tiles.pending() is None

    def test_says_not_found_to_anything_else(self, tiles: TileStore) -> None:
        with tiles.writing():
            tiles.write({"tile/0/000.p/1": b"a"})

        for path in ("tile/0/000", "tile/0/000.p/1/x", "tile/1/000"):
            with pytest.raises(NotFound, match=path):
                tiles.read(path)


def test_every_file_and_folder_of_an_append_is_made_durable(tmp_path: Path) -> None:
    root = tmp_path / "log"
    settled: set[Path] = set()

    def watched(place: Path, written: Iterable[Path]) -> None:
        settled.update(written)
        settle(place, settled)

    tiles = LocalTiles(root, settle=watched)
    with tiles.writing():
        tiles.write({"tile/0/x001/000.p/1": b"a", "tile/entries/000": b"b"})

    here = {path for path in root.rglob("*") if path.name != "lock"}
    assert settled == here | {root, root.parent}


def test_tiles_are_durable_before_the_head_is_written_and_the_head_before_it_is_shown(
    tmp_path: Path,
) -> None:
    root = tmp_path / "log"
    seen: list[tuple[bytes | None, bytes | None, bool, set[Path]]] = []

    def watched(place: Path, written: Iterable[Path]) -> None:
        written = set(written)
        has_tile = (root / "tile/0/000.p/2").exists()
        seen.append((log.head(), log.pending(), has_tile, written))
        settle(place, written)

    log = LocalTiles(root, settle=watched)
    with log.writing():
        log.advance(b"old")
        seen.clear()
        log.write({"tile/0/000.p/2": b"ab"})
        log.advance(b"new")

    assert [moment[:3] for moment in seen] == [
        (b"old", None, True),
        (b"old", b"new", True),
        (b"new", None, True),
    ]
    assert root / "tile/0/000.p/2" in seen[0][3]
    assert seen[1][3] == {root / "checkpoint.next", root}
    assert seen[2][3] == {root}


def test_a_head_that_could_not_be_made_durable_is_not_set(tmp_path: Path) -> None:
    def failing(place: Path, written: Iterable[Path]) -> None:
        del written
        raise OSError(5, "Input/output error", str(place))

    with LocalTiles(tmp_path).writing():
        LocalTiles(tmp_path).advance(b"old")
    tiles = LocalTiles(tmp_path, settle=failing)

    with tiles.writing(), pytest.raises(OSError, match="Input/output"):
        tiles.advance(b"new")

    assert tiles.head() == b"old"
    assert tiles.pending() is None


@pytest.mark.parametrize("count", [1, 4, 5, 300])
def test_few_and_many_files_are_made_durable(tmp_path: Path, count: int) -> None:
    written = [tmp_path / str(number) for number in range(count)]
    for path in written:
        path.write_bytes(b"x")

    settle(tmp_path, [*written, tmp_path])

    with pytest.raises(FileNotFoundError):
        settle(tmp_path, [tmp_path / "absent"])
    with pytest.raises(FileNotFoundError):
        settle(tmp_path / "absent", [tmp_path] * 9)


def test_a_full_disk_is_named_and_leaves_the_head_as_it_was(tmp_path: Path) -> None:
    def full(place: Path, written: Iterable[Path]) -> None:
        del written
        raise OSError(28, "No space left on device", str(place))

    tiles = LocalTiles(tmp_path / "log", settle=full)
    with tiles.writing(), pytest.raises(NoSpace):
        tiles.write({"tile/0/000": b"a"})

    assert tiles.head() is None
    assert tiles.pending() is None


def test_a_head_that_was_noted_counts_as_signed_though_it_could_not_be_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer.generate("a/log")
    old, new = (sign(Checkpoint("a/log", size, bytes(32)).text, [signer]) for size in (1, 2))
    tiles = LocalTiles(tmp_path / "log", mark=HighWater(tmp_path / "marks" / "one"))
    with tiles.writing():
        tiles.advance(old)

    def failing(mark: HighWater, head: bytes) -> None:
        raise_to(mark, head)
        raise OSError(28, "No space left on device")

    raise_to = HighWater.raise_to
    with monkeypatch.context() as patched:
        patched.setattr(HighWater, "raise_to", failing)
        with tiles.writing(), pytest.raises(NoSpace):
            tiles.advance(new)

    assert (tiles.head(), tiles.pending(), tiles.is_newest()) == (old, new, True)
