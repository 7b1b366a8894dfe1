"""The search page: what it finds, how it turns, what it says, and what it never does."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from starlette.datastructures import QueryParams
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR, VISITOR
from perilune.model.footprint import LatLonBox, Point
from perilune.model.product import ContextName, Holding, Lifecycle, Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app
from perilune.web.pages.question import SORTS, VIEWS, Question, read_question
from perilune.web.pages.words import FACETS

DATA = "urn:nasa:pds:luna:data"
BROWSER = {"Accept": "text/html", "Accept-Language": "en"}


def image(number: int, **changes: object) -> Holding:
    made = build.product(
        f"{DATA}:image_{number:02d}::1.0",
        title=f"Image {number % 7}",
        time=build.span(f"2028-10-{number % 5 + 1:02d}T12:00:00Z") if number % 4 else None,
        processing_level="Raw" if number % 3 else "Calibrated",
        investigations=(ContextName("Luna-26" if number % 2 else "LRO", "Mission"),),
        footprints=(build.footprint(Point(float(number), -89.5)),) if number < 10 else (),
    )
    return build.holding(replace(made, **changes), number)


def client_of(*holdings: Holding, own: bool = False) -> TestClient:
    node = Node.in_memory()
    keep(node, *holdings)
    return TestClient(create_app(node, OPERATOR if own else VISITOR), headers=BROWSER)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(*(image(number) for number in range(1, 48)))


def page(client: TestClient, address: str) -> html.HtmlElement:
    reply = client.get(address)
    assert reply.status_code == 200, reply.text
    return html.fromstring(reply.text)


def shown(tree: html.HtmlElement) -> list[str]:
    return [code.text_content() for code in tree.xpath("//li[contains(@class, 'hit')]//code")]


def heading(tree: html.HtmlElement) -> str:
    return tree.xpath("string(//h1)")


def test_heading_says_how_many_there_are_and_the_numbers_say_which_are_shown(
    client: TestClient,
) -> None:
    tree = page(client, "/")

    assert heading(tree) == "47 products in this archive"
    assert "1–20 of 47" in tree.xpath("string(//*[@class='toolbar'])")  # noqa: RUF001
    assert len(shown(tree)) == 20


def test_a_facet_narrows_and_counts_what_choosing_it_would_give(client: TestClient) -> None:
    tree = page(client, "/?mission=LRO")
    raw = tree.xpath("//input[@name='level'][@value='Raw']/ancestor::label")[0]
    luna = tree.xpath("//input[@name='mission'][@value='Luna-26']/ancestor::label")[0]

    assert heading(tree) == "23 products match"
    assert raw.xpath("string(*[@class='n'])") == "16"
    assert heading(page(client, "/?mission=LRO&level=Raw")) == "16 products match"
    assert luna.xpath("string(*[@class='n'])") == "24"
    assert heading(page(client, "/?mission=LRO&mission=Luna-26")) == "47 products match"


@pytest.mark.parametrize("sort", SORTS)
def test_pages_turn_forward_and_back_through_every_product_once(
    client: TestClient, sort: str
) -> None:
    """Also where a quarter of the products have no time of observation."""
    forward, address = [], f"/?sort={sort}"
    while address:
        tree = page(client, address)
        forward.append(shown(tree))
        last = tree
        address = next(iter(tree.xpath("//a[@rel='next']/@href")), "")

    backward, address = [forward[-1]], last.xpath("//a[@rel='prev']/@href")[0]
    while address:
        tree = page(client, address)
        backward.insert(0, shown(tree))
        address = next(iter(tree.xpath("//a[@rel='prev']/@href")), "")

    assert [len(found) for found in forward] == [20, 20, 7]
    assert len({each for found in forward for each in found}) == 47
    assert backward == forward


def test_a_site_is_found_by_name_and_by_coordinates(client: TestClient) -> None:
    by_name = page(client, "/?site=Shackleton&radius=30")
    by_place = page(client, "/?site=-89.67,129.78&radius=30")

    assert heading(by_name) == "9 products cover Shackleton"
    assert "21 km across, 89.67° S 129.78° E · within 30 km" in by_name.text_content()
    assert heading(by_place) == "9 products cover 89.67° S 129.78° E"
    assert heading(page(client, "/?site=88 N 10 E")) == "No product covers 88° N 10° E"


def test_a_site_that_touches_a_footprint_only_by_its_circle_finds_it() -> None:
    """A box from 84 to 85 S: one degree of the Moon is 30.32 km, its edge lies 30 km away."""
    box = build.footprint(LatLonBox(10.0, -85.0, 20.0, -84.0))
    client = client_of(image(1, footprints=(box,)))

    assert "No product" in heading(page(client, "/?site=-86,15&radius=30"))
    assert "1 product covers" in heading(page(client, "/?site=-86,15&radius=31"))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/?site=Atlantis", "no place on the Moon is called"),
        ("/?site=-95,10", "no such place"),
        ("/?site=Shackleton&radius=wide", "no radius in kilometres"),
        ("/?from=yesterday", "no date or time"),
        ("/?sort=beauty", "no such order"),
        ("/?view=east", "no such map"),
        ("/?after=xyz", "not the mark of a page"),
    ],
)
def test_what_cannot_be_read_is_told_on_a_page(client: TestClient, address: str, told: str) -> None:
    reply = client.get(address)

    assert reply.status_code == 400
    assert told in html.fromstring(reply.text).text_content()


def test_a_day_includes_its_evening(client: TestClient) -> None:
    """Products of 2028-10-03 were observed at noon."""
    days = {number for number in range(1, 48) if number % 4 and number % 5 == 2}

    tree = page(client, "/?from=2028-10-03&to=2028-10-03")

    assert heading(tree) == f"{len(days)} products match"


def test_a_visitor_is_not_told_of_what_is_not_theirs() -> None:
    holdings = (
        image(1),
        replace(image(2), releasability=Releasability.NATIONAL),
        replace(image(3), lifecycle=Lifecycle.IN_PEER_REVIEW),
    )
    visitor, operator = page(client_of(*holdings), "/"), page(client_of(*holdings, own=True), "/")

    assert heading(visitor) == "1 product in this archive"
    assert "image_02" not in visitor.text_content()
    assert heading(operator) == "3 products in this archive"
    states = operator.xpath("//*[contains(@class, 'pill')]/text()")
    assert "national: not for others" in states
    assert "in peer review" in states


def test_the_json_twin_says_the_same(client: TestClient) -> None:
    address = "/?q=image&mission=LRO"
    by_accept = client.get(address, headers={"Accept": "application/json"}).json()
    by_name = client.get("/search.json?q=image&mission=LRO", headers=BROWSER).json()

    assert by_accept == by_name
    assert by_accept["total"] == 23
    assert [each["lidvid"] for each in by_accept["products"]] == shown(page(client, address))
    assert by_accept["facets"]["level"] == {"Raw": 16, "Calibrated": 7}
    twin = page(client, address).xpath("//link[@type='application/json']/@href")
    assert client.get(twin[0]).json() == by_accept


def test_a_whole_identifier_leads_to_its_product(client: TestClient) -> None:
    reply = client.get(f"/?q={DATA}:image_05", follow_redirects=False)

    assert reply.status_code == 303
    assert reply.headers["location"] == f"/products/{DATA}:image_05::1.0"


def test_no_answer_says_what_to_do(client: TestClient) -> None:
    tree = page(client, "/?q=regolith+samples")

    assert heading(tree) == "No product matches"
    assert "Let go of one of the choices above." in tree.text_content()
    assert tree.xpath("//a[@href='/?q=regolith*']")


def test_an_empty_archive_says_how_to_fill_it() -> None:
    assert "perilune -n NODE deliver PATH" in page(client_of(), "/").text_content()


def test_a_choice_is_let_go_of_by_its_own_link(client: TestClient) -> None:
    tree = page(client, "/?q=image&mission=LRO&level=Raw&from=2028")
    links = {
        " ".join(link.text_content().split()): link.get("href")
        for link in tree.xpath("//ul[@class='chosen']//a")
    }

    assert links["Without Raw"] == "/?q=image&mission=LRO&from=2028"
    assert links["Without “image”"] == "/?mission=LRO&level=Raw&from=2028"
    assert links["Everything"] == "/"


def test_titles_cannot_write_into_the_page() -> None:
    evil = '<script>alert(1)</script>"onmouseover="x'
    client = client_of(image(1, title=evil))

    reply = client.get("/")

    assert "<script>alert" not in reply.text
    assert html.fromstring(reply.text).xpath("string(//h2/a)") == evil
    assert not html.fromstring(reply.text).xpath("//@onmouseover")


def test_nothing_is_inline_and_nothing_comes_from_another_host(client: TestClient) -> None:
    for address in ("/", "/?site=Shackleton", "/node", f"/products/{DATA}:image_01"):
        tree = page(client, address)
        loaded = tree.xpath("//@src | //link/@href | //image/@href | //form/@action")

        assert not tree.xpath("//script[not(@src)] | //style | //@style | //@onclick")
        assert loaded
        assert not [each for each in loaded if urlsplit(each).netloc or urlsplit(each).scheme]


def test_the_map_has_text_of_constant_size_and_lines_in_metres(client: TestClient) -> None:
    tree = page(client, "/?view=global")
    outer = tree.xpath("//div[contains(@class, 'map')]/svg")[0]
    inner = outer.xpath("svg")[0]

    assert outer.get("viewbox") is None
    assert inner.get("viewbox") == "-5458203 -2729102 10916406 5458203"  # pi 1,737,400 m
    assert all(text.get("x").endswith("%") for text in outer.xpath("g/text"))


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12)


@given(
    st.builds(
        Question,
        words=words,
        facets=st.sets(st.sampled_from(list(FACETS))).map(
            lambda names: tuple((name, ("x", "y z")) for name in FACETS if name in names)
        ),
        site=words,
        radius=words,
        start=words,
        stop=words,
        sort=st.sampled_from(list(SORTS)),
        view=st.sampled_from(["", *VIEWS]),
        after=words,
        number=st.integers(1, 10**8),
    )
)
def test_an_address_asks_the_same_question_again(question: Question) -> None:
    address = question.address()

    assert read_question(QueryParams(urlsplit(address).query)) == question
    assert re.fullmatch(r"/(\?\S+)?", address)
