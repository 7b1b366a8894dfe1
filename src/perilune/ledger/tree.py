"""Merkle tree hashing and proofs, exactly as RFC 6962 section 2.1 defines them.

Pure functions of bytes. Where the hashes are kept, who signs a root and how a reader
fetches it belong to the other modules of this package.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""``nodes(height, index)``: hash of the perfect subtree over entries
``[index * 2**height, (index + 1) * 2**height)``."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry. The prefix keeps a leaf from posing as a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes, or over perfect subtrees of one height."""
    if not hashes:
        return EMPTY_ROOT
    return fold(perfect_subtrees(hashes))


def perfect_subtrees(hashes: Sequence[bytes]) -> list[bytes]:
    """Hashes of the largest perfect subtrees that ``hashes`` make up, from left to right."""
    found: list[bytes] = []
    level = list(hashes)
    while level:
        if len(level) % 2:
            found.append(level.pop())
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return found[::-1]


def fold(subtrees: Iterable[bytes]) -> bytes:
    """Root over the perfect subtrees of a tree, given from left (largest) to right."""
    smallest_first = reversed(list(subtrees))
    current = next(smallest_first, EMPTY_ROOT)
    for subtree in smallest_first:
        current = node_hash(subtree, current)
    return current


def root_of(nodes: Nodes, size: int) -> bytes:
    """Root of the tree of the first ``size`` entries."""
    return _hash_of(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_path(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Path from entry ``index`` to the root of ``size`` entries, sibling of the leaf first."""
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} among {size}")
    path = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_hash_of(nodes, middle, stop))
            stop = middle
        else:
            path.append(_hash_of(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_path(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """Proof that the tree of ``new`` entries begins with that of ``old`` (RFC 9162, 2.1.4.1).

    Empty where there is nothing to prove: ``old`` is 0 or equals ``new``.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} within one of {new}")
    if old in (0, new):
        return []
    path = []
    start, stop, is_whole = 0, new, True
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_hash_of(nodes, middle, stop))
            stop = middle
        else:
            path.append(_hash_of(nodes, start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_hash_of(nodes, start, stop))
    return path[::-1]


def proves_inclusion(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``path`` proves ``leaf`` is entry ``index`` of ``size`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    current, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            current = node_hash(sibling, current)
            while position and not position % 2:
                position, last = position // 2, last // 2
        else:
            current = node_hash(current, sibling)
        position, last = position // 2, last // 2
    return last == 0 and current == root


def proves_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether ``path`` proves that the tree of ``new`` begins with ``old`` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    steps = [*([old_root] if old & (old - 1) == 0 else []), *path]
    if not path:
        return False
    position, last = old - 1, new - 1
    while position % 2:
        position, last = position // 2, last // 2
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while position and not position % 2:
                position, last = position // 2, last // 2
        else:
            second = node_hash(second, step)
        position, last = position // 2, last // 2
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """Largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def _hash_of(nodes: Nodes, start: int, stop: int) -> bytes:
    """Hash of the subtree over ``[start, stop)``, where ``start`` is aligned as in a tree."""
    subtrees = []
    while start < stop:
        height = (stop - start).bit_length() - 1
        subtrees.append(nodes(height, start >> height))
        start += 1 << height
    return fold(subtrees)
