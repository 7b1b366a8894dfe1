"""The log: appended, read, proved; killed, cut short and forked."""

import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from perilune.errors import LogInconsistent, NodeBusy, NodeExists, NotFound, WrongUsage
from perilune.ledger import note, tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.log import Log
from perilune.ledger.note import Signer, open_note
from perilune.ledger.tiles import LocalTiles, MemoryTiles, TileStore

SIGNER = Signer.generate("node.example/log")


def numbered(start: int, stop: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(start, stop)]


def log_of(size: int, tiles: TileStore | None = None) -> Log:
    log = Log.create(tiles or MemoryTiles(), SIGNER, b"entry 0")
    log.append(numbered(1, size))
    return log


def checkpoint_of(head: bytes) -> Checkpoint:
    return Checkpoint.parse(open_note(head, [SIGNER.verifier]).text)


def root_of(entries: list[bytes]) -> bytes:
    return tree.root([tree.leaf_hash(entry) for entry in entries])


@pytest.mark.parametrize("steps", [[1], [255], [256], [1, 254, 1, 1], [70_000], [300, 1, 66_000]])
def test_what_was_appended_is_there_signed_and_found_again(
    steps: list[int], tmp_path: Path
) -> None:
    log = Log.create(LocalTiles(tmp_path), SIGNER, b"entry 0")
    size = 1
    for step in steps:
        checkpoint = log.append(numbered(size, size + step))
        size += step
        assert checkpoint == Checkpoint(SIGNER.name, size, root_of(numbered(0, size)))

    again = Log.open(LocalTiles(tmp_path), SIGNER)

    for each in (log, again):
        assert each.size == size
        assert each.origin == SIGNER.name
        assert each.last_entry == f"entry {size - 1}".encode()
        assert checkpoint_of(each.head) == checkpoint
        assert list(each.entries()) == numbered(0, size)
        assert list(each.entries(size - 2, size + 5)) == numbered(size - 2, size)
        each.check()
    assert (tmp_path / "checkpoint").read_bytes() == log.head == again.head


def test_a_log_found_again_grows_on() -> None:
    for size in (1, 2, 255, 256, 257, 512, 65_536):
        tiles = MemoryTiles()
        log_of(size, tiles)
        again = Log.open(tiles, SIGNER)

        again.append(numbered(size, size + 300))

        assert again.root == root_of(numbered(0, size + 300))
        again.check()


