"""Which labels of a bundle are meant where it holds several versions of one thing.

A folder may hold every version of the bundle label and of its collections. The one that was named,
else the latest, is checked, with the collections that it names; so does NASA's ``validate``.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perilune.formats.pds4.grow import PDS
from perilune.validation.label import Label, read_label

_PEEKED = 16_384
_KIND = re.compile(rb"<(?:\w+:)?Product_(Bundle|Collection)[\s>]")
_MEMBER = f"{{{PDS}}}Bundle_Member_Entry"
_REFERENCES = (f"{{{PDS}}}lidvid_reference", f"{{{PDS}}}lid_reference")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is left out of a target, and what is odd in it."""

    others: tuple[str, ...] = ()
    """Labels of other versions than the one meant."""
    strangers: tuple[str, ...] = ()
    """Labels of collections that no bundle meant names."""


def bundle_meant(base: Path, root: str, labels: Collection[str], given: str | None) -> Chosen:
    """The bundle label that was named, else the latest of each bundle; and its collections."""
    bundles = list(_of_kind(base, _inside(labels, root, depth=0), "Product_Bundle"))
    if given is not None:
        meant = [each for each in bundles if each.path == given]
    else:
        meant = _latest(bundles)
    others = [each.path for each in bundles if each not in meant]
    if not meant:
        return Chosen()
    collections = list(_of_kind(base, _inside(labels, root, depth=1), "Product_Collection"))
    unnamed, strangers = _against(collections, _members(meant))
    return Chosen((*others, *unnamed), tuple(strangers))


def collections_meant(base: Path, root: str, labels: Collection[str], given: str | None) -> Chosen:
    """The collection label that was named, else the latest of each collection."""
    collections = list(_of_kind(base, _inside(labels, root, depth=0), "Product_Collection"))
    if given is not None:
        meant = [each for each in collections if each.path == given]
    else:
        meant = _latest(collections)
    if not meant:
        return Chosen()
    return Chosen(tuple(each.path for each in collections if each not in meant))


def _against(
    collections: Sequence[Label], members: dict[str, set[str]]
) -> tuple[list[str], list[str]]:
    """Collections of which another version is named, and those that are not named at all."""
    unnamed, strangers = [], []
    by_lid: defaultdict[str, list[Label]] = defaultdict(list)
    for each in collections:
        by_lid[each.lid].append(each)
    for lid, versions in by_lid.items():
        if lid not in members:
            strangers += [each.path for each in versions]
            continue
        wanted = [each for each in versions if each.version in members[lid]]
        if "" in members[lid]:
            wanted += _latest(versions)
        if wanted:
            unnamed += [each.path for each in versions if each not in wanted]
    return unnamed, strangers


def _members(bundles: Sequence[Label]) -> dict[str, set[str]]:
    """LIDs of the collections that bundles name, with the versions; empty for any version."""
    members: defaultdict[str, set[str]] = defaultdict(set)
    for bundle in bundles:
        for entry in bundle.root.iter(_MEMBER):
            for name in _REFERENCES:
                if text := (entry.findtext(name) or "").strip():
                    lid, _, version = text.partition("::")
                    members[lid].add(version)
    return members


def _latest(labels: Sequence[Label]) -> list[Label]:
    """Of each LID the label with the highest version."""
    latest: dict[str, Label] = {}
    for each in labels:
        before = latest.get(each.lid)
        if before is None or _rank(each) > _rank(before):
            latest[each.lid] = each
    return list(latest.values())


def _rank(label: Label) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in label.version.split("."))


def _inside(labels: Collection[str], root: str, depth: int) -> Iterator[str]:
    """Labels that lie in ``root``, or at most ``depth`` folders below."""
    start = len(root) + 1 if root else 0
    return (path for path in labels if path.count("/", start) <= depth)


def _of_kind(base: Path, paths: Iterator[str], product_class: str) -> Iterator[Label]:
    for path in paths:
        if not _may_be(base / path, product_class):
            continue
        label = read_label(path, base / path)
        if isinstance(label, Label) and label.product_class == product_class:
            yield label


def _may_be(place: Path, product_class: str) -> bool:
    """A look at the first bytes, since a collection may have a million other labels beside it."""
    try:
        with place.open("rb") as data:
            head = data.read(_PEEKED)
    except OSError:
        return False
    found = _KIND.search(head)
    return found is not None and f"Product_{found[1].decode()}" == product_class
