"""How a page becomes an answer: its language, its theme, its template, and its JSON twin.

Pages give one document to both forms: what a person reads and what a program gets come from the
same values. Templates escape everything; nothing inline, so that the policy of content
allows no script or style but our own files.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from perilune.i18n import language as languages
from perilune.i18n.language import CODES, Language
from perilune.web.negotiation import preferred

Theme = Literal["", "light", "dark"]

LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"
_WEB = Path(__file__).parent.parent
_SINGLE_COLON = re.compile(r"(?<!:):(?!:)")
_THEMES: Mapping[str, Theme] = {"light": "light", "dark": "dark"}


@dataclass(frozen=True, slots=True)
class Reader:
    """How the one who asks wants the page."""

    language: Language
    theme: Theme
    wants_json: bool


def reader_of(request: Request) -> Reader:
    """What a request says of its reader: ``?lang=``, cookies, headers, and ``.json``."""
    wishes = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    accept = request.headers.get("accept")
    return Reader(
        languages.choose(wishes, request.headers.get("accept-language", "")),
        _THEMES.get(request.cookies.get(THEME_COOKIE, ""), ""),
        request.url.path.endswith(".json")
        or preferred(accept, ("text/html", "application/json")) == "application/json",
    )


TheReader = Annotated[Reader, Depends(reader_of)]
"""Declare a parameter of this type to learn how the page is wanted."""


def answer(
    request: Request, reader: Reader, template: str, document: Mapping[str, Any], **shown: object
) -> Response:
    """``document`` as JSON, or as the page of ``template``, which gets ``shown`` over it."""
    headers = {"Vary": "Accept, Accept-Language, Cookie", "Cache-Control": "no-cache"}
    if reader.wants_json:
        return JSONResponse(dict(document), headers=headers)
    headers["Content-Language"] = reader.language.tag
    return HTMLResponse(page(request, reader, template, {**document, **shown}), headers=headers)


def page(request: Request, reader: Reader, template: str, shown: Mapping[str, object]) -> str:
    """The HTML of a template."""
    return (
        _environment(reader.language.code)
        .get_template(template)
        .render(
            shown,
            request=request,
            reader=reader,
            language=reader.language,
            here=_here(request),
            twin=_twin(request),
            node_name=request.app.state.node.config.name,
        )
    )


def asset(name: str) -> str:
    """Address of a file under ``static``, which changes with its content."""
    return f"/static/{name}?v={_fingerprint(name)}"


def breakable(text: str) -> Markup:
    """An identifier that may be broken after its single colons."""
    return Markup(":<wbr>").join(escape(part) for part in _SINGLE_COLON.split(text))


def to_path(text: str) -> str:
    """Text as part of an address; an identifier keeps its colons."""
    return quote(text, safe="/:")


@cache
def _fingerprint(name: str) -> str:
    path = _WEB / "static" / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "absent"


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    chosen = languages.language(code)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        chosen.texts.gettext, chosen.texts.ngettext, newstyle=True
    )
    environment.filters.update(
        number=chosen.number,
        size=chosen.size,
        minute=languages.minute,
        second=languages.second,
        path=to_path,
        breakable=breakable,
    )
    environment.globals.update(asset=asset, codes=CODES)
    return environment


def _here(request: Request) -> str:
    """Path and query of the page, without the passing choice of a language."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    text = "&".join(f"{quote(name)}={quote(value, safe=':,')}" for name, value in query)
    return quote(request.url.path, safe="/:") + ("?" + text if text else "")


def _twin(request: Request) -> str:
    path, _, query = _here(request).partition("?")
    name = "/search" if path == "/" else path
    return f"{name}.json" + (f"?{query}" if query else "")
