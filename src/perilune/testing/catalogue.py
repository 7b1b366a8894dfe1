"""What every catalogue must do, as tests: a subclass gives the fixture ``catalogue``."""

from dataclasses import replace
from datetime import timedelta

import pytest

from perilune.catalogue.port import Catalogue, Fixity, Page, Projection, Recorded
from perilune.catalogue.query import (
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
from perilune.errors import BadQuestion, NotFound
from perilune.model.footprint import LatLonBox, Polygon
from perilune.model.identifier import Lid
from perilune.model.ordered import Cause, ErratumAct, HoldAct, Warrant, WithdrawAct
from perilune.model.product import (
    Citation,
    ContextName,
    Holding,
    Lifecycle,
    Member,
    Product,
    Releasability,
    Scope,
)
from perilune.testing import build

ONE, TWO, THREE = (f"urn:nasa:pds:luna:data:{name}::1.0" for name in ("one", "two", "three"))
ORBIT = "pds:Orbit.pds:number"
START = "pds:Time_Coordinates.pds:start_date_time"
FILTER = "img:Filter.img:name"


def fill(catalogue: Catalogue, *holdings: Holding) -> None:
    """Fold in ``holdings``, and the log up to the last of them."""
    last = max(holding.index for holding in holdings)
    catalogue.apply(Projection(applied=last + 1, added=holdings))


def ids(page: Page) -> list[str]:
    """LIDVIDs of the hits, in order."""
    return [str(hit.product.id) for hit in page.hits]


def found(catalogue: Catalogue, query: Query) -> set[str]:
    """Names (the last part of the LID) of all that matches."""
    page = catalogue.search(query)
    assert page.total == len(page.hits)
    return {hit.product.id.lid.text.rpartition(":")[2] for hit in page.hits}


def with_properties(id: str, **values: tuple[str, ...]) -> Product:
    """A product with orbit number, start or filter as its only properties."""
    names = {"orbit": ORBIT, "start": START, "filter": FILTER}
    kept = tuple((names[name], found) for name, found in values.items())
    return build.product(id, properties=kept)


def national(made: str | Product, index: int) -> Holding:
    """A holding that no visitor may know of."""
    return build.holding(made, index, releasability=Releasability.NATIONAL)


class CatalogueContract:
    """Everything every catalogue must do."""

    def test_gives_back_exactly_the_holding_it_took(self, catalogue: Catalogue) -> None:
        rich = build.product(
            ONE,
            citation=Citation(authors="Ю. Гагарин", keywords=("лёд", "冰")),
            footprints=(build.footprint(LatLonBox(170.0, -90.0, -170.0, -80.5)),),
            members=(Member(Lid.parse("urn:nasa:pds:luna:data:two"), is_primary=True),),
            properties=((ORBIT, ("7", "8")), (ORBIT, ("9",)), (FILTER, ())),
        )
        taken = build.holding(rich, 1, files={"data/big.img": b"x" * 2_000_000})
        fill(catalogue, taken)
        assert catalogue.get(build.lidvid(ONE), "public") == taken
        assert catalogue.search(Query()).hits == (taken,)

    def test_what_is_not_held_is_not_found(self, catalogue: Catalogue) -> None:
        fill(catalogue, build.holding(ONE))
        for absent in (TWO, ONE.replace("::1.0", "::1.1")):
            with pytest.raises(NotFound):
                catalogue.get(build.lidvid(absent), "own")
        with pytest.raises(NotFound):
            catalogue.latest(build.lidvid(TWO).lid, "own")

    def test_versions_are_ordered_by_number(self, catalogue: Catalogue) -> None:
        versions = [ONE.replace("::1.0", f"::{version}") for version in ("2.9", "2.10", "1.11")]
        fill(catalogue, *build.holdings(versions))
        newest = catalogue.latest(build.lidvid(ONE).lid, "public")
        assert newest.product.id.version == "2.10"
        assert ids(catalogue.search(Query())) == [versions[1]]
        assert ids(catalogue.search(Query(versions="all"))) == versions

    def test_a_visitor_learns_nothing_of_what_is_not_public(self, catalogue: Catalogue) -> None:
        secret = with_properties(TWO, filter=("ultraviolet",))
        fill(catalogue, build.holding(ONE), national(secret, 2))
        with pytest.raises(NotFound):
            catalogue.get(build.lidvid(TWO), "public")
        with pytest.raises(NotFound):
            catalogue.latest(build.lidvid(TWO).lid, "public")
        page = catalogue.search(Query(count=("mission",)))
        assert (ids(page), page.total, page.facets) == ([ONE], 1, {"mission": {"Luna 26": 1}})
        assert FILTER not in catalogue.properties("public")
        assert FILTER in catalogue.properties("own")
        negated = Not(Comparison(FILTER, Op.EXISTS, ""))
        assert found(catalogue, Query(where=negated)) == {"one"}
        assert len(list(catalogue.objects("public"))) < len(list(catalogue.objects("own")))

    def test_what_is_cleared_is_seen_by_whom_it_is_cleared_for(self, catalogue: Catalogue) -> None:
        fill(catalogue, national(ONE, 1), national(TWO, 2), national(THREE, 3))
        one, two = build.lidvid(ONE), build.lidvid(TWO)
        catalogue.apply(
            Projection(
                applied=5,
                cleared=[(one, Releasability.PUBLIC), (two, Releasability.PARTNER)],
            )
        )
        assert found(catalogue, Query(scope="public")) == {"one"}
        assert found(catalogue, Query(scope="partner")) == {"one", "two"}
        assert found(catalogue, Query(scope="own")) == {"one", "two", "three"}
        assert catalogue.get(two, "partner").releasability is Releasability.PARTNER
        with pytest.raises(NotFound):
            catalogue.get(two, "public")

    def test_what_is_cleared_is_never_less_cleared_again(self, catalogue: Catalogue) -> None:
        fill(catalogue, national(ONE, 1))
        for to in (Releasability.PUBLIC, Releasability.PARTNER, Releasability.NATIONAL):
            catalogue.apply(Projection(applied=3, cleared=[(build.lidvid(ONE), to)]))
        assert found(catalogue, Query(scope="public")) == {"one"}

    def test_what_is_cleared_and_not_released_is_seen_by_nobody_else(
        self, catalogue: Catalogue
    ) -> None:
        waiting = replace(national(ONE, 1), lifecycle=Lifecycle.IN_PEER_REVIEW)
        fill(catalogue, waiting)
        one = build.lidvid(ONE)
        catalogue.apply(Projection(applied=3, cleared=[(one, Releasability.PUBLIC)]))
        assert found(catalogue, Query(scope="public")) == set()
        catalogue.apply(Projection(applied=4, released=[waiting.delivery]))
        assert found(catalogue, Query(scope="public")) == {"one"}

    def test_what_was_withdrawn_is_kept_and_found_by_nobody(self, catalogue: Catalogue) -> None:
        older, newer = ONE, ONE.replace("::1.0", "::2.0")
        fill(catalogue, build.holding(older, 1), build.holding(newer, 2), build.holding(TWO, 3))
        gone = build.lidvid(newer)
        before = list(catalogue.objects("kept"))
        catalogue.apply(Projection(applied=5, withdrawn=[gone]))
        for scope in ("own", "partner", "public"):
            assert ids(catalogue.search(Query(scope=scope))) == [older, TWO]
            page = catalogue.search(Query(scope=scope, versions="all", count=("mission",)))
            assert (page.total, page.facets) == (2, {"mission": {"Luna 26": 2}})
            assert catalogue.latest(gone.lid, scope).product.id == build.lidvid(older)
            with pytest.raises(NotFound):
                catalogue.get(gone, scope)
        assert catalogue.held([gone])[gone].withdrawn
        assert catalogue.get(gone, "kept").withdrawn
        assert list(catalogue.objects("kept")) == before
        assert len(list(catalogue.objects("own"))) < len(before)

    def test_acts_on_what_comes_later_are_not_lost(self, catalogue: Catalogue) -> None:
        one, two = build.lidvid(ONE), build.lidvid(TWO)
        catalogue.apply(
            Projection(applied=1, cleared=[(one, Releasability.PUBLIC)], withdrawn=[two])
        )
        fill(catalogue, national(ONE, 1), build.holding(TWO, 2))
        assert found(catalogue, Query(scope="public")) == {"one"}
        assert found(catalogue, Query(scope="own")) == {"one"}

    def test_acts_that_people_ask_about_are_kept_as_they_are(self, catalogue: Catalogue) -> None:
        one, two = build.lidvid(ONE), build.lidvid(TWO)
        warrant = Warrant("ab" * 32, ("cd" * 32,))
        acts = [
            Recorded(1, HoldAct(t=build.NOON, lidvid=one, reason="a case"), is_open=False),
            Recorded(3, ErratumAct(t=build.NOON, lidvid=two, text="kelvin"), is_open=True),
            Recorded(
                4,
                WithdrawAct(
                    t=build.NOON, lidvid=one, cause=Cause.LAW, text="a court", warrant=warrant
                ),
                is_open=True,
            ),
        ]
        catalogue.apply(Projection(applied=5, recorded=acts))
        assert list(catalogue.recorded()) == acts
        assert list(catalogue.recorded(["hold", "erratum"])) == acts[:2]
        assert list(catalogue.recorded(order="ab" * 32)) == acts[2:]
        assert list(catalogue.recorded(order="ba" * 32)) == []
        assert list(catalogue.recorded(of=one)) == [acts[0], acts[2]]
        assert list(catalogue.newest_recorded(2, hidden=True)) == [acts[2], acts[1]]
        assert list(catalogue.newest_recorded(2, before=3, hidden=True)) == [acts[0]]
        assert list(catalogue.newest_recorded(9, hidden=False)) == [acts[2], acts[1]]

    def test_a_newer_national_version_hides_no_older_public_one(self, catalogue: Catalogue) -> None:
        newer = ONE.replace("::1.0", "::2.0")
        fill(catalogue, build.holding(ONE, 1), national(newer, 2))
        assert ids(catalogue.search(Query())) == [ONE]
        assert ids(catalogue.search(Query(scope="own"))) == [newer]
        assert str(catalogue.latest(build.lidvid(ONE).lid, "public").product.id) == ONE

    def test_a_second_publish_of_one_version_has_no_effect(self, catalogue: Catalogue) -> None:
        fill(catalogue, build.holding(ONE, 1))
        before = catalogue.get(build.lidvid(ONE), "own")
        again = build.product(ONE, title="Another title")
        catalogue.apply(
            Projection(applied=4, added=[build.holding(again, 2), *build.holdings([TWO, TWO], 3)])
        )
        assert catalogue.get(build.lidvid(ONE), "own") == before
        assert catalogue.search(Query()).total == 2
        assert catalogue.search(Query(text="another")).total == 0

    def test_releasing_a_delivery_releases_what_came_with_it(self, catalogue: Catalogue) -> None:
        waiting = Lifecycle.IN_PEER_REVIEW
        other = "0" * 64
        catalogue.apply(
            Projection(
                applied=4,
                added=[
                    build.holding(ONE, 1, lifecycle=waiting),
                    build.holding(TWO, 2, lifecycle=waiting, delivery=other),
                    replace(national(THREE, 3), lifecycle=waiting),
                ],
            )
        )
        assert catalogue.search(Query()).total == 0
        catalogue.apply(Projection(applied=5, released=[build.DELIVERY]))
        assert found(catalogue, Query()) == {"one"}
        assert catalogue.get(build.lidvid(ONE), "public").lifecycle is Lifecycle.RELEASED
        assert catalogue.get(build.lidvid(TWO), "own").lifecycle is waiting
        assert catalogue.get(build.lidvid(THREE), "own").lifecycle is Lifecycle.RELEASED

    def test_how_the_log_is_cut_into_runs_makes_no_difference(self, catalogue: Catalogue) -> None:
        waiting = [
            build.holding(name, n, lifecycle=Lifecycle.NOT_REVIEWED)
            for n, name in enumerate((ONE, TWO), 1)
        ]
        catalogue.apply(Projection(applied=2, added=waiting[:1]))
        catalogue.apply(Projection(applied=3, released=[build.DELIVERY]))
        catalogue.apply(Projection(applied=4, added=waiting[1:]))
        assert found(catalogue, Query()) == {"one", "two"}

    def test_those_held_are_told_apart_from_those_not(self, catalogue: Catalogue) -> None:
        fill(catalogue, build.holding(ONE, 1), national(TWO, 2))
        names = [build.lidvid(text) for text in (ONE, TWO, THREE)]
        held = catalogue.held(names)
        assert {str(name): holding.index for name, holding in held.items()} == {ONE: 1, TWO: 2}

    def test_remembers_how_far_the_log_is_folded_in_and_the_last_fixity(
        self, catalogue: Catalogue
    ) -> None:
        assert (catalogue.applied, catalogue.fixity()) == (0, None)
        reading = Fixity(build.NOON, 6, 12, 34_567, ("0" * 64,))
        catalogue.apply(Projection(applied=7, fixity=reading))
        catalogue.apply(Projection(applied=9))
        assert (catalogue.applied, catalogue.fixity()) == (9, reading)

    def test_pages_follow_each_other_without_gap_or_double(self, catalogue: Catalogue) -> None:
        names = [f"urn:nasa:pds:luna:data:p{n}::1.0" for n in range(10)]
        fill(catalogue, *build.holdings(names))
        for sorts in ((Sort(),), (Sort("title", descending=True),), (Sort(ORBIT), Sort("lid"))):
            query, seen = Query(sort=sorts, limit=3), []
            while True:
                page = catalogue.search(query)
                assert page.total == 10
                seen += ids(page)
                if page.next is None:
                    break
                query = replace(query, cursor=page.next)
            assert len(seen) == 10
            assert set(seen) == set(names)

    def test_a_page_of_nothing_still_counts(self, catalogue: Catalogue) -> None:
        fill(catalogue, *build.holdings([ONE, TWO]))
        page = catalogue.search(Query(limit=0, count=("target",)))
        assert (page.hits, page.total) == ((), 2)
        assert page.facets == {"target": {"Moon": 2}}

    def test_missing_values_come_last_in_both_directions(self, catalogue: Catalogue) -> None:
        early = build.span("2020-01-01T00:00:00Z")
        late = build.span("2021-01-01T00:00:00Z")
        made = [
            build.product(one, time=time)
            for one, time in ((ONE, None), (TWO, late), (THREE, early))
        ]
        fill(catalogue, *build.holdings(made))
        assert ids(catalogue.search(Query(sort=(Sort("start"),)))) == [THREE, TWO, ONE]
        down = Query(sort=(Sort("start", descending=True),))
        assert ids(catalogue.search(down)) == [TWO, THREE, ONE]

    def test_properties_sort_as_what_they_are(self, catalogue: Catalogue) -> None:
        orbits = {ONE: ("10",), TWO: ("9.5", "1"), THREE: ("x",)}
        fill(catalogue, *build.holdings([with_properties(k, orbit=v) for k, v in orbits.items()]))
        assert ids(catalogue.search(Query(sort=(Sort(ORBIT),)))) == [TWO, ONE, THREE]
        down = Query(sort=(Sort(ORBIT, descending=True),))
        assert ids(catalogue.search(down)) == [THREE, ONE, TWO]

    def test_a_facet_that_filters_is_counted_as_if_it_did_not(self, catalogue: Catalogue) -> None:
        made = [
            build.product(one, instruments=(ContextName(name),), processing_level=level)
            for one, name, level in (
                (ONE, "LSTK", "Raw"),
                (TWO, "RLK", "Raw"),
                (THREE, "RLK", "Derived"),
            )
        ]
        fill(catalogue, *build.holdings(made))
        page = catalogue.search(
            Query(
                facets=(("instrument", frozenset({"LSTK"})), ("level", frozenset({"Raw"}))),
                count=("instrument", "level", "mission", "simulated"),
            )
        )
        assert ids(page) == [ONE]
        assert page.facets == {
            "instrument": {"LSTK": 1, "RLK": 1},
            "level": {"Raw": 1},
            "mission": {"Luna 26": 1},
            "simulated": {},
        }

    def test_years_collections_and_authorities_are_facets(self, catalogue: Catalogue) -> None:
        across = build.product(ONE, time=build.span("2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"))
        bundle = build.product("urn:nasa:pds:luna::1.0", is_simulated=True)
        fill(catalogue, *build.holdings([across, bundle]))
        counted = ("year", "collection", "authority", "section", "simulated")
        page = catalogue.search(Query(count=counted))
        assert page.facets == {
            "year": {"2026": 2, "2025": 1},
            "collection": {"urn:nasa:pds:luna:data": 1},
            "authority": {"urn:nasa:pds": 2},
            "section": {"moon-and-deep-space": 2},
            "simulated": {"yes": 1},
        }

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ice", {"one"}),
            ("ICE poles", {"one"}),
            ("ice craters", set()),
            ("crat*", {"two"}),
            ("crat", set()),
            ("LRO-LAMP", {"two"}),
            ("lamp-lro", set()),
            ("two", {"two"}),
            ("урожай", set()),
            ("лёд", {"three"}),
            ("лед", {"three"}),
            ("嫦娥", {"three"}),
            ("娥嫦", set()),
            ("", {"one", "two", "three"}),
            ('ice" OR "craters', set()),
        ],
    )  # fmt: skip
    def test_words_find_products(self, catalogue: Catalogue, text: str, expected: set[str]) -> None:
        made = [
            build.product(ONE, title="Ice at the poles"),
            build.product(TWO, title="Craters", citation=Citation(keywords=("LRO-LAMP",))),
            build.product(THREE, title="Лёд", investigations=(ContextName("嫦娥七号"),)),
        ]
        fill(catalogue, *build.holdings(made))
        assert found(catalogue, Query(text=text)) == expected

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Comparison(ORBIT, Op.EQ, 10.0), {"one"}),
            (Comparison(ORBIT, Op.EQ, "10"), set()),
            (Comparison(ORBIT, Op.EQ, "10.0"), {"one"}),
            (Comparison(ORBIT, Op.GT, 9.0), {"one", "two"}),
            (Comparison(ORBIT, Op.GT, "9"), {"one", "two"}),
            (Comparison(ORBIT, Op.LT, 10.0), {"two"}),
            (Comparison(ORBIT, Op.NE, 10.0), {"two", "three"}),
            (Comparison(ORBIT, Op.EXISTS, ""), {"one", "two"}),
            (Comparison(START, Op.GE, "2020-01-01T12:00:00Z"), {"one"}),
            (Comparison(START, Op.LT, "2020-01-02"), {"one", "two"}),
            (Comparison(START, Op.EQ, "2020-01-01T12:00"), {"one"}),
            (Comparison(FILTER, Op.EQ, "Red"), {"one"}),
            (Comparison(FILTER, Op.EQ, "red"), set()),
            (Comparison(FILTER, Op.LIKE, "r*"), {"one", "two"}),
            (Comparison(FILTER, Op.LIKE, "?e?"), {"one"}),
            (Comparison(FILTER, Op.LIKE, "100%_*"), {"three"}),
            (Comparison(FILTER, Op.GE, "b"), {"three"}),
            (Comparison("lid", Op.LIKE, "URN:*:t*"), {"two", "three"}),
            (Comparison("lidvid", Op.EQ, TWO), {"two"}),
            (Comparison("vid", Op.EQ, "1.0"), {"one", "two", "three"}),
            (Comparison("title", Op.EQ, "Observation one"), {"one"}),
            (Comparison("product_class", Op.NE, "Product_Observational"), set()),
            (
                Comparison("ops:Tracking_Meta.ops:archive_status", Op.EQ, "archived"),
                {"one", "two", "three"},
            ),
            (Comparison("ops:Data_File_Info.ops:file_name", Op.EQ, "two.csv"), {"two"}),
            (Comparison("ops:Data_File_Info.ops:file_size", Op.GE, 8.0), set()),
            (
                And((Comparison(ORBIT, Op.GT, 0.0), Not(Comparison(FILTER, Op.EQ, "Red")))),
                {"two"},
            ),
            (
                Or((Comparison(ORBIT, Op.EQ, 10.0), Comparison(FILTER, Op.LIKE, "1*"))),
                {"one", "three"},
            ),
        ],
    )
    def test_conditions_choose_products(
        self, catalogue: Catalogue, where: Comparison, expected: set[str]
    ) -> None:
        made = [
            with_properties(ONE, orbit=("10.0",), start=("2020-01-01T12:00:00Z",), filter=("Red",)),
            with_properties(TWO, orbit=("9.5", "4"), start=("2020-001",), filter=("Rouge",)),
            with_properties(THREE, filter=("100%_é", "é")),
        ]
        fill(catalogue, *build.holdings(made))
        assert found(catalogue, Query(where=where)) == expected

    def test_harvest_time_tells_neighbouring_microseconds_apart(self, catalogue: Catalogue) -> None:
        field = "ops:Harvest_Info.ops:harvest_date_time"
        first = build.holding(ONE, 1)
        second = build.holding(TWO, 2, accessioned=first.accessioned + timedelta(microseconds=1))
        fill(catalogue, first, second)
        moment = "2026-11-22T12:00:01.000000Z"
        for op, expected in (
            (Op.EQ, {"one"}),
            (Op.GT, {"two"}),
            (Op.GE, {"one", "two"}),
            (Op.LE, {"one"}),
            (Op.NE, {"two"}),
        ):
            assert found(catalogue, Query(where=Comparison(field, op, moment))) == expected
        page = catalogue.search(Query(sort=(Sort(field),), cursor=Cursor((moment,), 0)))
        assert ids(page) == [TWO]

    @pytest.mark.parametrize(
        ("site", "expected"),
        [
            (Cap(lon=0.0, lat=-90.0, radius_km=1.0), {"one"}),
            (Cap(lon=180.0, lat=10.0, radius_km=50.0), {"two"}),
            (Cap(lon=175.0, lat=10.0, radius_km=50.0), set()),
            (Cap(lon=0.0, lat=0.0, radius_km=6_000.0), {"one", "two"}),
            (Cap(lon=45.0, lat=45.0, radius_km=10.0, body="Mars"), {"three"}),
            (Cap(lon=45.0, lat=45.0, radius_km=10.0), set()),
        ],
    )
    def test_sites_find_what_lies_there(
        self, catalogue: Catalogue, site: Cap, expected: set[str]
    ) -> None:
        pole = Polygon((((0.0, -89.0), (-120.0, -89.0), (120.0, -89.0)),))
        line = LatLonBox(179.5, 9.9, -179.5, 10.1)
        mars = build.footprint(LatLonBox(40.0, 40.0, 50.0, 50.0), body="Mars")
        made = [
            build.product(ONE, footprints=(build.footprint(pole),)),
            build.product(TWO, footprints=(build.footprint(line), build.footprint(line))),
            build.product(THREE, footprints=(mars,)),
        ]
        fill(catalogue, *build.holdings(made))
        assert found(catalogue, Query(site=site)) == expected

    def test_observations_are_found_by_time(self, catalogue: Catalogue) -> None:
        spans = {
            ONE: build.span("2020-01-01T00:00:00Z", "2020-03-01T00:00:00Z"),
            TWO: build.span("2020-02-01T00:00:00Z", "2021-02-01T00:00:00Z"),
            THREE: None,
        }
        fill(catalogue, *build.holdings([build.product(k, time=v) for k, v in spans.items()]))
        march = build.span("2020-03-01T00:00:00Z").start
        assert march is not None
        tick = timedelta(microseconds=1)
        assert found(catalogue, Query(after=march)) == {"one", "two"}
        assert found(catalogue, Query(after=march + tick)) == {"two"}
        assert found(catalogue, Query(before=march - timedelta(days=29))) == {"one", "two"}
        assert found(catalogue, Query(before=march - timedelta(days=29) - tick)) == {"one"}

    def test_families_are_followed_both_ways(self, catalogue: Catalogue) -> None:
        bundle, data = "urn:nasa:pds:luna::1.0", "urn:nasa:pds:luna:data::1.0"
        made = [
            build.product(bundle, members=(Member(build.lidvid(data).lid, is_primary=True),)),
            build.product(
                data,
                members=tuple(Member(build.lidvid(text), is_primary=True) for text in (ONE, TWO)),
            ),
            *(build.product(text) for text in (ONE, TWO, THREE)),
        ]
        fill(catalogue, *build.holdings(made))

        def family(of: str, direction: str, depth: int) -> set[str]:
            asked = Family(build.lidvid(of), direction, depth)  # type: ignore[arg-type]  # literals
            return found(catalogue, Query(family=asked))

        assert family(bundle, "members", 1) == {"data"}
        assert family(bundle, "members", 2) == {"one", "two"}
        assert family(data, "members", 1) == {"one", "two"}
        assert family(ONE, "member-of", 1) == {"data"}
        assert family(ONE, "member-of", 2) == {"luna"}
        assert family(THREE, "member-of", 1) == set()

    def test_properties_are_told_with_their_type(self, catalogue: Catalogue) -> None:
        made = [
            with_properties(ONE, orbit=("1",), start=("2020-01-01",), filter=("a",)),
            with_properties(TWO, filter=("7",)),
        ]
        fill(catalogue, *build.holdings(made))
        expected = {FILTER: "string", ORBIT: "float", START: "timestamp"}
        assert catalogue.properties("public") == expected
        assert list(catalogue.properties("public")) == sorted(expected)

    @pytest.mark.parametrize("scope", ["own", "public"])
    def test_names_every_object_once(self, catalogue: Catalogue, scope: Scope) -> None:
        first, second = build.holding(ONE, 1), build.holding(TWO, 2)
        fill(catalogue, first, second)
        named = list(catalogue.objects(scope))
        assert len(named) == len({name for name, _ in named}) == 5  # the table is shared
        assert (first.manifest.sha256, len(first.manifest.encode())) in named

    @pytest.mark.parametrize(
        "query",
        [
            Query(count=("colour",)),
            Query(facets=(("colour", frozenset({"red"})),)),
            Query(sort=(Sort("colour"),)),
            Query(where=Comparison("colour", Op.EQ, "red")),
            Query(where=Comparison(ORBIT, Op.LIKE, 5.0)),
            Query(where=Comparison(ORBIT, Op.EQ, float("nan"))),
            Query(cursor=Cursor((), 1)),
            Query(cursor=Cursor((5.0,), 1)),
            Query(cursor=Cursor(("yesterday",), 1)),
            Query(site=Cap(0.0, 0.0, 1.0, body="Vulcan")),
            Query(site=Cap(0.0, 91.0, 1.0)),
            Query(limit=-1),
        ],
    )
    def test_a_question_that_cannot_be_read_is_refused(
        self, catalogue: Catalogue, query: Query
    ) -> None:
        with pytest.raises(BadQuestion):
            catalogue.search(query)

    def test_a_property_that_no_label_has_matches_nothing(self, catalogue: Catalogue) -> None:
        fill(catalogue, build.holding(ONE))
        assert found(catalogue, Query(where=Comparison("a:B.a:c", Op.LIKE, "*"))) == set()
        assert found(catalogue, Query(where=Comparison("a:B.a:c", Op.NE, "x"))) == {"one"}
        assert ids(catalogue.search(Query(sort=(Sort("a:B.a:c"),)))) == [ONE]

    def test_equal_catalogues_have_equal_dumps_and_others_not(self, catalogue: Catalogue) -> None:
        fill(catalogue, build.holding(ONE))
        first = list(catalogue.dump())
        assert list(catalogue.dump()) == first
        catalogue.apply(Projection(applied=3, added=[build.holding(TWO, 2)]))
        assert list(catalogue.dump()) != first
