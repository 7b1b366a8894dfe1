"""The contract of archival storage: what every `ObjectStore` must do.

Subclass `StoreContract` in a test module and give it a ``store`` fixture.
"""

import hashlib
import io
import pickle

import pytest

from perilune.errors import Damaged, NotFound
from perilune.model.package import Digests
from perilune.storage.port import ObjectStore

MIB = 1 << 20


def arbitrary_bytes(size: int, *, seed: int = 0) -> bytes:
    """Bytes without a pattern, the same each time."""
    return hashlib.shake_256(str(seed).encode()).digest(size)


class Dripping:
    """A source that yields few bytes at a time, as a slow connection does."""

    def __init__(self, data: bytes, drop: int) -> None:
        self._data = io.BytesIO(data)
        self._drop = drop

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(self._drop if size < 0 else min(size, self._drop))


class Failing:
    """A source that breaks off."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        if found := self._data.read(size):
            return found
        raise ConnectionResetError("the sender went away")


def store_one(store: ObjectStore, data: bytes) -> Digests:
    """Keep one object."""
    with store.batch() as batch:
        return batch.put(io.BytesIO(data))


def read_back(store: ObjectStore, sha256: str) -> bytes:
    """All bytes of an object."""
    with store.open(sha256) as data:
        return data.read()


class StoreContract:
    """Every test is a promise of the port."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """An empty store."""
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, 8000, MIB - 1, MIB, MIB + 1, 5 * MIB + 7])
    def test_gives_the_same_bytes_back_under_their_digests(
        self, store: ObjectStore, size: int
    ) -> None:
        data = arbitrary_bytes(size, seed=size)

        found = store_one(store, data)

        assert read_back(store, found.sha256) == data
        assert found == Digests(
            size=size,
            sha256=hashlib.sha256(data).hexdigest(),
            md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
            pieces=tuple(
                hashlib.sha256(data[start : start + MIB]).hexdigest()
                for start in range(0, size if size > MIB else 0, MIB)
            ),
        )
        assert store.size(found.sha256) == size
        assert found.sha256 in store
        assert list(store) == [found.sha256]

    @pytest.mark.parametrize("drop", [1000, MIB - 1, 3 * MIB])
    def test_does_not_mind_how_few_bytes_a_read_yields(self, store: ObjectStore, drop: int) -> None:
        data = arbitrary_bytes(2 * MIB + 5, seed=1)

        with store.batch() as batch:
            dripped = batch.put(Dripping(data, drop))

        assert dripped == store_one(store, data)
        assert read_back(store, dripped.sha256) == data

    def test_shows_nothing_of_a_batch_before_it_is_left(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            found = batch.put(io.BytesIO(b"early"))
            assert found.sha256 not in store
            assert list(store) == []

        assert found.sha256 in store

    def test_leaves_nothing_of_a_batch_that_fails(self, store: ObjectStore) -> None:
        before = store_one(store, b"there before")

        with pytest.raises(ConnectionResetError), store.batch() as batch:  # noqa: PT012 - the batch fails
            batch.put(io.BytesIO(b"there before"))
            batch.put(io.BytesIO(b"new"))
            batch.put(Failing(b"x" * (2 * MIB)))

        assert list(store) == [before.sha256]
        assert read_back(store, before.sha256) == b"there before"

    def test_goes_on_with_a_batch_whose_source_broke_off(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            for size in (10, 2 * MIB):
                with pytest.raises(ConnectionResetError):
                    batch.put(Failing(b"x" * size))
            found = batch.put(io.BytesIO(b"whole"))

        assert list(store) == [found.sha256]

    def test_keeps_the_same_bytes_once(self, store: ObjectStore) -> None:
        first = store_one(store, b"same")

        with store.batch() as batch:
            again = [batch.put(io.BytesIO(b"same")) for _ in range(3)]

        assert again == [first] * 3
        assert list(store) == [first.sha256]

    def test_drops_an_object_from_its_batch(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            dropped = batch.put(io.BytesIO(b"not wanted"))
            kept = batch.put(io.BytesIO(b"wanted"))
            batch.drop(dropped.sha256)

        assert list(store) == [kept.sha256]

    def test_keeps_an_object_that_was_there_before_its_drop(self, store: ObjectStore) -> None:
        before = store_one(store, b"there before")

        with store.batch() as batch:
            batch.put(io.BytesIO(b"there before"))
            batch.drop(before.sha256)

        assert read_back(store, before.sha256) == b"there before"

    def test_keeps_what_one_of_two_puts_still_wants(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            found = batch.put(io.BytesIO(b"shared by two products"))
            batch.put(io.BytesIO(b"shared by two products"))
            batch.drop(found.sha256)

        assert found.sha256 in store

    def test_takes_an_object_again_after_its_drop(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            found = batch.put(io.BytesIO(b"wanted after all"))
            batch.drop(found.sha256)
            batch.put(io.BytesIO(b"wanted after all"))

        assert read_back(store, found.sha256) == b"wanted after all"

    def test_takes_over_what_its_hand_has_put_elsewhere(self, store: ObjectStore) -> None:
        contents = [b"small", arbitrary_bytes(3 * MIB), b"small"]

        with store.batch() as batch:
            if batch.hand is None:
                pytest.skip("its objects live in one process")
            hand = pickle.loads(pickle.dumps(batch.hand))  # noqa: S301  # as another process gets it
            handed = [hand.put(io.BytesIO(content)) for content in contents]
            found = [batch.take_over(each) for each in handed]
            batch.drop(found[0].sha256)

        assert {each.sha256 for each in found} == set(store)
        assert read_back(store, found[0].sha256) == b"small"
        assert read_back(store, found[1].sha256) == contents[1]

    def test_has_nothing_of_what_its_hand_has_put_and_it_did_not_take_over(
        self, store: ObjectStore
    ) -> None:
        with store.batch() as batch:
            if batch.hand is None:
                pytest.skip("its objects live in one process")
            batch.hand.put(io.BytesIO(b"nobody asked for it"))

        assert list(store) == []

    def test_does_not_mind_the_drop_of_what_it_never_had(self, store: ObjectStore) -> None:
        with store.batch() as batch:
            batch.drop("ab" * 32)

        assert list(store) == []

    def test_reads_from_any_place(self, store: ObjectStore) -> None:
        data = arbitrary_bytes(3 * MIB, seed=2)
        found = store_one(store, data)

        with store.open(found.sha256) as opened:
            opened.seek(2 * MIB + 3)
            assert opened.read(100) == data[2 * MIB + 3 : 2 * MIB + 103]

    @pytest.mark.parametrize("name", ["ab" * 32, "", "../../etc/passwd", "AB" * 32, "ab" * 31])
    def test_says_not_found_to_any_other_name(self, store: ObjectStore, name: str) -> None:
        store_one(store, b"something")

        assert name not in store
        with pytest.raises(NotFound):
            store.open(name)
        with pytest.raises(NotFound):
            store.size(name)

    def test_contains_nothing_but_names(self, store: ObjectStore) -> None:
        assert 7 not in store
        assert None not in store

    def test_mends_an_object_that_is_missing(self, store: ObjectStore) -> None:
        data = arbitrary_bytes(2 * MIB + 5, seed=3)
        name = hashlib.sha256(data).hexdigest()

        store.mend(name, io.BytesIO(data))

        assert read_back(store, name) == data

    def test_mends_with_no_other_bytes_than_those_of_the_name(self, store: ObjectStore) -> None:
        found = store_one(store, b"right")

        with pytest.raises(Damaged, match=found.sha256):
            store.mend(found.sha256, io.BytesIO(b"wrong"))

        assert read_back(store, found.sha256) == b"right"
        assert list(store) == [found.sha256]

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32])
    def test_mends_nothing_of_any_other_name(self, store: ObjectStore, name: str) -> None:
        with pytest.raises((NotFound, Damaged)):
            store.mend(name, io.BytesIO(b"right"))

        assert list(store) == []

    def test_keeps_two_batches_apart(self, store: ObjectStore) -> None:
        with store.batch() as one:
            kept = one.put(io.BytesIO(b"one"))
            with pytest.raises(ZeroDivisionError), store.batch() as other:  # noqa: PT012 - the batch fails
                other.put(io.BytesIO(b"one"))
                other.put(io.BytesIO(b"other"))
                raise ZeroDivisionError

        assert list(store) == [kept.sha256]
