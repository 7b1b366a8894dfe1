"""The page of the node, and what it remembers of a visitor: language and theme, nothing else."""

import pytest
from lxml import html
from starlette.testclient import TestClient

from perilune.catalogue.port import Fixity, Projection
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Verifier, open_note
from perilune.model import act
from perilune.model.act import FixityAct
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def node() -> Node:
    node = Node.in_memory()
    secret = build.holding(
        "urn:nasa:pds:luna:data:secret::1.0", 3, releasability=Releasability.NATIONAL
    )
    ids = ["urn:nasa:pds:luna:data:image::1.0", "urn:nasa:pds:luna:data:image::2.0"]
    keep(node, *build.holdings(ids), secret)
    return node


@pytest.fixture
def client(node: Node) -> TestClient:
    return TestClient(create_app(node), headers=BROWSER)


def test_the_node_says_what_it_keeps_for_this_visitor_and_what_it_signed(
    client: TestClient, node: Node
) -> None:
    document = client.get("/node.json").json()

    assert document["counts"]["products"] == 1
    assert document["counts"]["versions"] == 2
    assert document["log"] == {
        "size": 4,
        "root": node.log.root.hex(),
        "checkpoint": "/log/checkpoint",
        "policy": "/log/policy",
    }
    assert document["keys"]["log"] == node.log.vkey
    assert "secret" not in client.get("/node").text


def test_the_head_on_the_page_is_the_signed_one(client: TestClient, node: Node) -> None:
    shown = html.fromstring(client.get("/node").text).xpath("string(//pre)")

    checkpoint = Checkpoint.parse(open_note(shown.encode(), [Verifier.parse(node.log.vkey)]).text)
    assert (checkpoint.size, checkpoint.root) == (4, node.log.root)


def test_damage_is_told(client: TestClient, node: Node) -> None:
    assert "Nothing was read back yet" in client.get("/node").text
    node.log.append(
        [act.encode(FixityAct(t=build.NOON, objects=1200, bytes=9, damaged=("a" * 64,)))]
    )
    found = Fixity(at=build.NOON, index=4, objects=1200, bytes=9, damaged=("a" * 64,))
    node.catalogue.apply(Projection(applied=5, fixity=found))

    text = html.fromstring(client.get("/node").text).text_content()

    assert "damaged of 1,200 objects read back, 2026-11-22 12:00 UTC" in text


def test_a_language_is_remembered_and_the_visitor_goes_back_where_they_were(
    client: TestClient,
) -> None:
    back = "/?q=image&mission=Luna+26"
    reply = client.post(
        "/preferences", data={"language": "ru", "back": back}, follow_redirects=False
    )

    assert reply.status_code == 303
    assert reply.headers["location"] == back
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    page = client.get("/node")
    assert page.headers["content-language"] == "ru"
    assert html.fromstring(page.text).get("lang") == "ru"


def test_a_theme_is_remembered_and_forgotten(client: TestClient) -> None:
    client.post("/preferences", data={"theme": "dark"})
    assert html.fromstring(client.get("/").text).get("data-theme") == "dark"

    client.post("/preferences", data={"theme": "system"})
    assert html.fromstring(client.get("/").text).get("data-theme") is None


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/a\r\nb", ""],
)
def test_nobody_is_led_to_another_host(client: TestClient, back: str) -> None:
    reply = client.post("/preferences", data={"back": back}, follow_redirects=False)

    assert reply.headers["location"] == "/"


def test_a_cookie_of_another_kind_changes_nothing(client: TestClient) -> None:
    headers = {"Cookie": "language=\"><script>; theme=hot'pink"}
    tree = html.fromstring(client.get("/", headers=headers).text)

    assert tree.get("lang") == "en"
    assert tree.get("data-theme") is None


def test_the_language_is_the_address_then_the_cookie_then_the_browser(client: TestClient) -> None:
    def tongue(address: str, **headers: str) -> str:
        return client.get(address, headers=headers).headers["content-language"]

    assert tongue("/") == "en"
    assert tongue("/", **{"Accept-Language": "pt, zh-CN;q=0.8, fr;q=0.9"}) == "fr"
    client.cookies.set("language", "zh")
    assert tongue("/", **{"Accept-Language": "fr"}) == "zh-Hans"
    assert tongue("/?lang=ru", **{"Accept-Language": "fr"}) == "ru"
