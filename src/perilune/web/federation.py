"""What a peer asks of this node: who it is, and what it holds of the peer's log.

All of it is signed or named by its digest, and none of it is secret: a visitor may read what
a peer may. ``{log}`` is the SHA-256 of a log's origin in hexadecimal.
"""

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from perilune.errors import BadQuestion, CheckpointStale, NotFound, WrongUsage
from perilune.federation import frames
from perilune.federation.custody import CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import (
    EXCEPTED,
    GIVEN,
    TAKEN,
    WITNESSED,
    PeerFolder,
    Peers,
    log_name,
)
from perilune.federation.partners import told
from perilune.federation.possession import MOST_QUESTION_BYTES, answer
from perilune.federation.sealed import seal_in
from perilune.federation.witness import MOST_BYTES, add_checkpoint
from perilune.ledger.request import digest_of
from perilune.ledger.tiles import is_tile_path, read_or_cut
from perilune.model.ordered import ClearAct
from perilune.model.sealed import Sealed
from perilune.node import Node
from perilune.web.context import TheAsker, TheNode, named_in_path, signed_asker
from perilune.web.objects import stream
from perilune.web.ranges import Span, Unsatisfiable, read_range

router = APIRouter(tags=["Federation"])

_FRESH = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_CHUNK = 1 << 20


@router.get("/federation/node")
def get_description(node: TheNode) -> Response:
    """Name, log, namespaces and keys: what an operator pins, after comparing its SHA-256."""
    return Response(Description.of(node).encode(), headers=_FRESH, media_type=_JSON)


@router.get("/federation/told")
def get_told(request: Request, node: TheNode) -> Response:
    """What is cleared for partners and nobody else, as a list of openings; for them alone."""
    if signed_asker(request) is None:
        raise NotFound("nothing is told here but to partners, who sign what they ask")
    return Response(told(node), headers={"Cache-Control": "no-store"}, media_type=_JSON)


@router.get("/federation/openings/{digest}")
def get_openings(digest: str, node: TheNode) -> Response:
    """The list of openings that an open clear act names."""
    for each in node.catalogue.recorded(["clear"]):
        if isinstance(each.act, ClearAct) and each.is_open and each.act.openings == digest:
            with node.store.open(digest) as data:
                return Response(data.read(), headers=_FRESH, media_type=_JSON)
    raise NotFound(f"no clear act names a list {digest[:80]!r}")


@router.get("/federation/roster/{version}")
def get_roster(version: int, node: TheNode) -> Response:
    """One version of this node's own roster, from which peers learn its new keys."""
    try:
        versions = Peers.of(node).versions()
    except WrongUsage as error:
        raise NotFound(str(error)) from error
    if not 1 <= version <= len(versions):
        raise NotFound(f"the roster has no version {version}")
    return Response(versions[version - 1][1], headers=_FRESH, media_type=_TEXT)


@router.get("/federation/{log}/custody")
def get_custody(log: str, node: TheNode) -> Response:
    """The newest custody receipt for that log."""
    return Response(_note(log, TAKEN, node), headers=_FRESH, media_type=_TEXT)


@router.get("/federation/{log}/exceptions")
def get_exceptions(log: str, node: TheNode) -> Response:
    """The list of exceptions that the receipt names."""
    note = _note(log, TAKEN, node)
    keys = Peers.of(node).keys_of(node.config.origin, "custody")
    receipt = CustodyReceipt.verify(note, *keys)
    with node.store.open(receipt.exceptions) as data:
        return Response(data.read(), headers=_FRESH, media_type=_JSON)


@router.get("/federation/{log}/sealed/{index}")
def get_sealed(log: str, index: int, request: Request, node: TheNode) -> Response:
    """The sealed copy that entry ``index`` of that log names, whole or one range of it.

    It tells nothing to those without its key, and who takes it compares it with the log.
    """
    return _copy(seal_in(log, index, node).sealed, request, node)


@router.get("/federation/{log}/recovery/{index}")
def get_recovery(log: str, index: int, request: Request, node: TheNode) -> Response:
    """The shares of the secret of that sealed copy, each for one recovery recipient."""
    seal = seal_in(log, index, node)
    if seal.recovery is None:
        raise NotFound(f"the sealed copy of entry {index} has no recovery recipients")
    return _copy(seal.recovery, request, node)


@router.get("/federation/{log}/checkpoint")
def get_witnessed(log: str, node: TheNode) -> Response:
    """The newest checkpoint of that log that was seen here, with this node's cosignature."""
    return Response(_note(log, WITNESSED, node), headers=_FRESH, media_type=_TEXT)


@router.get("/mirror/{log}/checkpoint")
def get_mirrored_checkpoint(log: str, node: TheNode) -> Response:
    """The head of the copy of that log that is kept here (C2SP tlog-mirror)."""
    head = _folder(log, node).log.head()
    if head is None:
        raise NotFound(f"nothing of the log {log} is copied here yet")
    return Response(head, headers=_FRESH, media_type=_TEXT)


