"""Quick looks of what is in a product: pictures, thumbnails, plots and their numbers.

Addresses name a product and an object of its label by number, so that the policy is asked each
time. They are drawn here and are no bytes of the archive.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from perilune.access.drawing import Drawing, Form, Wanted
from perilune.access.policy import Asker
from perilune.access.quicklook import SIZES, QuickLooks
from perilune.errors import BadQuestion, NotFound
from perilune.model.product import Holding
from perilune.node import Node
from perilune.web.context import TheAsker, TheNode, named_in_path

router = APIRouter(tags=["Quick looks"])

_NAME = re.compile(r"([0-9]{1,4})\.(png|svg|json)")
_FORMS: dict[str, Form] = {"png": "png", "svg": "svg", "json": "json"}
_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}
_FRESH = {"Cache-Control": "no-cache"}
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class _Looker:
    """Who looks at what."""

    holding: Holding
    node: Node
    asker: Asker
    looks: QuickLooks

    def drawing(self, wanted: Wanted) -> Drawing:
        return self.looks.drawing(self.holding, wanted, self.node, self.asker)


def _looker(identifier: str, request: Request, node: TheNode, asker: TheAsker) -> _Looker:
    holding = named_in_path(identifier, node, asker)
    return _Looker(holding, node, asker, request.app.state.quick_looks)


TheLooker = Annotated[_Looker, Depends(_looker)]


@router.get("/quicklooks/{identifier}")  # noqa: FAST003  # _looker takes it
def get_inside(looker: TheLooker) -> JSONResponse:
    """What is inside: tables with their first records, arrays with statistics, texts."""
    return JSONResponse(looker.drawing(Wanted("summary")).document, headers=_FRESH)


@router.get("/quicklooks/{identifier}/{name}")  # noqa: FAST003  # _looker takes it
def get_quick_look(name: str, request: Request, looker: TheLooker, size: int = 1024) -> Response:
    """Object ``N`` of the label, from 0: ``N.png``, a plot as ``N.svg``, its numbers ``N.json``."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise NotFound(f"{name[:80]!r} is no quick look: a number and .png, .svg or .json")
    if size not in SIZES:
        raise BadQuestion(f"size is {' or '.join(map(str, SIZES))}, not {size}")
    form = _FORMS[match[2]]
    drawn = looker.drawing(Wanted(form, int(match[1]), size if form == "png" else 0))
    if form == "json":
        return JSONResponse(drawn.document, headers=_FRESH)
    tag = f'"{hashlib.sha256(drawn.data).hexdigest()}"'
    headers = {**_FRESH, "ETag": tag, "Content-Security-Policy": _SANDBOX}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(drawn.data, headers=headers, media_type=_MEDIA[form])
