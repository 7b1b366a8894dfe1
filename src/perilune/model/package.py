"""What a holding consists of: its files with their digests, and the manifest that names them.

A manifest is immutable and is itself an object, named by its own SHA-256.
Format: docs/reference/formats.md, "Manifest".
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, Self

from perilune.errors import ProofFails
from perilune.model import canonical
from perilune.model.identifier import Lidvid

MANIFEST_VERSION = 1
_SMALLEST_PIECE = 1 << 20
_MOST_PIECES = 4096

Role = Literal["label", "file"]


def piece_size(size: int) -> int:
    """Length of the pieces of a file of ``size`` bytes: 1 MiB, doubled until 4,096 suffice."""
    length = _SMALLEST_PIECE
    while size > length * _MOST_PIECES:
        length *= 2
    return length


class Digests(NamedTuple):  # one for every file, from another process: a tuple crosses soonest
    """What one pass over some bytes yields."""

    size: int
    sha256: str
    md5: str
    pieces: tuple[str, ...] = ()
    """SHA-256 of each piece of `piece_size` bytes; empty where one piece holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of a product. ``path`` is relative to the delivery's root, with forward slashes."""

    path: str
    role: Role
    size: int
    digests: Mapping[str, str]
    """Algorithm to lower-case hex: ``sha256`` and ``md5`` today; others may join them."""
    pieces: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: str, role: Role, found: Digests) -> Self:
        """The entry of a file whose bytes gave ``found``."""
        digests = MappingProxyType({"md5": found.md5, "sha256": found.sha256})
        return cls(path=path, role=role, size=found.size, digests=digests, pieces=found.pieces)

    @property
    def sha256(self) -> str:
        """The name under which the archive keeps the bytes."""
        return self.digests["sha256"]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The immutable list of a product's files, the label first, then by path."""

    product: Lidvid
    files: tuple[FileEntry, ...]
    _encoded: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)
    """The canonical bytes once they were asked for: storage, log and catalogue all do."""

    @property
    def label(self) -> FileEntry:
        """The label's entry."""
        return self.files[0]

    @property
    def total_bytes(self) -> int:
        """Total size of the files."""
        return sum(entry.size for entry in self.files)

    def encode(self) -> bytes:
        """Canonical bytes; their SHA-256 is the manifest's name."""
        if not self._encoded:
            document: dict[str, canonical.Json] = {
                "v": MANIFEST_VERSION,
                "product": str(self.product),
                "files": [_file_document(entry) for entry in self.files],
            }
            self._encoded.append(canonical.encode(document))
        return self._encoded[0]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read canonical bytes; raise `ProofFails` where they are no manifest we know."""
        document = canonical.decode(data)
        if document.get("v") != MANIFEST_VERSION:
            raise ProofFails(f"manifest of unknown version {document.get('v')!r}")
        try:
            files = tuple(_file_entry(entry) for entry in document["files"])
            product = Lidvid.parse(document["product"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ProofFails("manifest lacks a member or has one of the wrong type") from error
        if not files or files[0].role != "label":
            raise ProofFails(f"manifest of {product} does not begin with a label")
        return cls(product, files)

    @property
    def sha256(self) -> str:
        """Name of this manifest."""
        return hashlib.sha256(self.encode()).hexdigest()


def _file_document(entry: FileEntry) -> dict[str, canonical.Json]:
    document: dict[str, canonical.Json] = {
        "path": entry.path,
        "role": entry.role,
        "size": entry.size,
        "digests": dict(entry.digests),
    }
    if entry.pieces:
        document["piece_size"] = piece_size(entry.size)
        document["pieces"] = list(entry.pieces)
    return document


def _file_entry(document: Mapping[str, object]) -> FileEntry:
    path, role, size = document["path"], document["role"], document["size"]
    digests, pieces = document["digests"], document.get("pieces", [])
    if not (isinstance(path, str) and isinstance(size, int) and isinstance(digests, dict)):
        raise TypeError(path)
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise ProofFails(f"manifest names a file outside its product: {path!r}")
    if role not in ("label", "file") or not isinstance(pieces, list):
        raise TypeError(role)
    expected = -(-size // piece_size(size)) if size > piece_size(size) else 0
    if len(pieces) != expected or document.get("piece_size", piece_size(size)) != piece_size(size):
        raise ProofFails(f"manifest has {len(pieces)} pieces for {size} bytes of {path!r}")
    return FileEntry(
        path=path,
        role="label" if role == "label" else "file",
        size=size,
        digests=MappingProxyType({str(k): str(v) for k, v in sorted(digests.items())}),
        pieces=tuple(str(piece) for piece in pieces),
    )
