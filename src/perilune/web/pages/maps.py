"""What the living map asks for: its sheet, its base picture, and the footprints of a search.

All geometry is projected here, so that the browser draws and does no spherical geometry.
"""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from perilune.access import basemap, search
from perilune.access.places import Place, places_in
from perilune.catalogue.query import Query
from perilune.errors import BadQuestion, NotFound
from perilune.model.product import Holding
from perilune.moon.bodies import LUNAR_CRS, MOON
from perilune.moon.projection import VIEWS, Path, View, extent_m, paths, to_xy
from perilune.web.context import TheAsker, TheNode, listed_in_path
from perilune.web.pages import sheet, summary
from perilune.web.pages.drawing import caption, chosen_view, degrees_text
from perilune.web.pages.question import MOST_ON_MAP, read_question
from perilune.web.pages.rendering import TheReader
from perilune.web.pages.sheet import Box
from perilune.web.pages.site import find_site

router = APIRouter(prefix="/map")
_DEFINITIONS = {
    "south": f"+proj=stere +lat_0=-90 +lon_0=0 +k=1 +R={MOON.radius_m:.0f} +units=m +no_defs",
    "north": f"+proj=stere +lat_0=90 +lon_0=0 +k=1 +R={MOON.radius_m:.0f} +units=m +no_defs",
    "global": f"+proj=eqc +lat_ts=0 +lon_0=0 +R={MOON.radius_m:.0f} +units=m +no_defs",
}
_MOST_NAMES = 1500
_KEPT = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language, Cookie"}
_LEAST_BOX_M = 1000.0
_INSET = 0.012
"""How far from the edge of the box a label stays, as a share of its width."""


@router.get("/base/{view}.png")
def get_base(view: str) -> Response:
    """The picture of the Moon that lies below a view."""
    base = basemap.base_map(_view(view))
    if base is None:
        raise NotFound(f"this node has no base map of the view {view}")
    return Response(
        base.png, headers={"Cache-Control": "public, max-age=86400"}, media_type="image/png"
    )


@router.get("/sheet/{view}.json")
def get_sheet(view: str, reader: TheReader) -> Response:
    """Projection, base map and names of a view."""
    chosen = _view(view)
    box = extent_m(chosen)
    document: dict[str, Any] = {
        "view": chosen,
        "code": LUNAR_CRS[chosen],
        "definition": _DEFINITIONS[chosen],
        "radius": MOON.radius_m,
        "extent": box,
        "base": {"href": f"/map/base/{chosen}.png", "extent": box}
        if basemap.is_available()
        else None,
        "caption": caption(chosen, reader.language),
        "source": basemap.CREDIT,
        "places": [_name(place, chosen) for place in places_in(chosen, 0.0)[:_MOST_NAMES]],
    }
    return JSONResponse(document, headers=_KEPT)


@router.get("/grid/{view}.json")
def get_grid(view: str, box: str, reader: TheReader) -> Response:
    """The graticule of a part of a view: least x, least y, greatest x, greatest y in metres."""
    chosen = _view(view)
    part = _box(box, chosen)
    return JSONResponse(
        [
            {
                "runs": [_rounded(run) for run in line.runs],
                "anchor": _inset(line.anchor, part),
                "text": degrees_text(line, reader.language),
            }
            for line in sheet.grid(chosen, part)
        ],
        headers=_KEPT,
    )


@router.get("/features.json")
def get_features(request: Request, node: TheNode, asker: TheAsker) -> Response:
    """Footprints of what the address asks for, in metres of its view, as GeoJSON; at most 500."""
    question = read_question(request.query_params)
    site = find_site(question.site, question.radius) if question.site else None
    view = chosen_view(question.view, site)
    asked = question.first_page().query(site.cap if site else None)
    found = search.search(_for_map(asked), node, asker)
    rings = sheet.cap_paths(site.cap, view) if site else []
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "total": found.total,
            "features": [each for hit in found.hits for each in _features(hit, view)],
            "site": _feature({"type": "MultiLineString", "coordinates": list(map(_rounded, rings))})
            if rings
            else None,
        }
    )


@router.get("/features/{name}.json")
def get_features_of(name: str, node: TheNode, asker: TheAsker, view: str = "south") -> Response:
    """Footprints of one product, in metres of a view, as GeoJSON."""
    holding = listed_in_path(name, node, asker)
    features = _features(holding, _view(view))
    return JSONResponse({"type": "FeatureCollection", "features": features, "site": None})


def _view(name: str) -> View:
    for each in VIEWS:
        if each == name:
            return each
    raise NotFound(f"no such map: {name[:80]!r}")


def _box(text: str, view: View) -> Box:
    try:
        left, low, right, high = (float(part) for part in text.split(","))
    except ValueError:
        raise BadQuestion(f"no box: {text[:80]!r}; write x0,y0,x1,y1 in metres") from None
    x0, y0, x1, y1 = extent_m(view)
    box = max(left, x0), max(low, y0), min(right, x1), min(high, y1)
    if not (box[2] - box[0] >= _LEAST_BOX_M and box[3] - box[1] >= _LEAST_BOX_M):
        raise BadQuestion(f"no box of this map, or less than a kilometre: {text[:80]!r}")
    return box


def _inset(anchor: tuple[float, float], box: Box) -> list[int]:
    margin = (box[2] - box[0]) * _INSET
    x = min(max(anchor[0], box[0] + margin), box[2] - margin)
    y = min(max(anchor[1], box[1] + margin * 2), box[3] - margin * 2)
    return [round(x), round(y)]


def _for_map(query: Query) -> Query:
    return replace(query, limit=MOST_ON_MAP, count=())


def _features(holding: Holding, view: View) -> list[dict[str, Any]]:
    """One feature for each footprint that the view shows."""
    found = []
    for footprint in holding.product.footprints:
        rings = paths(footprint.shape, view) if footprint.body == MOON.name else []
        if not rings:
            continue
        geometry = (
            {"type": "Point", "coordinates": _rounded(rings[0])[0]}
            if len(rings[0]) == 1
            else {"type": "Polygon", "coordinates": [_rounded(ring) for ring in rings]}
        )
        found.append(
            _feature(
                geometry,
                lidvid=str(holding.product.id),
                title=holding.product.title,
                href=summary.address(holding),
            )
        )
    return found


def _feature(geometry: dict[str, Any], **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _rounded(ring: Path | tuple[tuple[float, float], ...]) -> list[list[int]]:
    return [[round(x), round(y)] for x, y in ring]


def _name(place: Place, view: View) -> dict[str, Any]:
    x, y = to_xy(place.lon, place.lat, view)
    size = round(place.diameter_km * 1000.0)
    return {"x": round(float(x)), "y": round(float(y)), "name": place.name, "size": size}
