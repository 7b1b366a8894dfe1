"""The page of a site: what is known at once, what is worked out meanwhile, in four languages."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.formats.pds4.writing import WrittenFile, document, element, file
from perilune.ingest.delivery import deliver
from perilune.mission.dossier.desk import Desk, Errand, Failed, Survey, Underway
from perilune.mission.dossier.place import Place
from perilune.mission.simulate import labels, write_bundle
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing.errands import HAS_NO_HEIGHTS, IS_KILLED, quick
from perilune.web.app import create_app

pytest.importorskip("rasterio")
pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)

MODEL = f"{labels.BUNDLE}:data_derived:heights"
HERE = "lat=-89.6&lon=40&radius=15"
BROWSER = {"Accept": "text/html"}
WAIT_S = 240


def write_model(mountain: Path, folder: Path) -> None:
    """The model of the fixture as a product."""
    folder.mkdir()
    data = mountain.read_bytes()
    (folder / "heights.tif").write_bytes(data)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    day = datetime(2028, 1, 1, tzinfo=UTC)
    header = element(
        "Header",
        element("offset", "0", unit="byte"),
        element("object_length", str(len(data)), unit="byte"),
        element("parsing_standard_id", "TIFF 6.0"),
    )
    named = file(WrittenFile(name="heights.tif", size=len(data), md5=md5))
    root = element(
        "Product_Observational",
        labels.identification(MODEL, "Heights", "Product_Observational", "Heights."),
        labels.context("data", day, day, "Derived", [("Altimeter", "alt")]),
        element("File_Area_Observational", named, header),
    )
    (folder / "heights.xml").write_bytes(document(root))


@pytest.fixture(scope="module")
def node(mountain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    settings = config.make("A", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    settings = replace(settings, validation=config.Validation.CUSTODY, elevation_model=MODEL)
    made = Node.create(folder / "n", settings)
    write_bundle(folder / "bundle")
    write_model(mountain, folder / "model")
    for each in ("bundle", "model"):
        assert deliver(folder / each, made).receipt is not None
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(node: Node) -> TestClient:
    return TestClient(create_app(node), headers=BROWSER)


@pytest.fixture(scope="module")
def first(client: TestClient) -> Any:
    """What the very first visitor is told."""
    return client.get(f"/site.json?{HERE}")


@pytest.fixture(scope="module")
def done(client: TestClient, first: Any) -> Any:
    assert first.status_code == 200
    deadline = time.monotonic() + WAIT_S
    while (found := client.get(f"/site.json?{HERE}").json())["psr_km2"] is None:
        assert time.monotonic() < deadline, found["missing"]
        time.sleep(0.5)
    return found


def test_coverage_and_sky_are_told_before_the_ground_is_worked_out(first: Any) -> None:
    told = first.json()

    assert told["coverage"]["products"] > 0
    assert told["sky"]["sun"]["highest_deg"] == pytest.approx(1.94, abs=0.1)
    assert told["psr_km2"] is None
    assert "being worked out" in told["missing"][0]
    assert first.headers["retry-after"] == "4"


def test_the_ground_follows_and_names_the_product_that_it_comes_from(done: Any) -> None:
    assert done["missing"] == []
    assert done["model"]["lidvid"] == f"{MODEL}::1.0"
    assert done["model"]["log_position"] > 0
    assert done["illumination"]["best"]["lat"] == pytest.approx(-89.6, abs=0.05)
    assert done["coverage"]["products"] > 0


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "Best-lit place"),
        ("ru", "Самое освещённое место"),
        ("zh", "光照最佳点"),
        ("fr", "Lieu le mieux éclairé"),
    ],
)
def test_the_page_is_whole_in_each_language(code: str, words: str, client: TestClient) -> None:
    answer = client.get(f"/site?{HERE}&lang={code}")
    page = html.fromstring(answer.text)

    assert "refresh" not in answer.headers
    assert words in page.text_content()
    assert len(page.xpath("//figure")) == 6
    captions = {text.text for text in page.xpath("//figure//*[local-name()='text']")}
    assert (code == "en") == ("Permanent shadow" in captions)
    assert not page.xpath("//*[@style]")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_a_page_that_waits_says_so_and_asks_again(client: TestClient) -> None:
    answer = client.get("/site?lat=-89.61&lon=41&radius=5")

    assert answer.headers["refresh"] == "4"
    assert "This page asks again by itself" in answer.text


def test_a_node_without_a_model_says_what_is_missing() -> None:
    answer = TestClient(create_app(Node.in_memory()), headers=BROWSER).get(f"/site?{HERE}")

    assert answer.status_code == 200
    assert "elevation_model" in answer.text


@pytest.mark.parametrize(
    "query", ["lat=-91&lon=0", "lat=0&lon=0&radius=500", "lat=0&lon=0&radius=0"]
)
def test_places_that_are_none_are_refused(query: str, client: TestClient) -> None:
    assert client.get(f"/site.json?{query}").status_code == 400


def test_every_search_of_a_place_leads_to_its_dossier(client: TestClient) -> None:
    page = html.fromstring(client.get("/?site=Shackleton").text)

    assert page.xpath("//a[starts-with(@href, '/site?lat=-89.67&lon=129.78')]")
    assert not html.fromstring(client.get("/").text).xpath("//a[starts-with(@href, '/site?')]")


def errand(number: float) -> Errand:
    return Errand(Path("/nowhere"), Place.of(-80.0, number, 5.0), MODEL, VISITOR)


def answered(desk: Desk, number: float) -> Survey | Failed:
    deadline = time.monotonic() + 60
    while isinstance(found := desk.ask(errand(number)), Underway):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_desk_does_an_errand_once_and_keeps_what_came_of_it() -> None:
    desk = Desk(work=quick)

    assert isinstance(desk.ask(errand(1)), Underway)
    found = answered(desk, 1)

    assert found == Survey({"lon": 1.0}, ())
    assert desk.ask(errand(1)) is found
    other = replace(errand(1), asker=OPERATOR)
    assert isinstance(desk.ask(other), Underway)


def test_what_cannot_be_worked_out_is_told_in_words() -> None:
    desk = Desk(work=quick)

    assert answered(desk, HAS_NO_HEIGHTS) == Failed("no heights there")
    failed = answered(desk, IS_KILLED)
    assert isinstance(failed, Failed)
    assert "ended before it was done" in failed.reason


def test_a_crowd_is_told_to_come_back() -> None:
    desk = Desk(work=quick)

    answers = [desk.ask(errand(number)) for number in range(40)]

    assert sum(isinstance(each, Failed) for each in answers) >= 30
    assert all("ask again" in each.reason for each in answers if isinstance(each, Failed))
