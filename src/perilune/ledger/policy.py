"""Policy: whose signatures a reader trusts, and how many of them a checkpoint needs.

Source: C2SP tlog-policy (draft), the file format: ``log``, ``witness``, ``group`` and
``quorum`` lines.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from perilune.errors import ProofFails
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import COSIGNATURE, ED25519, MLDSA44, Verifier, cosigned_at, open_note

_NOBODY = "none"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses at least when ``needed`` of its members, witnesses or groups, do."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that fulfils the policy, and the names of those whose lines were good."""

    checkpoint: Checkpoint
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Trusted logs and witnesses; ``quorum`` names a witness, a group or nobody."""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Verifier]
    groups: Mapping[str, Group]
    quorum: str
    since: datetime | None = None
    """Where given a witness counts only if it cosigned then or later, as of no frozen log."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy file; raise `ProofFails` with the line that is wrong."""
        if found := _FORBIDDEN.search(text):
            raise ProofFails(f"a policy holds no control character such as {found[0]!r}")
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                reader.take(words[0], words[1:])
            except ProofFails as error:
                raise ProofFails(f"line {number} of the policy: {error}") from error
        if reader.quorum is None:
            raise ProofFails("the policy has no quorum line; write quorum none if none is needed")
        return cls(
            logs=tuple(reader.logs),
            witnesses=reader.witnesses,
            groups=reader.groups,
            quorum=reader.quorum,
        )

    def accept(self, note: bytes) -> Accepted:
        """The checkpoint in ``note``, if a trusted log signed it and the quorum saw it.

        Raises `ProofFails` otherwise.
        """
        opened = open_note(note, [*self.logs, *self.witnesses.values()])
        checkpoint = Checkpoint.parse(opened.text)
        signers = [verifier for verifier in opened.signed_by if verifier in self.logs]
        if not any(verifier.name == checkpoint.origin for verifier in signers):
            raise ProofFails(f"no key that you trust for the log {checkpoint.origin} signed it")
        seen_by = {
            name
            for name, key in self.witnesses.items()
            if key in opened.signed_by and self._is_fresh(note, key)
        }
        if not self._is_witnessed(self.quorum, seen_by):
            names = ", ".join(sorted(seen_by)) or "nobody"
            late = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
            raise ProofFails(f"the quorum {self.quorum} is not reached: witnessed by {names}{late}")
        return Accepted(checkpoint, tuple(verifier.name for verifier in opened.signed_by))

    def _is_fresh(self, note: bytes, witness: Verifier) -> bool:
        return self.since is None or cosigned_at(note, witness) >= self.since

    def _is_witnessed(self, name: str, seen_by: set[str]) -> bool:
        if name == _NOBODY or name in seen_by:
            return True
        group = self.groups.get(name)
        if group is None:
            return False
        count = sum(self._is_witnessed(member, seen_by) for member in group.members)
        return count >= group.needed


def policy_text(vkey: str, witnesses: Sequence[str] = ()) -> str:
    """A policy that trusts one log, and asks for one of ``witnesses`` where there are any."""
    names = [f"peer-{number}" for number in range(1, len(witnesses) + 1)]
    lines = [
        "# Trusted log of Perilune (C2SP tlog-policy).",
        f"log {vkey}",
        *(f"witness {name} {key}" for name, key in zip(names, witnesses, strict=True)),
        *([f"group peers any {' '.join(names)}"] if names else []),
        f"quorum {'peers' if names else _NOBODY}",
    ]
    return "".join(f"{line}\n" for line in lines)


class _Reader:
    """Takes the lines of a policy one by one."""

    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: dict[str, Verifier] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, kind: str, words: Sequence[str]) -> None:
        match kind, words:
            case "log", [vkey] | [vkey, _]:
                self.logs.append(_key(vkey, (ED25519, MLDSA44), self.logs))
            case "witness", [name, vkey] | [name, vkey, _]:
                self._claim(name)
                self.witnesses[name] = _key(vkey, (COSIGNATURE, MLDSA44), self.witnesses.values())
            case "group", [name, needed, first, *others]:
                self._claim(name)
                self.groups[name] = self._group(needed, (first, *others))
            case "quorum", [name]:
                if self.quorum is not None:
                    raise ProofFails("a second quorum line")
                if name != _NOBODY:
                    self._check_known(name)
                self.quorum = name
            case _:
                raise ProofFails(f"not understood: {' '.join([kind, *words])[:200]!r}")

    def _group(self, needed: str, members: tuple[str, ...]) -> Group:
        for member in members:
            self._check_known(member)
            if member in self._members:
                raise ProofFails(f"{member} is listed a second time as a member")
            self._members.add(member)
        count = {"all": len(members), "any": 1}.get(needed)
        if count is None:
            count = int(needed) if re.fullmatch(r"[1-9][0-9]{0,8}", needed) else 0
        if not 1 <= count <= len(members):
            raise ProofFails(f"{needed} of {len(members)} members cannot be asked for")
        return Group(count, members)

    def _claim(self, name: str) -> None:
        if name == _NOBODY or name in self.witnesses or name in self.groups:
            raise ProofFails(f"the name {name} is taken")

    def _check_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ProofFails(f"no witness or group {name} above this line")


def _key(vkey: str, types: tuple[int, ...], known: Iterable[Verifier]) -> Verifier:
    verifier = Verifier.parse(vkey)
    if verifier.type not in types:
        due = " or ".join(f"{each:#04x}" for each in types)
        raise ProofFails(f"a key of type {verifier.type:#04x} where {due} is due: {vkey}")
    if any(verifier.public == other.public for other in known):
        raise ProofFails(f"the key {vkey} is there already")
    return verifier
