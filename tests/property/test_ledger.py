"""Laws of the log, whatever is appended in whatever steps."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perilune.ledger import tree
from perilune.ledger.log import Log
from perilune.ledger.note import Signer, from_base64, open_note, sign, to_base64
from perilune.ledger.receipt import runs
from perilune.ledger.tiles import (
    MemoryTiles,
    is_tile_path,
    pack_entries,
    tile_path,
    unpack_entries,
)

SIGNER = Signer.generate("node.example/log")
ENTRIES = st.binary(max_size=40)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])).map("{}\n".format)


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, over hashed leaves."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def root_of(entries: Sequence[bytes]) -> bytes:
    return mth([hashlib.sha256(b"\x00" + entry).digest() for entry in entries])


@given(st.data())
def test_however_a_log_grew_it_is_that_of_its_entries(data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.sampled_from([1, 2, 7, 100, 255, 256, 257, 600]), max_size=5))
    entries = [b"first"]
    tiles = MemoryTiles()
    log = Log.create(tiles, SIGNER, entries[0])
    for step in steps:
        added = data.draw(st.lists(ENTRIES, min_size=1, max_size=3)) * step
        log.append(added)
        entries += added

    assert log.root == root_of(entries)
    again = Log.open(tiles, SIGNER)
    assert again.head == log.head
    assert list(again.entries()) == entries
    again.check()

    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    root = root_of(entries[:size])
    leaf = tree.leaf_hash(entries[index])
    path = again.inclusion(index, size)
    assert tree.proves_inclusion(leaf, index=index, size=size, path=path, root=root)
    assert tree.proves_consistency(
        old=size,
        new=len(entries),
        old_root=root,
        new_root=log.root,
        path=again.consistency(size),
    )


@given(st.lists(ENTRIES, max_size=20))
def test_entries_are_unpacked_as_they_were_packed(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_tile_has_a_path_of_its_own(level: int, number: int, width: int) -> None:
    path = tile_path(level, number, width)

    assert is_tile_path(path)
    assert int("".join(char for char in path.split("/", 2)[2].split(".")[0] if char.isdigit())) == (
        number
    )


@given(TEXTS)
def test_any_text_is_opened_as_it_was_signed(text: str) -> None:
    assert open_note(sign(text, [SIGNER]), [SIGNER.verifier]).text == text


@given(st.binary())
def test_base64_is_read_as_it_was_written(data: bytes) -> None:
    assert from_base64(to_base64(data)) == data


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_their_positions_and_no_others(positions: set[int]) -> None:
    found = runs(positions)

    assert {place for first, last in found for place in range(first, last + 1)} == positions
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))
