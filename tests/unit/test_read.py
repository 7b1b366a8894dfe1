"""Reading verified bytes: from a store on disk, some of whose bytes are then changed."""

import hashlib
import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.access.read import begun, chunks, whole
from perilune.errors import Damaged, NotFound
from perilune.model.package import FileEntry
from perilune.node import Node
from perilune.storage.local import LocalStore
from perilune.storage.memory import MemoryStore
from perilune.storage.port import ObjectStore

MIB = 1 << 20
BYTES = random.Random(26).randbytes(3 * MIB + 5)


def put(data: bytes, store: ObjectStore) -> tuple[FileEntry, Node]:
    """A node that keeps ``data`` in ``store``, and its entry."""
    with store.batch() as batch:
        digests = batch.put(io.BytesIO(data))
    return FileEntry.of("data/table.dat", "file", digests), replace(Node.in_memory(), store=store)


def overwrite(root: Path, data: bytes) -> None:
    """Put other bytes where the archive keeps `BYTES`."""
    name = hashlib.sha256(BYTES).hexdigest()
    (found,) = root.rglob(name)
    found.chmod(0o600)
    found.write_bytes(data)


def changed_at(*places: int) -> bytes:
    data = bytearray(BYTES)
    for place in places:
        data[place] ^= 1
    return bytes(data)


ENTRY, KEEPER = put(BYTES, MemoryStore())


@given(st.integers(0, 3 * MIB + 9), st.integers(0, 3 * MIB + 9))
def test_any_range_is_the_bytes_of_that_range(start: int, stop: int) -> None:
    assert b"".join(chunks(ENTRY, KEEPER, start, stop)) == BYTES[start:stop]


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB])
def test_a_file_of_any_size_is_read_whole(size: int) -> None:
    entry, node = put(BYTES[:size], MemoryStore())

    assert whole(entry, node) == BYTES[:size]


def test_a_range_needs_only_the_pieces_that_cover_it(tmp_path: Path) -> None:
    entry, node = put(BYTES, LocalStore(tmp_path))
    overwrite(tmp_path, changed_at(0, MIB - 1, 2 * MIB, 3 * MIB))

    assert b"".join(chunks(entry, node, MIB, 2 * MIB)) == BYTES[MIB : 2 * MIB]


@pytest.mark.parametrize("at", [0, MIB - 1, MIB, 2 * MIB + 7, 3 * MIB + 4])
def test_no_byte_of_a_changed_piece_leaves(tmp_path: Path, at: int) -> None:
    entry, node = put(BYTES, LocalStore(tmp_path))
    overwrite(tmp_path, changed_at(at))
    got = io.BytesIO()

    with pytest.raises(Damaged, match=f"bytes from {at // MIB * MIB} "):
        got.writelines(chunks(entry, node))

    assert got.getvalue() == BYTES[: at // MIB * MIB]


@pytest.mark.parametrize("kept", [BYTES[:-1], b""])
def test_a_file_cut_short_is_damaged(tmp_path: Path, kept: bytes) -> None:
    entry, node = put(BYTES, LocalStore(tmp_path))
    overwrite(tmp_path, kept)

    with pytest.raises(Damaged):
        list(chunks(entry, node))


def test_an_empty_file_that_is_gone_is_damaged() -> None:
    entry, _ = put(b"", MemoryStore())

    with pytest.raises(Damaged, match="lacks object") as raised:
        list(chunks(entry, Node.in_memory()))

    assert isinstance(raised.value.__cause__, NotFound)


def test_what_is_begun_has_been_verified_before_it_is_asked_for(tmp_path: Path) -> None:
    entry, node = put(BYTES, LocalStore(tmp_path))
    overwrite(tmp_path, changed_at(0))

    with pytest.raises(Damaged):
        begun(chunks(entry, node))
