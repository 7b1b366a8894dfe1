"""Integrity: whether the products of a run belong together, members, versions and references.

Facts are taken in the order in which labels are looked at. What concerns one label (its
identifier or its file is another's too) is said at once, of the later one; what concerns the whole
is said at the end, target by target. Of one kind of message about one label the first thousand are
told one by one and the rest as one that stands for them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from perilune.validation.areas import areas_of
from perilune.validation.facts import Facts, Inventory, MemberEntry, NamedFile, Reference
from perilune.validation.gathered import Gathered
from perilune.validation.inventories import listed_in
from perilune.validation.label import Label, read_label
from perilune.validation.names import check_names
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message, Severity
from perilune.validation.saying import say

_TOLD_SINGLY = 1000
_PEEKED = 1 << 20
_ASKED_TOGETHER = 1000
_ABSENT = frozenset(
    (
        "error.integrity.member_not_found",
        "warning.integrity.member_not_found",
        "warning.integrity.reference_not_found",
    )
)
"""What is not said where the product is held elsewhere."""


class Elsewhere(Protocol):
    """What is held where the labels are not: the archive that an increment is for."""

    def holds(self, identifiers: Collection[str]) -> Collection[str]:
        """Those of some LIDs and LIDVIDs, as written, that are held there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What is looked at together: a target and everything in it."""

    rule: Rule
    base: Path
    """What all paths are relative to."""
    root: str = ""
    """The target's folder, relative to the base; empty for the base itself."""
    files: Collection[str] = ()
    """Those of a folder together."""
    folders: Collection[str] = ()
    skipped: Collection[str] = ()
    """Labels of other versions than the one meant; files that they name are not unlabelled."""

    @property
    def is_joint(self) -> bool:
        """Whether it is a bundle or a collection, whose products are checked together."""
        return self.rule in (Rule.BUNDLE, Rule.COLLECTION)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A bundle or a collection and its list of members."""

    number: int
    target: int
    path: str
    lidvid: str | None
    lid: str
    is_bundle: bool
    entries: tuple[MemberEntry, ...]
    inventory: Inventory | None


class Integrity:
    """Takes the facts of all labels of a run, one target after the other."""

    def __init__(self, options: Options, elsewhere: Elsewhere | None = None) -> None:
        self._options, self._elsewhere = options, elsewhere
        self._gathered = Gathered()
        self._owners: list[_Owner] = []
        self._models: dict[str, str] = {}

    def close(self) -> None:
        """Give memory and disk back."""
        self._gathered.close()

    def add(self, facts: Facts, target: int = 0) -> list[Message]:
        """Take in one label of a target; what is wrong with it beside an earlier one."""
        messages = list(self._duplicate(facts))
        number = self._gathered.take(facts, target)
        if facts.model:
            self._models.setdefault(facts.model, facts.path)
        if facts.is_bundle or facts.is_collection:
            self._owners.append(
                _Owner(
                    number,
                    target,
                    facts.path,
                    facts.lidvid,
                    facts.lid,
                    facts.is_bundle,
                    facts.members,
                    facts.inventory,
                )
            )
        for file in facts.files:
            messages += self._named_again(facts, file, number)
        return messages

    def finish(self, wholes: Sequence[Whole]) -> Iterator[Message]:
        """What is wrong with each target as a whole, and then with all of them together."""
        for target, whole in enumerate(wholes):
            if whole.is_joint:
                yield from _summed(self._not_elsewhere(self._of_owners(target, whole)))
                if self._options.every_label == 1:  # what is passed over may list the others
                    yield from self._of_strangers(target, whole)
                if whole.rule is Rule.BUNDLE:
                    yield from self._not_elsewhere(self._of_references(target))
                yield from check_names(
                    whole.rule, whole.root, whole.files, whole.folders, self._options
                )
                yield from self._of_files(whole)
        yield from self._of_models()

    def _duplicate(self, facts: Facts) -> Iterator[Message]:
        if facts.lidvid is None:
            return
        if (first := self._gathered.label_of(facts.lid, facts.version)) is not None:
            yield say(
                "error.label.duplicate_identifier",
                facts.path,
                lidvid=facts.lidvid,
                message=f"{facts.lidvid} is also the identifier of {first}",
                found=facts.lidvid,
                expected="one label for each LIDVID",
            )

    def _named_again(self, facts: Facts, file: NamedFile, number: int) -> Iterator[Message]:
        before = self._gathered.name(file, number)
        if before is None or not before[1] or not self._options.checks_products:
            return
        yield say(
            "error.label.file_areas_duplicated_reference",
            facts.path,
            line=file.line,
            lidvid=facts.lidvid,
            message=f"{file.path} is described by {before[0]} already",
            found=file.path,
            expected="one label for each data file",
        )

    def _not_elsewhere(self, messages: Iterator[Message]) -> Iterator[Message]:
        """What still holds when what is held elsewhere is counted in."""
        if self._elsewhere is None:
            yield from messages
            return
        while some := list(islice(messages, _ASKED_TOGETHER)):
            wanted = {each.found for each in some if each.type in _ABSENT}
            held = self._elsewhere.holds(wanted) if wanted else ()
            yield from (each for each in some if each.type not in _ABSENT or each.found not in held)

    def _of_owners(self, target: int, whole: Whole) -> Iterator[Message]:
        for owner in self._owners:
            if owner.target == target and owner.inventory is not None:
                yield from self._of_inventory(owner, owner.inventory, whole.base)
        for owner in self._owners:
            if owner.target == target and owner.is_bundle and whole.rule is Rule.BUNDLE:
                yield from self._of_bundle(owner)

    def _of_strangers(self, target: int, whole: Whole) -> Iterator[Message]:
        """Products that nothing lists; what is checked itself need not be listed."""
        itself = "Product_Bundle" if whole.rule is Rule.BUNDLE else "Product_Collection"
        owners = {each.lid for each in self._owners if each.target == target}
        for path, lid, version, kind in self._gathered.unlisted(target):
            if kind == itself:
                continue
            is_lax = self._elsewhere is None or self._options.counts_like_validate
            if not is_lax and lid.rpartition(":")[0] not in owners:
                continue  # what lists it is held elsewhere
            holder = "bundle" if kind == "Product_Collection" else "collection"
            yield say(
                "warning.integrity.unreferenced_member",
                path,
                lidvid=f"{lid}::{version}",
                message=f"{lid}::{version} is a member of no {holder} here",
                found="not listed",
                expected=f"{lid}::{version} in a {holder}",
            )

    def _of_bundle(self, owner: _Owner) -> Iterator[Message]:
        for entry in owner.entries:
            member = entry.target
            if self._gathered.has_product(member, owner.target):
                yield from self._prefix(owner, member, is_primary=entry.is_primary)
            elif entry.is_primary:
                yield self._absent(owner, member, "")
            if not self._options.counts_like_validate:
                is_known, _ = self._gathered.listed(member, owner.number)
                if is_known:
                    yield self._twice(owner, member, "")
            self._gathered.list(member, owner.number, owner.target)

    def _of_inventory(self, owner: _Owner, inventory: Inventory, base: Path) -> Iterator[Message]:
        name = inventory.file
        try:
            for listed in listed_in(inventory, base):
                member = listed.target
                where = f", line {member.line} of {name}"
                if listed.is_primary and member.version is None:
                    yield self._unversioned(owner, member, where)
                is_known, by_lid = self._gathered.listed(member, owner.number)
                is_held = self._gathered.has_product(member, owner.target)
                if is_held or is_known or by_lid or self._elsewhere is not None:
                    yield from self._prefix(owner, member, is_primary=listed.is_primary)
                if listed.is_primary and not (is_held or is_known or by_lid):
                    yield self._absent(owner, member, where)
                if by_lid and member.version is not None and (is_held or is_known):
                    yield self._twice(owner, member, where)
                self._gathered.list(member, owner.number, owner.target)
        except OSError:
            return  # that the file is missing is told of its label

    def _absent(self, owner: _Owner, member: Reference, where: str) -> Message:
        severity = Severity.ERROR if self._options.is_strict_of_members else Severity.WARNING
        return _of_owner(
            owner,
            f"{severity}.integrity.member_not_found",
            member,
            f"member {member} is in no label here{where}",
            expected=f"a label of {member}",
        )

    def _unversioned(self, owner: _Owner, member: Reference, where: str) -> Message:
        return _of_owner(
            owner,
            "error.integrity.missing_version",
            member,
            f"primary member {member} is named without version{where}",
            expected=f"{member}::M.m",
        )

    def _twice(self, owner: _Owner, member: Reference, where: str) -> Message:
        return _of_owner(
            owner,
            "error.integrity.duplicate_members",
            member,
            f"member {member} is listed more than once{where}",
            expected="once",
        )

    def _prefix(self, owner: _Owner, member: Reference, *, is_primary: bool) -> Iterator[Message]:
        if is_primary and not member.lid.startswith(f"{owner.lid}:"):
            yield _of_owner(
                owner,
                "error.integrity.missing_parent_prefix",
                member,
                f"member {member} does not begin with {owner.lid}:",
                expected=f"{owner.lid}:...",
            )

    def _of_references(self, target: int) -> Iterator[Message]:
        bundles = [
            ":".join(each.lid.split(":")[:4])
            for each in self._owners
            if each.target == target and each.is_bundle
        ]
        if not bundles:
            return
        bundle, is_lax = bundles[-1], self._options.counts_like_validate
        for path, lid, version, reference in self._gathered.dangling(target):
            if is_lax:
                is_ours = lid.startswith(bundle) and (
                    reference.version is not None or reference.lid.startswith(bundle)
                )
            else:
                is_ours = reference.lid == bundle or reference.lid.startswith(f"{bundle}:")
            if is_ours:
                yield say(
                    "warning.integrity.reference_not_found",
                    path,
                    line=reference.line,
                    lidvid=f"{lid}::{version}",
                    message=f"{reference} is referred to, and is in no label here",
                    found=str(reference),
                    expected="a product of this bundle",
                )

    def _of_files(self, whole: Whole) -> Iterator[Message]:
        if self._options.allows_unlabelled or not self._options.checks_products:
            return
        by_others = {*whole.skipped, *_named_by(whole, self._options)}
        for path in whole.files:
            if path in by_others or self._gathered.is_accounted(path):
                continue
            if self._is_meant_as_label(whole.base / path):
                continue
            yield say(
                "warning.file.not_referenced_in_label",
                path,
                message="no label names this file",
                found=path,
                expected="a label that names it",
            )

    def _is_meant_as_label(self, place: Path) -> bool:
        """A label that could not be read; what is wrong with it is told of itself."""
        if place.suffix.lower().removeprefix(".") not in self._options.extensions:
            return False
        try:
            with place.open("rb") as data:
                return b"<Product_" in data.read(_PEEKED)
        except OSError:
            return True

    def _of_models(self) -> Iterator[Message]:
        if len(self._models) < 2:
            return
        found = ", ".join(sorted(self._models))
        places = ", ".join(list(self._models.values())[:3])
        yield say(
            "warning.integrity.pds4_version_mismatch",
            ".",
            message=f"labels of {len(self._models)} versions of the information model: {found}",
            found=found,
            expected="one version",
            cause=f"see {places}" if len(self._models) <= 3 else "",
        )


def _named_by(whole: Whole, options: Options) -> Iterator[str]:
    for path in whole.skipped:
        label = read_label(path, whole.base / path)
        if isinstance(label, Label):
            for area in areas_of(label, options):
                if (file := area.path_from(path)) is not None:
                    yield file


def _of_owner(
    owner: _Owner, type: str, member: Reference, message: str, *, expected: str
) -> Message:
    return say(
        type,
        owner.path,
        message,
        line=member.line if owner.inventory is None else None,
        lidvid=owner.lidvid,
        found=str(member),
        expected=expected,
    )


def _summed(messages: Iterator[Message]) -> Iterator[Message]:
    """The first of each kind about each label, and one message for the rest of them."""
    counts: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], Message] = {}
    for message in messages:
        kind = (message.type, message.path)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= _TOLD_SINGLY:
            yield message
        else:
            last[kind] = message
    for kind, message in last.items():
        rest = counts[kind] - _TOLD_SINGLY
        if rest > 1:
            yield replace(message, message=f"{message.message}; and {rest - 1} more", count=rest)
        else:
            yield message
