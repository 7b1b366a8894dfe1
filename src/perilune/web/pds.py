"""The PDS Search API, version 1 (specification 1.6.0), as NASA's registry offers it.

Answered are the newest versions that the asker may see. Each harvest time occurs once, so a
client that pages by it loses nothing; whatever else is sorted by, harvest time breaks ties and is
the last value of ``search-after``. Source: NASA-PDS/pds-api, PDS_APIs-search-1.6.0-swagger.yaml.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from operator import itemgetter
from time import monotonic
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from perilune.access import search
from perilune.catalogue import query as catalogue
from perilune.catalogue.fields import FIELDS
from perilune.catalogue.order import place
from perilune.catalogue.port import Page
from perilune.catalogue.query import And, Comparison, Condition, Family, Op
from perilune.errors import MalformedIdentifier, NotFound, PeriluneError
from perilune.model.reading import time_text
from perilune.web import pds_media, pds_question
from perilune.web.context import TheAsker, TheNode, listed_in_path
from perilune.web.errors import report, words_of
from perilune.web.negotiation import preferred
from perilune.web.pds_document import Document
from perilune.web.pds_media import Manner, json_response
from perilune.web.pds_question import FACET_OF, Wishes, listed, property_name

PREFIX = "/api/search/1"

_CLASSES = (
    "AIP",
    "Ancillary",
    "Attribute_Definition",
    "Browse",
    "Bundle",
    "Class_Definition",
    "Collection",
    "Context",
    "DIP",
    "DIP_Deep_Archive",
    "Data_Set_PDS3",
    "Document",
    "External",
    "File_Repository",
    "File_Text",
    "Instrument_Host_PDS3",
    "Instrument_PDS3",
    "Metadata_Supplemental",
    "Mission_PDS3",
    "Native",
    "Observational",
    "Proxy_PDS3",
    "SIP",
    "SIP_Deep_Archive",
    "SPICE_Kernel",
    "Service",
    "Software",
    "Subscription_PDS3",
    "Target_PDS3",
    "Thumbnail",
    "Update",
    "Volume_PDS3",
    "Volume_Set_PDS3",
    "XML_Schema",
    "Zipped",
)
CLASS_OF = {name.lower().replace("_", "-"): f"Product_{name}" for name in _CLASSES} | {
    "bundles": "Product_Bundle",
    "collections": "Product_Collection",
    "documents": "Product_Document",
    "observationals": "Product_Observational",
}
"""Names of the paths under ``/classes``; ``any`` comes besides."""


class _PdsRoute(APIRoute):
    """A route whose errors have the form of this standard: ``request`` and ``message``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except PeriluneError as error:
                return _fault(request, error)
            except RequestValidationError as error:
                return _fault(request, words_of(error))

        return guarded


router = APIRouter(prefix=PREFIX, tags=["PDS Search API"], route_class=_PdsRoute)


def _fault(request: Request, error: PeriluneError) -> Response:
    report(request, error)
    body = {"request": str(request.url), "message": str(error)}
    return json_response(
        body, status=404 if isinstance(error, MalformedIdentifier) else error.status
    )


def _wishes(  # noqa: PLR0913, PLR0917  # the parameters of the standard
    q: Annotated[str, Query(max_length=20_000)] = "",
    keywords: Annotated[list[str] | None, Query()] = None,
    keyword: Annotated[list[str] | None, Query()] = None,
    fields: Annotated[list[str] | None, Query()] = None,
    sort: Annotated[list[str] | None, Query()] = None,
    search_after: Annotated[list[str] | None, Query(alias="search-after")] = None,
    limit: Annotated[int, Query(ge=0)] = pds_question.DEFAULT_LIMIT,
    facet_fields: Annotated[list[str] | None, Query(alias="facet-fields")] = None,
    facet_limit: Annotated[
        int, Query(ge=0, alias="facet-limit")
    ] = pds_question.DEFAULT_FACET_LIMIT,
    cone: Annotated[str, Query(description="lon,lat,radius_km on the Moon; an addition")] = "",
    time: Annotated[str, Query(description="start/stop of observation; an addition")] = "",
) -> Wishes:
    return Wishes(
        q=q,
        keywords=listed([*(keywords or ()), *(keyword or ())]),
        fields=tuple(map(property_name, listed(fields))),
        sort=listed(sort),
        search_after=tuple(search_after or ()),
        limit=limit,
        facet_fields=tuple(map(property_name, listed(facet_fields))),
        facet_limit=facet_limit,
        cone=cone,
        time=time,
    )


TheWishes = Annotated[Wishes, Depends(_wishes)]
Identifier = Annotated[str, Path(description="a LIDVID, or a LID for its newest version")]
Versions = Literal["all", "latest"]
Direction = Literal["members", "member-of"]


def _manner(request: Request, wishes: Wishes, asker: TheAsker) -> Manner:
    media = preferred(request.headers.get("accept"), pds_media.OFFERS)
    base = str(request.base_url).rstrip("/")
    return Manner(media=media, base=base, asker=asker, fields=wishes.fields)