@router.get("/mirror/{log}/tile/{path:path}")
def get_mirrored_tile(log: str, path: str, node: TheNode) -> Response:
    """A tile or a bundle of that copy; raises `NotFound` for any other name."""
    if not is_tile_path(f"tile/{path}"):
        raise NotFound(f"a log has no {path[:80]!r}")
    data = read_or_cut(_folder(log, node).log, f"tile/{path}")
    return Response(data, headers=_FOR_EVER, media_type="application/octet-stream")


@router.get("/federation/{log}/given")
def get_given(log: str, node: TheNode) -> Response:
    """The newest custody receipt of that log's node for ours: it mends its own by it."""
    return Response(_note(log, GIVEN, node), headers=_FRESH, media_type=_TEXT)


@router.get("/federation/{log}/given/exceptions")
def get_given_exceptions(log: str, node: TheNode) -> Response:
    """The list of exceptions that that receipt names."""
    return Response(_note(log, EXCEPTED, node), headers=_FRESH, media_type=_JSON)


@router.post("/federation/possession")
async def post_possession(request: Request, node: TheNode, asker: TheAsker) -> Response:
    """Prove to have pieces of files: SHA-256 of the nonce and each piece; null for what is not."""
    question = await _body(request, MOST_QUESTION_BYTES)
    answers = await run_in_threadpool(answer, question, node, asker)
    return JSONResponse({"answers": answers}, headers=_FRESH)


@router.post("/witness/add-checkpoint")
async def post_checkpoint(request: Request, node: TheNode) -> Response:
    """Witness a checkpoint of a peer's log (C2SP tlog-witness); the cosignature."""
    body = await _body(request, MOST_BYTES)
    try:
        line = await run_in_threadpool(_witnessed, body, node)
    except CheckpointStale as error:
        return Response(f"{error.size}\n", 409, headers={"Content-Type": "text/x.tlog.size"})
    return Response(line, headers=_FRESH, media_type=_TEXT)


@router.post("/federation/products")
async def post_products(request: Request, node: TheNode, asker: TheAsker) -> Response:
    """Many small products, manifests and files, in frames (docs/reference/formats.md)."""
    body = await _body(request, frames.MOST_QUESTION_BYTES)
    if request.headers.get("content-digest", digest_of(body)) != digest_of(body):
        raise BadQuestion("what was posted is not what Content-Digest says")
    names = frames.read_question(body)
    found = frames.answer(names, node, asker)
    return StreamingResponse(found, headers=_FRESH, media_type="application/octet-stream")


@router.get("/manifests/{identifier}")
def get_manifest(identifier: str, node: TheNode, asker: TheAsker) -> Response:
    """The manifest of a product, whose SHA-256 stands in the log."""
    holding = named_in_path(identifier, node, asker)
    headers = _FRESH | {"ETag": f'"{holding.manifest.sha256}"'}
    return Response(holding.manifest.encode(), headers=headers, media_type=_JSON)


async def _body(request: Request, most: int) -> bytes:
    """What was posted; raise `BadQuestion` where it is more than ``most`` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise BadQuestion(f"more than {most} bytes are no such question")
    return body


def _copy(sealed: Sealed, request: Request, node: Node) -> Response:
    headers = _FRESH | {
        "Content-Type": "application/octet-stream",
        "ETag": f'"{sealed.sha256}"',
        "Accept-Ranges": "bytes",
    }
    if sealed.sha256 not in node.store:
        raise NotFound(f"the sealed copy {sealed.sha256} is not here")
    try:
        spans = read_range(request.headers.get("range"), sealed.size)
    except Unsatisfiable:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{sealed.size}"})
    if len(spans) > 1:
        raise BadQuestion("one range of a sealed copy at a time")
    span = spans[0] if spans else Span(0, sealed.size)
    if spans:
        headers["Content-Range"] = span.content_range(sealed.size)
    headers["Content-Length"] = str(span.size)
    return stream(request, _runs(sealed, span, node), headers, is_part=bool(spans))


def _runs(sealed: Sealed, span: Span, node: Node) -> Iterator[bytes]:
    with node.store.open(sealed.sha256) as data:
        data.seek(span.start)
        left = span.size
        while left and (run := data.read(min(left, _CHUNK))):
            left -= len(run)
            yield run


def _witnessed(body: bytes, node: Node) -> str:
    if node.root is None:
        raise NotFound(f"{node.config.name} witnesses no log")
    return add_checkpoint(body, node)


def _note(log: str, name: str, node: Node) -> bytes:
    note = _folder(log, node).note(name)
    if note is None:
        raise NotFound(f"nothing is known here of the log {log}")
    return note


def _folder(log: str, node: Node) -> PeerFolder:
    try:
        peers = Peers.of(node)
    except WrongUsage as error:
        raise NotFound(str(error)) from error
    for member in peers.members():
        if log_name(member.who.origin) == log:
            return peers.folder(member.who.origin)
    raise NotFound(f"no peer has the log {log[:80]!r}")
