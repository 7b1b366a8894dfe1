"""Bytes over HTTP: ranges, conditions, digests, zip files, and who may have them."""

import base64
import email
import hashlib
import io
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.storage.local import LocalStore
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

MIB = 1 << 20
IMAGE = random.Random(7).randbytes(2 * MIB + 77)
FILES = {
    "data/image_1.img": IMAGE,
    "data/été 1.txt": b"regolith",
    "data/empty.tab": b"",
    "data/page.html": b"<script>alert(1)</script>",
}
ADDRESS = f"/objects/{build.LIDVID}/data/image_1.img"
HIDDEN = "urn:nasa:pds:luna:data:hidden::1.0"


@pytest.fixture
def node() -> Node:
    node = Node.in_memory()
    hidden = build.holding(HIDDEN, 2, releasability=Releasability.NATIONAL)
    keep(node, build.holding(files=FILES), hidden, contents=FILES.values())
    return node


@pytest.fixture
def client(node: Node) -> TestClient:
    return TestClient(create_app(node))


def test_a_file_comes_whole_with_its_length_type_and_digest(client: TestClient) -> None:
    reply = client.get(ADDRESS)

    assert (reply.status_code, reply.content) == (200, IMAGE)
    assert reply.headers["content-length"] == str(len(IMAGE))
    digest = base64.b64encode(hashlib.sha256(IMAGE).digest()).decode()
    assert reply.headers["content-digest"] == f"sha-256=:{digest}:"
    assert reply.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert reply.headers["etag"] == f'"{hashlib.sha256(IMAGE).hexdigest()}"'
    assert reply.headers["content-disposition"].startswith('attachment; filename="image_1.img"')


def test_a_file_of_any_name_or_size_comes(client: TestClient) -> None:
    named = client.get(f"/objects/{build.LIDVID}/data/%C3%A9t%C3%A9%201.txt")
    empty = client.get(f"/objects/{build.LIDVID}/data/empty.tab")

    assert named.content == b"regolith"
    assert named.headers["content-disposition"] == (
        "inline; filename=\"_t_ 1.txt\"; filename*=UTF-8''%C3%A9t%C3%A9%201.txt"
    )
    assert (empty.status_code, empty.content) == (200, b"")


def test_head_tells_the_same_and_sends_nothing(client: TestClient) -> None:
    got, told = client.get(ADDRESS), client.head(ADDRESS)

    assert told.status_code == 200
    assert told.content == b""
    assert dict(told.headers) == dict(got.headers)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        (f"bytes={MIB - 1}-{MIB}", MIB - 1, MIB + 1),
        ("bytes=-5", len(IMAGE) - 5, len(IMAGE)),
        (f"bytes={MIB}-", MIB, len(IMAGE)),
    ],
)
def test_a_range_comes_alone(client: TestClient, asked: str, start: int, stop: int) -> None:
    reply = client.get(ADDRESS, headers={"Range": asked})

    assert (reply.status_code, reply.content) == (206, IMAGE[start:stop])
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(IMAGE)}"
    assert reply.headers["content-length"] == str(stop - start)
    assert "content-digest" not in reply.headers
    assert "repr-digest" in reply.headers


def test_several_ranges_come_in_parts_that_a_mail_reader_can_take_apart(
    client: TestClient,
) -> None:
    reply = client.get(ADDRESS, headers={"Range": f"bytes=0-9,{MIB - 5}-{MIB + 4},-1"})

    assert reply.status_code == 206
    assert int(reply.headers["content-length"]) == len(reply.content)
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + reply.content).get_payload()
    assert isinstance(parts, list)
    assert [(part["Content-Range"], part.get_payload(decode=True)) for part in parts] == [
        (f"bytes 0-9/{len(IMAGE)}", IMAGE[:10]),
        (f"bytes {MIB - 5}-{MIB + 4}/{len(IMAGE)}", IMAGE[MIB - 5 : MIB + 5]),
        (f"bytes {len(IMAGE) - 1}-{len(IMAGE) - 1}/{len(IMAGE)}", IMAGE[-1:]),
    ]


def test_a_range_beyond_the_end_is_refused_with_the_size(client: TestClient) -> None:
    reply = client.get(ADDRESS, headers={"Range": f"bytes={len(IMAGE)}-"})

    assert reply.status_code == 416
    assert reply.headers["content-range"] == f"bytes */{len(IMAGE)}"