class _Asked:
    """A request with all that belongs to it: who asks what of which node, and how."""

    def __init__(self, request: Request, node: TheNode, asker: TheAsker, wishes: TheWishes) -> None:
        self.request, self.node, self.asker, self.wishes = request, node, asker, wishes
        self.manner = _manner(request, wishes, asker)

    def many(self, narrowed: Callable[[catalogue.Query], catalogue.Query]) -> Response:
        """The page that the question, narrowed further, finds."""
        began = monotonic()
        query = narrowed(pds_question.question(self.wishes))
        page = search.search(query, self.node, self.asker)
        summary = _summary(page, query, self.wishes)
        summary["took"] = round((monotonic() - began) * 1000)
        return pds_media.many(summary, page.hits, self.node, self.manner)

    def one(self, identifier: str) -> Response:
        """The product of that name; for people, the portal's page of it."""
        holding = listed_in_path(identifier, self.node, self.asker)
        if self.manner.media == pds_media.HTML:
            return RedirectResponse(f"/products/{holding.product.id}", 303, {"Vary": "Accept"})
        return pds_media.one(holding, self.node, self.manner)

    def relatives(
        self, identifier: str, direction: Direction, depth: Literal[1, 2], versions: Versions
    ) -> Response:
        """The page of members of the product of that name, or of those that list it."""
        holding = listed_in_path(identifier, self.node, self.asker)
        family = Family(holding.product.id, direction, depth)
        return self.many(lambda query: replace(query, family=family, versions=versions))


Asked = Annotated[_Asked, Depends()]


@router.get("/products")
def get_products(asked: Asked) -> Response:
    """The newest version of every product that matches."""
    return asked.many(lambda query: query)


@router.get("/products/{identifier}")
def get_product(identifier: Identifier, asked: Asked) -> Response:
    """The version named, or the newest."""
    return asked.one(identifier)


@router.get("/products/{identifier}/latest")
def get_product_latest(identifier: Identifier, asked: Asked) -> Response:
    """The newest version, whichever is named."""
    return asked.one(identifier.partition("::")[0])


@router.get("/products/{identifier}/all")
def get_product_all(identifier: Identifier, asked: Asked) -> Response:
    """Every version."""
    found = listed_in_path(identifier.partition("::")[0], asked.node, asked.asker)
    lid = found.product.id.lid
    return asked.many(lambda query: replace(query, id=lid, versions="all"))


@router.get("/products/{identifier}/members/members")
@router.get("/products/{identifier}/members/members/{versions}")
def get_members_of_members(
    identifier: Identifier, asked: Asked, versions: Versions = "latest"
) -> Response:
    """The members of the members: the products of a bundle."""
    return asked.relatives(identifier, "members", 2, versions)


@router.get("/products/{identifier}/member-of/member-of")
@router.get("/products/{identifier}/member-of/member-of/{versions}")
def get_member_of_member_of(
    identifier: Identifier, asked: Asked, versions: Versions = "latest"
) -> Response:
    """Those that list what lists the product: its bundles."""
    return asked.relatives(identifier, "member-of", 2, versions)


@router.get("/products/{identifier}/members")
@router.get("/products/{identifier}/members/{versions}")
def get_members(identifier: Identifier, asked: Asked, versions: Versions = "latest") -> Response:
    """What the collection's inventory or the bundle's label lists."""
    return asked.relatives(identifier, "members", 1, versions)


@router.get("/products/{identifier}/member-of")
@router.get("/products/{identifier}/member-of/{versions}")
def get_member_of(identifier: Identifier, asked: Asked, versions: Versions = "latest") -> Response:
    """The collections or bundles that list the product."""
    return asked.relatives(identifier, "member-of", 1, versions)


@router.get("/classes")
def get_classes() -> Response:
    """Names of the classes that can be asked for."""
    return json_response(["any", *CLASS_OF])


@router.get("/classes/{class}")
def get_class(name: Annotated[str, Path(alias="class")], asked: Asked) -> Response:
    """The newest version of every product of a class that matches."""
    if name == "any":
        return asked.many(lambda query: query)
    if name not in CLASS_OF:
        raise NotFound(f"no class {name[:100]!r}; {PREFIX}/classes lists them")
    of_class = Comparison("product_class", Op.EQ, CLASS_OF[name])
    return asked.many(lambda query: replace(query, where=_both(query.where, of_class)))


@router.get("/properties")
def get_properties(node: TheNode, asker: TheAsker) -> Response:
    """Every property that can be asked for, with its type."""
    types: dict[str, str] = {name: field.type for name, field in FIELDS.items()}
    types |= node.catalogue.properties(asker.scope)
    return json_response([{"property": name, "type": types[name]} for name in sorted(types)])


@router.get("/health")
def get_health(node: TheNode, asker: TheAsker) -> Response:
    """Whether the catalogue answers and the last reading back found no damage; else 418."""
    query = catalogue.Query(limit=0)
    total = search.search(query, node, asker).total
    fixity = node.catalogue.fixity()
    is_well = fixity is None or not fixity.damaged
    found = {
        "status": "healthy" if is_well else "sick",
        "node": node.config.name,
        "products": total,
        "log_entries": node.catalogue.applied,
        "read_back": fixity and time_text(fixity.at),
        "damaged_objects": len(fixity.damaged) if fixity else 0,
    }
    return json_response(found, status=200 if is_well else 418)


def _both(first: Condition | None, second: Condition) -> Condition:
    return second if first is None else And((first, second))


def _summary(page: Page, query: catalogue.Query, wishes: Wishes) -> Document:
    last = place(page.hits[-1], query.sort).values if page.hits else ()
    names = set(wishes.fields)
    if not names:
        names.update(FIELDS)
        for hit in page.hits:
            names.update(map(itemgetter(0), hit.product.properties))
    return {
        "q": wishes.q,
        "hits": page.total,
        "took": 0,
        "search_after": [pds_question.cursor_text(value) for value in last],
        "limit": query.limit,
        "sort": [pds_question.sort_text(sort) for sort in query.sort],
        "properties": sorted(names) if page.hits else [],
        "facets": [_facet(name, page, wishes.facet_limit) for name in wishes.facet_fields],
    }


def _facet(name: str, page: Page, limit: int) -> Document:
    counts = page.facets[FACET_OF.get(name, name)]
    return {"property": name, "type": "terms", "counts": dict(list(counts.items())[:limit])}
