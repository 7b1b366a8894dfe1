"""Check: what is wrong with a delivery, and which of its products may be taken.

One pass reads every byte: while a file is hashed it is written into the store's batch, where
nothing is visible yet. What is refused is taken out of the batch again.

Message types are those of NASA's ``validate`` where it has one (docs/reference/report.md).
"""

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from perilune.ingest.examination import Examination, examining
from perilune.ingest.keeper import Keeper, Kept
from perilune.ingest.labels import Described, Labels, Unreadable, read_labels
from perilune.ingest.projection import Progress
from perilune.ingest.receive import Received
from perilune.ingest.staging import Contents, Staged, staged_ahead
from perilune.ingest.unpack.limits import Refused
from perilune.ingest.workers import workers
from perilune.model.identifier import Lidvid
from perilune.model.package import Digests, FileEntry, Manifest
from perilune.model.product import NamedFile, Product
from perilune.storage.digest import SMALL
from perilune.storage.port import Batch
from perilune.validation.causes import why_md5_differs
from perilune.validation.report import Message, Severity

_KEPT_IN_MEMORY = 20_000
"""Products beyond this many are read again from storage when they are accessioned."""


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A product of the delivery on its way to be accepted, refused, or found held already."""

    label: str
    id: Lidvid
    described: Described | None
    """What the label says; None where it has to be read again."""
    manifest: Manifest | None = None
    is_refused: bool = False
    held: Kept | None = None

    @property
    def is_new(self) -> bool:
        """Whether it may be taken in, and is not held already."""
        return not self.is_refused and self.held is None

    @property
    def product(self) -> Product | None:
        """The product; None where its label has to be read again."""
        return None if self.described is None else self.described.product()


@dataclass(slots=True)
class Checked:
    """Everything the check found."""

    delivery: str
    messages: list[Message]
    candidates: list[Candidate]
    unreadable: list[str]
    """Labels that cannot be read."""
    staged: list[str]
    """Names of the objects put into the batch, one for each file and each manifest."""
    grammar: frozenset[tuple[str, str]] = frozenset()
    """Namespace and address of the schemas that labels were to be held against."""

    @property
    def accepted(self) -> list[Candidate]:
        """Those that may be taken in."""
        return [each for each in self.candidates if each.is_new]

    @property
    def held(self) -> list[Candidate]:
        """Those that are in custody already, with the same bytes."""
        return [each for each in self.candidates if not each.is_refused and each.held is not None]

    @property
    def labels(self) -> int:
        """Labels found, those that cannot be read included."""
        return len(self.candidates) + len(self.unreadable)

    @property
    def has_fault(self) -> bool:
        """Whether anything is wrong with the delivery."""
        return any(message.severity is Severity.ERROR for message in self.messages)

    @property
    def refused(self) -> int:
        """How many labels do not become holdings."""
        return self.labels - len(self.accepted) - len(self.held)


def check(received: Received, keeper: Keeper, batch: Batch, progress: Progress) -> Checked:
    """Read and stage the whole delivery; what stays in ``batch`` is what may be taken."""
    done = 0
    with workers(len(received.labels)) as others, examining(received, keeper) as examination:
        state = _State(received, keeper, batch, examination)
        contents = Contents(batch, others)
        chunks = read_labels(received.root, received.labels, others)
        for labels, staged in staged_ahead(chunks, state.wanted, received.root, batch, others):
            state.take_over(staged)
            manifests: list[bytes] = []
            for path, found in labels:
                if (manifest := state.label(path, found)) is not None:
                    manifests.append(manifest.encode())
                done += 1
                progress("reading and hashing", done, len(received.labels))
            contents.put(manifests)
        return state.verdict(contents.finish())


@dataclass(slots=True)
class _State:
    """The state of one check."""

    received: Received
    keeper: Keeper
    batch: Batch
    examination: Examination | None
    messages: list[Message] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    staged: dict[str, Digests] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Paths of files that somebody is staging, or has staged."""
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    faults: int = 0
    unopened: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folded = {path.lower(): path for path in self.received.files}

    def wanted(self, labels: Labels) -> list[str]:
        """Small files that ``labels`` name, and they themselves, each path once ever."""
        paths: list[str] = []
        for path, found in labels:
            if isinstance(found, Described):
                places = (_place(path, named.path) for named in found.files)
                paths += [path, *(self._real(place) or "" for place in places if place)]
        sizes = self.received.files
        fresh = [path for path in dict.fromkeys(paths) if path not in self.asked]
        self.asked.update(fresh)
        return [path for path in fresh if 0 <= sizes.get(path, -1) < SMALL]

    def take_over(self, staged: Staged) -> None:
        """Count files as put into the batch that others have put there."""
        for path, handed in staged.items():
            self.staged[path] = self.batch.take_over(handed)

    def label(self, path: str, found: Described | Unreadable) -> Manifest | None:
        """Take one label and the files it names through every check but those among products.

        Returns the manifest of the product; None where there is a fault.
        """
        told = [] if self.examination is None else self.examination.of(path)
        if isinstance(found, Unreadable):
            self.unreadable[path] = found
            return None
        described = found if len(self.candidates) < _KEPT_IN_MEMORY else None
        candidate = Candidate(label=path, id=found.id, described=described)
        self.candidates.append(candidate)
        before = self.faults
        if not self.keeper.config.owns(found.id.lid.text):
            owned = ", ".join(self.keeper.config.namespaces)
            self._fault(
                "error.delivery.foreign_namespace",
                path,
                f"{found.id.lid} lies in no namespace of this node ({owned})",
                lidvid=str(found.id),
                found=found.id.lid.text,
                expected=owned,
            )
        self._tell(told)
        digests = self._stage(path)
        files: dict[str, FileEntry] = {}
        for named in found.files:
            if (entry := self._file(candidate, named)) is not None and entry.path != path:
                files[entry.path] = entry
        candidate.is_refused = self.faults > before
        if digests is not None and not candidate.is_refused:
            others = (files[name] for name in sorted(files, key=str.encode))
            entry = FileEntry.of(path, "label", digests)
            candidate.manifest = Manifest(found.id, (entry, *others))
        return candidate.manifest

    def verdict(self, manifests: Sequence[Digests]) -> Checked:
        """Compare the products with each other and with what is held."""
        self._odd_files()
        self._left_out()
        self._duplicates()
        self._whole()
        self._conflicts()
        self._not_labels()
        self._unlabelled()
        delivery = self._delivery_name()
        staged = [found.sha256 for found in (*self.staged.values(), *manifests)]
        return Checked(
            delivery,
            self.messages,
            self.candidates,
            list(self.unreadable),
            staged,
            frozenset(() if self.examination is None else self.examination.named),
        )

    def _file(self, candidate: Candidate, named: NamedFile) -> FileEntry | None:
        place = _place(candidate.label, named.path)
        about = {"line": named.line, "lidvid": str(candidate.id)}
        if place is None:
            self._fault(
                "error.directory.unallowed_name",
                candidate.label,
                f"names a file outside the delivery: {named.path!r}",
                found=named.path,
                expected="a path at or below the label's folder",
                **about,
            )
            return None
        real = self._real(place)
        if real is None:
            self._fault(
                "error.label.missing_file",
                candidate.label,
                f"names {named.path!r}, which is not in the delivery",
                found="no such file",
                expected=place,
                **about,
            )
            return None
        if real != place:
            self._say(
                Severity.WARNING,
                "warning.label.file_ref_case_mismatch",
                candidate.label,
                f"names {place!r}; the file is called {real!r}",
                found=real,
                expected=place,
                **about,
            )
        if (found := self._stage(real)) is None:
            return None
        self._compare(candidate, named, real, found)
        return FileEntry.of(real, "file", found)

    def _real(self, place: str) -> str | None:
        """What the file is called that a label calls ``place``."""
        return place if place in self.received.files else self.folded.get(place.lower())

    def _compare(self, candidate: Candidate, named: NamedFile, path: str, found: Digests) -> None:
        md5_differs = named.md5 is not None and named.md5.lower() != found.md5
        size_differs = named.size is not None and named.size != found.size
        cause = ""
        if md5_differs and named.md5 is not None:
            place = self.received.root / path
            cause = why_md5_differs(place, named.md5.lower(), named.size)
            self._fault(
                "error.label.checksum_mismatch",
                path,
                f"MD5 is {found.md5}, the label says {named.md5.lower()}: {cause}",
                lidvid=str(candidate.id),
                found=found.md5,
                expected=named.md5.lower(),
                cause=cause,
            )
        if size_differs:
            if named.md5 is not None and not md5_differs:
                cause = "the MD5 is right, so the label's file_size is wrong"
            self._fault(
                "error.label.filesize_mismatch",
                path,
                f"{found.size} bytes, the label says {named.size}",
                lidvid=str(candidate.id),
                line=named.line,
                found=str(found.size),
                expected=str(named.size),
                cause=cause,
            )

    def _stage(self, path: str) -> Digests | None:
        """Put a file into the batch, once; None, and a fault, where it cannot be opened."""
        if path not in self.staged:
            if (data := self._opened(path)) is None:
                return None
            with data:
                self.staged[path] = self.batch.put(data)
        return self.staged[path]

    def _opened(self, path: str) -> io.FileIO | None:
        try:
            return io.FileIO(f"{self.received.root}/{path}")
        except OSError as error:
            reason = error.strerror
        if path not in self.unopened:
            self.unopened.add(path)
            self._fault(
                "error.delivery.unreadable_file",
                path,
                f"cannot be opened: {reason}",
                found=reason,
                expected="a file that can be read",
            )
        return None

    def _odd_files(self) -> None:
        for path, what in self.received.odd:
            self._fault(
                "error.delivery.unreadable_file",
                path,
                f"is {what}; only regular files are taken",
                found=what,
                expected="a regular file",
            )

    def _left_out(self) -> None:
        for fault in self.received.left_out:
            self.faults += 1
            self.messages.append(message_of(fault))

    def _whole(self) -> None:
        """What is wrong with products beside each other; errors refuse those they are about."""
        if self.examination is None:
            return
        before = len(self.messages)
        self._tell(self.examination.whole())
        errors = [each for each in self.messages[before:] if each.severity is Severity.ERROR]
        if errors:
            about = {each.path for each in errors} | {each.lidvid for each in errors}
            for candidate in self.candidates:
                is_meant = candidate.label in about or str(candidate.id) in about
                candidate.is_refused |= is_meant or not about.isdisjoint(_paths(candidate))

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.faults += message.severity is Severity.ERROR
            self.messages.append(message)

    def _duplicates(self) -> None:
        by_id: defaultdict[Lidvid, list[Candidate]] = defaultdict(list)
        for candidate in self.candidates:
            by_id[candidate.id].append(candidate)
        for lidvid, same in by_id.items():
            if len(same) == 1:
                continue
            for candidate in same:
                candidate.is_refused = True
                others = ", ".join(each.label for each in same if each is not candidate)
                self._fault(
                    "error.label.duplicate_identifier",
                    candidate.label,
                    f"{lidvid} is also the identifier of {others}",
                    lidvid=str(lidvid),
                    found=str(lidvid),
                    expected="one label for each LIDVID",
                )

    def _conflicts(self) -> None:
        held = self.keeper.kept([candidate.id for candidate in self.candidates])
        for candidate in self.candidates:
            if (kept := held.get(candidate.id)) is not None and not candidate.is_refused:
                settle(candidate, kept, self.messages)

    def _not_labels(self) -> None:
        named = {
            entry.path
            for candidate in self.candidates
            if candidate.manifest is not None
            for entry in candidate.manifest.files
        }
        for path in [path for path in self.unreadable if path in named]:
            del self.unreadable[path]
        for path, why in self.unreadable.items():
            if self._stage(path) is None:
                continue
            self._fault(
                "error.label.not_understandable",
                path,
                why.reason,
                line=why.line,
                found=why.reason,
                expected="a PDS4 label, or a file that a label names",
            )

    def _unlabelled(self) -> None:
        if not self.received.is_whole:
            return
        for path in self.received.files:
            if path not in self.staged and path not in self.unopened:
                self._say(
                    Severity.WARNING,
                    "warning.file.not_referenced_in_label",
                    path,
                    "no label names this file; it is not taken in",
                    found=path,
                    expected="a label that names it",
                )

    def _delivery_name(self) -> str:
        names = {path: found.sha256 for path, found in self.staged.items()}
        if self.received.is_whole:
            for path in self.received.files:
                if path not in names and (data := self._opened(path)) is not None:
                    with data:
                        names[path] = hashlib.file_digest(data, "sha256").hexdigest()
        lines = sorted(names.items(), key=lambda item: item[0].encode())
        text = "".join(f"{sha256}  {path}\n" for path, sha256 in lines)
        return hashlib.sha256(text.encode()).hexdigest()

    def _fault(self, type: str, path: str, message: str, **rest: "str | int | None") -> None:
        self.faults += 1
        self._say(Severity.ERROR, type, path, message, **rest)

    def _say(
        self, severity: Severity, type: str, path: str, message: str, **rest: "str | int | None"
    ) -> None:
        self.messages.append(say(severity, type, path, message, **rest))


