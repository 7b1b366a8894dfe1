"""The search page: what is held, narrowed by words, facets, place and time, on a map."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from perilune.access.cursor import write_cursor
from perilune.access.layout import MOST_PRODUCTS
from perilune.catalogue.port import Page
from perilune.catalogue.query import Query
from perilune.errors import MalformedIdentifier, NotFound
from perilune.i18n.language import N_, Language
from perilune.model.identifier import parse_identifier
from perilune.web.context import listed_in_path
from perilune.web.pages import summary, words
from perilune.web.pages.dossier import MOST_KM
from perilune.web.pages.drawing import draw_hits
from perilune.web.pages.paging import Turn, turn_back, turn_on
from perilune.web.pages.question import (
    FIRST_SORT,
    VIEWS,
    Question,
    read_question,
)
from perilune.web.pages.site import Site, find_site
from perilune.web.pages.visit import TheVisit, Visit

router = APIRouter()
_WORDS_SHOWN = 7
_MOST_WORDS = 300
SORT_NAMES: Mapping[str, str] = {
    "-accessioned": N_("Newest in the archive"),
    "accessioned": N_("Oldest in the archive"),
    "-start": N_("Latest observed"),
    "start": N_("Earliest observed"),
    "title": N_("Title"),
    "lid": N_("Identifier"),
    "-bytes": N_("Largest"),
}


@router.get("/")
@router.get("/search")
@router.get("/search.json")
def get_search(visit: TheVisit) -> Response:
    """The products that the address asks for, one page of them."""
    question = read_question(visit.request.query_params)
    if not visit.wants_json and (known := _named_outright(question, visit)):
        return RedirectResponse(known, status_code=303)
    site = find_site(question.site, question.radius) if question.site else None
    turn = _turn(question.query(site.cap if site else None), question, visit)
    document = _document(question, site, turn)
    if visit.wants_json:
        return visit.answer("search.html", document)
    language = visit.language
    drawing = draw_hits(turn.hits, question, site, language)
    return visit.answer(
        "search.html",
        document,
        question=question,
        heading=_heading(question, site, turn.page.total, language),
        under=site.sentence(language) if site else "",
        cards=[summary.card(hit, language) for hit in turn.hits],
        groups=_groups(question, turn.page, language),
        chosen=_chosen(question, site, language),
        sorts={name: language.text(text) for name, text in SORT_NAMES.items()},
        first_sort=FIRST_SORT,
        drawing=drawing,
        dossier_href=_dossier(site),
        tabs={view: replace(question, view=view).address() for view in VIEWS},
        prints_href=replace(question.first_page(), view=drawing.view).address("/map/features.json"),
        search_href=replace(question.first_page(), view=drawing.view, site="", radius="").address(),
        extracts=_extracts(question, turn.page.total),
        is_empty_archive=not turn.page.total and not question.narrows and not site,
    )


def _dossier(site: Site | None) -> str:
    """Address of the dossier of the site; empty without one, or where it is too wide for one."""
    if site is None or not 0.1 <= site.cap.radius_km <= MOST_KM:
        return ""
    cap = site.cap
    return f"/site?lat={cap.lat:g}&lon={cap.lon:g}&radius={cap.radius_km:g}"


def _named_outright(question: Question, visit: Visit) -> str | None:
    """Address of the product that the words are the whole identifier of."""
    if not question.words.startswith("urn:") or question != Question(words=question.words):
        return None
    try:
        parse_identifier(question.words)
        return summary.address(listed_in_path(question.words, visit.node, visit.asker))
    except (MalformedIdentifier, NotFound):
        return None


def _turn(query: Query, question: Question, visit: Visit) -> Turn:
    turn = turn_back if question.until else turn_on
    return turn(query, question.number, visit.node, visit.asker)


def _extracts(question: Question, total: int) -> dict[str, str]:
    """Form to address of all that the question finds; nothing where it is too much."""
    if not 0 < total <= MOST_PRODUCTS:
        return {}
    asked = question.first_page()
    return {form: asked.address(f"/extract/search.{form}") for form in summary.EXTRACT_FORMS}


def _document(question: Question, site: Site | None, turn: Turn) -> dict[str, Any]:
    number, shown = question.number, len(turn.hits)
    base = question.first_page()
    return {
        "question": dict(_grouped(base.parameters())),
        "address": base.address(),
        "total": turn.page.total,
        "first": number if shown else 0,
        "last": number + shown - 1 if shown else 0,
        "site": site.document() if site else None,
        "products": [summary.document(hit) for hit in turn.hits],
        "facets": {name: dict(found) for name, found in turn.page.facets.items()},
        "next": _turned(base, "after", turn.next, number + shown),
        "back": _turned(base, "until", turn.back, max(1, number - question.size)),
    }


def _turned(base: Question, end: str, cursor: Any, number: int) -> str | None:
    if cursor is None:
        return None
    return _replace(base, number, **{end: write_cursor(cursor)}).address()


def _grouped(parameters: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parameters:
        found.setdefault(name, []).append(value)
    return found


def _heading(question: Question, site: Site | None, total: int, language: Language) -> str:
    if total == 0:
        return _none(question, site, language)
    if site:
        return language.counted(
            "%(n)s product covers %(place)s",
            "%(n)s products cover %(place)s",
            total,
            place=site.name or language.place(site.cap.lat, site.cap.lon),
        )
    if question.narrows:
        return language.counted("%(n)s product matches", "%(n)s products match", total)
    return language.counted(
        "%(n)s product in this archive", "%(n)s products in this archive", total
    )


def _none(question: Question, site: Site | None, language: Language) -> str:
    if site:
        place = site.name or language.place(site.cap.lat, site.cap.lon)
        return language.text("No product covers %(place)s", place=place)
    if question.narrows:
        return language.text("No product matches")
    return language.text("No product in this archive yet")


def _groups(question: Question, page: Page, language: Language) -> list[dict[str, Any]]:
    """Facets that tell something: with more than one word, or chosen."""
    groups = []
    for facet, name in words.FACETS.items():
        chosen = question.chosen(facet)
        found = dict.fromkeys(chosen, 0) | dict(page.facets.get(facet, {}))
        if not chosen and _tells_nothing(found, page.total):
            continue
        ranked = sorted(found.items(), key=lambda pair: (pair[0] not in chosen, -pair[1], pair[0]))
        if facet == "year":
            ranked.sort(key=lambda pair: pair[0], reverse=True)
        rows = [
            (word, words.of_facet(facet, word, language), count, word in chosen)
            for word, count in ranked[:_MOST_WORDS]
        ]
        shown = max(_WORDS_SHOWN, len(chosen))
        groups.append(
            {
                "name": facet,
                "text": language.text(name),
                "rows": rows,
                "shown": shown,
                "more": max(0, len(rows) - shown),
            }
        )
    return groups


def _tells_nothing(found: Mapping[str, int], total: int) -> bool:
    """Whether choosing any of the words would narrow nothing."""
    return not found or list(found.values()) == [total]


def _chosen(question: Question, site: Site | None, language: Language) -> list[dict[str, str]]:
    """What narrows the answer, each with the address that lets it go."""
    base = question.first_page()
    shown = []
    if question.words:
        shown.append((f"“{question.words}”", _replace(base, words="")))
    if site:
        shown.append((site.title(language), _replace(base, site="", radius="")))
    if question.start:
        text = language.text("from %(time)s UTC", time=question.start)
        shown.append((text, _replace(base, start="")))
    if question.stop:
        text = language.text("to %(time)s UTC", time=question.stop)
        shown.append((text, _replace(base, stop="")))
    for facet, found in question.facets:
        for word in found:
            text = words.of_facet(facet, word, language)
            shown.append((text, question.without(facet, word)))
    return [{"text": text, "href": left.address()} for text, left in shown]


def _replace(question: Question, number: int = 1, **changes: Any) -> Question:
    return replace(question, number=number, **changes)
