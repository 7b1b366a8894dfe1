"""Errors as answers: one form for programs, pages for people, and never the inside of the node."""

import pytest
from starlette.testclient import TestClient

from perilune.node import Node
from perilune.web.app import create_app

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def client() -> TestClient:
    app = create_app(Node.in_memory())

    @app.get("/fails")
    def get_fails() -> None:
        raise ZeroDivisionError("secret")

    return TestClient(app, raise_server_exceptions=False)


def test_a_program_gets_a_problem_document(client: TestClient) -> None:
    """RFC 9457 section 3."""
    reply = client.get("/nowhere", headers={"Accept": "application/json"})

    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {
        "type": "/docs/errors#not-found",
        "title": "Nothing by that name, or nothing you may know of.",
        "status": 404,
        "detail": "no page at /nowhere",
        "instance": "/nowhere",
        "code": "not-found",
        "advice": "Check the identifier; search for a part of it.",
    }


def test_a_person_gets_a_page(client: TestClient) -> None:
    reply = client.get("/nowhere", headers={"Accept": BROWSER})

    assert reply.status_code == 404
    assert reply.headers["content-type"].startswith("text/html")
    assert "no page at /nowhere" in reply.text


def test_a_fault_of_ours_is_told_without_its_inside(client: TestClient) -> None:
    reply = client.get("/fails")

    assert reply.status_code == 500
    assert reply.json()["code"] == "error"
    assert "secret" not in reply.text


def test_another_method_is_refused_with_those_there_are(client: TestClient) -> None:
    reply = client.delete("/log/checkpoint")

    assert reply.status_code == 405
    assert "GET" in reply.headers["allow"]
