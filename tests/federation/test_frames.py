"""Small products travel many at a time, and each is verified before it counts."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.federation import frames
from perilune.federation.custody import Counts
from perilune.federation.replica import State
from perilune.node import Node
from perilune.web.app import create_app

from .scene import OWNER, Served, befriend, hand_in, kept_of, make, pull, write

NAMES = [f"{OWNER}:mission:data:{name}::1.0" for name in ("one", "two", "three")]
NOTHING = struct.pack(">Q", 0)


def framed(*contents: bytes) -> bytes:
    return b"".join(struct.pack(">Q", len(content)) + content for content in contents)


def parts_of(owner: Served) -> list[bytes]:
    """The frames of the three products, in the order of the log."""
    given = b"".join(frames.answer(_published(owner), owner.node, VISITOR))
    parts = []
    while given:
        (size,) = struct.unpack_from(">Q", given)
        parts.append(given[8 : 8 + size])
        given = given[8 + size :]
    return parts


def _published(owner: Served) -> list[str]:
    hits = search(Query(limit=10), owner.node, OPERATOR).hits
    return [str(each.product.id) for each in sorted(hits, key=lambda each: each.index)]


def answering(body: Callable[[], Response]) -> Callable[[Request], Response | None]:
    return lambda request: body() if request.url.path == "/federation/products" else None


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_all_products_of_a_round_come_in_one_answer(owner: Served, copier: Node) -> None:
    done = pull(copier, owner)

    assert done.counts == Counts(published=3, held=3)
    assert owner.asked.count("/federation/products") == 1
    assert not [path for path in owner.asked if path.startswith(("/objects/", "/manifests/"))]


@pytest.mark.parametrize("place", [5, -1], ids=["in the manifest", "in the last file"])
def test_a_product_that_is_not_what_the_log_promises_is_refused_and_hinders_no_other(
    owner: Served, copier: Node, place: int
) -> None:
    first, second, third = parts_of(owner)
    body = framed(first, flipped(second, place % len(second)), third)
    owner.bend = answering(lambda: Response(body))

    done = pull(copier, owner)

    assert done.counts == Counts(published=3, held=2, excepted=1)
    [missing] = done.excepted
    assert (str(missing.lidvid), missing.why) == (_published(owner)[1], State.WRONG_BYTES)
    wanted = {name for name, _ in copier.catalogue.objects("own")}
    assert len(set(copier.store) - wanted) == 2, "the receipt and its list, nothing refused"
    owner.bend = lambda _request: None
    assert pull(copier, owner).counts == Counts(published=3, held=3)


def test_a_product_that_is_not_given_is_an_exception(owner: Served, copier: Node) -> None:
    first, second, _ = parts_of(owner)
    body = framed(first, second) + NOTHING
    owner.bend = answering(lambda: Response(body))

    done = pull(copier, owner)

    assert [each.why for each in done.excepted] == [State.UNAVAILABLE]
    assert done.counts.held == 2


@pytest.mark.parametrize(
    "bent",
    [
        lambda parts: framed(*parts[:2]),
        lambda parts: framed(*parts) + b"more",
        lambda parts: framed(*parts)[:-1],
        lambda parts: framed(parts[0], parts[1] + b"x", parts[2]),
        lambda parts: struct.pack(">Q", 1 << 63) + parts[0],
        lambda parts: struct.pack(">Q", len(parts[0]) + 9) + parts[0],
        lambda parts: framed(*parts) * 1000,
        lambda _parts: b"",
    ],
    ids=["fewer", "more", "cut", "longer", "huge", "lying", "oversize", "empty"],
)
def test_an_answer_of_another_form_is_not_believed_and_each_product_asked_for_by_itself(
    owner: Served, copier: Node, bent: Callable[[list[bytes]], bytes]
) -> None:
    body = bent(parts_of(owner))
    owner.bend = answering(lambda: Response(body))

    done = pull(copier, owner)

    assert done.counts == Counts(published=3, held=3)
    assert len([path for path in owner.asked if path.startswith("/manifests/")]) == 3


def test_products_in_a_wrong_order_are_refused(owner: Served, copier: Node) -> None:
    first, second, third = parts_of(owner)
    body = framed(second, first, third)
    owner.bend = answering(lambda: Response(body))

    done = pull(copier, owner)

    assert done.counts.held in (1, 3)
    for each in search(Query(limit=10), copier, OPERATOR).hits:
        theirs = find(str(each.product.id), owner.node, OPERATOR)
        assert each.manifest == theirs.manifest


def test_many_products_are_brought_by_several_processes_and_are_all_the_same(
    owner: Served, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "many", [f"m{n:03d}" for n in range(500)], seed=7))
    copier = make(tmp_path, "other", "urn:esa:psa")
    befriend(copier, owner)
    false = {"left": 1}

    def bend(request: Request) -> Response | None:
        if request.url.path == "/federation/products" and false["left"]:
            false["left"] -= 1
            return Response(b"\x00" * 7)
        return None

    owner.bend = bend
    done = pull(copier, owner)

    assert done.counts == Counts(published=503, held=503)
    query = Query(limit=600)
    theirs = {each.product.id: each for each in search(query, owner.node, OPERATOR).hits}
    for each in search(query, copier, OPERATOR).hits:
        assert each.manifest == theirs[each.product.id].manifest
        assert each.product == theirs[each.product.id].product
    assert kept_of(copier, owner.node).parts() == []
    assert list((tmp_path / "other" / "objects" / "incoming").glob("*/*")) == []
    copier.close()


def test_what_a_visitor_may_not_see_is_not_given_in_frames(owner: Served) -> None:
    client = TestClient(create_app(owner.node))

    asked = [NAMES[0], f"{OWNER}:mission:data:none::1.0", "no name at all"]
    given = client.post("/federation/products", content="\n".join(asked))

    assert given.status_code == 200
    assert given.headers["content-type"] == "application/octet-stream"
    assert given.content.endswith(NOTHING * 2)
    assert len(given.content) == len(b"".join(frames.answer(NAMES[:1], owner.node, VISITOR))) + 16


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\n".join([b"x"] * 257), b"x" * (257 << 10)], ids=range(4)
)
def test_a_question_that_is_none_is_refused(owner: Served, body: bytes) -> None:
    client = TestClient(create_app(owner.node))

    assert client.post("/federation/products", content=body).status_code == 400


def test_damage_at_the_owner_is_not_handed_on(owner: Served, copier: Node) -> None:
    [holding] = search(Query(text="two", limit=1), owner.node, OPERATOR).hits
    entry = holding.manifest.files[1]
    assert owner.node.root is not None
    place = owner.node.root / "objects" / entry.sha256[:2] / entry.sha256
    place.write_bytes(flipped(place.read_bytes(), 3))

    done = pull(copier, owner)

    assert [each.why for each in done.excepted] == [State.UNAVAILABLE]
    assert done.counts.held == 2
