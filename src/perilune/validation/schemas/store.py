"""The pinned schemas of a node or of a user: contents by SHA-256, and an index of their names.

A content never changes and is never overwritten. One name may stand for several contents, each
with the addresses it came from. Contents are durable before the index that names them; writers
take turns by a lock, readers need none.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from lxml import etree

from perilune.durable import locked, settle, whole
from perilune.errors import Damaged, MalformedLabel
from perilune.formats import xml
from perilune.validation.schemas.address import canonical

INDEX = "index.json"
XS = "http://www.w3.org/2001/XMLSchema"
SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
_LOCK_WAIT_S = 60.0


class Kind(StrEnum):
    """What a content is."""

    XSD = "xsd"
    SCHEMATRON = "schematron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One content under one name from one place."""

    name: str
    """File name, as it was written."""
    sha256: str
    kind: Kind
    size: int
    namespace: str
    """Target namespace of a schema; empty for a Schematron."""
    version: str
    """As the schema says; may be empty."""
    address: str
    """Where it was fetched from; empty for one that was imported."""
    origin: str
    """The archive, folder or file it was imported from and its path there, else the address."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    added: tuple[Entry, ...]
    known: int
    """Contents that were pinned already, under the same name from the same address."""
    refused: tuple[tuple[str, str], ...]
    """Path and reason of what is neither a schema nor a Schematron."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A file to be pinned."""

    name: str
    data: bytes
    origin: str
    address: str = ""


class Store:
    """Pinned contents under ``folder``; made there with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = self._read()
        self._by_name: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_address: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self._note(entry)

    def named(self, name: str) -> list[Entry]:
        """Entries of that file name, whatever its case, in the order they were pinned."""
        return self._by_name[name.lower()]

    def fetched(self, address: str) -> list[Entry]:
        """Entries that came from that address, in the order they were pinned."""
        return self._by_address[canonical(address)]

    def place(self, entry: Entry) -> Path:
        """The file that holds an entry's content."""
        return self.folder / entry.sha256[:2] / entry.sha256

    def read(self, entry: Entry) -> bytes:
        """The content; raise `Damaged` where it is not what was pinned."""
        try:
            data = self.place(entry).read_bytes()
        except OSError as error:
            raise Damaged(f"{self.place(entry)}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise Damaged(f"{self.place(entry)} is not the {entry.name} that was pinned")
        return data

    def add(self, offered: Iterable[Offered]) -> Imported:
        """Pin what is offered, durably; what is no schema is refused and named."""
        self.folder.mkdir(parents=True, exist_ok=True)
        added: list[Entry] = []
        refused: list[tuple[str, str]] = []
        counts: Counter[str] = Counter()
        with locked(self.folder / "lock", wait_s=_LOCK_WAIT_S):
            before = self._read()
            seen = {(each.name.lower(), each.sha256, each.address) for each in before}
            written: set[Path] = set()
            for each in offered:
                try:
                    entry = entry_of(each)
                except MalformedLabel as error:
                    refused.append((each.origin, str(error)))
                    continue
                key = entry.name.lower(), entry.sha256, entry.address
                if key in seen:
                    counts["known"] += 1
                    continue
                seen.add(key)
                added.append(entry)
                if not (place := self.place(entry)).exists():
                    place.parent.mkdir(exist_ok=True)
                    place.write_bytes(each.data)
                    written |= {place, place.parent}
            settle(self.folder, sorted(written))
            self._write([*before, *added])
        for entry in added:
            self._note(entry)
        self.entries = [*self.entries, *added]
        return Imported(tuple(added), counts["known"], tuple(refused))

    def _note(self, entry: Entry) -> None:
        self._by_name[entry.name.lower()].append(entry)
        if entry.address:
            self._by_address[canonical(entry.address)].append(entry)

    def _read(self) -> list[Entry]:
        place = self.folder / INDEX
        try:
            documents: list[Mapping[str, str]] = json.loads(place.read_text("utf-8"))
            return [_entry(each) for each in documents]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(f"{place}: {error}") from error

    def _write(self, entries: list[Entry]) -> None:
        rows = ",\n".join(json.dumps(asdict(each), ensure_ascii=False) for each in entries)
        with whole(self.folder / INDEX) as file:
            file.write(f"[\n{rows}\n]\n".encode())


def entry_of(offered: Offered) -> Entry:
    """What a file is; raise `MalformedLabel` on one that is no schema and no Schematron."""
    root = xml.parse(offered.data)
    tag = etree.QName(root)
    if (tag.namespace, tag.localname) == (XS, "schema"):
        kind = Kind.XSD
    elif (tag.namespace, tag.localname) == (SCHEMATRON, "schema"):
        kind = Kind.SCHEMATRON
    else:
        raise MalformedLabel(f"is neither XML Schema nor Schematron, but <{root.tag[:200]}>")
    return Entry(
        name=offered.name,
        sha256=hashlib.sha256(offered.data).hexdigest(),
        kind=kind,
        size=len(offered.data),
        namespace=root.get("targetNamespace", "") if kind is Kind.XSD else "",
        version=root.get("version", "") or root.get("schemaVersion", ""),
        address=offered.address,
        origin=offered.origin,
    )


def _entry(document: Mapping[str, str]) -> Entry:
    return Entry(
        name=document["name"],
        sha256=document["sha256"],
        kind=Kind(document["kind"]),
        size=int(document["size"]),
        namespace=document["namespace"],
        version=document["version"],
        address=document["address"],
        origin=document["origin"],
    )
