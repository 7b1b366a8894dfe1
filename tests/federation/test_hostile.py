"""A partner that lies, forks, goes back or leads elsewhere: refused, and the evidence kept."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import (
    OutboundRefused,
    PeerUnreachable,
    PeerUntrusted,
    PeriluneError,
    WrongUsage,
)
from perilune.federation import mirror
from perilune.federation.custody import Counts, CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import TAKEN, WITNESSED, Peers, log_name
from perilune.federation.joining import meet, pin
from perilune.federation.replica import State
from perilune.federation.status import status_of
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.edge import Edge
from perilune.ledger.note import Signer, sign
from perilune.ledger.tiles import pack_entries
from perilune.model import act
from perilune.model.act import KeyAct
from perilune.model.package import Manifest
from perilune.node import Node

from .scene import (
    COPIER,
    OWNER,
    Bend,
    Served,
    befriend,
    hand_in,
    kept_of,
    make,
    pull,
    served,
    write,
)

HUGE = 1 << 40


class Liar:
    """Signs with the owner's own key whatever it likes."""

    def __init__(self, owner: Node, entries: list[bytes]) -> None:
        self.entries = entries
        self.edge, _ = Edge(0, (), b"", b"").extend(entries)
        self.signer = owner.signer("log")

    def checkpoint(self, *, size: int | None = None, root: bytes | None = None) -> bytes:
        told = Checkpoint(self.signer.name, size or self.edge.size, root or self.edge.root)
        return sign(told.text, [self.signer])

    def answer(self, request: Request) -> Response | None:
        path = request.url.path
        if path == "/log/checkpoint":
            return Response(self.checkpoint())
        if path.startswith("/log/tile/entries/000"):
            return Response(pack_entries(self.entries[:256]))
        return None


def entries_of(owner: Served) -> list[bytes]:
    return list(owner.node.log.entries())


