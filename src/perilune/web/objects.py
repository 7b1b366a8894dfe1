"""The bytes: files of products, whole or in ranges.

Addresses name a product and a path in it, never an object, so that the policy is asked each
time. Whatever is sent was verified piece by piece; damage found at the beginning is an error,
later it ends the connection short of the length announced. Sources: RFC 9110 (ranges,
conditions), RFC 9530 (digests), RFC 6266 (names of downloads).
"""

import base64
import secrets
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from perilune.access.read import begun, chunks
from perilune.access.search import file_of
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node
from perilune.web.context import HEAD_ONLY, TheAsker, TheNode, named_in_path
from perilune.web.media import content_type, is_shown
from perilune.web.ranges import Span, Unsatisfiable, read_range

router = APIRouter(tags=["Objects"])

_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"
"""Archived files run no script and fetch nothing, whatever they hold."""


@router.get("/objects/{identifier}/{path:path}")
def get_object(
    identifier: str, path: str, request: Request, node: TheNode, asker: TheAsker
) -> Response:
    """One file of a product, whole or the ranges asked for."""
    holding = named_in_path(identifier, node, asker)
    entry = file_of(holding, path)
    headers = _headers(entry, holding)
    if is_known(request, headers["ETag"], holding.accessioned):
        return Response(status_code=304, headers=_validators(headers))
    try:
        spans = spans_of(request, headers, entry.size)
    except Unsatisfiable:
        unmet = {"Content-Range": f"bytes */{entry.size}", "Accept-Ranges": "bytes"}
        return Response(status_code=416, headers=unmet)
    if len(spans) > 1:
        return _several(request, entry, node, spans, headers)
    span = spans[0] if spans else Span(0, entry.size)
    if spans:
        headers["Content-Range"] = span.content_range(entry.size)
        del headers["Content-Digest"]
    headers["Content-Length"] = str(span.size)
    return stream(request, chunks(entry, node, span.start, span.stop), headers, is_part=bool(spans))


def _headers(entry: FileEntry, holding: Holding) -> dict[str, str]:
    kind = content_type(entry.path)
    digest = base64.b64encode(bytes.fromhex(entry.sha256)).decode()
    return {
        "Content-Type": kind,
        "ETag": f'"{entry.sha256}"',
        "Last-Modified": format_datetime(holding.accessioned.replace(microsecond=0), usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Digest": f"sha-256=:{digest}:",
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": disposition(entry.name, shown=is_shown(kind)),
        "Content-Security-Policy": _SANDBOX,
        "Cache-Control": "no-cache",
    }


def _validators(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("ETag", "Last-Modified", "Cache-Control")}


def disposition(name: str, *, shown: bool) -> str:
    """The value of ``Content-Disposition`` for a file of that name."""
    plain = "".join(char if char.isascii() and char.isprintable() else "_" for char in name)
    quoted = plain.replace("\\", "_").replace('"', "_").replace(":", "_")
    kind = "inline" if shown else "attachment"
    exact = quote(name.replace(":", "_"), safe="")
    return f"{kind}; filename=\"{quoted}\"; filename*=UTF-8''{exact}"


def is_known(request: Request, etag: str, changed: datetime) -> bool:
    """Whether the asker has these bytes already (RFC 9110 section 13.2.2)."""
    if (tags := request.headers.get("if-none-match")) is not None:
        return tags.strip() == "*" or etag in _tags(tags)
    since = _moment(request.headers.get("if-modified-since"))
    return since is not None and changed.replace(microsecond=0) <= since


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def _moment(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def spans_of(request: Request, headers: dict[str, str], size: int) -> tuple[Span, ...]:
    """The ranges asked for, none where the whole is to be sent; raise `Unsatisfiable`."""
    condition = request.headers.get("if-range")
    if condition is not None and condition not in (headers["ETag"], headers["Last-Modified"]):
        return ()
    return read_range(request.headers.get("range"), size)


def _several(
    request: Request, entry: FileEntry, node: Node, spans: tuple[Span, ...], headers: dict[str, str]
) -> Response:
    """Several ranges as ``multipart/byteranges`` (RFC 9110 section 14.6)."""
    boundary = secrets.token_hex(16)
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {headers['Content-Type']}\r\n"
        f"Content-Range: {span.content_range(entry.size)}\r\n\r\n".encode()
        for span in spans
    ]
    end = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        for head, span in zip(heads, spans, strict=True):
            runs = begun(chunks(entry, node, span.start, span.stop))
            yield head
            yield from runs
        yield end

    length = sum(map(len, heads)) + sum(span.size for span in spans) + len(end)
    headers["Content-Length"] = str(length)
    headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    del headers["Content-Digest"]
    return stream(request, body(), headers, is_part=True)


def stream(
    request: Request, runs: Iterator[bytes], headers: dict[str, str], *, is_part: bool
) -> Response:
    """The answer with these bytes, of which the first are known to be right."""
    status = 206 if is_part else 200
    if request.scope.get(HEAD_ONLY):
        return Response(status_code=status, headers=headers)
    return StreamingResponse(begun(runs), status, headers)
