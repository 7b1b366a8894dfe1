"""The page of the node: who it is, what it keeps, what it signed, and how programs reach it."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.access import search
from perilune.access.policy import Asker
from perilune.catalogue.port import Fixity
from perilune.catalogue.query import Query
from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model import act
from perilune.model.act import FixityAct
from perilune.model.namespace import NAMESPACES
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.web.pages import words
from perilune.web.pages.visit import TheVisit

router = APIRouter()


@router.get("/node")
@router.get("/node.json")
def get_node(visit: TheVisit) -> Response:
    """What the node says of itself."""
    node, asker, language = visit.node, visit.asker, visit.language
    node.log.refresh()
    document = _document(node, asker)
    return visit.answer(
        "node.html",
        document,
        kinds=[
            {"text": words.of_class(word, language), "word": word, "count": count}
            for word, count in document["counts"]["classes"].items()
        ],
        read_back_tile=_read_back(node, asker, language),
        agencies={space.prefix: space.agency for space in NAMESPACES},
        interfaces=_interfaces(language),
        base=visit.base,
        scope=asker.scope,
        head=node.log.head.decode("utf-8"),
    )


def _fixity(node: Node, asker: Asker) -> Fixity | None:
    """The newest fixity act, if the log shows it: its counts are of all that is kept here."""
    found = node.catalogue.fixity()
    if found is None or asker.scope == "own":
        return found
    is_shown = isinstance(act.decode(node.log.entry(found.index)), FixityAct)
    return found if is_shown else None


def _document(node: Node, asker: Asker) -> dict[str, Any]:
    everything = Query(versions="all", limit=0, count=("class", "mission"))
    page = search.search(everything, node, asker)
    latest = search.search(Query(limit=0), node, asker)
    checkpoint, fixity = node.log.checkpoint, _fixity(node, asker)
    return {
        "name": node.config.name,
        "origin": node.config.origin,
        "namespaces": list(node.config.namespaces),
        "asks": {
            "validation": node.config.validation.value,
            "refuses": node.config.refuses.value,
            "schemas_required": node.config.schemas_required,
        },
        "counts": {
            "products": latest.total,
            "versions": page.total,
            "classes": dict(page.facets["class"]),
            "missions": dict(page.facets["mission"]),
        },
        "log": {
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "checkpoint": "/log/checkpoint",
            "policy": "/log/policy",
        },
        "keys": {"log": node.log.vkey, "receipt": node.receipt_signer.vkey},
        "read_back": None
        if fixity is None
        else {
            "at": time_text(fixity.at),
            "objects": fixity.objects,
            "bytes": fixity.bytes,
            "damaged": len(fixity.damaged),
        },
        "software": {"perilune": _version()},
    }


def _version() -> str:
    try:
        return version("perilune")
    except PackageNotFoundError:
        return "from a source tree"


def _read_back(node: Node, asker: Asker, language: Language) -> dict[str, str]:
    fixity = node.catalogue.fixity()
    if fixity is None:
        return {
            "look": "wait",
            "number": "\N{EN DASH}",
            "text": language.text("Nothing was read back yet; perilune audit does it."),
        }
    damaged = len(fixity.damaged)
    if _fixity(node, asker) is None:
        return {
            "look": "bad" if damaged else "ok",
            "number": language.number(damaged),
            "text": language.text(
                "damaged when all was read back, %(time)s", time=languages.minute(fixity.at)
            ),
        }
    return {
        "look": "bad" if damaged else "ok",
        "number": language.number(damaged),
        "text": language.text(
            "damaged of %(objects)s objects read back, %(time)s",
            objects=language.number(fixity.objects),
            time=languages.minute(fixity.at),
        ),
    }


def _interfaces(language: Language) -> list[dict[str, str]]:
    """Where programs ask, each with what it is for."""
    text = language.text
    return [
        {
            "href": "/api/search/1/products",
            "text": text("PDS Search API 1.6: products and their properties"),
        },
        {"href": "/openapi.json", "text": text("OpenAPI description of all interfaces")},
        {"href": "/log/checkpoint", "text": text("Signed head of the log (C2SP tlog-tiles)")},
        {"href": "/log/policy", "text": text("Whose signature to trust (C2SP tlog-policy)")},
        {"href": "/search.json", "text": text("This portal as JSON: every page has a twin")},
    ]
