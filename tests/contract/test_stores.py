"""Every store that ships keeps the contract; the local one also survives what disks do."""

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from perilune.durable import settle
from perilune.errors import Damaged, NoSpace
from perilune.model.package import piece_size
from perilune.storage import digest
from perilune.storage.local import LocalStore
from perilune.storage.memory import MemoryStore
from perilune.storage.port import ObjectStore
from perilune.testing.storage import MIB, StoreContract, arbitrary_bytes, read_back, store_one


class PowerCut(Exception):
    """What happens at a moment that a test chooses."""


def files_under(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return MemoryStore()


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ObjectStore:
        return LocalStore(tmp_path / "objects")

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "objects"

    def test_mending_keeps_what_was_there_and_is_one_step(
        self, store: ObjectStore, root: Path
    ) -> None:
        found = store_one(store, b"right")
        place = root / found.sha256[:2] / found.sha256
        for number, wrong in enumerate((b"wrong", b"wrong again"), 1):
            place.write_bytes(wrong)

            store.mend(found.sha256, io.BytesIO(b"right"))

            assert read_back(store, found.sha256) == b"right"
            kept = root / "quarantine" / f"{found.sha256}.{number}"
            assert kept.read_bytes() == wrong
        assert list(store) == [found.sha256]
        assert [path.name for path in (root / "incoming").iterdir()] == ["lock"]

    @pytest.mark.parametrize("moment", range(5))
    def test_mending_that_is_cut_leaves_the_object_as_it_was_or_right(
        self, root: Path, moment: int
    ) -> None:
        """The cut comes at each waiting for the disk in turn; the fifth never comes."""
        found = store_one(LocalStore(root), b"right")
        place = root / found.sha256[:2] / found.sha256
        place.write_bytes(b"wrong")
        waits = 0

        def cut(_root: Path, _written: Iterable[Path]) -> None:
            nonlocal waits
            waits += 1
            if waits > moment:
                raise PowerCut

        try:
            LocalStore(root, settle=cut).mend(found.sha256, io.BytesIO(b"right"))
        except PowerCut:
            assert waits == moment + 1
        assert place.read_bytes() == (b"wrong" if moment < 2 else b"right")
        LocalStore(root).mend(found.sha256, io.BytesIO(b"right"))
        assert place.read_bytes() == b"right"

    def test_files_are_named_by_digest_and_nothing_else_is_left(
        self, store: ObjectStore, root: Path
    ) -> None:
        found = store_one(store, b"abc")

        # SHA-256 of "abc": FIPS 180-4, example of one block
        assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert files_under(root) == {f"ba/{found.sha256}"}

    def test_data_are_durable_before_names_and_names_before_the_end(self, root: Path) -> None:
        moments: list[tuple[set[str], set[Path]]] = []

        def watched(place: Path, written: Iterable[Path]) -> None:
            written = set(written)
            moments.append((files_under(root), written))
            settle(place, written)

        store = LocalStore(root, settle=watched)
        store_one(store, b"makes the folders")
        moments.clear()

        with store.batch() as batch:
            one = batch.put(io.BytesIO(b"one")).sha256
            two = batch.put(io.BytesIO(b"2" * (2 * MIB))).sha256
            assert moments == []

        assert len(moments) == 2
        (before_names, data), (after_names, folders) = moments
        finals = {f"{name[:2]}/{name}" for name in (one, two)}
        assert not finals & before_names
        assert len([path for path in data if path.parent.parent == root / "incoming"]) == 2
        assert finals <= after_names
        assert folders == {root / one[:2], root / two[:2]}

    @pytest.mark.parametrize("moment", [0, 1])
    def test_a_failure_to_make_durable_leaves_nothing(self, root: Path, moment: int) -> None:
        before = store_one(LocalStore(root), b"before")
        calls = []

        def failing(place: Path, written: Iterable[Path]) -> None:
            calls.append(place)
            if len(calls) == moment + 1:
                raise PowerCut
            settle(place, written)

        store = LocalStore(root, settle=failing)
        with pytest.raises(PowerCut), store.batch() as batch:  # noqa: PT012 - the batch fails
            batch.put(io.BytesIO(b"before"))
            batch.put(io.BytesIO(b"new"))

        assert list(LocalStore(root)) == [before.sha256]
        assert files_under(root) == {f"{before.sha256[:2]}/{before.sha256}"}

    def test_a_batch_of_nothing_new_still_makes_sure_that_names_are_durable(
        self, root: Path
    ) -> None:
        calls: list[Path] = []

        def counted(place: Path, written: Iterable[Path]) -> None:
            calls.append(place)
            settle(place, written)

        store_one(LocalStore(root), b"held")

        store_one(LocalStore(root, settle=counted), b"held")

        assert len(calls) == 1

    def test_an_object_cut_short_is_replaced(self, store: ObjectStore, root: Path) -> None:
        found = store_one(store, b"whole")
        path = root / found.sha256[:2] / found.sha256
        path.write_bytes(b"who")

        store_one(store, b"whole")

        assert read_back(store, found.sha256) == b"whole"

    def test_an_object_held_already_is_not_written_again(
        self, store: ObjectStore, root: Path
    ) -> None:
        found = store_one(store, b"held")
        path = root / found.sha256[:2] / found.sha256
        inode = path.stat().st_ino

        store_one(store, b"held")

        assert path.stat().st_ino == inode

    def test_an_object_that_vanishes_under_a_batch_fails_the_batch(
        self, store: ObjectStore, root: Path
    ) -> None:
        found = store_one(store, b"held")

        with pytest.raises(Damaged), store.batch() as batch:  # noqa: PT012 - the batch fails
            batch.put(io.BytesIO(b"held"))
            other = batch.put(io.BytesIO(b"other"))
            (root / found.sha256[:2] / found.sha256).unlink()

        assert other.sha256 not in store

    def test_foreign_files_are_no_objects(self, store: ObjectStore, root: Path) -> None:
        found = store_one(store, b"ours")
        (root / "ab" / "README").write_text("not ours")
        (root / "ab" / ("cd" * 32)).write_text("in the wrong folder")
        (root / "ab" / ("ab" * 32)).mkdir()
        (root / "ac" / ("ac" * 32)).symlink_to("/etc/hostname")

        assert list(store) == [found.sha256]
        assert "ab" * 32 not in store

    def test_the_remains_of_a_dead_process_are_swept_away(
        self, store: ObjectStore, root: Path
    ) -> None:
        dying = textwrap.dedent(
            """
            import io, os, sys
            from pathlib import Path
            from perilune.storage.local import LocalStore
            with LocalStore(Path(sys.argv[1])).batch() as batch:
                batch.put(io.BytesIO(b"unfinished"))
                os._exit(9)
            """
        )
        done = subprocess.run([sys.executable, "-c", dying, str(root)], check=False)
        assert done.returncode == 9
        assert len(files_under(root)) == 1
        assert list(store) == []

        found = store_one(store, b"next")

        assert files_under(root) == {f"{found.sha256[:2]}/{found.sha256}"}

    def test_a_batch_that_lives_is_not_swept_away(self, store: ObjectStore, root: Path) -> None:
        with store.batch() as living:
            kept = living.put(io.BytesIO(b"living"))
            store_one(LocalStore(root), b"another process")

        assert read_back(store, kept.sha256) == b"living"

    def test_opening_a_batch_waits_for_one_that_is_giving_names(
        self, store: ObjectStore, root: Path
    ) -> None:
        store_one(store, b"makes the folders")
        handle = os.open(root / "incoming" / "lock", os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        other = threading.Thread(target=store_one, args=(store, b"waits"))

        other.start()
        other.join(0.2)
        waited = other.is_alive()
        os.close(handle)
        other.join(10)

        assert waited
        assert hashlib.sha256(b"waits").hexdigest() in store

    def test_a_full_disk_refuses_the_batch_and_leaves_nothing(self, tmp_path: Path) -> None:
        script = textwrap.dedent(
            """
            import io, sys
            from pathlib import Path
            from perilune.errors import NoSpace
            from perilune.storage.local import LocalStore
            root = Path(sys.argv[1]) / "objects"
            with LocalStore(root).batch() as batch:
                held = batch.put(io.BytesIO(b"held")).sha256
            for size in (64 << 20, 500_000):
                try:
                    with LocalStore(root).batch() as batch:
                        for number in range(100):
                            batch.put(io.BytesIO(bytes([number]) * size))
                except NoSpace as error:
                    print(type(error).__name__, list(LocalStore(root)) == [held])
            left = [p.name for p in root.rglob("*") if p.is_file() and p.name != "lock"]
            print(left == [held])
            """
        )
        inside = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" -c "$3" "$1"'
        command = ["unshare", "-rm", "sh", "-c", inside, "-", str(tmp_path), sys.executable]
        if shutil.which("unshare") is None or (
            subprocess.run(
                [*command[:4], 'mount -t tmpfs tmpfs "$1"', "-", str(tmp_path)],
                check=False,
                capture_output=True,
            ).returncode
        ):
            pytest.skip("needs the right to mount a small file system of its own")

        done = subprocess.run([*command, script], check=True, capture_output=True, text=True)

        assert done.stdout.split() == ["NoSpace", "True", "NoSpace", "True", "True"], done.stderr

    def test_the_space_that_making_durable_lacks_is_named_too(self, root: Path) -> None:
        store_one(LocalStore(root), b"makes the folders")

        def full(place: Path, written: Iterable[Path]) -> None:
            del written
            raise OSError(28, "No space left on device", str(place))

        with pytest.raises(NoSpace, match="objects"):
            store_one(LocalStore(root, settle=full), b"late")


class TestPieces:
    """Lengths of pieces: docs/reference/formats.md, "Manifest"."""

    def test_a_source_that_announces_another_size_gets_the_pieces_of_its_true_size(
        self, tmp_path: Path
    ) -> None:
        data = arbitrary_bytes(3 * MIB + 11)
        wrong = digest.Opening(data[:MIB], is_whole=False, announced=20_000 * MIB)
        assert piece_size(wrong.announced) > MIB

        with (tmp_path / "copy").open("x+b") as target:
            found = digest.copy(wrong, io.BytesIO(data[MIB:]), target)

        assert found == digest.of_bytes(data)
        assert len(found.pieces) == 4
        assert (tmp_path / "copy").read_bytes() == data

    @pytest.mark.torture
    def test_a_file_beyond_4_gib_has_pieces_of_2_mib(self, tmp_path: Path) -> None:
        size = 4096 * MIB + 1
        sparse = tmp_path / "sparse"
        with sparse.open("wb") as file:
            file.truncate(size)

        with sparse.open("rb") as source, Path(os.devnull).open("r+b") as target:
            found = digest.copy(digest.begin(source), source, target)

        zeros = hashlib.sha256(bytes(2 * MIB)).hexdigest()
        assert found.size == size
        assert found.pieces == (zeros,) * 2048 + (hashlib.sha256(b"\0").hexdigest(),)
