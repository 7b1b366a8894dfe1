"""The audit page: who ordered what, when and why, and what waits for a second person."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.access.deeds import Deed, deeds, waiting
from perilune.i18n.language import Language
from perilune.model.reading import time_text
from perilune.orders.order import SignedOrder
from perilune.web.pages import words
from perilune.web.pages.rendering import to_path
from perilune.web.pages.visit import TheVisit

router = APIRouter()
_SHOWN = 50
_TEXTS = ("reason", "text")


@router.get("/audit")
@router.get("/audit.json")
def get_audit(visit: TheVisit, before: int | None = None) -> Response:
    """What persons ordered, newest first, as far as the asker may know."""
    found, following = deeds(visit.node, visit.asker, _SHOWN, before)
    orders = waiting(visit.node, visit.asker)
    document = {
        "acts": [each.document() for each in found],
        "waiting": [_described(each) for each in orders],
        "next": None if following is None else f"/audit?before={following}",
    }
    return visit.answer(
        "audit.html",
        document,
        rows=[_row(each, visit.language) for each in found],
        orders=[_order(each, visit.language) for each in orders],
        scope=visit.asker.scope,
    )


def _described(signed: SignedOrder) -> dict[str, Any]:
    order = signed.order
    return {
        "order": order.digest,
        "what": order.what.value,
        "targets": list(order.targets),
        "reason": order.reason,
        "not_after": time_text(order.not_after),
        "signed_by": list(signed.signers),
    }


def _row(deed: Deed, language: Language) -> dict[str, Any]:
    told = deed.told
    name = str(told.get("lidvid", ""))
    return {
        "t": deed.t,
        "kind": words.of_act(deed.kind, language),
        "look": "bad" if deed.kind == "withdraw" else "plain",
        "name": name,
        "href": f"/products/{to_path(name)}" if name else "",
        "about": _about(deed, language),
        "why": next((str(told[each]) for each in _TEXTS if each in told), ""),
        "persons": ", ".join(deed.persons),
        "order": deed.order,
        "follows": deed.follows,
        "alone": deed.is_alone,
        "hidden": not deed.is_open,
    }


def _about(deed: Deed, language: Language) -> str:
    told = deed.told
    match told:
        case {"cleared": {"count": int(count)}, "to": str(to)}:
            what = language.counted("%(n)s product", "%(n)s products", count)
            return f"{what}: {words.of_circle(to, language)}"
        case {"within": list(within), "to": str(to), "until": str(until)}:
            return f"{', '.join(map(str, within))}: {words.of_circle(to, language)}, {until[:10]}"
        case {"cause": str(cause)}:
            return words.cause(cause, language)
        case {"name": str(name), "standing": str(standing)}:
            return f"{name}: {words.of_standing(standing, language)}"
        case {"delivery": str(delivery)}:
            return delivery[:16]
        case _:
            return ""


def _order(signed: SignedOrder, language: Language) -> dict[str, Any]:
    order = signed.order
    return {
        "digest": order.digest,
        "kind": words.of_order(order.what, language),
        "targets": order.targets[:3],
        "more": max(0, len(order.targets) - 3),
        "reason": order.reason,
        "until": time_text(order.not_after)[:10],
        "signers": ", ".join(signed.signers),
    }
