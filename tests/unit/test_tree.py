"""Merkle trees against three independent references.

* the vectors of Certificate Transparency (RFC 6962), as in transparency-dev/merkle
  testonly/constants.go;
* the recursive definitions of RFC 6962, section 2.1, written out here;
* digests over all roots and paths that golang.org/x/mod v0.30.0 sumdb/tlog computes.
"""

import hashlib
from collections.abc import Sequence

import pytest

from perilune.ledger import tree

CT_ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

SHA_OF_GO_ROOTS = "9456169a18dcffb1c7fd5bbfad1f72a0c0e1d5893049668d21d8bf8c900bf1f1"
SHA_OF_GO_INCLUSIONS = "f5685ef812417ff7ba16c600f9d9daa461646684c890fb6cd842bc93a2c1512b"
SHA_OF_GO_CONSISTENCIES = "27d44e12697043bf81f9e96e405b7a1227fdca6358726e1262989abf004f09aa"
"""Of entries ``entry 0`` … ``entry 299``: every root, then every path of the sizes in GO_SIZES."""

GO_SIZES = [*range(1, 65), *range(250, 301)]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, over hashed leaves."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


class Nodes:
    """Perfect subtrees over leaf hashes, each computed once."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._levels = [[sha(b"\x00" + entry) for entry in entries]]

    def __call__(self, height: int, index: int) -> bytes:
        while len(self._levels) <= height:
            below = self._levels[-1]
            pairs = range(0, len(below) - 1, 2)
            self._levels.append([sha(b"\x01" + below[i] + below[i + 1]) for i in pairs])
        return self._levels[height][index]


ENTRIES = [f"entry {number}".encode() for number in range(300)]
LEAVES = [sha(b"\x00" + entry) for entry in ENTRIES]
NODES = Nodes(ENTRIES)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    entries = CT_ENTRIES[:size]

    assert tree.root([tree.leaf_hash(entry) for entry in entries]).hex() == CT_ROOTS[size]
    assert tree.root_of(Nodes(entries), size).hex() == CT_ROOTS[size]


def test_roots_are_those_of_the_definition() -> None:
    for size in range(301):
        assert tree.root(LEAVES[:size]) == mth(LEAVES[:size])
        assert tree.root_of(NODES, size) == mth(LEAVES[:size])


def test_roots_and_paths_are_those_of_the_go_checksum_database() -> None:
    roots, inclusions, consistencies = (hashlib.sha256() for _ in range(3))

    for size in range(1, 301):
        roots.update(tree.root_of(NODES, size))
    for size in GO_SIZES:
        for index in range(size):
            inclusions.update(b"".join(tree.inclusion_path(NODES, index, size)))
            consistencies.update(b"".join(tree.consistency_path(NODES, index, size)))

    assert roots.hexdigest() == SHA_OF_GO_ROOTS
    assert inclusions.hexdigest() == SHA_OF_GO_INCLUSIONS
    assert consistencies.hexdigest() == SHA_OF_GO_CONSISTENCIES


def test_every_path_proves_its_entry_and_no_other_place_size_or_entry() -> None:
    for size in range(1, 34):
        root = mth(LEAVES[:size])
        for index in range(size):
            path = tree.inclusion_path(NODES, index, size)
            proved = [
                (leaf, place, count)
                for leaf in range(size)
                for place in {index, leaf, 0, size - 1}
                for count in {size, size - 1, size + 1, 2 * size}
                if tree.proves_inclusion(
                    LEAVES[leaf], index=place, size=count, path=path, root=root
                )
            ]
            assert (index, index, size) in proved
            assert {(leaf, place) for leaf, place, _ in proved} == {(index, index)}


def test_a_path_with_one_hash_changed_left_out_or_added_proves_nothing() -> None:
    for size in range(1, 34):
        root = mth(LEAVES[:size])
        for index in range(size):
            path = tree.inclusion_path(NODES, index, size)
            bent = [[*path[:i], sha(path[i]), *path[i + 1 :]] for i in range(len(path))]
            bent += [path[:i] + path[i + 1 :] for i in range(len(path))]
            bent += [[*path, sha(b"more")], [sha(b"more"), *path]]
            for wrong in bent:
                assert not tree.proves_inclusion(
                    LEAVES[index], index=index, size=size, path=wrong, root=root
                )


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_no_path_proves_an_entry_outside_the_tree(index: int) -> None:
    assert not tree.proves_inclusion(LEAVES[0], index=index, size=3, path=[], root=mth(LEAVES[:3]))
    with pytest.raises(ValueError, match="no entry"):
        tree.inclusion_path(NODES, index, 3)


def test_a_node_cannot_pose_as_a_leaf() -> None:
    left, right = LEAVES[0], LEAVES[1]

    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


def test_every_tree_is_proved_to_continue_every_smaller_one() -> None:
    for new in range(34):
        for old in range(new + 1):
            assert tree.proves_consistency(
                old=old,
                new=new,
                old_root=mth(LEAVES[:old]),
                new_root=mth(LEAVES[:new]),
                path=tree.consistency_path(NODES, old, new),
            )


def test_no_tree_is_proved_to_continue_one_that_it_does_not() -> None:
    for new in range(1, 34):
        new_root = mth(LEAVES[:new])
        for old in range(1, new + 1):
            path = tree.consistency_path(NODES, old, new)
            forked = mth([*LEAVES[: old - 1], sha(b"fork")])
            assert not tree.proves_consistency(
                old=old, new=new, old_root=forked, new_root=new_root, path=path
            )
            assert not tree.proves_consistency(
                old=old, new=new, old_root=mth(LEAVES[:old]), new_root=forked, path=path
            )
            bent = [[*path[:i], sha(path[i]), *path[i + 1 :]] for i in range(len(path))]
            bent += [path[:i] + path[i + 1 :] for i in range(len(path))] + [[*path, sha(b"more")]]
            for wrong in bent:
                assert not tree.proves_consistency(
                    old=old, new=new, old_root=mth(LEAVES[:old]), new_root=new_root, path=wrong
                )


def test_the_empty_tree_is_continued_by_any_other_without_a_path() -> None:
    root = mth(LEAVES[:5])

    assert tree.proves_consistency(old=0, new=5, old_root=tree.EMPTY_ROOT, new_root=root, path=[])
    assert not tree.proves_consistency(old=0, new=5, old_root=root, new_root=root, path=[])
    assert not tree.proves_consistency(
        old=0, new=5, old_root=tree.EMPTY_ROOT, new_root=root, path=[root]
    )


def test_no_tree_continues_a_larger_one() -> None:
    with pytest.raises(ValueError, match="no tree of 6 within one of 5"):
        tree.consistency_path(NODES, 6, 5)
    assert not tree.proves_consistency(
        old=6, new=5, old_root=mth(LEAVES[:6]), new_root=mth(LEAVES[:5]), path=[]
    )
