"""A node reached by its address gives what its folder gives, and a lying one gives nothing.

The honest node is a real one, served on this machine; the dishonest ones are small servers.
"""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn

import perilune
from perilune.access.cursor import read_cursor
from perilune.access.policy import VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Cap, Comparison, Op, Query, Sort
from perilune.client import RemoteNode
from perilune.client.ranges import remote_file
from perilune.errors import BadQuestion, NotFound, PeerUnreachable, WrongUsage
from perilune.formats.pieces import VerifiedFile
from perilune.ingest.delivery import Options, deliver
from perilune.ledger.policy import Policy
from perilune.ledger.proof import verify_path
from perilune.mission.simulate import write_bundle
from perilune.model.identifier import Lid, Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.storage.digest import of_bytes
from perilune.web.app import create_app

BUNDLE = "urn:ros:rssa:luna26_simulated"
IMAGE = f"{BUNDLE}:data_calibrated:stc_01_cal"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that holds the simulated bundle; its delivered folder is ``luna26`` beside it."""
    folder = tmp_path_factory.mktemp("node") / "luna26"
    write_bundle(folder)
    made = Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    assert deliver(folder, made, Options()).is_complete
    yield made
    made.close()


@pytest.fixture(scope="module")
def remote(node: Node) -> Iterator[RemoteNode]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(node), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield RemoteNode(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        server.should_exit = True
        thread.join(10)


def names(document: dict[str, Any]) -> list[str]:
    return [product["lidvid"] for product in document["products"]]


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(limit=7),
        Query(text="shackleton"),
        Query(text="strip sim*", sort=(Sort("title"),), limit=25),
        Query(facets=(("class", frozenset({"Product_Browse", "Product_Bundle"})),)),
        Query(facets=(("level", frozenset({"Raw"})), ("mission", frozenset({"Nobody's"})))),
        Query(site=Cap(0.0, -90.0, 1.0)),
        Query(site=Cap(-2.5, -86.3, 0.5), text="calibrated"),
        Query(sort=(Sort("start", descending=True),), limit=3),
    ],
    ids=[
        "everything",
        "a page",
        "a word",
        "sorted by title",
        "two classes",
        "no such mission",
        "the pole",
        "a site and a word",
        "the last by time",
    ],
)
def test_a_question_has_the_same_answer_by_address_as_in_the_folder(
    node: Node, remote: RemoteNode, query: Query
) -> None:
    there = remote.search(query)
    here = search(query, node, VISITOR)

    assert names(there) == [str(hit.product.id) for hit in here.hits]
    assert there["total"] == here.total
    assert (there["next"] is None) == (here.next is None)


def test_times_narrow_by_address_as_in_the_folder(node: Node, remote: RemoteNode) -> None:
    strip = find(IMAGE, node, VISITOR).product.time
    assert strip is not None
    query = Query(after=strip.start, before=strip.stop)

    there = remote.search(query)

    assert f"{IMAGE}::1.0" in names(there)
    assert names(there) == [str(hit.product.id) for hit in search(query, node, VISITOR).hits]
    assert 0 < there["total"] < 38


@pytest.mark.parametrize("limit", [1, 7, 20, 38, 100])
def test_pages_of_any_length_lose_nothing_and_double_nothing(
    node: Node, remote: RemoteNode, limit: int
) -> None:
    seen: list[str] = []
    query = Query(limit=limit)
    while True:
        page = remote.search(query)
        seen += names(page)
        if page["next"] is None:
            break
        query = Query(limit=limit, cursor=read_cursor(page["next"]))

    everything = search(Query(limit=1000), node, VISITOR)
    assert seen == [str(hit.product.id) for hit in everything.hits]
    assert len(seen) == 38


def test_no_products_can_be_asked_for(remote: RemoteNode) -> None:
    assert remote.search(Query(limit=0)) == {"products": [], "total": 38, "next": None}


def test_an_identifier_is_found_or_not(remote: RemoteNode) -> None:
    by_lid = remote.search(Query(id=Lid.parse(IMAGE)))
    by_lidvid = remote.search(Query(id=Lidvid.parse(f"{IMAGE}::1.0"), versions="all"))
    nothing = remote.search(Query(id=Lidvid.parse(f"{IMAGE}::7.0")))

    assert names(by_lid) == names(by_lidvid) == [f"{IMAGE}::1.0"]
    assert nothing == {"products": [], "total": 0, "next": None}


@pytest.mark.parametrize(
    "query",
    [
        Query(where=Comparison("pds:Identification_Area.pds:title", Op.EQ, "x")),
        Query(versions="all"),
        Query(site=Cap(0, 0, 1, body="Mars")),
        Query(id=Lid.parse(IMAGE), text="moon"),
    ],
    ids=str,
)
def test_a_question_that_an_address_does_not_answer_is_said_so(
    remote: RemoteNode, query: Query
) -> None:
    with pytest.raises(WrongUsage):
        remote.search(query)


def test_the_nodes_own_errors_come_through(remote: RemoteNode) -> None:
    with pytest.raises(NotFound):
        remote.product(f"{BUNDLE}:data_raw:nothing")
    with pytest.raises(NotFound):
        remote.proof(f"{BUNDLE}:data_raw:nothing")
    with pytest.raises(BadQuestion, match="order"):
        remote.search(Query(sort=(Sort("bytes"),)))


def test_what_is_taken_out_is_what_was_delivered_and_proves_it(
    remote: RemoteNode, tmp_path: Path
) -> None:
    delivered = tmp_path / "again"
    write_bundle(delivered)

    written = remote.download(IMAGE, tmp_path / "out")

    assert len(written) == 2
    for path in written:
        source = delivered / path.relative_to(tmp_path / "out")
        assert path.read_bytes() == source.read_bytes()
    assert sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file()) == sorted(written)
    policy = Policy.parse(remote.policy())
    found = verify_path(tmp_path / "out", remote.proof(IMAGE), policy)
    assert str(found.act.lidvid) == f"{IMAGE}::1.0"


def test_taking_out_twice_writes_once(remote: RemoteNode, tmp_path: Path) -> None:
    first = remote.download(IMAGE, tmp_path)
    times = [path.stat().st_mtime_ns for path in first]

    assert remote.download(IMAGE, tmp_path) == first
    assert [path.stat().st_mtime_ns for path in first] == times


def test_a_file_of_ones_own_is_never_overwritten(remote: RemoteNode, tmp_path: Path) -> None:
    mine = remote.download(IMAGE, tmp_path)[0]
    mine.write_bytes(b"my notes")

    with pytest.raises(WrongUsage):
        remote.download(IMAGE, tmp_path)

    assert mine.read_bytes() == b"my notes"


def test_a_broken_off_file_is_gone_on_with(node: Node, remote: RemoteNode, tmp_path: Path) -> None:
    entry = find(IMAGE, node, VISITOR).manifest.files[1]
    whole = remote.download(IMAGE, tmp_path / "whole")[1].read_bytes()
    part = tmp_path / entry.path
    part = part.with_name(f".{part.name}.{entry.sha256[:16]}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(whole[:100_000])

    written = remote.download(IMAGE, tmp_path)[1]

    assert written.read_bytes() == whole
    assert not part.exists()


def test_a_spoilt_part_is_begun_again(node: Node, remote: RemoteNode, tmp_path: Path) -> None:
    entry = find(IMAGE, node, VISITOR).manifest.files[1]
    part = tmp_path / entry.path
    part = part.with_name(f".{part.name}.{entry.sha256[:16]}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)

    written = remote.download(IMAGE, tmp_path)[1]

    assert hashlib.sha256(written.read_bytes()).hexdigest() == entry.sha256


Answers = dict[str, tuple[int, bytes]]


@contextmanager
def pretending(answers: Answers) -> Iterator[tuple[RemoteNode, list[tuple[str, str | None]]]]:
    """A node that gives these bytes at these paths (ranges honoured), and what it was asked."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers["Range"]
            asked.append((self.path, span))
            status, body = answers.get(self.path, (404, b"{}"))
            if span and status == 200:
                status, body = 206, body[int(span.removeprefix("bytes=").rstrip("-")) :]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield RemoteNode(f"http://127.0.0.1:{server.server_port}"), asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def product(path: str = "a/b.xml", href: str = "/objects/x", body: bytes = b"label") -> Answers:
    entry = {
        "path": path,
        "href": href,
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return {"/products/urn:a:b:c.json": (200, json.dumps({"contents": [entry]}).encode())}


@pytest.mark.parametrize(
    "path", ["../b.xml", "/etc/x", "a//b", "a/./b", "a\\..\\b", "", "a/\n", "a/../../b"]
)
def test_a_file_outside_the_folder_is_not_written(path: str, tmp_path: Path) -> None:
    answers = product(path) | {"/objects/x": (200, b"label")}
    with pretending(answers) as (remote, _), pytest.raises(PeerUnreachable, match="a file at"):
        remote.download("urn:a:b:c", tmp_path / "out")

    assert list(tmp_path.rglob("*.xml")) == []


def test_a_link_in_the_folder_leads_nothing_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/a").symlink_to(tmp_path / "elsewhere")
    answers = product() | {"/objects/x": (200, b"label")}
    with pretending(answers) as (remote, _), pytest.raises(WrongUsage, match="leads out"):
        remote.download("urn:a:b:c", tmp_path / "out")

    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("href", ["http://169.254.169.254/x", "//127.0.0.1:1/x", "objects/x"])
def test_a_file_at_another_machine_is_not_fetched(href: str, tmp_path: Path) -> None:
    with pretending(product(href=href)) as (remote, asked):
        with pytest.raises(PeerUnreachable, match="another machine"):
            remote.download("urn:a:b:c", tmp_path)

        assert len(asked) == 1


def test_other_bytes_than_stated_are_asked_for_twice_and_not_kept(tmp_path: Path) -> None:
    answers = product() | {"/objects/x": (200, b"lable")}
    with pretending(answers) as (remote, asked):
        with pytest.raises(PeerUnreachable, match="not what the node says"):
            remote.download("urn:a:b:c", tmp_path)

        assert [path for path, _ in asked].count("/objects/x") == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_going_on_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    body = b"0123456789" * 10
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "a").mkdir()
    (tmp_path / f"a/.b.xml.{digest[:16]}.part").write_bytes(body[:60])
    with pretending(product(body=body) | {"/objects/x": (200, body)}) as (remote, asked):
        [written] = remote.download("urn:a:b:c", tmp_path)

    assert written.read_bytes() == body
    assert asked[-1] == ("/objects/x", "bytes=60-")


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>"), (200, b"[]"), (500, b"oops"), (200, b'{"contents": []}'), (404, b"{}")],
)
def test_a_machine_that_is_no_node_is_told_from_one(
    answer: tuple[int, bytes], tmp_path: Path
) -> None:
    answers = {"/products/urn:a:b:c.json": answer}
    with pretending(answers) as (remote, _), pytest.raises(PeerUnreachable):
        remote.download("urn:a:b:c", tmp_path)