def test_a_range_of_other_bytes_than_the_asker_has_gives_the_whole(client: TestClient) -> None:
    etag = client.head(ADDRESS).headers["etag"]

    same = client.get(ADDRESS, headers={"Range": "bytes=0-0", "If-Range": etag})
    other = client.get(ADDRESS, headers={"Range": "bytes=0-0", "If-Range": '"older"'})

    assert (same.status_code, other.status_code) == (206, 200)


def test_what_the_asker_has_is_not_sent_again(client: TestClient) -> None:
    headers = client.head(ADDRESS).headers

    by_tag = client.get(ADDRESS, headers={"If-None-Match": f'"x", W/{headers["etag"]}'})
    by_date = client.get(ADDRESS, headers={"If-Modified-Since": headers["last-modified"]})
    older = client.get(
        ADDRESS,
        headers={"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT", "Range": "bytes=0-0"},
    )

    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert by_tag.headers["etag"] == headers["etag"]
    assert (by_date.status_code, older.status_code) == (304, 206)


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Range", "Range", "If-None-Match"])
@pytest.mark.parametrize("value", ["", "yesterday", "\xff", "Thu, 99 Foo 0000 00:00:00 GMT", ","])
def test_headers_that_make_no_sense_are_ignored(client: TestClient, name: str, value: str) -> None:
    reply = client.get(ADDRESS, headers={name: value.encode("latin-1")})

    assert reply.status_code == 200


def test_an_archived_page_runs_nothing_here(client: TestClient) -> None:
    reply = client.get(f"/objects/{build.LIDVID}/data/page.html")

    assert reply.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert reply.headers["content-disposition"].startswith("attachment")
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        f"/objects/{HIDDEN}/data/hidden.csv",
        f"/extract/{HIDDEN}.zip",
        f"/objects/{build.LIDVID}/data/other.img",
        f"/objects/{build.LIDVID}/",
        f"/objects/{build.LIDVID}/../../../etc/passwd",
        f"/objects/{build.LIDVID}/%2e%2e/%2e%2e/etc/passwd",
        "/objects/..%2f..%2f/data/image_1.img",
        "/objects/nothing/at/all",
        "/extract/nothing.zip",
    ],
)
def test_what_may_not_be_had_is_not_found(client: TestClient, path: str) -> None:
    reply = client.get(path)

    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "not-found"


def test_an_operator_has_what_a_visitor_has_not(node: Node) -> None:
    operator = TestClient(create_app(node, OPERATOR))

    reply = operator.get(f"/objects/{HIDDEN}/data/hidden.csv")

    assert reply.content == build.TABLE
    assert "access-control-allow-origin" not in reply.headers


def test_a_zip_has_the_length_announced(client: TestClient) -> None:
    reply = client.get(f"/extract/{build.LIDVID}.zip")

    assert reply.headers["content-length"] == str(len(reply.content))
    with zipfile.ZipFile(io.BytesIO(reply.content)) as made:
        assert made.testzip() is None
        assert {path: made.read(path) for path in FILES} == FILES


def test_a_damaged_file_is_an_error_and_not_a_byte_of_it_leaves(node: Node, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    with store.batch() as batch:
        batch.put(io.BytesIO(b"regolith"))
    (kept,) = tmp_path.rglob(hashlib.sha256(b"regolith").hexdigest())
    kept.chmod(0o600)
    kept.write_bytes(b"regoliTh")
    rotten = TestClient(create_app(replace(node, store=store)))

    reply = rotten.get(f"/objects/{build.LIDVID}/data/%C3%A9t%C3%A9%201.txt")

    assert reply.status_code == 500
    assert reply.json()["code"] == "damaged"
    assert b"regoli" not in reply.content
    assert "etag" not in reply.headers


def test_damage_found_late_ends_the_file_before_it(node: Node, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    with store.batch() as batch:
        batch.put(io.BytesIO(IMAGE))
    (kept,) = tmp_path.rglob(hashlib.sha256(IMAGE).hexdigest())
    kept.chmod(0o600)
    kept.write_bytes(IMAGE[:-1] + b"\x00" * (IMAGE[-1:] != b"\x00") + b"\x01" * (IMAGE[-1] == 0))
    rotten = TestClient(create_app(replace(node, store=store)), raise_server_exceptions=False)

    reply = rotten.get(ADDRESS)

    assert reply.content == IMAGE[: 2 * MIB]
    assert int(reply.headers["content-length"]) > len(reply.content)
