"""Extracts: a product, a collection with its members, or the answer to a search, to take away.

As zip or tar of known length, or as a list for a tool that fetches file by file. The tar has
an ``ETag`` and ranges (RFC 9110 section 14), so that a download that broke off goes on. What is in
it is found by the same question, under the same policy, as everything else.
"""

from collections.abc import Sequence
from email.utils import format_datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from perilune.access.export import zip_of_many
from perilune.access.layout import SUMS, lay_out, matching, sums_of, with_members
from perilune.access.scripts import MEDIA_TYPES, TOOLS, script
from perilune.access.sums import signed_sums
from perilune.access.tarball import Tarball
from perilune.errors import BadQuestion, NotFound
from perilune.federation.status import mirrors
from perilune.model.product import Holding
from perilune.node import Node
from perilune.web.context import TheAsker, TheNode, named_in_path
from perilune.web.objects import disposition, is_known, spans_of, stream
from perilune.web.pages.question import read_question
from perilune.web.pages.site import find_site
from perilune.web.ranges import Span, Unsatisfiable

router = APIRouter(tags=["Extracts"])

_SUMS, _SIGNATURE = "sha256sums", "sig"


@router.get("/extract/search.{form}")
def get_search_extract(form: str, request: Request, node: TheNode, asker: TheAsker) -> Response:
    """All products that the parameters of the search page ask for."""
    question = read_question(request.query_params)
    site = find_site(question.site, question.radius) if question.site else None
    found = matching(question.query(site.cap if site else None), node, asker)
    if not found:
        raise NotFound("nothing matches")
    return _answer("search", form, found, request, node)


@router.get("/extract/{name}.{form}")
def get_extract(name: str, form: str, request: Request, node: TheNode, asker: TheAsker) -> Response:
    """A product with its label and all its files; with ``?members=true`` what it lists, too."""
    holding = named_in_path(name, node, asker)
    wants_members = request.query_params.get("members") == "true"
    found = with_members(holding, node, asker) if wants_members else (holding,)
    return _answer(str(holding.product.id), form, found, request, node)


def _answer(
    name: str, form: str, found: Sequence[Holding], request: Request, node: Node
) -> Response:
    headers = {
        "Content-Disposition": disposition(f"{name}.{form}", shown=False),
        "Cache-Control": "no-cache",
    }
    if form == "zip":
        size, runs = zip_of_many(found, node)
        headers |= {"Content-Type": "application/zip", "Content-Length": str(size)}
        return stream(request, runs, headers, is_part=False)
    if form == "tar":
        return _tar(found, request, node, headers)
    if form in (_SUMS, _SIGNATURE):
        return _sums(found, form, node)
    for tool in TOOLS:
        if tool == form:
            base = str(request.base_url).rstrip("/")
            others = mirrors(found, node) if tool == "meta4" else {}
            text = script(tool, lay_out(found), base, others)
            return Response(text, headers=headers, media_type=MEDIA_TYPES[tool])
    raise NotFound(f"no extract is made as {form[:80]!r}")


def _sums(found: Sequence[Holding], form: str, node: Node) -> Response:
    """The list that ``sha256sum -c`` reads, or what ``ssh-keygen -Y verify`` reads beside it."""
    _, sums = sums_of(lay_out(found))
    name = SUMS if form == _SUMS else f"{SUMS}.sig"
    body = sums if form == _SUMS else signed_sums(sums, node)
    headers = {
        "Content-Disposition": disposition(name, shown=False),
        "Cache-Control": "no-cache",
    }
    return Response(body, headers=headers, media_type="text/plain; charset=utf-8")


def _tar(
    found: Sequence[Holding], request: Request, node: Node, headers: dict[str, str]
) -> Response:
    made = Tarball(found, node)
    changed = max(each.accessioned for each in found)
    headers |= {
        "Content-Type": "application/x-tar",
        "ETag": made.etag,
        "Last-Modified": format_datetime(changed.replace(microsecond=0), usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if is_known(request, made.etag, changed):
        return Response(status_code=304, headers=headers)
    try:
        spans = spans_of(request, headers, made.size)
    except Unsatisfiable:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{made.size}"})
    if len(spans) > 1:
        raise BadQuestion("one range of a tar at a time")
    span = spans[0] if spans else Span(0, made.size)
    if spans:
        headers["Content-Range"] = span.content_range(made.size)
    headers["Content-Length"] = str(span.size)
    return stream(request, made.read(span.start, span.stop), headers, is_part=bool(spans))
