"""What a peer asks of this node: who it is, and what it holds of the peer's log.

All of it is signed or named by its digest, and none of it is secret: a visitor may read what
a peer may. ``{log}`` is the SHA-256 of a log's origin in hexadecimal.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from perilune.errors import BadQuestion, CheckpointStale, NotFound, WrongUsage
from perilune.federation import frames
from perilune.federation.custody import CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import TAKEN, WITNESSED, PeerFolder, Peers, log_name
from perilune.federation.witness import MOST_BYTES, add_checkpoint
from perilune.ledger.tiles import is_tile_path, read_or_cut
from perilune.node import Node
from perilune.web.context import TheAsker, TheNode, named_in_path

router = APIRouter(tags=["Federation"])

_FRESH = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


@router.get("/federation/node")
def get_description(node: TheNode) -> Response:
    """Name, log, namespaces and keys: what an operator pins, after comparing its SHA-256."""
    return Response(Description.of(node).encode(), headers=_FRESH, media_type=_JSON)


@router.get("/federation/{log}/custody")
def get_custody(log: str, node: TheNode) -> Response:
    """The newest custody receipt for that log."""
    return Response(_note(log, TAKEN, node), headers=_FRESH, media_type=_TEXT)


@router.get("/federation/{log}/exceptions")
def get_exceptions(log: str, node: TheNode) -> Response:
    """The list of exceptions that the receipt names."""
    note = _note(log, TAKEN, node)
    receipt = CustodyReceipt.verify(note, node.signer("custody").verifier)
    with node.store.open(receipt.exceptions) as data:
        return Response(data.read(), headers=_FRESH, media_type=_JSON)


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
    names = frames.read_question(await _body(request, frames.MOST_QUESTION_BYTES))
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