def publish(name: str, **changes: object) -> bytes:
    found = {
        "v": 1,
        "act": "publish",
        "t": "2026-11-25T00:00:00.000000Z",
        "lidvid": name,
        "manifest": {"sha256": "ab" * 32, "size": 100},
        "files": 1,
        "bytes": 100,
        "delivery": "cd" * 32,
        "lifecycle": "released",
        "releasability": "public",
        **changes,
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def untouched(node: Node) -> None:
    """Nothing came in, and nothing stands half-made."""
    assert search(Query(limit=0, versions="all"), node, OPERATOR).total == 0
    assert list(node.store) == []


@pytest.mark.parametrize("kind", ["fork", "rollback"])
def test_a_log_that_was_changed_or_put_back_is_refused_and_both_signatures_are_kept(
    owner: Served, copier: Node, kind: str
) -> None:
    pull(copier, owner)
    before = copier.log.size, kept_of(copier, owner.node).note(WITNESSED)
    entries = entries_of(owner)[:-1]
    liar = Liar(
        owner.node, [*entries, publish(f"{OWNER}:a:b:c::1.0")] if kind == "fork" else entries
    )
    owner.bend = liar.answer

    with pytest.raises(PeerUntrusted, match="evidence is kept") as raised:
        pull(copier, owner)

    [place] = status_of(Peers.of(copier).named("owner"), copier).evidence
    kept = json.loads(Path(place).read_text())
    assert place in str(raised.value)
    assert kept["kind"] == kind
    assert kept["notes"]["now"].encode() == liar.checkpoint()
    assert kept["notes"]["before"].encode() == owner.node.log.head
    assert (copier.log.size, kept_of(copier, owner.node).note(WITNESSED)) == before
    owner.bend = lambda _request: None
    assert pull(copier, owner).counts == Counts(published=3, held=3)


def test_a_longer_log_that_does_not_continue_the_one_seen_is_refused(
    owner: Served, copier: Node
) -> None:
    pull(copier, owner)
    changed = [
        *entries_of(owner)[:-1],
        publish(f"{OWNER}:a:b:c::1.0"),
        publish(f"{OWNER}:a:b:d::1.0"),
    ]
    owner.bend = Liar(owner.node, changed).answer

    with pytest.raises(PeerUntrusted, match="does not continue"):
        pull(copier, owner)

    assert len(kept_of(copier, owner.node).evidence()) == 1


def test_a_root_that_the_entries_do_not_have_is_refused_before_anything_is_asked_for(
    owner: Served, copier: Node
) -> None:
    liar = Liar(owner.node, entries_of(owner))
    wrong = liar.checkpoint(root=b"\x01" * 32)
    owner.bend = lambda request: Response(wrong) if request.url.path == "/log/checkpoint" else None

    with pytest.raises(PeerUntrusted, match="hash to"):
        pull(copier, owner)

    untouched(copier)
    assert not [path for path in owner.asked if path.startswith(("/objects", "/manifests"))]
    assert len(kept_of(copier, owner.node).evidence()) == 1


def test_a_checkpoint_signed_by_anybody_else_is_refused(owner: Served, copier: Node) -> None:
    name = owner.node.config.origin
    forged = sign(owner.node.log.checkpoint.text, [Signer.generate(name)])
    owner.bend = lambda request: Response(forged) if request.url.path == "/log/checkpoint" else None

    with pytest.raises(PeerUntrusted, match="no signature by a trusted key"):
        pull(copier, owner)

    untouched(copier)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (b"junk", "is no act"),
        (b'{"act":"publish","v":1}', "is no act"),
        (b'{"act":"anything","v":1}', "is no act"),
        (b'{"act":"anything","t":"2026-11-25T00:00:00.000000Z","v":2}', "is no act"),
        (publish("urn:ros:rssa:a:b:c::1.0", files=-1.5), "is no act"),
    ],
    ids=range(5),
)
def test_a_signed_entry_that_is_no_act_ends_it_at_the_first(
    owner: Served, copier: Node, entry: bytes, told: str
) -> None:
    liar = Liar(owner.node, [*entries_of(owner), *[entry] * 100])
    owner.bend = liar.answer

    with pytest.raises(PeerUntrusted, match=f"entry 4 .*{told}"):
        pull(copier, owner)

    untouched(copier)


def test_other_keys_in_the_log_than_those_pinned_are_refused(owner: Served, copier: Node) -> None:
    who = Description.of(owner.node)
    keys = {use: key.vkey for use, key in who.keys.items()}
    keys["custody"] = Signer.generate(who.keys["custody"].name).vkey
    changed = KeyAct(
        t=owner.node.now(),
        node=who.name,
        origin=who.origin,
        namespaces=who.namespaces,
        keys=tuple(keys.items()),
    )
    owner.bend = Liar(owner.node, [*entries_of(owner), act.encode(changed)]).answer

    with pytest.raises(PeerUntrusted, match=r"entry 4 .* other keys"):
        pull(copier, owner)

    untouched(copier)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda entries: pack_entries(entries)[:-1], "cut short"),
        (lambda entries: pack_entries(entries[:-1]), "entries, not 4"),
        (lambda entries: pack_entries([*entries, b"more"]), "entries, not 4"),
        (lambda _entries: b"", "entries, not 4"),
        (lambda _entries: b"\x00", "cut short"),
    ],
    ids=["cut", "fewer", "more", "empty", "half a length"],
)
def test_a_bundle_of_another_length_is_refused(
    owner: Served, copier: Node, body: Callable[[list[bytes]], bytes], told: str
) -> None:
    entries = entries_of(owner)
    owner.bend = lambda request: (
        Response(body(entries)) if "/tile/entries/" in request.url.path else None
    )

    with pytest.raises(PeerUntrusted, match=told):
        pull(copier, owner)

    untouched(copier)


def test_a_tile_without_end_is_cut_off(owner: Served, copier: Node) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    def bend(request: Request) -> Response | None:
        from starlette.responses import StreamingResponse  # noqa: PLC0415

        return StreamingResponse(endless()) if "/tile/" in request.url.path else None

    owner.bend = bend

    with pytest.raises(PeerUnreachable, match="sends more than"):
        pull(copier, owner)

    assert sent < 3 * mirror.BUNDLE_BYTES
    untouched(copier)