def test_paths_of_a_log_prove_its_entries_and_its_growth() -> None:
    log = log_of(70_001)
    heads = {size: root_of(numbered(0, size)) for size in (1, 200, 256, 65_536, 70_001)}

    for size, root in heads.items():
        for index in {0, 1, size // 2, size - 1} & set(range(size)):
            assert tree.proves_inclusion(
                tree.leaf_hash(log.entry(index)),
                index=index,
                size=size,
                path=log.inclusion(index, size),
                root=root,
            )
        assert tree.proves_consistency(
            old=size,
            new=log.size,
            old_root=root,
            new_root=log.root,
            path=log.consistency(size),
        )


def test_what_the_log_does_not_have_is_not_found() -> None:
    log = log_of(5)

    for index in (-1, 5):
        with pytest.raises(NotFound):
            log.entry(index)
        with pytest.raises(NotFound):
            log.inclusion(index)
    with pytest.raises(NotFound):
        log.inclusion(0, 6)
    with pytest.raises(NotFound):
        log.consistency(4, 6)
    with pytest.raises(NotFound):
        log.consistency(5, 4)


def test_files_are_served_by_path_and_nothing_beside_them(tmp_path: Path) -> None:
    log = log_of(5, LocalTiles(tmp_path))

    assert log.file("checkpoint") == log.head
    assert log.file("tile/entries/000.p/5") == (tmp_path / "tile/entries/000.p/5").read_bytes()
    for path in ("lock", "tile/0/001", "../secret", "checkpoint.next", "tile/0/000.p/6"):
        with pytest.raises(NotFound):
            log.file(path)


def test_nothing_to_append_signs_nothing() -> None:
    log = log_of(3)
    head = log.head

    assert log.append([]) == log.checkpoint
    assert log.head == head


def test_an_entry_that_is_too_long_adds_nothing() -> None:
    log = log_of(2)

    with pytest.raises(WrongUsage, match="65,536 bytes"):
        log.append([b"fits", b"x" * 65_536])
    log.append([b"x" * 65_535])

    assert log.size == 3


def test_a_log_is_never_begun_over_another(tmp_path: Path) -> None:
    head = log_of(3, LocalTiles(tmp_path)).head

    with pytest.raises(NodeExists):
        Log.create(LocalTiles(tmp_path), SIGNER, b"other")

    assert (tmp_path / "checkpoint").read_bytes() == head


def test_a_log_is_not_opened_with_another_key() -> None:
    tiles = MemoryTiles()
    log_of(3, tiles)

    with pytest.raises(LogInconsistent, match="no signature by a trusted key"):
        Log.open(tiles, Signer.generate(SIGNER.name))


def test_a_log_without_a_checkpoint_is_not_opened(tmp_path: Path) -> None:
    log_of(3, LocalTiles(tmp_path))
    (tmp_path / "checkpoint").unlink()

    with pytest.raises(LogInconsistent, match="no checkpoint"):
        Log.open(LocalTiles(tmp_path), SIGNER)


class TestDamage:
    """One file of a log changed, cut short or gone."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        log_of(600, LocalTiles(tmp_path))
        return tmp_path

    EDGE = ("tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88", "checkpoint")

    @pytest.mark.parametrize("path", EDGE)
    def test_of_the_edge_is_seen_on_opening(self, root: Path, path: str) -> None:
        whole = (root / path).read_bytes()
        bent = bytes([whole[0] ^ 1]) + whole[1:]

        bent_later = whole[:-1] + bytes([whole[-1] ^ 1])

        for wrong in (b"", whole[:-1], bent, bent_later, whole + whole[:32]):
            (root / path).write_bytes(wrong)
            with pytest.raises(LogInconsistent):
                Log.open(LocalTiles(root), SIGNER)
        (root / path).unlink()
        with pytest.raises(LogInconsistent):
            Log.open(LocalTiles(root), SIGNER)

    @pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/001"])
    def test_further_in_is_seen_on_checking_and_on_reading(self, root: Path, path: str) -> None:
        whole = (root / path).read_bytes()
        (root / path).write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        log = Log.open(LocalTiles(root), SIGNER)

        with pytest.raises(LogInconsistent):
            log.check()
        with pytest.raises(LogInconsistent):
            list(log.entries())

    def test_of_a_tile_is_seen_by_the_path_through_it(self, root: Path) -> None:
        whole = (root / "tile/0/000").read_bytes()
        (root / "tile/0/000").write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])

        with pytest.raises(LogInconsistent, match="above entry 7"):
            Log.open(LocalTiles(root), SIGNER).inclusion(7)

    def test_of_a_full_tile_of_tiles_is_seen_on_checking(self, tmp_path: Path) -> None:
        log_of(65_537, LocalTiles(tmp_path))
        whole = (tmp_path / "tile/1/000").read_bytes()
        (tmp_path / "tile/1/000").write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        log = Log.open(LocalTiles(tmp_path), SIGNER)

        with pytest.raises(LogInconsistent, match="tile/1/000"):
            log.check()

    def test_that_agrees_with_itself_is_seen_on_checking(self, root: Path) -> None:
        entries = numbered(0, 256)
        entries[7] = b"entry X"
        leaves = [tree.leaf_hash(entry) for entry in entries]
        (root / "tile/0/000").write_bytes(b"".join(leaves))
        packed = (root / "tile/entries/000").read_bytes().replace(b"entry 7\0", b"entry X\0", 1)
        (root / "tile/entries/000").write_bytes(packed)
        log = Log.open(LocalTiles(root), SIGNER)

        assert log.entry(7) == b"entry X"  # the leaf agrees; only the tree above tells
        with pytest.raises(LogInconsistent):
            log.check()


class TestCrash:
    """An append cut off after each of its steps: tiles, ``checkpoint.next``, ``checkpoint``."""

    @pytest.fixture
    def before(self, tmp_path: Path) -> Path:
        log_of(250, LocalTiles(tmp_path / "before"))
        return tmp_path / "before"

    @pytest.fixture
    def after(self, before: Path, tmp_path: Path) -> Path:
        shutil.copytree(before, tmp_path / "after")
        Log.open(LocalTiles(tmp_path / "after"), SIGNER).append(numbered(250, 300))
        return tmp_path / "after"

    @pytest.fixture
    def crashed(self, before: Path, after: Path, tmp_path: Path) -> Path:
        """All tiles are written, the head is not."""
        crashed = shutil.copytree(after, tmp_path / "crashed")
        shutil.copy(before / "checkpoint", crashed / "checkpoint")
        return crashed

    def test_among_the_tiles_leaves_the_old_log(self, before: Path, after: Path) -> None:
        new = [
            path.relative_to(after)
            for path in sorted((after / "tile").rglob("*"))
            if path.is_file() and not (before / path.relative_to(after)).exists()
        ]
        assert len(new) >= 5
        for path in new:
            (before / path).parent.mkdir(parents=True, exist_ok=True)
            torn = (after / path).read_bytes()
            (before / path).write_bytes(torn[: len(torn) // 2])

            log = Log.open(LocalTiles(before), SIGNER)
            assert log.size == 250
            log.check()

        log.append([b"another entry 250", *numbered(251, 600)])
        log.check()
        assert Log.open(LocalTiles(before), SIGNER).root == log.root

    def test_with_a_torn_head_leaves_the_old_log(self, crashed: Path, after: Path) -> None:
        head = (after / "checkpoint").read_bytes()
        for length in range(len(head)):
            (crashed / "checkpoint.next").write_bytes(head[:length])

            assert Log.open(LocalTiles(crashed), SIGNER).size == 250
            assert not (crashed / "checkpoint.next").exists()

    def test_with_a_whole_head_makes_it_the_head(self, crashed: Path, after: Path) -> None:
        head = (after / "checkpoint").read_bytes()
        (crashed / "checkpoint.next").write_bytes(head)

        log = Log.open(LocalTiles(crashed), SIGNER)

        assert log.head == (crashed / "checkpoint").read_bytes() == head
        assert not (crashed / "checkpoint.next").exists()
        log.check()

    def test_with_a_whole_head_without_its_tiles_signs_nothing_more(
        self, before: Path, after: Path
    ) -> None:
        shutil.copy(after / "checkpoint", before / "checkpoint.next")

        with pytest.raises(LogInconsistent, match="is missing"):
            Log.open(LocalTiles(before), SIGNER)

    def test_with_the_head_of_another_key_leaves_the_old_log(self, crashed: Path) -> None:
        other = Signer.generate(SIGNER.name)
        text = Checkpoint(SIGNER.name, 300, root_of(numbered(0, 300))).text
        (crashed / "checkpoint.next").write_bytes(note.sign(text, [other]))

        assert Log.open(LocalTiles(crashed), SIGNER).size == 250

    def test_with_an_older_head_keeps_the_newer(self, after: Path, before: Path) -> None:
        shutil.copy(before / "checkpoint", after / "checkpoint.next")

        assert Log.open(LocalTiles(after), SIGNER).size == 300

    def test_of_another_process_is_mended_by_the_next_that_writes(
        self, crashed: Path, after: Path
    ) -> None:
        log = Log.open(LocalTiles(crashed), SIGNER)
        shutil.copy(after / "checkpoint", crashed / "checkpoint.next")

        with pytest.raises(NodeBusy):
            log.append([b"another entry 250"])
        log.refresh()
        log.append(numbered(300, 310))

        assert list(log.entries()) == numbered(0, 310)

    def test_before_the_first_head_does_not_hinder_a_new_beginning(self, tmp_path: Path) -> None:
        log_of(1, LocalTiles(tmp_path))
        (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.next")

        with pytest.raises(NodeExists):
            Log.create(LocalTiles(tmp_path), SIGNER, b"other")
        assert Log.open(LocalTiles(tmp_path), SIGNER).size == 1

    def test_at_any_moment_keeps_every_head_that_was_acknowledged(self, tmp_path: Path) -> None:
        appending = textwrap.dedent(
            """
            import sys
            from pathlib import Path
            from perilune.ledger.log import Log
            from perilune.ledger.note import Signer
            from perilune.ledger.tiles import LocalTiles
            root = Path(sys.argv[1])
            signer = Signer.load("node.example/log", (root / "key").read_bytes())
            log = Log.open(LocalTiles(root / "log"), signer)
            print("ready", flush=True)
            while True:
                size = log.size
                done = log.append([f"entry {n}".encode() for n in range(size, size + 1 + size % 7)])
                print(done.size, done.root.hex(), flush=True)
            """
        )
        (tmp_path / "key").write_bytes(SIGNER.pem())
        log_of(1, LocalTiles(tmp_path / "log"))
        acknowledged: list[tuple[int, str]] = []

        for milliseconds in (0, 3, 5, 7, 11, 13, 17, 23, 29, 37):
            with subprocess.Popen(
                [sys.executable, "-c", appending, str(tmp_path)], stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                lines = [process.stdout.readline().strip() for _ in range(2)]
                killer = threading.Timer(milliseconds / 1000, process.send_signal, [signal.SIGKILL])
                killer.start()
                lines += process.stdout.read().split("\n")[:-1]
                killer.join()
            acknowledged += [(int(size), root) for size, root in map(str.split, lines)]

        log = Log.open(LocalTiles(tmp_path / "log"), SIGNER)
        log.check()
        assert list(log.entries()) == numbered(0, log.size)
        assert len(acknowledged) >= 20
        for size, root in acknowledged:
            assert size <= log.size
            assert root == root_of(numbered(0, size)).hex()


class TestFork:
    """Two trees of one size must never both be signed."""

    def test_a_second_writer_must_first_read_what_the_first_signed(self, tmp_path: Path) -> None:
        log_of(3, LocalTiles(tmp_path))
        one, other = (Log.open(LocalTiles(tmp_path), SIGNER) for _ in range(2))
        one.append([b"one"])

        with pytest.raises(NodeBusy, match="another process"):
            other.append([b"other"])
        other.refresh()
        other.append([b"other"])

        assert list(other.entries()) == [*numbered(0, 3), b"one", b"other"]
        assert (tmp_path / "checkpoint").read_bytes() == other.head

    def test_many_writers_make_one_log(self, tmp_path: Path) -> None:
        log_of(1, LocalTiles(tmp_path))

        def write(name: str) -> None:
            log = Log.open(LocalTiles(tmp_path), SIGNER)
            written = 0
            while written < 10:
                try:
                    log.append([f"{name} {written}".encode()])
                    written += 1
                except NodeBusy:
                    log.refresh()

        threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        log = Log.open(LocalTiles(tmp_path), SIGNER)
        log.check()
        assert sorted(log.entries(1)) == sorted(
            f"{name} {n}".encode() for name in "abc" for n in range(10)
        )

    def test_a_log_that_went_back_is_seen_by_who_knew_it(self, tmp_path: Path) -> None:
        log_of(3, LocalTiles(tmp_path / "log"))
        shutil.copytree(tmp_path / "log", tmp_path / "backup")
        log = Log.open(LocalTiles(tmp_path / "log"), SIGNER)
        log.append([b"later"])
        shutil.rmtree(tmp_path / "log")
        shutil.copytree(tmp_path / "backup", tmp_path / "log")

        with pytest.raises(LogInconsistent, match="does not continue"):
            log.refresh()
        with pytest.raises(NodeBusy):
            log.append([b"a fork"])

        Log.open(LocalTiles(tmp_path / "log"), SIGNER).append([b"a fork", b"and more"])
        with pytest.raises(LogInconsistent, match="does not continue"):
            log.refresh()


def test_many_read_while_one_appends() -> None:
    log = log_of(10)
    stop = threading.Event()
    faults: list[object] = []

    def read() -> None:
        while not stop.is_set():
            head = checkpoint_of(log.head)
            index = head.size - 1
            path = log.inclusion(index, head.size)
            leaf = tree.leaf_hash(f"entry {index}".encode())
            if not tree.proves_inclusion(
                leaf, index=index, size=head.size, path=path, root=head.root
            ):
                faults.append(head)
            if list(log.entries(index)) == []:
                faults.append(index)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(60):
        log.append(numbered(log.size, log.size + 17))
    stop.set()
    for reader in readers:
        reader.join()

    assert faults == []


def test_partial_tiles_go_when_the_full_one_is_there_and_can_still_be_read(tmp_path: Path) -> None:
    signer = Signer.generate("node.example/log")
    log = Log.create(LocalTiles(tmp_path), signer, b"entry 0")
    log.append([b"entry %d" % number for number in range(1, 100)])
    before = {path: log.file(path) for path in ("tile/0/000.p/100", "tile/entries/000.p/100")}

    log.append([b"entry %d" % number for number in range(100, 300)])

    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()
    assert {path: log.file(path) for path in before} == before
    log.check()
    Log.open(LocalTiles(tmp_path), signer).check()
