"""A closed embargo: the row is public, the bytes are not, in any form, until the release act."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, find_listed
from perilune.errors import Embargoed
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.release import release, release_due
from perilune.model.product import Embargo, Releasability
from perilune.node import Node
from perilune.testing.labels import file_area, label
from perilune.web.app import create_app

LID = "urn:nasa:pds:mission:data:closed"
ID = f"{LID}::1.0"
WHEN = datetime(2027, 1, 31, 12, tzinfo=UTC)
DATA = bytes(range(256)) * 20
SECRETS = (DATA[:40], b"<Product_Observational", b"logical_identifier>")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Has one open product, and one whose bytes are closed."""
    settings = config.make("Node", ("urn:nasa:pds",), releasability=Releasability.PUBLIC)
    made = Node.create(tmp_path / "node", settings)
    for name, options in (
        ("open", Options()),
        ("closed", Options(embargo=Embargo.CLOSED, release_at=WHEN)),
    ):
        folder = tmp_path / name / "data"
        folder.mkdir(parents=True)
        (folder / f"{name}.png").write_bytes(DATA if name == "closed" else b"open")
        area = file_area(f"{name}.png")
        lid = LID.replace("closed", name)
        (folder / f"{name}.xml").write_bytes(label(area, lid=lid))
        assert deliver(tmp_path / name, made, options).is_complete
    yield made
    made.close()


@pytest.fixture
def visitor(node: Node) -> TestClient:
    return TestClient(create_app(node, VISITOR), headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize(
    "address",
    [
        f"/products/{ID}",
        f"/products/{ID}.json",
        "/search",
        "/search.json",
        f"/api/search/1/products/{ID}",
        f"/api/search/1/products/{LID}/all",
        "/api/search/1/products",
        f"/map/features/{ID}.json",
    ],
)
def test_the_row_is_shown_and_none_of_its_bytes(visitor: TestClient, address: str) -> None:
    reply = visitor.get(address)

    assert reply.status_code == 200
    assert b"closed" in reply.content or "features" in address
    for secret in SECRETS:
        assert secret not in reply.content
    assert b"/objects/urn:nasa:pds:mission:data:closed" not in reply.content or "api" in address


@pytest.mark.parametrize("media", ["vnd.nasa.pds.pds4+json", "vnd.nasa.pds.pds4+xml"])
def test_a_list_of_labels_has_not_that_of_what_is_closed(visitor: TestClient, media: str) -> None:
    headers = {"Accept": f"application/{media}"}

    listed = visitor.get("/api/search/1/products", headers=headers)
    single = visitor.get(f"/api/search/1/products/{ID}", headers=headers)

    assert listed.status_code == 200
    assert ID in listed.text
    assert listed.text.count("An image of the Moon</title>") <= 1
    assert listed.text.count("pds:logical_identifier") <= 2
    assert b"File_Area_Observational" not in single.content
    if "xml" in media:
        assert single.status_code == 403
        assert "under embargo until 2027" in single.text


@pytest.mark.parametrize(
    "address",
    [
        f"/objects/{ID}/data/closed.png",
        f"/objects/{ID}/data/closed.xml",
        f"/objects/{LID}/data/nothing.png",
        f"/manifests/{ID}",
        f"/log/proof/{ID}",
        f"/quicklooks/{ID}",
        *(f"/extract/{ID}.{form}" for form in ("zip", "tar", "curl", "aria2", "meta4", "py")),
    ],
)
def test_its_bytes_are_given_to_nobody_with_the_reason_and_until_when(
    visitor: TestClient, address: str
) -> None:
    reply = visitor.get(address, headers={"Accept": "application/json"})

    assert reply.status_code == 403
    found = reply.json()
    assert found["code"] == "embargoed"
    assert "under embargo until 2027-01-31 12:00 UTC. Ask Node." in found["detail"]


def test_an_extract_of_a_search_goes_without_it(visitor: TestClient) -> None:
    reply = visitor.get("/extract/search.meta4")

    assert "open.png" in reply.text
    assert "closed.png" not in reply.text


def test_frames_for_peers_leave_it_out(visitor: TestClient) -> None:
    reply = visitor.post("/federation/products", content=f"{ID}\n")

    assert reply.content == bytes(8)


def test_its_operators_read_it(node: Node) -> None:
    assert find(ID, node, OPERATOR) == find_listed(ID, node, VISITOR)
    with pytest.raises(Embargoed):
        find(ID, node, VISITOR)


def test_a_date_that_comes_ends_nothing_before_the_act_is_made(node: Node, tmp_path: Path) -> None:
    later = Node.open(tmp_path / "node", now=lambda: WHEN)
    assert not find_listed(ID, later, VISITOR).is_public

    assert release_due(node) == []
    [released] = release_due(later)

    assert released.products == 1
    assert release_due(later) == []
    assert find(ID, later, VISITOR).is_public
    app = TestClient(create_app(later))
    assert app.get(f"/objects/{ID}/data/closed.png").content == DATA
    later.close()


def test_one_product_is_released_by_its_name(node: Node) -> None:
    assert release(ID, node).products == 1

    assert find(ID, node, VISITOR).release_at == WHEN