def test_a_log_that_grows_beyond_measure_at_once_is_refused(owner: Served, copier: Node) -> None:
    liar = Liar(owner.node, entries_of(owner))
    huge = liar.checkpoint(size=HUGE)
    owner.bend = lambda request: Response(huge) if request.url.path == "/log/checkpoint" else None

    with pytest.raises(PeerUntrusted, match="more than we take at once"):
        pull(copier, owner)

    assert not [path for path in owner.asked if "/tile/" in path]


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/tile/entries", "/objects/"])
def test_a_redirect_to_another_place_of_this_machine_is_not_followed(
    owner: Served, copier: Node, path: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inward:
        inward.settimeout(0.2)
        target = f"http://127.0.0.1:{inward.getsockname()[1]}/secret"
        owner.bend = singly(
            lambda request: RedirectResponse(target) if request.url.path.startswith(path) else None
        )

        with pytest.raises(OutboundRefused, match="not on the list"):
            pull(copier, owner)

        with pytest.raises(TimeoutError):
            inward.accept()
    untouched(copier)


def singly(bend: Bend) -> Bend:
    """``bend``, of a node that gives no frames, so that each file is asked for by itself."""
    return lambda request: (
        Response(status_code=404) if request.url.path == "/federation/products" else bend(request)
    )


def only(name: str, response: Callable[[], Response]) -> Bend:
    return singly(
        lambda request: (
            response()
            if request.url.path.startswith("/objects/") and request.url.path.endswith(name)
            else None
        )
    )


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (lambda: Response(b"other bytes"), State.WRONG_BYTES),
        (lambda: Response(b""), State.WRONG_BYTES),
        (lambda: Response(bytes(1 << 20)), State.UNAVAILABLE),
        (lambda: Response(b"x", headers={"content-length": "5000000"}), State.UNAVAILABLE),
        (lambda: Response(status_code=404), State.UNAVAILABLE),
        (lambda: Response(status_code=500), State.UNAVAILABLE),
    ],
    ids=["other", "empty", "longer", "shorter than told", "absent", "fault"],
)
def test_one_product_that_is_not_given_as_promised_is_an_exception_and_hinders_no_other(
    owner: Served, copier: Node, response: Callable[[], Response], why: State
) -> None:
    owner.bend = only("two.img", response)

    done = pull(copier, owner)

    assert done.counts == Counts(published=3, held=2, excepted=1)
    [missing] = done.excepted
    assert (str(missing.lidvid), missing.why) == (f"{OWNER}:mission:data:two::1.0", why)
    assert len(done.faults) == 1
    assert not done.is_undisputed
    wanted = {name for name, _ in copier.catalogue.objects("own")}
    note = kept_of(copier, owner.node).note(TAKEN)
    assert note is not None
    receipt = CustodyReceipt.verify(note, copier.signer("custody").verifier)
    extra = set(copier.store) - wanted
    assert receipt.exceptions in extra
    assert len(extra) == 2, "the receipt and its list, and no file of the refused product"
    owner.bend = lambda _request: None
    assert pull(copier, owner).counts == Counts(published=3, held=3)


@pytest.mark.parametrize("piece", [0, 2])
def test_a_wrong_piece_of_a_large_file_is_refused_where_it_is(
    owner: Served, copier: Node, tmp_path: Path, piece: int
) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=3 << 20))
    [holding] = search(Query(text="large", limit=1), owner.node, OPERATOR).hits
    entry = holding.manifest.files[1]
    with owner.node.store.open(entry.sha256) as data:
        content = bytearray(data.read())
    content[(piece << 20) + 7] ^= 1
    told = {"content-range": f"bytes 0-{entry.size - 1}/{entry.size}"}
    owner.bend = only("large.img", lambda: Response(bytes(content), 206, told))

    done = pull(copier, owner)

    assert [each.why for each in done.excepted] == [State.WRONG_BYTES]
    assert done.faults[0].endswith(
        f"bytes {piece << 20} to {(piece + 1) << 20} of data/large.img are wrong"
    )
    owner.bend = singly(lambda request: asked.append(request.headers.get("range")))
    asked: list[str | None] = []
    assert pull(copier, owner).counts.held == 4
    assert [each for each in asked if each] == [f"bytes={piece << 20}-{entry.size - 1}"]