def keep(taken: list[Candidate], checked: Checked, batch: Batch) -> None:
    """Leave in ``batch`` the files and manifests of ``taken`` and nothing else."""
    manifests = [each.manifest for each in taken if each.manifest is not None]
    wanted = {entry.sha256 for manifest in manifests for entry in manifest.files}
    wanted |= {manifest.sha256 for manifest in manifests}
    for sha256 in checked.staged:
        if sha256 not in wanted:
            batch.drop(sha256)


def settle(candidate: Candidate, kept: Kept, messages: list[Message]) -> None:
    """Compare a candidate with what is held under its LIDVID: the same, or refused."""
    assert candidate.manifest is not None
    ours, theirs = _content(kept.manifest), _content(candidate.manifest)
    if ours == theirs:
        candidate.held = kept
        return
    candidate.is_refused = True
    known, given = sorted(ours - theirs), sorted(theirs - ours)
    for name in sorted({name for name, _ in (*known, *given)}):
        before = next((sha256 for each, sha256 in known if each == name), "nothing")
        now = next((sha256 for each, sha256 in given if each == name), "nothing")
        messages.append(
            say(
                Severity.ERROR,
                "error.delivery.content_conflict",
                candidate.label,
                f"{candidate.id} is held with other bytes: {name} is {now} here, {before} there",
                lidvid=str(candidate.id),
                found=now,
                expected=before,
            )
        )


