"""Content negotiation: which of our media types an ``Accept`` header likes best.

Source: RFC 9110 section 12.5.1. Among equals the asker's order decides, as the PDS Search API
does; a header that fits nothing gets our first type, which the standard allows.
"""

from collections.abc import Sequence


def preferred(accept: str | None, offers: Sequence[str]) -> str:
    """The one of ``offers`` that ``accept`` likes best; the first where it does not say."""
    best, best_rank = offers[0], (0.0, 0)
    for order, item in enumerate((accept or "").split(",")):
        name, *parameters = (part.strip() for part in item.split(";"))
        rank = (_quality(parameters), -order)
        if rank[0] > 0 and (rank > best_rank or best_rank[0] == 0):
            offer = next((offer for offer in offers if _fits(offer, name.lower())), None)
            if offer is not None:
                best, best_rank = offer, rank
    return best


def wants_html(accept: str | None) -> bool:
    """Whether the asker is a browser: likes HTML and names it."""
    types = ("application/json", "text/html", "application/problem+json")
    return preferred(accept, types) == "text/html"


def _fits(offer: str, name: str) -> bool:
    return name in (offer, "*/*", "*") or name == f"{offer.partition('/')[0]}/*"


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