def test_a_range_other_than_the_one_asked_for_is_refused(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=3 << 20))
    told = {"content-range": f"bytes 1-5/{HUGE}"}
    owner.bend = only("large.img", lambda: Response(b"12345", 206, told))

    done = pull(copier, owner)

    assert [each.why for each in done.excepted] == [State.UNAVAILABLE]
    assert "gives the range" in done.faults[0]


def test_a_manifest_that_the_log_does_not_name_is_refused(owner: Served, copier: Node) -> None:
    [holding] = search(Query(text="two", limit=1), owner.node, OPERATOR).hits
    other = Manifest(holding.product.id, holding.manifest.files[:1]).encode()
    owner.bend = singly(
        lambda request: Response(other) if request.url.path.startswith("/manifests/") else None
    )

    done = pull(copier, owner)

    assert [each.why for each in done.excepted] == [State.WRONG_BYTES] * 3
    assert all("the manifest given has SHA-256" in each for each in done.faults)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (publish("urn:nasa:pds:a:b:c::1.0"), State.FOREIGN),
        (publish(f"{OWNER}x:a:b:c::1.0"), State.FOREIGN),
        (publish(f"{COPIER}:a:b:c::1.0"), State.FOREIGN),
        (publish(f"{OWNER}:a:b:c::1.0", releasability="partner"), State.NOT_PUBLIC),
        (
            publish(f"{OWNER}:a:b:c::1.0", manifest={"sha256": "ab" * 32, "size": HUGE}),
            State.WRONG_BYTES,
        ),
        (publish(f"{OWNER}:a:b:c::1.0"), State.UNAVAILABLE),
        (publish(f"{OWNER}:mission:data:one::1.0"), State.CONFLICT),
    ],
    ids=range(7),
)
def test_what_a_log_says_and_may_not_is_kept_and_has_no_effect(
    owner: Served, copier: Node, entry: bytes, why: State
) -> None:
    owner.bend = Liar(owner.node, [*entries_of(owner), entry]).answer

    done = pull(copier, owner)

    assert done.counts == Counts(published=4, held=3, excepted=1)
    assert [(each.index, each.why) for each in done.excepted] == [(4, why)]
    assert not done.is_undisputed


def test_a_peer_that_falls_silent_is_left_after_three_products_and_what_came_is_kept(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "more", [f"m{n}" for n in range(20)], seed=2))
    served_objects: list[str] = []

    def bend(request: Request) -> Response | None:
        if request.url.path.startswith("/objects/"):
            served_objects.append(request.url.path)
            if len(served_objects) > 9:
                return Response(b"x", headers={"content-length": "999"})
        return None

    owner.bend = singly(bend)
    with pytest.raises(PeerUnreachable):
        pull(copier, owner)

    assert search(Query(limit=0), copier, OPERATOR).total == 4
    assert len(served_objects) == 12
    owner.bend = lambda _request: None
    done = pull(copier, owner)
    assert (done.copied, done.counts.held) == (19, 23)


