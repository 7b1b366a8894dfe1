"""What the labels of a run say of each other, gathered in a database that lives as long as the run.

It begins in memory and spills into a temporary file of SQLite's own, so that 10^6 products take
no more memory than its cache. Nothing in it outlives the run, hence no journal.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apsw

from perilune.validation.facts import Facts, NamedFile, Reference

_CACHE_KIB = 96 << 10
_TABLES = """
CREATE TABLE product (
  n INTEGER PRIMARY KEY, target INTEGER, path TEXT, lid TEXT, version TEXT, class TEXT);
CREATE INDEX product_by_lid ON product (lid, version);
CREATE INDEX product_by_path ON product (path);
CREATE TABLE named (
  path TEXT PRIMARY KEY, product INTEGER, is_observational INTEGER) WITHOUT ROWID;
CREATE TABLE reference (product INTEGER, lid TEXT, version TEXT, line INTEGER);
CREATE TABLE member (lid TEXT, version TEXT, owner INTEGER, target INTEGER);
CREATE INDEX member_by_lid ON member (lid, version);
"""
_UNLISTED = """
SELECT path, lid, version, class FROM product AS p WHERE target = ? AND NOT EXISTS (
  SELECT 1 FROM member AS m
  WHERE m.lid = p.lid AND (m.version IS NULL OR m.version = p.version) AND m.target = p.target)
ORDER BY n
"""
_DANGLING = """
SELECT p.path, p.lid, p.version, r.lid, r.version, r.line
FROM product AS p JOIN reference AS r ON r.product = p.n
WHERE p.target = ? AND NOT EXISTS (
  SELECT 1 FROM product AS q
  WHERE q.lid = r.lid AND (r.version IS NULL OR q.version = r.version) AND q.target = p.target)
ORDER BY p.n, r.rowid
"""


class Gathered:
    """Products, the files and products that they name, and the members that are listed."""

    def __init__(self) -> None:
        self._connection = apsw.Connection("")
        for pragma in (
            f"cache_size = -{_CACHE_KIB}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(_TABLES)
        self._connection.execute("BEGIN")
        self._count = 0

    def close(self) -> None:
        """Give memory and disk back."""
        self._connection.close()

    def take(self, facts: Facts, target: int) -> int:
        """Keep a product and what it refers to; its number."""
        self._count += 1
        self._connection.execute(
            "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?)",
            (self._count, target, facts.path, facts.lid, facts.version, facts.product_class),
        )
        for each in facts.references:
            self._connection.execute(
                "INSERT INTO reference VALUES (?, ?, ?, ?)",
                (self._count, each.lid, each.version, each.line),
            )
        return self._count

    def label_of(self, lid: str, version: str) -> str | None:
        """The first label of that identifier."""
        label: str | None = self._value(
            "SELECT path FROM product WHERE lid = ? AND version = ? ORDER BY n LIMIT 1",
            lid,
            version,
        )
        return label

    def name(self, file: NamedFile, product: int) -> tuple[str, bool] | None:
        """Keep that a product names a file; the label that did so first, where there is one.

        With it whether any of the products that named it is observational.
        """
        row = self._row("SELECT product, is_observational FROM named WHERE path = ?", file.path)
        if row is None:
            self._connection.execute(
                "INSERT INTO named VALUES (?, ?, ?)", (file.path, product, file.is_observational)
            )
            return None
        if file.is_observational and not row[1]:
            self._connection.execute(
                "UPDATE named SET is_observational = 1 WHERE path = ?", (file.path,)
            )
        label = self._value("SELECT path FROM product WHERE n = ?", row[0])
        return str(label), bool(row[1]) or file.is_observational

    def is_accounted(self, path: str) -> bool:
        """Whether the file is a label, or is named in one."""
        return (
            self._row("SELECT 1 FROM named WHERE path = ?", path) is not None
            or self._row("SELECT 1 FROM product WHERE path = ?", path) is not None
        )

    def list(self, member: Reference, owner: int, target: int) -> None:
        """Keep that a collection or bundle lists a member."""
        self._connection.execute(
            "INSERT INTO member VALUES (?, ?, ?, ?)", (member.lid, member.version, owner, target)
        )

    def listed(self, member: Reference, owner: int) -> tuple[bool, bool]:
        """Whether the owner has listed the member before: just so, and by its LID alone."""
        versions = {
            row[0]
            for row in self._connection.execute(
                "SELECT version FROM member WHERE lid = ? AND owner = ?", (member.lid, owner)
            )
        }
        is_known = bool(versions) if member.version is None else member.version in versions
        return is_known, None in versions

    def has_product(self, reference: Reference, target: int) -> bool:
        """Whether the target holds what is referred to."""
        if reference.version is None:
            row = self._row(
                "SELECT 1 FROM product WHERE lid = ? AND target = ?", reference.lid, target
            )
        else:
            row = self._row(
                "SELECT 1 FROM product WHERE lid = ? AND version = ? AND target = ?",
                reference.lid,
                reference.version,
                target,
            )
        return row is not None

    def unlisted(self, target: int) -> Iterable[tuple[str, str, str, str]]:
        """Path, LID, version and class of every product that nothing lists."""
        return self._connection.execute(_UNLISTED, (target,))

    def dangling(self, target: int) -> Iterator[tuple[str, str, str, Reference]]:
        """Path, LID and version of a product with a reference to what the target does not hold."""
        for path, lid, version, *reference in self._connection.execute(_DANGLING, (target,)):
            yield path, lid, version, Reference(*reference)

    def _row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        for row in self._connection.execute(sql, values):
            found: tuple[Any, ...] = row
            return found
        return None

    def _value(self, sql: str, *values: Any) -> Any:
        row = self._row(sql, *values)
        return None if row is None else row[0]
