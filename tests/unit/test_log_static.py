"""The log over HTTP: enough for a third party to check a product, and nothing else."""

import base64
import hashlib

import pytest
from starlette.testclient import TestClient

from perilune.ledger.policy import Policy
from perilune.ledger.proof import read_proof
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

HIDDEN = "urn:nasa:pds:luna:data:hidden::1.0"


@pytest.fixture
def node() -> Node:
    node = Node.in_memory()
    keep(node, build.holding(), build.holding(HIDDEN, 2, releasability=Releasability.NATIONAL))
    return node


@pytest.fixture
def client(node: Node) -> TestClient:
    return TestClient(create_app(node))


def test_the_tiles_hash_to_the_root_of_the_checkpoint(client: TestClient) -> None:
    """RFC 6962 section 2.1, computed here from the bytes served and nothing of ours."""
    origin, size, root, *_ = client.get("/log/checkpoint").text.splitlines()
    tile = client.get(f"/log/tile/0/000.p/{size}").content
    bundle = client.get(f"/log/tile/entries/000.p/{size}").content

    leaves = [tile[at : at + 32] for at in range(0, len(tile), 32)]
    pair = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    top = hashlib.sha256(b"\x01" + pair + leaves[2]).digest()
    length = int.from_bytes(bundle[:2], "big")

    assert int(size) == len(leaves) == 3
    assert base64.b64decode(root) == top
    assert hashlib.sha256(b"\x00" + bundle[2 : 2 + length]).digest() == leaves[0]
    assert origin in client.get("/log/policy").text


def test_tiles_may_be_kept_for_ever_and_the_checkpoint_not(client: TestClient) -> None:
    tile = client.get("/log/tile/0/000.p/3").headers
    head = client.get("/log/checkpoint").headers

    assert tile["cache-control"] == "public, max-age=31536000, immutable"
    assert tile["content-type"] == "application/octet-stream"
    assert head["cache-control"] == "no-cache"
    assert head["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/4",
        "tile/0/000.p/0",
        "tile/0/0",
        "tile/-1/000",
        "tile/%2e%2e/checkpoint",
        "tile/%2e%2e/%2e%2e/node.toml",
        "tile/0/000.p/3%00",
        "tile/0/000.p/3/",
        "tile//000.p/3",
        "lock",
        "",
    ],
)
def test_no_other_name_leads_anywhere(client: TestClient, path: str) -> None:
    assert client.get(f"/log/{path}").status_code == 404


def test_a_proof_taken_over_http_convinces_whoever_trusts_the_policy(client: TestClient) -> None:
    proof = read_proof(client.get(f"/log/proof/{build.LIDVID}").content)
    policy = Policy.parse(client.get("/log/policy").text)

    assert str(proof.verify(policy).act.lidvid) == build.LIDVID


def test_there_is_no_proof_of_what_may_not_be_seen(client: TestClient) -> None:
    assert client.get(f"/log/proof/{HIDDEN}").status_code == 404
