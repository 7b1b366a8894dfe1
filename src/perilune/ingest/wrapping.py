"""Wrapping: a folder of files of GRAS, PDS3 or FITS becomes one of PDS4 products, beside it.

Data and labels are copied as they are; each product gets a label of PDS4
(`perilune.formats.gras.wrapper`, `perilune.formats.heritage.wrapper`). The new folder appears when
it is whole.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from perilune.durable import naming_full_disk
from perilune.errors import MalformedLabel, MalformedName, WrongUsage
from perilune.formats.gras.names import GrasName
from perilune.formats.gras.wrapper import Wrapper, wrap
from perilune.formats.heritage.beside import FilesBeside
from perilune.formats.heritage.wrapper import Heritage, is_heritage
from perilune.formats.heritage.wrapper import wrap as wrap_heritage
from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import WrittenFile
from perilune.formats.source import MappedFile
from perilune.formats.xml import MAX_BYTES
from perilune.ingest.projection import Progress, silent
from perilune.ingest.receive import Received, receive

_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A file that is in no wrapped product, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """What came of a folder."""

    wrappers: tuple[tuple[str, Wrapper | Heritage], ...]
    """Path of each new label, and what it is."""
    left: tuple[Left, ...]


def wrap_folder(source: Path, target: Path, namespace: str, progress: Progress = silent) -> Wrapped:
    """Write the products of ``source`` into the new folder ``target``, wrapped.

    Raises `WrongUsage` where ``target`` is there already or ``source`` holds nothing to wrap.
    """
    if target.exists():
        raise WrongUsage(f"{target} is there already; name a new folder")
    if not source.is_dir():
        raise WrongUsage(f"no folder: {source}")
    found = receive(source)
    labels = [path for path in found.files if _is_label(path) or _is_old(found.root / path)]
    if not labels:
        raise WrongUsage(f"no label of GRAS (*.2AL, *.2BL, ...), PDS3 or FITS is in {source}")
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=target.absolute().parent))
    try:
        with naming_full_disk(part):
            wrapped = _wrap_all(labels, found, part, namespace, progress)
        part.chmod(0o755)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return wrapped


def _wrap_all(
    labels: list[str], found: Received, part: Path, namespace: str, progress: Progress
) -> Wrapped:
    wrappers: list[tuple[str, Wrapper | Heritage]] = []
    left = [Left(path=path, reason=reason) for path, reason in found.odd]
    taken: set[str] = set()
    for done, path in enumerate(labels, 1):
        try:
            if _is_label(path):
                wrappers.append(_wrap_one(path, found, part, namespace))
                taken |= {path, _data_of(path)}
            else:
                place, made, files = _wrap_old(path, found, part, namespace)
                wrappers.append((place, made))
                taken |= files
        except (MalformedLabel, MalformedName) as error:
            left.append(Left(path=path, reason=str(error)))
            taken.add(path)
        progress("wrapping", done, len(labels))
    left += _others(found, taken)
    return Wrapped(wrappers=tuple(wrappers), left=tuple(left))


def _others(found: Received, taken: set[str]) -> Iterator[Left]:
    for path in found.files:
        if path not in taken:
            yield Left(path=path, reason="no label describes it")


def _wrap_one(path: str, found: Received, part: Path, namespace: str) -> tuple[str, Wrapper]:
    data = _data_of(path)
    if found.files[path] > MAX_BYTES:
        raise MalformedLabel(f"{found.files[path]:,} bytes; a label may have {MAX_BYTES:,}")
    if data not in found.files:
        raise MalformedLabel(f"its data file {Path(data).name} is not beside it")
    original = (found.root / path).read_bytes()
    written = [_copy(found.root / each, part / each) for each in (data, path)]
    try:
        wrapper = wrap(original, (written[0], written[1]), namespace)
    except (MalformedLabel, MalformedName):
        for each in (data, path):
            (part / each).unlink()
        raise
    place = f"{data}.xml"
    (part / place).write_bytes(wrapper.label)
    return place, wrapper


def _wrap_old(
    path: str, found: Received, part: Path, namespace: str
) -> tuple[str, Heritage, set[str]]:
    """A product of PDS3 or FITS: place and content of its label, and the files that are in it."""
    folder, slash, _ = path.rpartition("/")
    beside = FilesBeside(found.root / path)
    copied: dict[str, WrittenFile] = {}

    def told(name: str) -> ET.Element:
        place = part / f"{folder}{slash}{name}"
        if place.exists():
            raise MalformedLabel(f"{name} is in another product already")
        copied[name] = _copy(found.root / f"{folder}{slash}{name}", place)
        return writing.file(copied[name])

    try:
        made = wrap_heritage(MappedFile(found.root / path), namespace, beside.open, told)
    except MalformedLabel:
        for name in copied:
            (part / f"{folder}{slash}{name}").unlink()
        raise
    place = f"{path}.xml"
    (part / place).write_bytes(made.label)
    return place, made, {f"{folder}{slash}{name}" for name in copied}


def _is_old(place: Path) -> bool:
    with place.open("rb") as file:
        return is_heritage(file.read(4096))


def _is_label(path: str) -> bool:
    try:
        return GrasName.parse(Path(path).name).is_label
    except MalformedName:
        return path.endswith("L") and Path(path).name.startswith("CE")


def _data_of(label: str) -> str:
    return label.removesuffix("L")


def _copy(source: Path, target: Path) -> WrittenFile:
    """Copy a file, hashed on its way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    md5, size = hashlib.md5(usedforsecurity=False), 0
    with source.open("rb") as incoming, target.open("xb") as outgoing:
        while block := incoming.read(_BLOCK):
            md5.update(block)
            outgoing.write(block)
            size += len(block)
    return WrittenFile(name=target.name, size=size, md5=md5.hexdigest())