def test_a_node_below_a_path_is_asked_below_it() -> None:
    answers = {"/lunar/products/urn:a:b:c.json": (200, b'{"title": "x"}')}
    with pretending(answers) as (remote, _):
        below = RemoteNode(f"{remote.url}/lunar/")

        assert below.product("urn:a:b:c") == {"title": "x"}


def test_an_array_is_opened_by_ranges_with_the_values_of_the_delivery(
    node: Node, remote: RemoteNode, tmp_path: Path
) -> None:
    here = remote.download(IMAGE, tmp_path)
    [label] = [path for path in here if path.suffix == ".xml"]

    by_url = perilune.open(f"{remote.url}/products/{IMAGE}").arrays[0]
    by_name = perilune.open(IMAGE, node=remote.url).arrays[0]
    by_row = perilune.open({"lidvid": f"{IMAGE}::1.0"}, node=node).arrays[0]
    by_path = perilune.open(label).arrays[0]

    expected = by_path[..., ::3]
    for image in (by_url, by_name, by_row):
        assert image.shape == by_path.shape
        assert image[..., ::3].tolist() == expected.tolist()


def test_a_file_name_opens_the_product_that_has_the_file(node: Node, remote: RemoteNode) -> None:
    for where in (node, remote.url):
        assert perilune.open("stc_01_cal.img", node=where).lidvid == f"{IMAGE}::1.0"
        assert perilune.open("stc_01_cal.xml", node=where).lidvid == f"{IMAGE}::1.0"
        with pytest.raises(NotFound, match="the node holds none of that name"):
            perilune.open('no "such" file.img', node=where)


