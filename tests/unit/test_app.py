"""What is true of every answer: compression, what may be kept, and no other host."""

import re

import pytest
from starlette.testclient import TestClient

from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app


@pytest.fixture(scope="module")
def client() -> TestClient:
    node = Node.in_memory()
    keep(node, build.holding())
    return TestClient(create_app(node))


def test_text_is_compressed_for_whoever_wants_it(client: TestClient) -> None:
    packed = client.get("/api/search/1/products", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/api/search/1/products", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["data"] == plain.json()["data"]


def test_the_bytes_of_the_archive_are_never_compressed(client: TestClient) -> None:
    reply = client.get(f"/extract/{build.LIDVID}.zip", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in reply.headers
    assert int(reply.headers["content-length"]) == len(reply.content)


def test_our_own_files_may_be_kept_when_asked_for_by_their_fingerprint(client: TestClient) -> None:
    named = client.get("/static/icon.svg?v=0123")
    plain = client.get("/static/icon.svg")

    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/app.py").status_code == 404


def test_no_page_names_another_host_to_load_from(client: TestClient) -> None:
    for path in ("/", f"/products/{build.LIDVID}", "/node"):
        page = client.get(path, headers={"Accept": "text/html"})
        loads = re.findall(
            r"<(?:script|link|img|iframe|source)[^>]*(?:src|href)=\"([^\"]+)", page.text
        )
        assert page.status_code == 200
        assert loads
        assert all(re.match(r"/(?!/)", address) for address in loads)
