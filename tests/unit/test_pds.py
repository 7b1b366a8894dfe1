"""The PDS Search API: what its specification 1.6.0 says, and what clients of it rely on."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR
from perilune.catalogue.port import Fixity, Projection
from perilune.model.footprint import Point
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import (
    Citation,
    ContextName,
    Holding,
    Lifecycle,
    Member,
    Releasability,
)
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

API = "/api/search/1"
HARVEST = "ops:Harvest_Info.ops:harvest_date_time"
START = "pds:Time_Coordinates.pds:start_date_time"
SPACE = {"p": "http://pds.nasa.gov/api"}
DATA = "urn:nasa:pds:luna:data"
MOON = ContextName("Moon", "Satellite", Lid("urn:nasa:pds:context:target:satellite.earth.moon"))


def image(number: int, version: str = "1.0", **changes: Any) -> Any:
    """An observation; four of them share each start time."""
    start = f"2026-11-22T10:{number // 4:02d}:00Z"
    title = f"Image {number}" if number % 5 else f"Image {number}, regolith"
    properties = (
        (START, (start,)),
        ("pds:Primary_Result_Summary.pds:processing_level", ("Raw" if number % 3 else "Derived",)),
        ("img:Frame.img:number", (str(number),)),
    )
    return build.product(
        f"{DATA}:image_{number}::{version}",
        title=title,
        time=build.span(start),
        targets=(MOON,),
        processing_level="Raw" if number % 3 else "Derived",
        properties=properties,
        footprints=(build.footprint(Point(float(number), -89.0)),) if number < 3 else (),
        **changes,
    )


def collection(*members: Member) -> Any:
    return build.product(
        f"{DATA}::1.0",
        product_class="Product_Collection",
        title="Images",
        members=members,
        citation=Citation(description="All images, of Shackleton too"),
    )


def archive() -> list[Holding]:
    """Thirty images, a newer version of one, a collection, a bundle, and two hidden products."""
    images = [image(number) for number in range(30)]
    images.append(image(7, "10.0"))
    images.append(image(7, "9.0"))
    listed = Member(Lid(f"{DATA}:image_7"), is_primary=True)
    exact = Member(Lidvid.parse(f"{DATA}:image_8::1.0"), is_primary=False)
    bundle = build.product(
        "urn:nasa:pds:luna::1.0",
        product_class="Product_Bundle",
        title="Luna",
        members=(Member(Lid(DATA), is_primary=True),),
    )
    holdings = build.holdings([*images, collection(listed, exact), bundle])
    return [
        *holdings,
        build.holding(image(7, "11.0"), 35, releasability=Releasability.NATIONAL),
        build.holding(image(99), 36, lifecycle=Lifecycle.IN_PEER_REVIEW),
    ]


def _node() -> Node:
    node = Node.in_memory()
    keep(node, *archive())
    return node


NODE = _node()
CLIENT = TestClient(create_app(NODE))


def get(path: str, **parameters: Any) -> Any:
    reply = ask(path, **parameters)
    assert reply.status_code == 200, reply.text
    return reply.json()


def ask(path: str, accept: str = "application/json", **parameters: Any) -> Any:
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return CLIENT.get(API + path, params=named, headers={"Accept": accept}, follow_redirects=False)


def ids(page: Any) -> list[str]:
    names = (product["id"] for product in page["data"])
    return [name.removeprefix(f"{DATA}:") if ":image" in name else name for name in names]


def test_products_are_the_newest_public_versions_in_the_order_of_harvest() -> None:
    page = get("/products")

    assert page["summary"]["hits"] == len(page["data"]) == 32
    assert page["summary"]["sort"] == [HARVEST]
    assert "image_7::10.0" in ids(page)
    assert not {"image_7::1.0", "image_7::9.0", "image_7::11.0", "image_99::1.0"} & {*ids(page)}
    times = [product["properties"][HARVEST][0] for product in page["data"]]
    assert times == sorted(set(times))
    assert times[0] == "2026-11-22T12:00:01.000000Z"


def test_a_product_has_the_members_of_the_specification() -> None:
    product = get(f"/products/{DATA}:image_8")

    assert product["id"] == f"{DATA}:image_8::1.0"
    assert product["type"] == "Product_Observational"
    assert product["title"] == "Image 8"
    assert product["start_date_time"] == "2026-11-22T10:02:00Z"
    assert product["targets"] == [
        {
            "id": MOON.lid.text if MOON.lid else "",
            "title": "Moon",
            "type": "Satellite",
            "href": f"http://testserver{API}/products/{MOON.lid}",
        }
    ]
    assert product["metadata"]["archive_status"] == "archived"
    assert product["metadata"]["version"] == "1.0"
    values = product["properties"]
    assert values["lid"] == [f"{DATA}:image_8"]
    assert values["vid"] == ["1.0"]
    assert values["ref_lid_target"] == [MOON.lid.text if MOON.lid else ""]
    assert values["img:Frame.img:number"] == ["8"]
    assert values["ops:Tracking_Meta.ops:archive_status"] == ["archived"]
    assert all(isinstance(value, list) for value in values.values())
    assert None not in product.values()


def test_file_addresses_lead_to_the_bytes() -> None:
    values = get(f"/products/{DATA}:image_8")["properties"]

    (table,) = values["ops:Data_File_Info.ops:file_ref"]
    (label,) = values["ops:Label_File_Info.ops:file_ref"]

    assert CLIENT.get(table).content == build.TABLE
    assert len(CLIENT.get(label).content) == int(values["ops:Label_File_Info.ops:file_size"][0])
    assert values["ops:Data_File_Info.ops:md5_checksum"] == [build.digests(build.TABLE).md5]


def test_versions_compare_as_numbers() -> None:
    assert get(f"/products/{DATA}:image_7")["id"].endswith("::10.0")
    assert get(f"/products/{DATA}:image_7/latest")["id"].endswith("::10.0")
    assert get(f"/products/{DATA}:image_7::9.0/latest")["id"].endswith("::10.0")
    assert get(f"/products/{DATA}:image_7::9.0")["id"].endswith("::9.0")
    assert sorted(ids(get(f"/products/{DATA}:image_7::1.0/all"))) == [
        "image_7::1.0",
        "image_7::10.0",
        "image_7::9.0",
    ]


@pytest.mark.parametrize(
    "path",
    [
        f"/products/{DATA}:image_7::11.0",
        f"/products/{DATA}:image_99",
        f"/products/{DATA}:image_99/members",
        f"/products/{DATA}:image_99/all",
        "/products/nonsense",
        "/products/urn:nasa:pds:nothing::1.0/latest",
        "/classes/nonsense",
    ],
)
def test_what_is_unknown_or_hidden_is_a_404_with_request_and_message(path: str) -> None:
    reply = ask(path)

    assert reply.status_code == 404
    assert reply.json().keys() == {"request", "message"}
    assert reply.json()["request"] == f"http://testserver{API}{path}"


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": 'lid eq "unclosed'},
        {"q": "no.such.field eq 1 and"},
        {"limit": -1},
        {"limit": "many"},
        {"sort": "nonsense"},
        {"sort": "title sideways"},
        {"facet_fields": "nonsense"},
        {"search_after": "a,b,c,d"},
        {"search_after": "not a time"},
        {"cone": "1,2"},
        {"cone": "0,nan,5"},
        {"cone": "0,91,5"},
        {"time": "yesterday"},
        {"time": "2026-11-22/9999-99-99"},
    ],
)
def test_a_question_that_cannot_be_read_is_a_400(parameters: dict[str, Any]) -> None:
    reply = ask("/products", **parameters)

    assert reply.status_code == 400
    assert reply.json()["message"]


def test_members_and_their_owners_are_found_both_ways() -> None:
    bundle, seventh = "urn:nasa:pds:luna::1.0", f"{DATA}:image_7::10.0"

    assert ids(get(f"/products/{bundle}/members")) == [f"{DATA}::1.0"]
    assert sorted(ids(get(f"/products/{DATA}/members"))) == ["image_7::10.0", "image_8::1.0"]
    assert len(ids(get(f"/products/{DATA}/members/all"))) == 4
    assert len(ids(get(f"/products/{bundle}/members/members/latest"))) == 2
    assert len(ids(get(f"/products/{bundle}/members/members/all"))) == 4
    assert ids(get(f"/products/{seventh}/member-of")) == [f"{DATA}::1.0"]
    assert ids(get(f"/products/{seventh}/member-of/member-of/all")) == [bundle]
    assert ask(f"/products/{bundle}/members/newest").status_code == 400


def test_classes_narrow_by_the_kind_of_label() -> None:
    names = get("/classes")

    assert {"any", "bundles", "collections", "documents", "observationals"} < {*names}
    assert "spice-kernel" in names
    assert get("/classes/any")["summary"]["hits"] == 32
    assert get("/classes/observationals", limit=0)["summary"]["hits"] == 30
    assert get("/classes/bundle", limit=0)["summary"]["hits"] == 1
    assert get("/classes/observationals", q="img:Frame.img:number lt 3")["summary"]["hits"] == 3


def test_a_query_of_the_grammar_narrows() -> None:
    q = '((product_class eq "Product_Observational") and (img:Frame.img:number ge 20))'

    assert get("/products", q=q)["summary"]["hits"] == 10


def test_keywords_really_search_title_and_description() -> None:
    assert get("/products", keywords="regolith")["summary"]["hits"] == 6
    assert get("/products", keyword="regolith,image")["summary"]["hits"] == 6
    assert ids(get("/products", keywords="SHACKLETON")) == [f"{DATA}::1.0"]
    assert (
        get("/products", keywords="regolith", q="img:Frame.img:number lt 10")["summary"]["hits"]
        == 2
    )


def test_fields_choose_the_properties_and_leave_out_what_a_product_lacks() -> None:
    page = get("/products", fields=["lid,img:Frame.img:number", "ops:Harvest_Info/ops:node_name"])

    assert page["data"][0]["properties"].keys() == {
        "lid",
        "img:Frame.img:number",
        "ops:Harvest_Info.ops:node_name",
    }
    bundle = next(one for one in page["data"] if one["type"] == "Product_Bundle")
    assert "img:Frame.img:number" not in bundle["properties"]


@pytest.mark.parametrize("sort", ["-title", "title desc", "title DESC"])
def test_sorting_goes_both_ways(sort: str) -> None:
    up = [one["title"] for one in get("/products", sort="title")["data"]]
    down = [one["title"] for one in get("/products", sort=sort)["data"]]

    assert up == sorted(up)
    assert down == sorted(down, reverse=True)


def paged(sort: str, limit: int, *, joined: bool) -> list[str]:
    """All products by pages, each begun after the place that the summary told."""
    found: list[str] = []
    after: Any = None
    while True:
        page = get(
            "/products", sort=sort, limit=limit, **({"search_after": after} if after else {})
        )
        if not page["data"]:
            return found
        found += ids(page)
        places = page["summary"]["search_after"]
        after = ",".join(places) if joined else places
        assert len(found) <= 40


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 7, 32])
@pytest.mark.parametrize("sort", ["", "title", "-title", START, f"-{START}", "bytes", "lidvid"])
def test_pages_hold_every_product_once_also_where_values_tie_or_lack(
    sort: str, limit: int, *, joined: bool
) -> None:
    found = paged(sort, limit, joined=joined)

    assert sorted(found) == sorted({*ids(get("/products"))})


def test_the_sort_values_of_the_last_product_begin_the_next_page() -> None:
    """As pds.api-client and peppi page: with values out of the product, not the summary."""
    first = get("/products", sort=HARVEST, limit=10)
    last = first["data"][-1]["properties"][HARVEST][0]
    second = get("/products", sort=HARVEST.replace(".", "/"), limit=10, search_after=last)
    both = get("/products", limit=20)

    assert ids(first) + ids(second) == ids(both)


def test_a_limit_of_nothing_gives_the_summary_alone() -> None:
    page = get("/products", limit=0)

    assert page["data"] == []
    assert page["summary"]["hits"] == 32
    assert page["summary"]["search_after"] == []


def test_an_answer_of_nothing_is_no_error() -> None:
    page = get("/products", keywords="selenography")

    assert (page["data"], page["summary"]["hits"]) == ([], 0)


def test_facets_are_counted_under_the_name_asked_for() -> None:
    level = "pds:Primary_Result_Summary.pds:processing_level"
    page = get("/products", limit=0, facet_fields=[level, "class"], facet_limit=2)
    one = get("/products", limit=0, facet_fields="class", facet_limit=1)

    assert page["summary"]["facets"] == [
        {"property": level, "type": "terms", "counts": {"Raw": 20, "Derived": 10}},
        {
            "property": "class",
            "type": "terms",
            "counts": {"Product_Observational": 30, "Product_Bundle": 1},
        },
    ]
    assert len(one["summary"]["facets"][0]["counts"]) == 1


def test_the_facet_of_a_class_counts_that_class_alone() -> None:
    page = get("/classes/bundles", facet_fields="product_class")

    assert page["summary"]["facets"][0]["counts"] == {"Product_Bundle": 1}


def test_place_and_time_narrow_by_additions() -> None:
    assert get("/products", cone="1,-89,0.1")["summary"]["hits"] == 1
    assert get("/products", cone="0,-90,40")["summary"]["hits"] == 3
    assert get("/products", time="2026-11-22T10:07")["summary"]["hits"] == 2
    assert get("/products", time="../2026-11-22T10:00")["summary"]["hits"] == 4 + 2


def test_properties_are_listed_with_their_types() -> None:
    types = {one["property"]: one["type"] for one in get("/properties")}

    assert types[HARVEST] == types[START] == "timestamp"
    assert types["lid"] == "string"
    assert types["img:Frame.img:number"] == "float"


def test_health_is_told_and_damage_is_a_418() -> None:
    assert get("/health")["status"] == "healthy"
    node = _node()
    found = Fixity(datetime(2026, 11, 23, tzinfo=UTC), 37, 9, 99, ("0" * 64,))
    node.catalogue.apply(Projection(applied=node.log.size, fixity=found))
    reply = TestClient(create_app(node)).get(f"{API}/health")
    assert (reply.status_code, reply.json()["damaged_objects"]) == (418, 1)


def test_an_operator_finds_everything() -> None:
    operator = TestClient(create_app(NODE, OPERATOR))

    assert operator.get(f"{API}/products").json()["summary"]["hits"] == 33


@pytest.mark.parametrize("media", ["text/csv", "application/csv"])
def test_csv_has_the_fields_asked_for_and_nothing_else(media: str) -> None:
    reply = ask("/products", media, fields="lid,img:Frame.img:number", limit=40)

    rows = list(csv.reader(io.StringIO(reply.text)))
    assert reply.headers["content-type"].startswith(media)
    assert rows[0] == ["lid", "img:Frame.img:number"]
    assert [f"{DATA}:image_0", "0"] in rows
    assert [DATA, ""] in rows
    assert len(rows) == 33


def test_key_value_json_says_null_for_what_was_asked_for_and_is_not_there() -> None:
    page = ask("/products", "application/kvp+json", fields="lid,img:Frame.img:number").json()
    single = ask(f"/products/{DATA}", "application/kvp+json", fields="vid").json()

    assert {
        "key_value_pairs": [
            {"key": "lid", "value": DATA},
            {"key": "img:Frame.img:number", "value": None},
        ]
    } in page["data"]
    assert single == {"key_value_pairs": [{"key": "vid", "value": "1.0"}]}


def test_xml_says_what_json_says() -> None:
    root = etree.fromstring(ask("/products", "application/xml", q='lid eq "x\x01&<"').content)
    assert root.findtext("p:summary/p:q", namespaces=SPACE) == 'lid eq "x\ufffd&<"'

    one = etree.fromstring(ask(f"/products/{DATA}:image_8", "text/xml").content)
    assert one.findtext("p:id", namespaces=SPACE) == f"{DATA}:image_8::1.0"
    number = "p:properties/p:property[@name='img:Frame.img:number']"
    assert one.findtext(number, namespaces=SPACE) == "8"


def test_the_pds4_types_hold_the_label_itself() -> None:
    kept = build.label(build.product(f"{DATA}:image_8::1.0"))
    path, xml = f"/products/{DATA}:image_8", "application/vnd.nasa.pds.pds4+xml"

    assert ask(path, xml).content == kept
    as_json = ask(path, "application/vnd.nasa.pds.pds4+json").json()
    assert as_json["pds4"] == {"Product_Observational": ""}
    assert as_json["metadata"]["ops:Tracking_Meta"] == {"ops:archive_status": "archived"}
    assert [one["ops:file_name"] for one in as_json["metadata"]["ops:Data_Files"]] == [
        "image_8.csv"
    ]
    page = etree.fromstring(ask("/products", xml, limit=3).content)
    assert len(page.findall("p:product/p:pds4/Product_Observational", SPACE)) == 3


def test_a_browser_is_led_to_the_page_of_a_product() -> None:
    reply = ask(f"/products/{DATA}:image_8", "text/html,application/xml;q=0.9,*/*;q=0.8")

    assert reply.status_code == 303
    assert reply.headers["location"] == f"/products/{DATA}:image_8::1.0"


def test_every_answer_keeps_browsers_at_home() -> None:
    headers = ask("/products", limit=0).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    assert headers["access-control-allow-origin"] == "*"
    assert CLIENT.get("/docs").status_code == CLIENT.get("/redoc").status_code == 404
    document = CLIENT.get("/openapi.json").json()
    assert f"{API}/products/{{identifier}}/members/{{versions}}" in document["paths"]


def test_head_is_answered_wherever_get_is() -> None:
    reply = CLIENT.head(f"{API}/products")

    assert (reply.status_code, reply.content) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


NAMES = ["q", "keywords", "fields", "sort", "search-after", "limit", "facet-fields", "facet-limit"]
WORDS = (HARVEST, START, "lid", "title", "-bytes", "bytes", "class", "2026-11-22T12:00:05Z")
SIGNS = (" eq ", " like ", '"', "(", ")", "not ", " and ", "-1", "nan", "1e400", "\x00", "*", "%")
FRAGMENTS = st.sampled_from([*WORDS, *SIGNS, "9" * 40])
VALUES = st.lists(FRAGMENTS | st.text(max_size=5), max_size=6).map("".join)
KNOWN = [
    *("/products", "/classes/any", "/properties", "/health", f"/products/{DATA}"),
    *(f"/products/{DATA}:image_7/all", f"/products/{DATA}/member-of/latest"),
]
PATHS = st.sampled_from(KNOWN) | st.text(max_size=20).map(lambda text: "/products/" + text)
MEDIA = ["application/json", "text/csv", "application/kvp+json", "application/xml", "text/html"]


@given(
    PATHS,
    st.lists(st.tuples(st.sampled_from([*NAMES, "cone", "time", "keyword"]), VALUES), max_size=5),
    st.sampled_from([*MEDIA, "application/vnd.nasa.pds.pds4+xml"]),
)
def test_no_request_whatever_makes_the_node_fail(
    path: str, parameters: list[tuple[str, str]], accept: str
) -> None:
    try:
        address = f"{API}{quote(path)}?{urlencode(parameters)}"
    except UnicodeEncodeError:
        return
    reply = CLIENT.get(address, headers={"Accept": accept}, follow_redirects=False)

    assert reply.status_code in (200, 303, 307, 400, 404)
