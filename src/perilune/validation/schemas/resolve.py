"""From an address in a label to one pinned content, and why it is that one.

Asked in this order: the user's catalogs, a local file that the address names, the store by the
whole address, the store by file name, and, where hosts are configured, the address itself, once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from perilune.errors import Damaged, MalformedLabel, OutboundRefused, PeerUnreachable
from perilune.outbound import AllowList, Limits, fetch
from perilune.validation.schemas import archive
from perilune.validation.schemas.address import file_name, is_web, local_file
from perilune.validation.schemas.catalog import Catalogs
from perilune.validation.schemas.store import Entry, Imported, Kind, Offered, Store, entry_of

Fetch = Callable[[str], bytes]
"""Bytes at an https address; raise `OutboundRefused` or `PeerUnreachable`."""

_MAX_REMEMBERED = 4096
_SUFFIXES = (".xsd", ".sch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One content, found."""

    address: str
    """As it was asked for."""
    name: str
    sha256: str
    kind: Kind
    namespace: str
    version: str
    why: str
    """How the address led to this content, in words."""
    place: Path


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An address that leads to nothing that can be used."""

    address: str
    reason: str


class Schemas:
    """The pinned schemas of a node or a user, and the way to them.

    Crosses to another process as its folder and hosts: each process opens its own.
    """

    def __init__(self, store: Store, hosts: tuple[str, ...], fetcher: Fetch | None) -> None:
        self._store, self._hosts, self._fetcher = store, hosts, fetcher
        self._catalogs: dict[tuple[Path, ...], Catalogs] = {}
        self._found: dict[tuple[str, str, tuple[Path, ...]], Pinned | Unresolved] = {}

    @classmethod
    def open(cls, folder: Path, *, hosts: tuple[str, ...] = ()) -> Self:
        """The schemas kept in ``folder``, which need not exist yet.

        What is not there is fetched, once, from those ``hosts`` that are named.
        """
        return cls(Store(folder), hosts, partial(_fetched, hosts) if hosts else None)

    def __reduce__(self) -> tuple[Callable[[], "Schemas"], tuple[()]]:
        return partial(Schemas.open, self.folder, hosts=self._hosts), ()

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return self._store.folder

    @property
    def entries(self) -> list[Entry]:
        """Everything pinned, in the order it was pinned."""
        return self._store.entries

    def add(self, source: Path) -> Imported:
        """Import an archive, a folder or one file; raise `WrongUsage` on what is none."""
        self._found.clear()
        return self._store.add(
            Offered(
                name=member.name.rsplit("/", 1)[-1],
                data=member.data,
                origin=source.name
                if member.name == source.name
                else f"{source.name}:{member.name}",
            )
            for member in archive.members(source)
        )

    def read(self, pinned: Pinned) -> bytes:
        """The content; raise `Damaged` where it is no longer what was found."""
        try:
            data = pinned.place.read_bytes()
        except OSError as error:
            raise Damaged(f"{pinned.place}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != pinned.sha256:
            raise Damaged(f"{pinned.place} is not the {pinned.name} that was pinned")
        return data

    def resolve(
        self,
        address: str,
        base: Path | None,
        *,
        namespace: str = "",
        catalogs: tuple[Path, ...] = (),
    ) -> Pinned | Unresolved:
        """What ``address`` in the file ``base`` leads to.

        ``namespace`` decides among contents of one file name. Raises `WrongUsage` on a catalog
        that cannot be read.
        """
        text = address.strip()
        key = (text if is_web(text) else f"{base}\0{text}", namespace, catalogs)
        if key not in self._found:
            if len(self._found) >= _MAX_REMEMBERED:
                self._found.clear()
            self._found[key] = self._look_up(text, base, namespace, catalogs)
        return self._found[key]

    def _look_up(
        self, address: str, base: Path | None, namespace: str, catalogs: tuple[Path, ...]
    ) -> Pinned | Unresolved:
        if catalogs and (target := self._catalog(catalogs).resolve(address)) is not None:
            return _from_file(address, local_file(target, None), f"a catalog sends it to {target}")
        place = local_file(address, base)
        if place is not None and _may_be_schema(place):
            return _from_file(address, place, "a local file")
        if found := self._store.fetched(address):
            return self._pinned(address, found[0], "pinned from this address")
        if found := self._store.named(file_name(address)):
            return self._pinned(address, *_chosen(found, namespace))
        if self._fetcher is None or not is_web(address):
            return Unresolved(address, "it is not among the pinned schemas")
        return self._fetch(address, self._fetcher)

    def _fetch(self, address: str, fetcher: Fetch) -> Pinned | Unresolved:
        secure = "https:" + address.partition(":")[2]
        try:
            data = fetcher(secure)
        except (OutboundRefused, PeerUnreachable) as error:
            return Unresolved(address, f"it is not among the pinned schemas; {error}")
        offered = Offered(name=file_name(address), data=data, origin=secure, address=secure)
        imported = self._store.add([offered])
        if imported.refused:
            return Unresolved(address, f"what lies there {imported.refused[0][1]}")
        return self._pinned(address, self._store.fetched(address)[0], "fetched from this address")

    def _catalog(self, paths: tuple[Path, ...]) -> Catalogs:
        if paths not in self._catalogs:
            self._catalogs[paths] = Catalogs(paths)
        return self._catalogs[paths]

    def _pinned(self, address: str, entry: Entry, why: str) -> Pinned:
        return _pinned(address, entry, why, self._store.place(entry))


def _may_be_schema(place: Path) -> bool:
    try:
        return place.name.lower().endswith(_SUFFIXES) and place.is_file()
    except (OSError, ValueError):  # a name that can be none
        return False


def _chosen(found: list[Entry], namespace: str) -> tuple[Entry, str]:
    """One of the contents pinned under a name, and why."""
    if len({each.sha256 for each in found}) == 1:
        return found[0], "pinned under this file name"
    told = f"{len({each.sha256 for each in found})} contents are pinned under this file name"
    right = [each for each in found if namespace and each.namespace == namespace]
    if right and len(right) < len(found):
        return right[0], f"{told}; this one is of the namespace {namespace}"
    return (right or found)[0], f"{told}; this one was pinned first"


def _from_file(address: str, place: Path | None, why: str) -> Pinned | Unresolved:
    if place is None:
        return Unresolved(address, f"{why}, which is no file")
    try:
        data = place.read_bytes() if place.stat().st_size <= archive.MAX_FILE else None
        if data is None:
            return Unresolved(address, f"{why}; it has more than {archive.MAX_FILE} bytes")
        entry = entry_of(Offered(name=place.name, data=data, origin=str(place)))
    except OSError as error:
        return Unresolved(address, f"{why}; {place} cannot be read: {error.strerror}")
    except MalformedLabel:  # whose words may quote the file, which need not be the asker's to read
        return Unresolved(address, f"{why}; it is neither XML Schema nor Schematron")
    return _pinned(address, entry, why, place)


def _pinned(address: str, entry: Entry, why: str, place: Path) -> Pinned:
    return Pinned(
        address=address,
        name=entry.name,
        sha256=entry.sha256,
        kind=entry.kind,
        namespace=entry.namespace,
        version=entry.version,
        why=why,
        place=place,
    )


def _fetched(hosts: tuple[str, ...], address: str) -> bytes:
    allowed = AllowList.of(*(f"https://{host}" for host in hosts))
    limits = Limits(max_bytes=archive.MAX_FILE)
    reply = fetch(address, allowed=allowed, limits=limits)
    if reply.status != 200:
        raise PeerUnreachable(f"{address} answers {reply.status}")
    return reply.body
