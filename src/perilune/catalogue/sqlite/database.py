"""The file of the catalogue: how it is opened, read by many at once, and written by one.

Write-ahead log, so that readers are never blocked and never block; ``synchronous=FULL``, so that
what was committed survives power loss. SQLite before 3.51.3 can corrupt the file when
the log is reset (sqlite.org/wal.html, "the WAL-reset bug") and is refused.

Every page carries a checksum, compared whenever it is read (`perilune.catalogue.sqlite.pages`).
Where another file takes the place of this one (a rebuild), whoever asks next gets the new one.
"""

import contextlib
import ctypes
import errno
import threading
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import apsw.sqlite_extra

from perilune.catalogue.sqlite.pages import CHECKSUM
from perilune.catalogue.sqlite.schema import APPLICATION_ID, MIGRATIONS
from perilune.errors import CatalogueDamaged, NodeBusy, NoSpace, WrongUsage

_OLDEST_SQLITE = (3, 51, 3)
_BUSY_MS = 30_000
_READER_CACHE_KIB = 8_192
_WRITER_CACHE_KIB = 131_072
_WAL_PAGES = 8_192


def rows(connection: apsw.Connection, sql: str, *values: Any) -> list[Any]:
    """All rows of the answer, read to the end."""
    return connection.execute(sql, values).fetchall()


class Connection(apsw.Connection):
    """A connection that knows which of the files that took each other's place it reads."""

    file = 0


@cache
def _checked() -> str:
    """Name of the file layer that compares checksums, loaded into SQLite once in a process."""
    loader = apsw.Connection(":memory:")
    apsw.sqlite_extra.load(loader, "cksumvfs")
    loader.close()
    return "cksmvfs"


class Database:
    """One catalogue file: a pool of connections that read, and one that writes."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; bring it to the newest version of its tables."""
        if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < _OLDEST_SQLITE:
            raise WrongUsage(f"SQLite {apsw.sqlite_lib_version()} is older than 3.51.3")
        self._path = path
        self._idle: deque[Connection] = deque()
        self._lock = threading.RLock()
        self._closed = False
        self._file = self._inode = 0
        self._open()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the file for as long as it is held."""
        with self._translated():
            connection = self._take()
            try:
                rows(connection, "BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    rows(connection, "ROLLBACK")
                self._give_back(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection within one transaction: durable on leaving, undone on an exception."""
        with self._translated(), self._lock:
            self._follow()
            rows(self._writer, "BEGIN IMMEDIATE")
            try:
                yield self._writer
                rows(self._writer, "COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    rows(self._writer, "ROLLBACK")
                raise
            finally:
                rows(self._writer, "PRAGMA shrink_memory")

    def close(self) -> None:
        """Close every connection that is not in use; those in use close when given back.

        Closing twice is closing once.
        """
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(IndexError):
            while True:
                self._leave(self._idle.pop())
        self._leave(self._writer)

    def _open(self) -> None:
        """Open the file that is there now, or make it."""
        with self._translated():
            self._file += 1
            self._writer = self._connect(_WRITER_CACHE_KIB)
            migrate(self._writer, self._path)
            self._inode = self._path.stat().st_ino

    def _follow(self) -> None:
        """Open the file that has taken the place of the one known; the lock is held."""
        if not self._closed and self._is_replaced():
            old = [self._writer, *self._idle]
            self._idle.clear()
            for connection in old:
                self._leave(connection, is_replaced=True)
            self._open()

    def _is_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return False  # between two files, or gone: the one that is open still reads

    def _take(self) -> Connection:
        with self._lock:
            self._follow()
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._connect(_READER_CACHE_KIB)
            rows(connection, "PRAGMA query_only = ON")
            return connection

    def _give_back(self, connection: Connection) -> None:
        if connection.file != self._file:
            self._leave(connection, is_replaced=True)
            return
        self._idle.append(connection)
        if self._closed:
            self.close()

    def _leave(self, connection: Connection, *, is_replaced: bool = False) -> None:
        """Close a connection; one of a file that was replaced leaves the new one's log alone."""
        if is_replaced or self._is_replaced():
            persist = ctypes.c_int(1)
            connection.file_control(
                "main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(persist)
            )
        connection.close()

    def _connect(self, cache_kib: int) -> Connection:
        connection = Connection(str(self._path), vfs=_checked())
        connection.file = self._file
        if not self._path.stat().st_size:
            connection.reserve_bytes(reserve=CHECKSUM)
        connection.set_busy_timeout(_BUSY_MS)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"cache_size = -{cache_kib}",
            f"wal_autocheckpoint = {_WAL_PAGES}",
            "trusted_schema = OFF",
        ):
            rows(connection, f"PRAGMA {pragma}")
        return connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what went wrong in the words of the archive."""
        try:
            yield
        except apsw.BusyError as error:
            raise NodeBusy(f"another process writes to {self._path.name}") from error
        except apsw.FullError as error:
            raise NoSpace(f"no room for {self._path.name}") from error
        except apsw.IOError as error:
            # a full disk shows here only so: the index beside the write-ahead log cannot grow
            code: int = error.extendedresult  # type: ignore[attr-defined]  # the stubs lack it
            if code == apsw.SQLITE_IOERR_SHMSIZE:
                raise NoSpace(f"no room for {self._path.name}-shm") from error
            if code == apsw.SQLITE_IOERR_DATA:
                raise CatalogueDamaged(f"{self._path.name}: a page is not what it was") from error
            raise OSError(errno.EIO, f"{error}: {self._path}") from error
        except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
            raise OSError(errno.EIO, f"{error}: {self._path}") from error
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise CatalogueDamaged(f"{self._path.name}: {error}") from error


def migrate(
    connection: apsw.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS
) -> None:
    """Bring the tables to the newest version; refuse a file that a newer program has written."""
    if _version(connection, path, migrations) == len(migrations):
        return
    rows(connection, "BEGIN IMMEDIATE")
    try:
        for migration in migrations[_version(connection, path, migrations) :]:
            rows(connection, migration)
        rows(connection, f"PRAGMA application_id = {APPLICATION_ID}")
        rows(connection, f"PRAGMA user_version = {len(migrations)}")
        rows(connection, "COMMIT")
    except BaseException:
        rows(connection, "ROLLBACK")
        raise


def _version(connection: apsw.Connection, path: Path, migrations: tuple[str, ...]) -> int:
    [(owner,)] = rows(connection, "PRAGMA application_id")
    [(version,)] = rows(connection, "PRAGMA user_version")
    if owner not in (0, APPLICATION_ID) or (owner == 0 and version):
        raise WrongUsage(f"{path} is no catalogue of this program")
    if version > len(migrations):
        raise WrongUsage(
            f"{path} is a catalogue of version {version}; this program knows {len(migrations)}"
        )
    return int(version)
