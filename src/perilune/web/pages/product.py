"""The page of one product version: what it is, where, in whose custody, and how to get it."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.access import read, search
from perilune.access.cursor import read_cursor, write_cursor
from perilune.access.policy import may_read
from perilune.catalogue.query import Family, Query, Sort
from perilune.errors import Damaged, Embargoed, NotFound
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Holding
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.web.context import listed_in_path
from perilune.web.pages import citation, custody, facts, label_tree, summary, words
from perilune.web.pages.drawing import draw_holding
from perilune.web.pages.inside import inside
from perilune.web.pages.question import VIEWS
from perilune.web.pages.rendering import to_path
from perilune.web.pages.visit import TheVisit, Visit

router = APIRouter()
_MEMBERS = 20
_MOST_VERSIONS = 50
_MOST_ROWS = 200


@router.get("/products/{name:path}")
def get_product(visit: TheVisit, name: str, members: str = "", view: str = "") -> Response:
    """The product named by a LIDVID, or the latest version of a LID."""
    holding = _named(name, visit)
    visit.node.log.refresh()
    document = {
        **_document(holding, visit),
        "versions": _versions(holding, visit),
        "members": _members(holding, members, visit),
        "member_of": _member_of(holding, visit),
    }
    shown = {} if visit.wants_json else _shown(holding, view, visit)
    return visit.answer("product.html", document, **shown)


def _named(name: str, visit: Visit) -> Holding:
    """A LID may end in ``.json`` itself, so the name as it stands goes first."""
    try:
        return listed_in_path(name, visit.node, visit.asker)
    except NotFound:
        if not name.endswith(".json"):
            raise
        return listed_in_path(name.removesuffix(".json"), visit.node, visit.asker)


def _document(holding: Holding, visit: Visit) -> dict[str, Any]:
    product, node_name = holding.product, visit.node.config.name
    is_open = may_read(holding, visit.asker).allowed
    return {
        **summary.document(holding),
        "description": product.citation.description,
        "information_model": product.information_model,
        "hosts": list(dict.fromkeys(each.name for each in product.hosts)),
        "licence": product.licence,
        "footprints": [
            {
                "body": footprint.body,
                "frame": footprint.frame,
                "realisation": footprint.realisation,
                "accuracy_m": footprint.accuracy_m,
                "kernels": list(footprint.kernels),
                "source": footprint.source,
                "shape": facts.shape_document(footprint.shape),
            }
            for footprint in product.footprints
        ],
        "errata": [{"t": time_text(each.t), "text": each.text} for each in holding.errata],
        "custody": custody.document(holding, visit.node),
        "contents": [
            {
                "path": entry.path,
                "role": entry.role,
                "size": entry.size,
                **entry.digests,
                "href": summary.file_address(holding, entry),
            }
            for entry in (holding.manifest.files if is_open else ())
        ],
        "extract": f"/extract/{to_path(str(product.id))}.zip" if is_open else None,
        "citation": {
            "text": citation.citation_text(holding, node_name),
            "bibtex": citation.bibtex(holding, node_name),
        },
    }


def _versions(holding: Holding, visit: Visit) -> list[dict[str, str]]:
    asked = Query(id=holding.product.id.lid, versions="all", limit=_MOST_VERSIONS)
    found = search.search(asked, visit.node, visit.asker).hits
    return [
        {"version": each.product.id.version, "href": summary.address(each)}
        for each in sorted(found, key=lambda each: each.product.id, reverse=True)
    ]


def _members(holding: Holding, after: str, visit: Visit) -> dict[str, Any]:
    asked = Query(
        family=Family(holding.product.id, "members"),
        sort=(Sort("lid"),),
        cursor=read_cursor(after) if after else None,
        limit=_MEMBERS,
    )
    page = search.search(asked, visit.node, visit.asker)
    here = summary.address(holding)
    return {
        "listed": len(holding.product.members),
        "total": page.total,
        "products": [_named_row(each) for each in page.hits],
        "next": f"{here}?members={write_cursor(page.next)}#members" if page.next else None,
        "first": f"{here}#members" if after else None,
    }


def _member_of(holding: Holding, visit: Visit) -> list[dict[str, str]]:
    asked = Query(family=Family(holding.product.id, "member-of"), limit=_MEMBERS)
    return [_named_row(each) for each in search.search(asked, visit.node, visit.asker).hits]


def _named_row(holding: Holding) -> dict[str, str]:
    return {
        "lidvid": str(holding.product.id),
        "title": holding.product.title,
        "class": holding.product.product_class,
        "href": summary.address(holding),
    }


def _shown(holding: Holding, view: str, visit: Visit) -> dict[str, Any]:
    product, language = holding.product, visit.language
    is_open = may_read(holding, visit.asker).allowed
    shown = _pictured(holding, visit)
    picture = summary.picture_of(shown) if is_open else None
    return {
        "facts": facts.facts(holding, language),
        "extents": [facts.extent(each.shape, language) for each in product.footprints[:3]],
        "states": words.states(holding, language),
        "steps": custody.steps(holding, visit.node, language),
        "crumbs": _crumbs(product.id.lid, visit),
        "kind": words.of_class(product.product_class, language),
        "picture": picture,
        "picture_href": summary.file_address(shown, picture) if picture else "",
        "closed": "" if is_open else words.embargo(holding, language),
        "publisher": holding.origin.partition("/")[0] or visit.node.config.name,
        "tree": _tree(holding, visit.node) if is_open else None,
        "inside": inside(holding, visit.node),
        "label_href": summary.file_address(holding, holding.manifest.label),
        "drawing": (drawing := draw_holding(holding, view, language)),
        "tabs": {each: f"{summary.address(holding)}?view={each}#where" for each in VIEWS},
        "prints_href": f"/map/features/{to_path(str(product.id))}.json"
        + (f"?view={drawing.view}" if drawing else ""),
        "most_rows": _MOST_ROWS,
        "base": visit.base,
        "python": _python(product.id, visit.base),
        "extracts": _extracts(holding),
    }


def _pictured(holding: Holding, visit: Visit) -> Holding:
    """The holding itself if a picture is among its files, else one of its browse products."""
    if summary.picture_of(holding) is not None:
        return holding
    for reference in holding.product.references:
        if reference.type.endswith("_to_browse"):
            try:
                found = search.find(str(reference.target), visit.node, visit.asker)
            except (Embargoed, NotFound):
                continue
            if summary.picture_of(found) is not None:
                return found
    return holding


def _crumbs(lid: Lid, visit: Visit) -> list[dict[str, str]]:
    found = []
    for parent in facts.parents(lid):
        try:
            holding = visit.node.catalogue.latest(parent, visit.asker.scope)
        except NotFound:
            continue
        found.append({"title": holding.product.title, "href": f"/products/{to_path(parent.text)}"})
    return found


def _tree(holding: Holding, node: Node) -> label_tree.Branch | None:
    label = holding.manifest.label
    if label.size > label_tree.MOST_BYTES:
        return None
    try:
        return label_tree.tree_of(b"".join(read.chunks(label, node)))
    except Damaged:
        return None


def _extracts(holding: Holding) -> dict[str, str]:
    """Form to address; of a collection or bundle with all that it lists."""
    rest = "?members=true" if holding.product.members else ""
    place = f"/extract/{to_path(str(holding.product.id))}"
    return {form: f"{place}.{form}{rest}" for form in summary.EXTRACT_FORMS}


def _python(id: Lidvid, base: str) -> str:
    return (
        "from pathlib import Path\n"
        "from perilune.client import RemoteNode\n\n"
        f'RemoteNode("{base}").download("{id}", Path("downloads"))'
    )
