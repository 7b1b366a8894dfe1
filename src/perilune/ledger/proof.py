"""Proof: one text file from which a third party sees, offline, that a node took a file in.

Format and the five steps: docs/reference/formats.md, "Proof" (C2SP tlog-proof). Nothing in a
proof is trusted: the policy is the reader's own, the files are those in their hands.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from perilune.errors import MalformedIdentifier, ProofFails
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.log import Log
from perilune.ledger.note import from_base64, text_of, to_base64
from perilune.ledger.policy import Policy
from perilune.ledger.tiles import HASH
from perilune.model import act, canonical
from perilune.model.act import CommitAct, CopyAct, Opening, PublishAct
from perilune.model.package import FileEntry, Manifest
from perilune.model.reading import time_text

PROOF_VERSION = 1

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_BYTES = 64 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file in the reader's hands."""

    name: str
    size: int
    sha256: str

    @classmethod
    def read(cls, path: Path) -> "CheckedFile":
        """Hash the file at ``path``."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as data:
            while block := data.read(_CHUNK):
                digest.update(block)
                size += len(block)
        return cls(path.name, size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof proved."""

    act: PublishAct | CopyAct
    manifest: Manifest
    files: tuple[str, ...]
    """Paths, as in the manifest, of the files that were checked."""
    index: int
    checkpoint: Checkpoint
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a proof file says; true only once `verify` has returned."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    entry: bytes
    manifest: bytes
    opening: bytes | None = None

    def encode(self) -> bytes:
        """The proof as a file."""
        extra: dict[str, canonical.Json] = {
            "v": PROOF_VERSION,
            "entry": to_base64(self.entry),
            "manifest": to_base64(self.manifest),
        }
        if self.opening is not None:
            extra["opening"] = to_base64(self.opening)
        lines = [
            _FIRST_LINE,
            f"extra {to_base64(canonical.encode(extra))}",
            f"index {self.index}",
            *map(to_base64, self.path),
            "",
        ]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    def verify(self, policy: Policy) -> Verified:
        """What the proof proves of the product, before any file is looked at (steps 1 to 4).

        Raises `ProofFails`, saying which step failed and on what.
        """
        with _step(1, "the checkpoint"):
            accepted = policy.accept(self.checkpoint)
        checkpoint = accepted.checkpoint
        with _step(2, "the place in the log"):
            self._check_place(checkpoint)
        with _step(3, "the act"):
            published = self._published()
        with _step(4, "the manifest"):
            manifest = self._manifest_of(published)
        return Verified(published, manifest, (), self.index, checkpoint, accepted.signed_by)

    def _check_place(self, checkpoint: Checkpoint) -> None:
        leaf = tree.leaf_hash(self.entry)
        if not tree.proves_inclusion(
            leaf, index=self.index, size=checkpoint.size, path=self.path, root=checkpoint.root
        ):
            raise ProofFails(
                f"the entry shown is not entry {self.index} of the {checkpoint.size} that "
                f"{checkpoint.origin} signed"
            )

    def _published(self) -> PublishAct | CopyAct:
        found = act.decode(self.entry)
        if isinstance(found, CommitAct):
            if self.opening is None:
                raise ProofFails("the entry is a commitment, and the proof does not open it")
            digest = hashlib.sha256(self.opening).hexdigest()
            if digest != found.commitment:
                raise ProofFails(f"the opening has SHA-256 {digest}, committed: {found.commitment}")
            hidden = Opening.decode(self.opening).act
            if hidden.t != found.t:
                raise ProofFails(
                    f"the opened act is of {time_text(hidden.t)}, "
                    f"its commitment of {time_text(found.t)}"
                )
            found = hidden
        elif self.opening is not None:
            raise ProofFails("the entry hides nothing, yet the proof has an opening")
        if not isinstance(found, PublishAct | CopyAct):
            raise ProofFails("the entry records something else than the taking in of a product")
        return found

    def _manifest_of(self, published: PublishAct | CopyAct) -> Manifest:
        digest = hashlib.sha256(self.manifest).hexdigest()
        if digest != published.manifest or len(self.manifest) != published.manifest_size:
            raise ProofFails(
                f"the manifest has SHA-256 {digest} and {len(self.manifest)} bytes; the act names "
                f"{published.manifest} and {published.manifest_size}"
            )
        manifest = Manifest.decode(self.manifest)
        if manifest.product != published.lidvid:
            raise ProofFails(
                f"the manifest is of {manifest.product}, the act of {published.lidvid}"
            )
        return manifest


