"""The page of an error: what happened, and what can be done."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from perilune.errors import PeriluneError, Withdrawn
from perilune.i18n.language import Language
from perilune.model.reading import time_text
from perilune.web.pages.rendering import page, reader_of
from perilune.web.pages.words import cause


def error_page(request: Request, error: PeriluneError) -> HTMLResponse:
    """The page that tells of ``error``, with the error's own status."""
    reader = reader_of(request)
    html = page(
        request,
        reader,
        "error.html",
        {
            "code": error.code,
            "detail": str(error),
            "advice": error.advice,
            "heading": _heading(error.status, reader.language),
            "tombstone": _tombstone(error, reader.language),
        },
    )
    return HTMLResponse(
        html,
        error.status,
        headers={"Content-Language": reader.language.tag, "Cache-Control": "no-store"},
    )


def _tombstone(error: PeriluneError, language: Language) -> dict[str, str] | None:
    """What is left of a product that was withdrawn."""
    if not isinstance(error, Withdrawn):
        return None
    return {
        "lidvid": error.lidvid,
        "cause": cause(error.cause, language),
        "text": error.text,
        "t": time_text(error.at),
    }


def _heading(status: int, language: Language) -> str:
    match status:
        case 400 | 422:
            return language.text("This cannot be read as a question")
        case 403:
            return language.text("This may not be had")
        case 404:
            return language.text("Nothing is here by that name")
        case 410:
            return language.text("This was withdrawn")
        case 503:
            return language.text("The node is busy")
        case _:
            return language.text("The node could not do this")
