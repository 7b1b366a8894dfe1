"""What the file of the catalogue promises beyond the contract: it lasts, serves many, refuses."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from perilune.catalogue.port import Projection
from perilune.catalogue.query import FACETS, Comparison, Op, Query, Sort
from perilune.catalogue.sqlite import SqliteCatalogue, database
from perilune.catalogue.sqlite.database import Database, migrate, rows
from perilune.catalogue.sqlite.schema import MIGRATIONS
from perilune.catalogue.sqlite.sets import Cache, Snapshot
from perilune.errors import CatalogueDamaged, NodeBusy, WrongUsage
from perilune.model.product import Lifecycle
from perilune.testing import build

NAMES = [f"urn:nasa:pds:luna:data:p{n}::1.0" for n in range(40)]
HOSTILE = [
    "'; DROP TABLE product; --",
    '" OR 1=1 --',
    "NEAR(a b)",
    "title:ice",
    "ice AND NOT craters",
    '"ice',
    "^ice",
    "-ice",
    "ice*ice*",
    "(",
    "*",
    "%",
    "\\",
    "_",
    "\x00",
    "\U0001f315",
    "a" * 900,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite"


@pytest.fixture
def catalogue(path: Path) -> Iterator[SqliteCatalogue]:
    opened = SqliteCatalogue(path)
    yield opened
    opened.close()


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    SqliteCatalogue(path).close()
    newer = len(MIGRATIONS) + 1
    raw = apsw.Connection(str(path))
    rows(raw, f"PRAGMA user_version = {newer}")
    with pytest.raises(WrongUsage, match=f"version {newer}"):
        SqliteCatalogue(path)
    assert rows(raw, "PRAGMA user_version") == [(newer,)]
    raw.close()


def test_the_file_of_another_program_is_refused(path: Path) -> None:
    raw = apsw.Connection(str(path))
    rows(raw, "PRAGMA application_id = 7")
    rows(raw, "CREATE TABLE theirs (x)")
    raw.close()
    with pytest.raises(WrongUsage, match="no catalogue"):
        SqliteCatalogue(path)


def test_a_file_that_is_no_database_is_named_as_damaged(path: Path) -> None:
    path.write_bytes(b"regolith" * 1_000)
    with pytest.raises(CatalogueDamaged, match=r"catalogue\.sqlite"):
        SqliteCatalogue(path)


def test_a_sqlite_with_the_wal_reset_bug_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(WrongUsage, match=r"3\.51\.3"):
        SqliteCatalogue(path)
    assert not path.exists()


def test_migrations_run_once_each_and_all_or_nothing(path: Path) -> None:
    raw = apsw.Connection(str(path))
    migrate(raw, path, ("CREATE TABLE a (x)",))
    with pytest.raises(apsw.SQLError):
        migrate(raw, path, ("CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE a (y)"))
    assert rows(raw, "PRAGMA user_version") == [(1,)]
    assert rows(raw, "SELECT name FROM sqlite_schema") == [("a",)]
    migrate(raw, path, ("CREATE TABLE a (x)", "CREATE TABLE b (x)"))
    assert rows(raw, "PRAGMA user_version") == [(2,)]
    raw.close()


def test_what_is_committed_is_synchronised_in_full(path: Path) -> None:
    opened = Database(path)
    for way in (opened.reading, opened.writing):
        with way() as connection:
            assert rows(connection, "PRAGMA synchronous") == [(2,)]
            assert rows(connection, "PRAGMA journal_mode") == [("wal",)]
    opened.close()


def test_a_run_that_fails_leaves_nothing_and_can_be_repeated(catalogue: SqliteCatalogue) -> None:
    good = build.holdings(NAMES[:3])
    before = list(catalogue.dump())
    with pytest.raises(WrongUsage):
        catalogue.apply(Projection(applied=9, added=[*good, build.holding(NAMES[3], 1 << 33)]))
    assert list(catalogue.dump()) == before
    catalogue.apply(Projection(applied=4, added=good))
    assert catalogue.search(Query(text="observation")).hits == tuple(good)


def test_a_reader_is_not_blocked_and_sees_one_state(path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.apply(Projection(applied=2, added=build.holdings(NAMES[:1])))
    other = Database(path)
    with other.writing() as connection:
        rows(connection, "DELETE FROM product")
        assert catalogue.search(Query()).total == 1
        assert catalogue.get(build.lidvid(NAMES[0]), "public")
    other.close()


def test_a_second_writer_gives_up_after_its_patience(
    path: Path, catalogue: SqliteCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_MS", 20)
    other = SqliteCatalogue(path)
    with catalogue._database.writing(), pytest.raises(NodeBusy):
        other.apply(Projection(applied=1))
    other.apply(Projection(applied=1))
    assert catalogue.applied == 1
    other.close()


def test_answers_follow_what_another_process_writes(path: Path, catalogue: SqliteCatalogue) -> None:
    """Sets that are kept in memory are read anew, old blocks of them too."""
    other = SqliteCatalogue(path)
    waiting = [
        build.holding(name, 60_000 * n, lifecycle=Lifecycle.IN_PEER_REVIEW)
        for n, name in enumerate(NAMES[:5])
    ]
    catalogue.apply(Projection(applied=300_000, added=waiting))
    assert other.search(Query(count=("mission",))).total == 0
    catalogue.apply(Projection(applied=300_001, released=[build.DELIVERY]))
    assert other.search(Query(count=("mission",))).facets == {"mission": {"Luna 26": 5}}
    newer = build.holding(NAMES[0].replace("::1.0", "::2.0"), 300_001)
    catalogue.apply(Projection(applied=300_002, added=[newer]))
    newest = {hit.product.id for hit in other.search(Query()).hits}
    assert newest == {newer.product.id, *(one.product.id for one in waiting[1:])}
    other.close()


def test_many_threads_ask_while_one_writes_and_every_answer_is_consistent(
    catalogue: SqliteCatalogue,
) -> None:
    done = threading.Event()

    def ask(number: int) -> int:
        asked = 0
        while not done.is_set() or asked == 0:
            sort = (Sort("title", descending=bool(number % 2)),)
            page = catalogue.search(Query(count=("mission", "class"), sort=sort, limit=1_000))
            total = page.total
            assert total % 2 == 0  # every run adds two
            assert len(page.hits) == total
            assert sum(page.facets["mission"].values()) == total
            assert sum(page.facets["class"].values()) == total
            asked += 1
        return asked

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask, number) for number in range(6)]
        try:
            for place in range(1, 39, 2):
                pair = build.holdings(NAMES[place : place + 2], place)
                catalogue.apply(Projection(applied=place + 2, added=pair))
        finally:
            done.set()
        assert all(one.result() for one in asking)
    assert catalogue.search(Query()).total == 38


def test_sets_in_memory_stay_within_their_room(path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.apply(Projection(applied=41, added=build.holdings(NAMES)))
    opened, cache = Database(path), Cache(most_bytes=2_000)
    with opened.reading() as connection:
        snapshot = Snapshot(connection, cache)
        for name in FACETS:
            for _, word in snapshot.words("facet", name):
                assert snapshot.posting(word)
        assert 0 < cache._bytes <= 2_000
        assert cache._bytes == sum(size for _, _, size in cache._kept.values())
    opened.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(catalogue: SqliteCatalogue, text: str) -> None:
    catalogue.apply(Projection(applied=3, added=build.holdings(NAMES[:2])))
    before = list(catalogue.dump())
    catalogue.search(Query(text=text))
    catalogue.search(Query(facets=(("mission", frozenset({text})),)))
    for field in ("lid", "title", "pds:A.pds:b", "ops:Harvest_Info.ops:harvest_date_time"):
        for op in Op:
            if "\0" not in text:
                catalogue.search(Query(where=Comparison(field, op, text)))
    assert list(catalogue.dump()) == before


def test_a_lidvid_is_found_by_its_index_however_large_the_catalogue(path: Path) -> None:
    opened = Database(path)
    with opened.reading() as connection:
        sql = "EXPLAIN QUERY PLAN SELECT id FROM product WHERE lid = ? AND major = ? AND minor = ?"
        [plan] = rows(connection, sql, "", 1, 0)
    assert "USING COVERING INDEX product_lidvid (lid=? AND major=? AND minor=?)" in plan[3]
    opened.close()
