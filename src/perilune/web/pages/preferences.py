"""Language and theme, chosen once and remembered in two cookies; nothing else is remembered."""

from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from perilune.errors import BadQuestion
from perilune.i18n.language import CODES
from perilune.web.pages.rendering import LANGUAGE_COOKIE, THEME_COOKIE

router = APIRouter()
_YEAR_S = 365 * 86_400
_LONGEST = 8192


@router.post("/preferences")
async def post_preferences(request: Request) -> RedirectResponse:
    """Remember what the form says and go back to the page it was on."""
    body = await request.body()
    if len(body) > _LONGEST:
        raise BadQuestion("the form is too long")
    form = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
    answer = RedirectResponse(_local(form.get("back", "/")), status_code=303)
    if (code := form.get("language")) in CODES:
        answer.set_cookie(LANGUAGE_COOKIE, code, max_age=_YEAR_S, samesite="lax", httponly=True)
    match form.get("theme"):
        case "light" | "dark" as theme:
            answer.set_cookie(THEME_COOKIE, theme, max_age=_YEAR_S, samesite="lax", httponly=True)
        case "system":
            answer.delete_cookie(THEME_COOKIE, samesite="lax", httponly=True)
    return answer


def _local(address: str) -> str:
    """The address if it lies on this node, else the first page."""
    parts = urlsplit(address)
    leads_away = parts.scheme or parts.netloc or not address.startswith("/")
    odd = "\\" in address or not address.isprintable() or address.startswith("//")
    return "/" if leads_away or odd else address
