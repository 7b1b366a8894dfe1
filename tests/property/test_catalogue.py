"""The catalogue in SQLite answers every question as the one that looks at everything.

Reference: `MemoryCatalogue`, a list that is searched from end to end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from perilune.catalogue.fields import ARCHIVE_STATUS, HARVESTED
from perilune.catalogue.memory import MemoryCatalogue
from perilune.catalogue.port import Projection
from perilune.catalogue.query import (
    FACETS,
    And,
    Cap,
    Comparison,
    Cursor,
    Family,
    Not,
    Op,
    Or,
    Query,
    Sort,
)
from perilune.catalogue.sqlite import SqliteCatalogue, paging
from perilune.catalogue.sqlite.document import decode, encode
from perilune.model.footprint import Footprint, LatLonBox, Point, Polygon
from perilune.model.identifier import Lid
from perilune.model.product import (
    SCOPES,
    Citation,
    ContextName,
    Holding,
    Lifecycle,
    Member,
    Product,
    Releasability,
)
from perilune.model.reading import time_text
from perilune.model.timespan import TimeSpan
from perilune.testing import build

BUNDLE = "urn:nasa:pds:luna"
LIDS = [
    BUNDLE,
    f"{BUNDLE}:data",
    *(f"{BUNDLE}:data:{name}" for name in ("a", "b", "c_d")),
    "urn:esa:psa:x:y:z",
]
VERSIONS = [(1, 0), (1, 1), (1, 10), (2, 0), (10, 0)]
PROPERTIES = ["pds:Orbit.pds:number", "pds:Time_Coordinates.pds:start_date_time", "img:F.img:name"]
VALUES = [
    "1", "1.0", "2", "-3.5", "1e3", "007", "2020-01-01", "2020-01-01T00:00:00Z", "2020-02",
    "2021-001T12:00:00.000001Z", "2020-13-01", "Red", "red", "rouge", "Лёд", "лёд", "a*b", "a_b",
    "a%b", "", "\U0001f315",
]  # fmt: skip
WORDS = ["ice", "Ice-cap", "лёд", "嫦娥", "7", "crater", "craters", "LRO_LAMP"]
DELIVERIES = ["0" * 64, "1" * 64]
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

values = st.sampled_from(VALUES)
moments = st.integers(-400, 800).map(lambda days: EPOCH + timedelta(days=days, microseconds=days))
lids = st.sampled_from(LIDS)
lidvids = st.builds(
    lambda lid, version: f"{lid}::{version[0]}.{version[1]}", lids, st.sampled_from(VERSIONS)
).map(build.lidvid)
names = st.lists(
    st.builds(
        ContextName,
        st.sampled_from(["Luna 26", "嫦娥七号", "LSTK", "Moon", ""]),
        lid=st.none() | lids.map(Lid),
    ),
    max_size=2,
).map(tuple)
longitudes = st.integers(-180, 180).map(float)
latitudes = st.integers(-90, 90).map(float)
boxes = st.builds(
    lambda lon, width, lat, height: LatLonBox(
        lon, lat, (lon + width + 180) % 360 - 180, min(90.0, lat + height)
    ),
    longitudes,
    st.sampled_from([0.5, 40.0]),
    latitudes,
    st.sampled_from([0.5, 20.0]),
)
triangles = st.sampled_from(
    [
        Polygon((((0.0, -89.0), (-120.0, -89.0), (120.0, -89.0)),)),
        Polygon((((170.0, 10.0), (-170.0, 10.0), (180.0, 20.0)),)),
    ]
)
footprints = st.builds(
    lambda shape, body: build.footprint(shape, body=body),
    boxes | triangles | st.builds(Point, longitudes, latitudes),
    st.sampled_from(["Moon", "MOON", "Mars"]),
)


@st.composite
def spans(draw: st.DrawFn) -> TimeSpan:
    start, stop = draw(st.none() | moments), draw(st.none() | moments)
    if start is not None and stop is not None and stop < start:
        start, stop = stop, start
    return TimeSpan(start=start, stop=stop)


products = st.builds(
    build.product,
    lidvids,
    title=st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
    product_class=st.sampled_from(["Product_Observational", "Product_Bundle"]),
    time=st.none() | spans(),
    processing_level=st.sampled_from(["", "Raw", "Derived"]),
    investigations=names,
    hosts=names,
    instruments=names,
    targets=names,
    members=st.lists(
        st.builds(Member, lidvids | lids.map(Lid), is_primary=st.booleans()), max_size=3
    ).map(tuple),
    citation=st.builds(
        Citation,
        description=st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
        keywords=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    ),
    footprints=st.lists(footprints, max_size=2).map(tuple),
    properties=st.lists(
        st.tuples(st.sampled_from(PROPERTIES), st.lists(values, max_size=2).map(tuple)), max_size=4
    ).map(tuple),
    is_simulated=st.booleans(),
)
files = st.dictionaries(
    st.sampled_from(["data/a.csv", "data/b.img"]), st.sampled_from([b"", b"1", b"22"]), max_size=2
)


clearings = st.tuples(lidvids, st.sampled_from(Releasability))


@st.composite
def projections(draw: st.DrawFn) -> list[Projection]:
    """Runs of a log: some products twice, some versions of one LID, some released late."""
    found: list[Projection] = []
    place = 0
    for _ in range(draw(st.integers(1, 3))):
        added: list[Holding] = []
        for made in draw(st.lists(products, max_size=5)):
            place += draw(st.sampled_from([1, 2, 70_000]))
            added.append(
                build.holding(
                    made,
                    place,
                    files=draw(files),
                    delivery=draw(st.sampled_from(DELIVERIES)),
                    lifecycle=draw(st.sampled_from(list(Lifecycle))),
                    releasability=draw(st.sampled_from(list(Releasability))),
                )
            )
        place += 1
        released = draw(st.lists(st.sampled_from(DELIVERIES), max_size=1))
        found.append(
            Projection(
                applied=place,
                added=added,
                released=released,
                cleared=draw(st.lists(clearings, max_size=2)),
                withdrawn=draw(st.lists(lidvids, max_size=1)),
            )
        )
    return found


any_field = st.sampled_from(
    [
        *PROPERTIES, "lid", "lidvid", "vid", "title", "product_class", "ref_lid_target", HARVESTED,
        ARCHIVE_STATUS, "ops:Data_File_Info.ops:file_size", "ops:Data_File_Info.ops:file_name",
        "ops:Provenance.ops:parent_collection_identifier", "absent:Class.absent:attribute",
    ]
)  # fmt: skip
harvested = st.integers(0, 6).map(
    lambda seconds: time_text(build.NOON + timedelta(seconds=seconds))
)
operands = st.one_of(
    values,
    lidvids.map(str),
    lids,
    harvested,
    st.sampled_from(["archived", "staged", "a.csv", "2"]),
    st.sampled_from([1.0, 2.0, -3.5, 0.0]),
)
patterns = st.lists(
    st.sampled_from(["*", "?", "r", "R", "л", "Ё", "_", "%", "1", "urn:", "20", "ed"]), max_size=4
).map("".join)
comparisons = st.one_of(
    st.builds(
        Comparison, any_field, st.sampled_from([op for op in Op if op is not Op.LIKE]), operands
    ),
    st.builds(Comparison, any_field, st.just(Op.LIKE), patterns),
)
conditions: st.SearchStrategy[Any] = st.recursive(
    comparisons,
    lambda terms: st.one_of(
        st.lists(terms, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(terms, max_size=3).map(lambda found: Or(tuple(found))),
        terms.map(Not),
    ),
    max_leaves=4,
)
facet_words = st.sampled_from(
    ["Luna 26", "嫦娥七号", "Moon", "Raw", "2020", "yes", BUNDLE, "urn:nasa:pds", "Product_Bundle"]
)
sorts = st.lists(
    st.builds(
        Sort,
        any_field | st.sampled_from(["accessioned", "lid", "title", "start", "bytes"]),
        st.booleans(),
    ),
    max_size=3,
).map(tuple)
sites = st.builds(
    Cap,
    longitudes,
    latitudes,
    st.sampled_from([0.0, 100.0, 3_000.0]),
    st.sampled_from(["Moon", "mars"]),
)


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*[st.none()] * 5, strategy)


queries = st.builds(
    Query,
    scope=st.sampled_from(SCOPES),
    text=st.just("")
    | st.sampled_from([*WORDS, "ice cap", "crat*", "嫦*", "lamp luna", "urn:esa", "*"]),
    where=sometimes(conditions),
    facets=st.lists(
        st.tuples(st.sampled_from(FACETS), st.frozensets(facet_words, max_size=2)), max_size=1
    ).map(tuple),
    id=sometimes(lidvids | lids.map(Lid)),
    site=sometimes(sites),
    after=sometimes(moments),
    before=sometimes(moments),
    family=sometimes(
        st.builds(
            Family, lidvids, st.sampled_from(["members", "member-of"]), st.sampled_from([1, 2])
        )
    ),
    versions=st.sampled_from(["latest", "all"]),
    sort=sorts,
    limit=st.sampled_from([0, 1, 2, 100]),
    count=st.sets(st.sampled_from(FACETS), max_size=3).map(tuple),
)


@contextmanager
def sqlite() -> Iterator[SqliteCatalogue]:
    with TemporaryDirectory() as folder:
        opened = SqliteCatalogue(Path(folder) / "catalogue.sqlite")
        yield opened
        opened.close()


@pytest.mark.parametrize("step_cost", [2.0, 0.0], ids=["fetching", "walking"])
@given(runs=projections(), asked=st.lists(queries, min_size=1, max_size=6))
def test_every_page_of_every_question_is_the_same(
    step_cost: float, runs: list[Projection], asked: list[Query]
) -> None:
    naive = MemoryCatalogue()
    with sqlite() as catalogue, pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "STEP_COST", step_cost)
        for run in runs:
            naive.apply(run)
            catalogue.apply(run)
            for query in asked:
                compare_all_pages(catalogue, naive, query)
        for scope in SCOPES:
            assert catalogue.properties(scope) == naive.properties(scope)
            assert dict(catalogue.objects(scope)) == dict(naive.objects(scope))


def compare_all_pages(catalogue: SqliteCatalogue, naive: MemoryCatalogue, query: Query) -> None:
    note(str(query))
    asked = query
    for _ in range(50):
        page, expected = catalogue.search(asked), naive.search(asked)
        assert page == expected
        assert {k: list(v) for k, v in page.facets.items()} == {
            k: list(v) for k, v in expected.facets.items()
        }
        if page.next is None:
            return
        asked = replace(query, cursor=page.next)
    pytest.fail("pages without end")


@given(runs=projections(), query=queries, data=st.data())
def test_a_page_may_begin_where_no_product_stands(
    runs: list[Projection], query: Query, data: st.DataObject
) -> None:
    naive = MemoryCatalogue()
    order = tuple(
        Sort(data.draw(st.sampled_from(["title", "bytes", PROPERTIES[0], "lidvid"])), flag)
        for flag in data.draw(st.lists(st.booleans(), min_size=1, max_size=2))
    )
    starts = {
        "bytes": st.sampled_from([0.0, 150.0, 1e6]),
        "lidvid": lidvids.map(str),
    }
    cursor = Cursor(
        tuple(data.draw(st.none() | starts.get(sort.field, values)) for sort in order),
        data.draw(st.integers(-1, 6)),
    )
    asked = replace(query, sort=order, cursor=cursor)
    note(str(asked))
    with sqlite() as catalogue:
        for run in runs:
            naive.apply(run)
            catalogue.apply(run)
        assert catalogue.search(asked) == naive.search(asked)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(paging, "STEP_COST", 0.0)
            assert catalogue.search(asked) == naive.search(asked)


@given(runs=projections(), data=st.data())
def test_the_order_in_which_acts_come_together_makes_no_difference(
    runs: list[Projection], data: st.DataObject
) -> None:
    """What two logs say may be read in any order: how each product stands is the same."""
    applied = runs[-1].applied
    parts = [Projection(applied=applied, added=[h for run in runs for h in run.added])]
    for run in runs:
        parts += [Projection(applied=applied, released=[name]) for name in run.released]
        parts += [Projection(applied=applied, cleared=[each]) for each in run.cleared]
        parts += [Projection(applied=applied, withdrawn=[name]) for name in run.withdrawn]
    shuffled = data.draw(st.permutations(parts))
    with sqlite() as catalogue, sqlite() as other:
        for part in parts:
            catalogue.apply(part)
        for part in shuffled:
            other.apply(part)
        assert list(catalogue.dump()) == list(other.dump())


@given(runs=projections(), cuts=st.data())
def test_a_catalogue_made_again_is_the_same_row_for_row(
    runs: list[Projection], cuts: st.DataObject
) -> None:
    """However the log is cut into runs, as when `rebuild` folds what deliveries folded before."""
    whole = Projection(
        applied=runs[-1].applied,
        added=[holding for run in runs for holding in run.added],
        released=[delivery for run in runs for delivery in run.released],
        cleared=[each for run in runs for each in run.cleared],
        withdrawn=[name for run in runs for name in run.withdrawn],
    )
    with sqlite() as once, sqlite() as again:
        for run in runs:
            once.apply(run)
        again.apply(whole)
        assert list(again.dump()) == list(once.dump())
        position = cuts.draw(st.integers(0, len(whole.added)))
        with sqlite() as cut:
            cut.apply(Projection(applied=1, added=whole.added[:position]))
            cut.apply(replace(whole, added=whole.added[position:]))
            assert list(cut.dump()) == list(once.dump())


@given(products, files, st.sampled_from(["", "b.example/log"]))
def test_a_document_gives_back_the_product_and_whose_it_is(
    made: Product, held: dict[str, bytes], origin: str
) -> None:
    manifest = build.manifest(made.id, held)
    assert decode(encode(made, manifest, origin)) == (made, manifest, origin)


@given(st.lists(footprints, max_size=8), st.lists(sites, min_size=1, max_size=8))
def test_a_box_that_decides_decides_as_the_sphere_does(
    places: list[Footprint], asked: list[Cap]
) -> None:
    made = [
        build.holding(build.product(f"{BUNDLE}:data:p{n}::1.0", footprints=(place,)), n)
        for n, place in enumerate(places)
    ]
    change = Projection(applied=len(made), added=made)
    naive = MemoryCatalogue()
    naive.apply(change)
    with sqlite() as catalogue:
        catalogue.apply(change)
        for site in asked:
            for radius_km in (site.radius_km, 30.0, 800.0, 4_000.0, 5_458.0, 9_000.0):
                query = Query(site=replace(site, radius_km=radius_km))
                assert catalogue.search(query) == naive.search(query)
