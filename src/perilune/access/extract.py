"""Taking a holding out into a folder: verified on the way, and each file whole or not there."""

import hashlib
from pathlib import Path

from perilune.access.read import chunks
from perilune.durable import whole
from perilune.errors import WrongUsage
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node


def extract(holding: Holding, node: Node, folder: Path) -> list[Path]:
    """Write all files of ``holding`` under ``folder``, at the paths of its manifest.

    A file that is there with the same bytes is left; one with other bytes is never
    overwritten (`WrongUsage`). Raises `Damaged` where storage keeps other bytes than were taken in.
    """
    return [_write(entry, node, folder) for entry in holding.manifest.files]


def _write(entry: FileEntry, node: Node, folder: Path) -> Path:
    target = place(folder, entry.path)
    if target.exists():
        require_same(target, entry.sha256)
        return target
    with whole(target) as file:
        for run in chunks(entry, node):
            file.write(run)
    return target


def place(folder: Path, path: str) -> Path:
    """Where ``path`` of a manifest lies under ``folder``, its parents made.

    Raises `WrongUsage` where a link in the folder would lead it elsewhere.
    """
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise WrongUsage(f"{target.parent} leads out of {folder}")
    return target


def require_same(target: Path, sha256: str) -> None:
    """Raise `WrongUsage` unless the file ``target`` has this digest."""
    with target.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != sha256:
        raise WrongUsage(f"{target} is there with other bytes (SHA-256 {found}); move it away")