def test_a_custody_receipt_for_a_log_that_never_was_is_evidence_against_its_signer(
    owner: Served, copier: Node
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        false = CustodyReceipt(
            t=owner.node.now(),
            node="copier",
            origin=copier.config.origin,
            log=Checkpoint(owner.node.config.origin, 2, b"\x02" * 32),
            counts=Counts(published=1, held=1),
            exceptions="ab" * 32,
        ).encode(copier.signer("custody"))
        name = log_name(owner.node.config.origin)
        path = f"/federation/{name}/custody"
        other.bend = lambda request: Response(false) if request.url.path == path else None

        with pytest.raises(PeerUntrusted, match="which our log never was"):
            pull(owner.node, other)

    assert len(kept_of(owner.node, copier).evidence()) == 1


def test_a_custody_receipt_signed_by_another_key_is_refused(owner: Served, copier: Node) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        note = kept_of(copier, owner.node).note(TAKEN)
        assert note is not None
        forged = CustodyReceipt.verify(note, copier.signer("custody").verifier).encode(
            Signer.generate(f"{copier.config.origin}/custody")
        )
        other.bend = lambda request: (
            Response(forged) if request.url.path.endswith("/custody") else None
        )

        with pytest.raises(PeerUntrusted, match="custody receipt of copier is false"):
            pull(owner.node, other)


def test_a_stranger_is_pinned_only_with_the_fingerprint_that_was_told(
    owner: Served, tmp_path: Path
) -> None:
    node = make(tmp_path, "third", "urn:esa:psa")
    stranger = meet(owner.url, node)

    with pytest.raises(PeerUntrusted, match="not 0000"):
        pin(stranger, "0000", node)

    assert Peers.of(node).members() == ()
    spaced = ":".join(stranger.who.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    assert pin(stranger, spaced, node).version == 2
    assert pin(stranger, spaced, node).version == 2, "the same once more changes nothing"
    node.close()


def test_a_node_that_shows_a_key_that_did_not_sign_its_log_is_refused(
    owner: Served, tmp_path: Path
) -> None:
    node = make(tmp_path, "third", "urn:esa:psa")
    other = make(tmp_path, "fourth", "urn:jaxa:darts")
    false = Description.of(other).encode()
    owner.bend = lambda request: Response(false) if request.url.path == "/federation/node" else None

    with pytest.raises(PeerUntrusted, match="does not show who it is"):
        meet(owner.url, node)


def test_a_peer_that_comes_back_with_other_keys_is_refused(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    again = make(tmp_path / "elsewhere", "owner", OWNER)
    with (
        served(again) as impostor,
        pytest.raises(PeerUntrusted, match="other keys than those pinned"),
    ):
        meet(impostor.url, copier)
    assert Peers.of(copier).named("owner").url == owner.url


@pytest.mark.parametrize("namespace", [OWNER, f"{OWNER}:mission", "urn:ros"])
def test_a_namespace_has_one_owner(copier: Node, tmp_path: Path, namespace: str) -> None:
    rival = make(tmp_path, "rival", namespace)
    with served(rival) as other:
        stranger = meet(other.url, copier)
        with pytest.raises(WrongUsage, match="overlap"):
            pin(stranger, stranger.who.fingerprint, copier)


def test_a_node_is_no_peer_of_itself(owner: Served) -> None:
    with pytest.raises(WrongUsage, match="itself"):
        meet(owner.url, owner.node)


@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=404),
        PlainTextResponse("hello"),
        Response(b"{}"),
        Response(b"\xff" * 100),
        Response(b"[" * 60_000),
        Response(bytes(1 << 20)),
    ],
    ids=range(6),
)
def test_what_is_no_node_is_told_as_such(owner: Served, tmp_path: Path, answer: Response) -> None:
    node = make(tmp_path, "third", "urn:esa:psa")
    owner.bend = lambda _request: answer

    with pytest.raises((PeerUntrusted, PeerUnreachable)):
        meet(owner.url, node)


def test_two_rounds_with_one_peer_do_not_run_at_once(owner: Served, copier: Node) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def bend(request: Request) -> Response | None:
        if request.url.path == "/log/checkpoint":
            begun.set()
            go_on.wait(20)
        return None

    owner.bend = bend
    first = threading.Thread(target=pull, args=(copier, owner))
    first.start()
    begun.wait(20)
    pulling_again = pytest.raises(PeriluneError, match="another writer")
    with pulling_again:
        pull(copier, owner)
    go_on.set()
    first.join(30)
    assert search(Query(limit=0), copier, OPERATOR).total == 3