def test_what_is_not_held_cannot_be_opened(remote: RemoteNode, node: Node) -> None:
    for where in (remote.url, node):
        with pytest.raises(NotFound):
            perilune.open(f"{BUNDLE}:data_calibrated:nothing", node=where)
    with pytest.raises(WrongUsage, match="is no product of a node"):
        perilune.open(f"{remote.url}/about")


class _Node:
    """A node that sends ``data``, whatever its manifest says, and notes what is asked of it."""

    url = "http://node"

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def range(self, _identifier: str, _path: str, start: int, stop: int) -> bytes:
        self.asked.append((start, stop))
        return self.data[start:stop]


def file_and_sender(data: bytes, sent: bytes) -> tuple[VerifiedFile, _Node]:
    entry = FileEntry.of("a/data.img", "file", of_bytes(data))
    sender = _Node(sent)
    manifest = Manifest(Lidvid.parse(f"{IMAGE}::1.0"), (entry,))
    return remote_file(cast("RemoteNode", sender), manifest, entry), sender


def test_only_the_pieces_of_a_window_are_fetched_and_each_once() -> None:
    data = bytes(range(256)) * 4096 * 4
    file, sender = file_and_sender(data, data)
    piece = 1 << 20

    assert bytes(file.read(piece - 5, piece + 5)) == data[piece - 5 : piece + 5]
    assert bytes(file.read(10, 20)) == data[10:20]
    assert bytes(file.read(3 * piece, 3 * piece + 1)) == data[3 * piece : 3 * piece + 1]
    assert sender.asked == [(0, 2 * piece), (3 * piece, 4 * piece)]


def test_a_piece_that_is_not_that_of_the_manifest_gives_no_byte() -> None:
    data = bytes(3 << 20)
    wrong = bytearray(data)
    wrong[(2 << 20) + 7] = 1
    file, _ = file_and_sender(data, bytes(wrong))

    assert bytes(file.read(0, 2 << 20)) == data[: 2 << 20]
    with pytest.raises(PeerUnreachable, match=r"bytes from 2097152 of a/data.img are not"):
        file.read((2 << 20) - 1, (2 << 20) + 1)
