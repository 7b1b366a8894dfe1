"""Errors as answers: RFC 9457 problem documents for programs, pages for people."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from perilune.errors import BadQuestion, ExtraMissing, NotFound, PeriluneError, Withdrawn
from perilune.model.reading import time_text
from perilune.web.negotiation import wants_html
from perilune.web.pages.errors import error_page

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Let ``app`` answer every error in these forms."""
    app.add_exception_handler(PeriluneError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_the_router)
    app.add_exception_handler(ModuleNotFoundError, _not_installed)
    app.add_exception_handler(Exception, _unforeseen)


def problem(request: Request, error: PeriluneError) -> JSONResponse:
    """The problem document of ``error``; its class already says status, code and advice."""
    body = {
        "type": f"/docs/errors#{error.code}",
        "title": (type(error).__doc__ or "").strip().splitlines()[0],
        "status": error.status,
        "detail": str(error),
        "instance": request.scope["path"],
        "code": error.code,
        "advice": error.advice,
    }
    if isinstance(error, Withdrawn):
        body |= {"lidvid": error.lidvid, "cause": error.cause, "withdrawn": time_text(error.at)}
    return JSONResponse(body, error.status, media_type="application/problem+json")


def words_of(error: RequestValidationError) -> BadQuestion:
    """The parameters that cannot be read, in one sentence."""
    faults = (f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
    return BadQuestion("; ".join(faults))


def report(request: Request, error: PeriluneError) -> None:
    """Tell the operator of a fault that is not the asker's."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %r: %s", request.method, request.scope["path"], error)


def _answer(request: Request, error: PeriluneError) -> Response:
    report(request, error)
    if wants_html(request.headers.get("accept")):
        return error_page(request, error)
    return problem(request, error)


async def _raised(request: Request, error: Exception) -> Response:
    assert isinstance(error, PeriluneError)
    return _answer(request, error)


async def _not_installed(request: Request, error: Exception) -> Response:
    assert isinstance(error, ModuleNotFoundError)
    missing = ExtraMissing.of(error)
    return await _unforeseen(request, error) if missing is None else _answer(request, missing)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, words_of(error))


async def _of_the_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _answer(request, NotFound(f"no page at {request.scope['path']}"))
    title = HTTPStatus(error.status_code).phrase
    body = {"type": "about:blank", "title": title, "status": error.status_code}
    headers = error.headers or {}
    return JSONResponse(body, error.status_code, headers, media_type="application/problem+json")


async def _unforeseen(request: Request, error: Exception) -> Response:
    """The server itself writes down where this came from."""
    return _answer(request, PeriluneError(f"a fault of this node: {type(error).__name__}"))
