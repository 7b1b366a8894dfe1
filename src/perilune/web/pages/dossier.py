"""The page of a site: what covers it and stands above it at once, its ground when worked out."""

from typing import Any, assert_never

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from perilune.access.search import find
from perilune.catalogue.query import Cap
from perilune.errors import BadQuestion, PeriluneError
from perilune.i18n.language import N_, Language
from perilune.mission.dossier.archive import Covering
from perilune.mission.dossier.desk import Answer, Desk, Errand, Failed, Survey, Underway
from perilune.mission.dossier.document import document
from perilune.mission.dossier.dossier import Dossier, Wanted, compile_dossier
from perilune.mission.dossier.place import Place
from perilune.mission.dossier.scene import Scene, svg
from perilune.web.pages import summary
from perilune.web.pages.drawing import draw_hits
from perilune.web.pages.question import MOST_ON_MAP, VIEWS, Question
from perilune.web.pages.site import Site
from perilune.web.pages.visit import TheVisit, Visit

router = APIRouter()

MOST_KM = 100.0
_LISTED = 20
_NONE = "\N{EN DASH}"
_AGAIN_S = 4
"""A page of which a part is still being worked out asks again after so long."""
_QUANTITIES = {
    "slope_deg": N_("Slope"),
    "sun_share": N_("Mean visibility of the Sun"),
    "earth_share": N_("Mean visibility of the Earth"),
    "longest_night_h": N_("Longest night"),
    "psr_distance_km": N_("Permanent shadow within"),
}


@router.get("/site")
@router.get("/site.json")
def get_site(visit: TheVisit, lat: float, lon: float, radius: float = 20.0) -> Response:
    """All there is about a place."""
    if radius > MOST_KM:
        raise BadQuestion(f"the portal tells of up to {MOST_KM:g} km around a place: {radius:g}")
    place = Place.of(round(lat, 4), round(lon, 4), round(radius, 3))
    dossier = compile_dossier(Wanted(place=place), visit.node, visit.asker)
    answer = _ground(visit, place)
    told = document(dossier)
    if isinstance(answer, Survey):
        told |= answer.told
        told["missing"] = []
    else:
        told["missing"] = _missing(answer)
    again = _AGAIN_S if isinstance(answer, Underway) else None
    if visit.wants_json:
        response = visit.answer("site.html", told)
    else:
        response = visit.answer("site.html", told, **_shown(visit, dossier, told, answer))
    if again is not None:
        response.headers["Refresh" if not visit.wants_json else "Retry-After"] = str(again)
    return response


def _ground(visit: Visit, place: Place) -> Answer | None:
    """What the node's model of heights says of the place; None where it has none."""
    node = visit.node
    if not node.config.elevation_model or node.root is None:
        return None
    try:
        holding = find(node.config.elevation_model, node, visit.asker)
    except PeriluneError as error:
        return Failed(str(error))
    desk: Desk = visit.request.app.state.desk
    return desk.ask(Errand(node.root, place, str(holding.product.id), visit.asker))


def _missing(answer: Answer | None) -> list[str]:
    match answer:
        case None:
            return ["No model of heights: the setting elevation_model of this node names none."]
        case Underway(waited_s=waited):
            return [f"The ground is being worked out, since {waited:.0f} s: ask again."]
        case Failed(reason=reason):
            return [f"The ground could not be worked out: {reason}."]
        case Survey():
            return []
        case _:
            assert_never(answer)


def _shown(
    visit: Visit, dossier: Dossier, told: dict[str, Any], answer: Answer | None
) -> dict[str, Any]:
    language, place = visit.language, dossier.wanted.place
    site = Site(Cap(place.lon, place.lat, place.radius_km), None)
    question = Question(site=f"{place.lat:g}, {place.lon:g}", radius=f"{place.radius_km:g}")
    hits = [each.holding for each in dossier.coverage.coverings[:MOST_ON_MAP]]
    drawing = draw_hits(hits, question, site, language)
    scenes = answer.drawings if isinstance(answer, Survey) else ()
    return {
        "place": language.place(place.lat, place.lon, 3),
        "radius": language.number(place.radius_km, 2),
        "drawing": drawing,
        "tabs": {view: f"{question.address()}&view={view}" for view in VIEWS},
        "prints_href": question.address("/map/features.json") + f"&view={drawing.view}",
        "search_href": question.address(),
        "drawings": [_drawn(scene, language) for scene in scenes],
        "waited": int(answer.waited_s) if isinstance(answer, Underway) else None,
        "reason": answer.reason if isinstance(answer, Failed) else "",
        "has_model": answer is not None,
        "matrix": _matrix(told, language),
        "cards": [_card(each, language) for each in dossier.coverage.coverings[:_LISTED]],
        "simulated": any(each.holding.product.is_simulated for each in dossier.coverage.coverings),
        "quantity": lambda name, value: _quantity(name, value, language),
        "quantities": {name: language.text(text) for name, text in _QUANTITIES.items()},
        "percent": lambda value: _percent(value, language),
        "digits": language.number,
    }


def _drawn(scene: Scene, language: Language) -> Markup:
    drawn = svg(scene, lambda words, values: language.text(words, **dict(values)))
    return Markup(drawn)  # noqa: S704  # texts are escaped by `svg`


def _percent(value: float | None, language: Language) -> str:
    if value is None:
        return _NONE
    return language.text("%(n)s %%", n=language.number(value * 100.0, 1))


def _quantity(name: str, value: float | None, language: Language) -> str:
    if value is None:
        return _NONE
    if name.endswith("_share"):
        return _percent(value, language)
    if name == "longest_night_h":
        return language.text("%(n)s d", n=language.number(value / 24.0, 1))
    number = language.number(value, 1)
    return f"{number}°" if name.endswith("_deg") else language.text("%(n)s km", n=number)


def _matrix(told: dict[str, Any], language: Language) -> dict[str, Any]:
    """Rows of resolution, columns of incidence that occur, shares in words."""
    found = {
        (each["resolution"], each["incidence"]): each["share"]
        for each in told["coverage"]["matrix"]
    }
    columns = list(dict.fromkeys(each["incidence"] for each in told["coverage"]["matrix"]))
    rows = list(dict.fromkeys(each["resolution"] for each in told["coverage"]["matrix"]))

    def words(text: str) -> str:
        if text == "unknown":
            return language.text("unknown")
        return text.replace(" deg", "°").replace("<=", "≤").replace("-", "\N{EN DASH}")

    return {
        "columns": [words(each) for each in columns],
        "rows": [
            (words(row), [_percent(found.get((row, column)), language) for column in columns])
            for row in rows
        ],
    }


def _card(each: Covering, language: Language) -> dict[str, Any]:
    product = each.holding.product
    resolution = each.resolution_m
    return {
        "href": summary.address(each.holding),
        "title": product.title,
        "share": _percent(each.share, language),
        "resolution": _NONE
        if resolution is None
        else language.text("%(n)s m", n=language.number(resolution, 1 if resolution < 10 else 0)),
        "incidence": _quantity("incidence_deg", each.incidence_deg, language),
        "origin": each.holding.origin,
        "position": each.holding.index,
        "licence": product.licence,
        "fault": each.frame_fault,
    }
