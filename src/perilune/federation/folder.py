"""What a node keeps of its peers.

In its folder, under ``peers/``::

    roster/000001      every version of the roster, a signed note each
    <log>/             one peer; the name is the SHA-256 of its log's origin
        log/           static copy of its whole log, as far as it was verified
        taken          our newest custody receipt for its log
        given          its newest custody receipt for our log
        excepted       the list of exceptions that it names
        witnessed      its newest checkpoint with our cosignature
        seen           a checkpoint of our log with its cosignature
        anchored       the checkpoint of its log that ours carries
        roster/        every version of its own roster
        parts/         large files that are still on the way
        evidence/      what contradicted itself, with the signatures
        lock           held by whoever copies from it
        witness.lock   held by whoever cosigns its log

Every file appears whole and durably, or not at all. What a peer calls itself never becomes a path.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from perilune.durable import locked, settle_one, whole
from perilune.errors import NotFound, ProofFails, WrongUsage
from perilune.federation.description import Description, verifier_of
from perilune.federation.roster import Member, Role, Roster
from perilune.ledger.note import Signer, Verifier
from perilune.ledger.tiles import LocalTiles
from perilune.model.reading import time_text
from perilune.node import Node

_LOCK_WAIT_S = 5.0
TAKEN, GIVEN, EXCEPTED = "taken", "given", "excepted"
WITNESSED, SEEN, ANCHORED = "witnessed", "seen", "anchored"


def log_name(origin: str) -> str:
    """The name of a log where it must be a part of a path or an address."""
    return hashlib.sha256(origin.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PeerFolder:
    """What is kept of one peer."""

    root: Path

    @property
    def log(self) -> LocalTiles:
        """The copy of its log."""
        return LocalTiles(self.root / "log")

    def note(self, name: str) -> bytes | None:
        """One of the signed notes; None while there is none."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, name: str, note: bytes) -> None:
        """Have ``note`` take the place of the one before."""
        self._make(self.root)
        with whole(self.root / name) as file:
            file.write(note)

    def roster(self) -> list[bytes]:
        """Every version of its own roster that was seen, from the first on."""
        return [path.read_bytes() for path in sorted((self.root / "roster").glob("[0-9]*"))]

    def keep_roster(self, version: int, note: bytes) -> None:
        """Keep one version more."""
        self._make(self.root / "roster")
        with whole(self.root / "roster" / f"{version:06d}") as file:
            file.write(note)

    def part(self, sha256: str) -> Path:
        """Where a large file is put together."""
        self._make(self.root / "parts")
        return self.root / "parts" / sha256

    def parts(self) -> list[Path]:
        """The large files that are on the way."""
        return sorted((self.root / "parts").glob("*"))

    def keep_evidence(self, kind: str, words: str, t: datetime, notes: dict[str, bytes]) -> Path:
        """Keep signed notes that contradict each other; return where."""
        folder = self.root / "evidence"
        self._make(folder)
        document = {
            "kind": kind,
            "t": time_text(t),
            "detail": words,
            "notes": {name: note.decode("utf-8", "replace") for name, note in notes.items()},
        }
        digest = hashlib.sha256(json.dumps(document["notes"], sort_keys=True).encode())
        target = folder / f"{kind}-{digest.hexdigest()[:16]}.json"
        if not target.exists():
            with whole(target) as file:
                file.write(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n")
        return target

    def evidence(self) -> list[Path]:
        """All that was kept."""
        return sorted((self.root / "evidence").glob("*.json"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Enter to copy from this peer; raise `NodeBusy` where another process does."""
        self._make(self.root)
        with locked(self.root / "lock", wait_s=_LOCK_WAIT_S):
            yield

    @contextmanager
    def witnessing(self) -> Iterator[None]:
        """Enter to look at what was cosigned of its log, and to cosign."""
        self._make(self.root)
        with locked(self.root / "witness.lock", wait_s=_LOCK_WAIT_S):
            yield

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            settle_one(folder.parent)


@dataclass(frozen=True, slots=True)
class Peers:
    """The folder ``peers/`` of one node."""

    node: Node
    root: Path

    @classmethod
    def of(cls, node: Node) -> "Peers":
        """Those of ``node``; raise `WrongUsage` for one that lives in memory alone."""
        if node.root is None:
            raise WrongUsage(f"{node.config.name} keeps nothing on disk, so it has no peers")
        return cls(node, node.root / "peers")

    def folder(self, origin: str) -> PeerFolder:
        """What is kept of the node of that log."""
        return PeerFolder(self.root / log_name(origin))

    def roster(self) -> Roster:
        """The newest version; a node that knows nobody has one of itself alone.

        Raises `ProofFails` where the chain of versions is broken, or not signed by this node.
        """
        found = self._newest()
        return Roster.first(Description.of(self.node), self.node.now()) if not found else found[0]

    def members(self) -> tuple[Member, ...]:
        """The peers; none for a node that can have none."""
        return self.roster().peers if (self.root / "roster").is_dir() else ()

    def named(self, name: str) -> Member:
        """The peer called so, or whose log is; raise `NotFound` if there is none."""
        peers = self.members()
        for peer in peers:
            if name in (peer.who.name, peer.who.origin):
                return peer
        known = ", ".join(peer.who.name for peer in peers) or "nobody"
        raise NotFound(f"no peer is called {name!r}; known are: {known}")

    def pin(self, peer: Member, others: Sequence[Path] = ()) -> Roster:
        """A new version of the roster in which ``peer`` stands; the same one if it stood so.

        ``others`` are files with further keys of the roster role. Raises `WrongUsage` where its
        threshold asks for more of them.
        """
        with self._writing():
            roster, note = self._begun()
            if peer in roster.members:
                return roster
            following = roster.with_peer(peer, self.node.now(), note)
            return self._append(following, (roster, note), [self.node.signer("roster")], others)

    def rename_self(
        self, who: Description, signer: Signer | None, others: Sequence[Path] = ()
    ) -> Roster:
        """A new version in which this node is ``who``, signed by its new roster key too, if any.

        Arguments and errors else as `pin`.
        """
        with self._writing():
            if "roster" not in self.node.signers:  # made before nodes had rosters
                assert signer is not None
                first = Roster.first(who, self.node.now())
                return self._append(first, None, [signer], others)
            own = self.node.signer("roster")
            roster, note = self._begun()
            role = roster.signers
            if signer is not None:
                role = role.with_key(signer.verifier, own.verifier)
            following = roster.with_self(who, role, self.node.now(), note)
            signers = [own] if signer is None else [own, signer]
            return self._append(following, (roster, note), signers, others)

    def appoint(self, role: Role, others: Sequence[Path] = ()) -> Roster:
        """A new version that ``role`` signs from here on; arguments and errors as `pin`."""
        with self._writing():
            roster, note = self._begun()
            who = roster.of(self.node.config.origin)
            if who.keys["roster"] not in role.keys:
                raise WrongUsage("this node's own roster key stays among those that sign")
            following = roster.with_self(who, role, self.node.now(), note)
            return self._append(following, (roster, note), [self.node.signer("roster")], others)

    def newest(self) -> Roster | None:
        """The newest version that was signed; None before the first. Errors as `roster`."""
        versions = self.versions()
        return versions[-1][0] if versions else None

    def versions(self) -> list[tuple[Roster, bytes]]:
        """Every version with its note; raise `ProofFails` where the chain is broken."""
        return chain(path.read_bytes() for path in sorted((self.root / "roster").glob("[0-9]*")))

    def keys_of(self, origin: str, use: str) -> list[Verifier]:
        """The keys that a node has and had for ``use``, newest first; none if it is not known."""
        found: list[Verifier] = []
        for roster, _ in reversed(self.versions()):
            for member in roster.members:
                key = member.who.keys.get(use) if member.who.origin == origin else None
                if key is not None and key not in found:
                    found.append(key)
        if origin == self.node.config.origin and use in self.node.signers:
            own = verifier_of(use, self.node.signer(use))
            found = [own, *(key for key in found if key != own)]
        return found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        (self.root / "roster").mkdir(parents=True, exist_ok=True)
        with locked(self.root / "lock", wait_s=_LOCK_WAIT_S):
            yield

    def _begun(self) -> tuple[Roster, bytes]:
        """The newest version and its note; the first is made where there is none."""
        newest = self._newest()
        if newest is not None:
            return newest
        first = Roster.first(Description.of(self.node), self.node.now())
        note = first.encode([self.node.signer("roster")])
        self._write(first, note)
        return first, note

    def _append(
        self,
        following: Roster,
        before: tuple[Roster, bytes] | None,
        signers: Sequence[Signer],
        others: Sequence[Path],
    ) -> Roster:
        """Sign and keep ``following``; raise `WrongUsage` where a threshold is not reached."""
        known = [*following.signers.keys, *(before[0].signers.keys if before else ())]
        note = following.encode([*signers, *(_signer(path, known) for path in others)])
        try:
            Roster.open(note, before)
        except ProofFails as error:
            raise WrongUsage(f"{error}; name the files of further keys") from error
        self._write(following, note)
        return following

    def _write(self, roster: Roster, note: bytes) -> None:
        with whole(self.root / "roster" / f"{roster.version:06d}") as file:
            file.write(note)
        settle_one(self.root)

    def _newest(self) -> tuple[Roster, bytes] | None:
        versions = self.versions()
        if not versions:
            return None
        key = self.node.signer("roster").verifier
        own = [roster.of(self.node.config.origin).keys["roster"] for roster, _ in versions]
        if key not in [*versions[-1][0].signers.keys, *own]:
            raise ProofFails(f"the roster in {self.root} is not this node's: no key {key.vkey}")
        return versions[-1]


def chain(notes: Iterable[bytes]) -> list[tuple[Roster, bytes]]:
    """Versions of a roster from the first one on; raise `ProofFails` where one does not follow."""
    found: list[tuple[Roster, bytes]] = []
    for note in notes:
        found.append((Roster.open(note, found[-1] if found else None), note))
    return found


def _signer(path: Path, known: Iterable[Verifier]) -> Signer:
    """The key in a file, under the name that the roster gives it."""
    try:
        signer = Signer.load("key", path.read_bytes())
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path} holds no key: {error}") from error
    for key in known:
        if key.public == signer.verifier.public:
            return replace(signer, name=key.name)
    raise WrongUsage(f"the key in {path} is none of those that sign the roster")
