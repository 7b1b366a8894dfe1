"""The audit page: all of it for the node's own, what the log shows for everyone else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.cli import main
from perilune.ingest.clear import clear, clearing
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.withdraw import correct, hold, withdraw, withdrawing
from perilune.model.ordered import Cause
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.testing.labels import file_area, label
from perilune.testing.persons import known, signed
from perilune.web.app import create_app

SPACE = "urn:ros:rssa"


def lidvid(name: str) -> str:
    return f"{SPACE}:mission:data:{name}::1.0"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Has cleared one of two products, withdrawn it, and held the other, which is secret."""
    made = Node.create(tmp_path / "node", config.make("Moscow", (SPACE,)))
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("one", "secret"):
        (folder / f"{name}.csv").write_bytes(name.encode())
        area = file_area(f"{name}.csv", size=str(len(name)))
        lid = f"{SPACE}:mission:data:{name}"
        (folder / f"{name}.xml").write_bytes(label(area, lid=lid))
    assert deliver(folder, made, Options()).is_complete
    two = known(made, "Anna", "Boris")
    order = clearing([lidvid("one")], Releasability.PUBLIC, "by the treaty", made)
    clear(signed(order, *two), made)
    correct(lidvid("one"), "in kelvin", made)
    hold(lidvid("secret"), "a case in court", made)
    order = withdrawing([lidvid("one")], Cause.RIGHTS, "not ours", made)
    withdraw(signed(order, *two), made)
    waiting = withdrawing([lidvid("secret")], Cause.LAW, "a court says so", made)
    desk = Desk.of(made)
    desk.lay(waiting)
    desk.sign(waiting, two[0].signature(waiting.encode()))
    return made


def kinds(document: dict[str, list[dict[str, object]]]) -> list[object]:
    return [each["act"] for each in document["acts"]]


def test_the_nodes_own_read_who_ordered_what_and_what_waits(node: Node) -> None:
    client = TestClient(create_app(node, OPERATOR))
    document = client.get("/audit.json").json()

    assert kinds(document) == ["withdraw", "hold", "erratum", "clear", "person", "person"]
    withdrawn, held, _, cleared, *_ = document["acts"]
    assert withdrawn["persons"] == cleared["persons"] == ["Anna", "Boris"]
    assert (held["persons"], held["open"], held["order"]) == ([], False, None)
    assert cleared["told"]["reason"] == "by the treaty"
    [waiting] = document["waiting"]
    assert (waiting["targets"], waiting["signed_by"]) == ([lidvid("secret")], ["Anna"])
    page = client.get("/audit", headers={"Accept": "text/html"}).text
    for words in ("Anna, Boris", "by the treaty", "a court says so", "the operator alone"):
        assert words in page, words


def test_a_visitor_reads_what_the_log_shows_and_no_name(node: Node) -> None:
    client = TestClient(create_app(node, VISITOR))
    document = client.get("/audit.json").json()

    assert kinds(document) == ["withdraw", "erratum", "clear"]
    assert document["waiting"] == []
    assert all(each["order"] for each in document["acts"] if each["act"] != "erratum")
    for text in (json.dumps(document), client.get("/audit").text):
        for secret in ("Anna", "Boris", "secret", "a case in court", "a court says so"):
            assert secret not in text


def test_the_list_goes_on_page_by_page(node: Node) -> None:
    def said(*words: str) -> dict[str, object]:
        answer = CliRunner().invoke(main, ["-n", str(node.root), "acts", *words, "--json"])
        assert answer.exit_code == 0, answer.output
        found: dict[str, object] = json.loads(answer.stdout)
        return found

    first = said("--limit", "4")
    rest = said("--limit", "4", "--before", str(first["next"]))

    assert kinds(first) == ["withdraw", "hold", "erratum", "clear"]  # type: ignore[arg-type]
    assert kinds(rest) == ["person", "person"]  # type: ignore[arg-type]
    assert rest["next"] is None


@pytest.mark.parametrize("language", ["ru", "zh", "fr"])
def test_the_page_is_there_in_every_language(language: str, node: Node) -> None:
    client = TestClient(create_app(node, OPERATOR))
    page = client.get("/audit", headers={"Accept": "text/html", "Accept-Language": language})

    assert page.status_code == 200
    assert "Who ordered what" not in page.text