def message_of(fault: Refused) -> Message:
    """What a report says of an entry of a container that was left out."""
    return say(
        Severity.ERROR,
        fault.kind.value,
        fault.path or ".",
        fault.message,
        found=fault.found,
        expected=fault.expected,
    )


def say(
    severity: Severity, type: str, path: str, message: str, **rest: "str | int | None"
) -> Message:
    """A message with the members it has, the others empty."""
    line = rest.get("line")
    return Message(
        severity=severity,
        type=type,
        path=path,
        line=line if isinstance(line, int) else None,
        lidvid=str(rest["lidvid"]) if rest.get("lidvid") else None,
        message=message,
        found=str(rest.get("found") or ""),
        expected=str(rest.get("expected") or ""),
        cause=str(rest.get("cause") or ""),
    )


def _paths(candidate: Candidate) -> set[str]:
    manifest = candidate.manifest
    return set() if manifest is None else {entry.path for entry in manifest.files}


def _content(manifest: Manifest) -> set[tuple[str, str]]:
    return {(entry.name, entry.sha256) for entry in manifest.files}


def _place(label: str, named: str) -> str | None:
    """Path in the delivery of a file that a label names; None where it would leave its folder."""
    parts = [part for part in named.split("/") if part not in ("", ".")]
    if named.startswith("/") or ".." in parts or not parts or "\\" in named:
        return None
    folder, slash, _ = label.rpartition("/")
    return f"{folder}{slash}{'/'.join(parts)}"