def make_proof(
    index: int, log: Log, *, manifest: bytes, opening: bytes | None, head: bytes | None = None
) -> bytes:
    """The proof that entry ``index`` is in the log under ``head``, the newest if not given.

    Raises `NotFound` if it is not.
    """
    head = head or log.head
    size = Checkpoint.parse(text_of(head)).size
    return Proof(
        index=index,
        path=tuple(log.inclusion(index, size)),
        checkpoint=head,
        entry=log.entry(index),
        manifest=manifest,
        opening=opening,
    ).encode()


def read_proof(data: bytes) -> Proof:
    """Read a proof file; raise `ProofFails` on anything else. Nothing of it is verified yet."""
    if len(data) > _MAX_BYTES:
        raise ProofFails(f"a proof of {len(data):,} bytes is longer than any we read")
    head, _, checkpoint = data.partition(b"\n\n")
    try:
        first, extra, index, *path = head.decode("ascii").split("\n")
    except (UnicodeDecodeError, ValueError) as error:
        raise ProofFails("not a proof: it does not begin with the lines of one") from error
    place = _INDEX.fullmatch(index)
    if first != _FIRST_LINE or not extra.startswith("extra ") or place is None:
        raise ProofFails(f"not a proof that we read: it begins with {first[:80]!r}")
    hashes = tuple(from_base64(line) for line in path)
    if any(len(one) != HASH for one in hashes):
        raise ProofFails("not a proof: a hash of its path has the wrong length")
    return _with_extra(
        canonical.decode(from_base64(extra.removeprefix("extra "))),
        Proof(index=int(place[1]), path=hashes, checkpoint=checkpoint, entry=b"", manifest=b""),
    )


def check_files(proof: Proof, policy: Policy, files: Iterable[CheckedFile]) -> Verified:
    """What ``proof`` proves of ``files``, each of which must be one of the product (step 5)."""
    verified = proof.verify(policy)
    known: dict[tuple[int, str], FileEntry] = {}
    for entry in verified.manifest.files:
        known.setdefault((entry.size, entry.sha256), entry)
    paths = []
    with _step(5, "the file"):
        for file in files:
            if (file.size, file.sha256) not in known:
                raise ProofFails(_not_of_product(file, verified.manifest))
            paths.append(known[file.size, file.sha256].path)
    return replace(verified, files=tuple(paths))


def verify_path(path: Path, data: bytes, policy: Policy) -> Verified:
    """What the proof ``data`` proves of a file, or of a folder with all files of the product.

    In a folder each file is looked for under its path in the delivery, then under ever
    shorter ends of it, so that the delivery itself serves as well as an extract.
    """
    proof = read_proof(data)
    if not path.is_dir():
        return check_files(proof, policy, [CheckedFile.read(path)])
    verified = proof.verify(policy)
    for entry in verified.manifest.files:
        with _step(5, "the files"):
            found = CheckedFile.read(_in_folder(path, entry))
            if (found.size, found.sha256) != (entry.size, entry.sha256):
                raise ProofFails(
                    f"{entry.path} has {found.size:,} bytes with SHA-256 {found.sha256}; taken in "
                    f"were {entry.size:,} with {entry.sha256}"
                )
    return replace(verified, files=tuple(entry.path for entry in verified.manifest.files))


def _with_extra(extra: Mapping[str, object], proof: Proof) -> Proof:
    if extra.get("v") != PROOF_VERSION:
        raise ProofFails(f"a proof of unknown version {extra.get('v')!r}")
    parts: dict[str, bytes] = {}
    for name in ("entry", "manifest", "opening"):
        value = extra.get(name)
        if isinstance(value, str):
            parts[name] = from_base64(value)
        elif value is not None or name != "opening":
            raise ProofFails(f"the extra line of the proof lacks {name}")
    return replace(
        proof,
        entry=parts["entry"],
        manifest=parts["manifest"],
        opening=parts.get("opening"),
    )


def _not_of_product(file: CheckedFile, manifest: Manifest) -> str:
    namesakes = [entry for entry in manifest.files if entry.name == file.name]
    taken_in = "; ".join(
        f"{entry.path}, {entry.size:,} bytes, SHA-256 {entry.sha256}"
        for entry in namesakes or manifest.files[:3]
    )
    return (
        f"{file.name} has {file.size:,} bytes with SHA-256 {file.sha256}, which is no file of "
        f"{manifest.product}; taken in: {taken_in}"
    )


def _in_folder(folder: Path, entry: FileEntry) -> Path:
    parts = PurePosixPath(entry.path).parts
    for start in range(len(parts)):
        if (path := folder.joinpath(*parts[start:])).is_file():
            return path
    raise ProofFails(f"{entry.path} of the product is not in {folder}")


@contextmanager
def _step(number: int, what: str) -> Iterator[None]:
    """Say in a `ProofFails` which step of the format's definition it is."""
    try:
        yield
    except (ProofFails, MalformedIdentifier) as error:
        raise ProofFails(f"step {number} of 5, {what}: {error}") from error
