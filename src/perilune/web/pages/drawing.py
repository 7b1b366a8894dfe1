"""A map as a drawing: footprints, names, graticule, placed on a sheet by the server.

The drawing is an SVG of two layers: lines in metres, y turned down, and texts at percentages of
the box, so that they keep their size however large the page shows it. The living map of the
browser takes the same numbers and begins where the drawing stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import radians, sin

from perilune.access import basemap
from perilune.access.places import Place, places_in
from perilune.i18n.language import Language
from perilune.model.footprint import Shape
from perilune.model.product import Holding
from perilune.moon.bodies import MOON
from perilune.moon.projection import VIEWS, Path, View, extent_m, paths, to_xy
from perilune.moon.sphere import unit_box
from perilune.web.pages import sheet, summary
from perilune.web.pages.labels import Label, Text, placed
from perilune.web.pages.question import Question
from perilune.web.pages.sheet import Box
from perilune.web.pages.site import Site

_SITE_RADII = 12.0
"""How many radii of a site its box is wide."""
_LEAST_BOX_M, _LEAST_CLOSE_M = 160_000.0, 500_000.0
_PRINT_SHARE = 0.45
"""How much of the box a single product's footprint takes at most."""
_BAR_SHARE = 0.25
_MOST_NAMES = 60
_LEAST_NAME_SHARE = 0.02
_POLAR_LAT = 55.0
_POLAR_Z = sin(radians(_POLAR_LAT))


@dataclass(frozen=True, slots=True)
class Print:
    """A footprint of a product, as the ``d`` of an SVG path; a point has ``spot`` instead."""

    lidvid: str
    title: str
    href: str
    d: str
    spot: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All that the template of a map needs. Lengths of ``view_box`` are metres, y down."""

    view: View
    box: Box
    view_box: str
    base: "Base | None"
    grid: str
    prints: tuple[Print, ...]
    site: str
    labels: tuple[Label, ...]
    bar: "Bar"
    caption: str
    source: str


@dataclass(frozen=True, slots=True)
class Base:
    """The picture below, as the SVG places it."""

    href: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The scale bar: its share of the width in per cent, and its text."""

    share: float
    text: str


def draw_hits(
    hits: Sequence[Holding], question: Question, site: Site | None, language: Language
) -> Drawing:
    """The map beside the results: the view asked for, else the one that suits site or results."""
    shapes = [shape for hit in hits for shape in _shapes(hit)]
    if site is None and not question.view and question.narrows and shapes:
        view = _best(shapes)
        return _drawing(view, _close_box(shapes, view), _prints(hits, view), "", language)
    view = chosen_view(question.view, site)
    if site is None:
        return _drawing(view, extent_m(view), _prints(hits, view), "", language)
    rings = sheet.cap_paths(site.cap, view)
    box = extent_m(view)
    if rings and not question.view:
        x, y = to_xy(site.cap.lon, site.cap.lat, view)
        width = max(_LEAST_BOX_M, site.cap.radius_km * 1000.0 * _SITE_RADII)
        box = sheet.box_about((float(x), float(y)), width, view)
    return _drawing(view, box, _prints(hits, view), _d(rings), language)


def draw_holding(holding: Holding, view: str, language: Language) -> Drawing | None:
    """The map of one product, close enough to see its footprint; None where it has none here."""
    shapes = _shapes(holding)
    if not shapes:
        return None
    chosen: View = next((each for each in VIEWS if each == view), _best(shapes))
    box = extent_m(chosen) if view else _close_box(shapes, chosen)
    return _drawing(chosen, box, _prints([holding], chosen), "", language)


def chosen_view(view: str, site: Site | None) -> View:
    """The view asked for; without one, the polar view that a site lies on, or the south pole."""
    for each in VIEWS:
        if each == view:
            return each
    if site is None or site.cap.lat <= -_POLAR_LAT:
        return "south"
    return "north" if site.cap.lat >= _POLAR_LAT else "global"


def caption(view: View, language: Language) -> str:
    """What the view is, in words."""
    match view:
        case "global":
            return language.text("Equirectangular, centred on 0° E, Moon ME (DE421).")
        case _:
            return language.text("Polar stereographic, Moon ME (DE421).")


def degrees_text(line: sheet.GridLine, language: Language) -> str:
    """The label of a parallel or meridian."""
    number = language.number(abs(line.degrees), 1)
    if line.kind == "meridian":
        return language.text("%(degrees)s° E", degrees=number)
    if line.degrees == 0:
        return f"{number}°"
    if line.degrees < 0:
        return language.text("%(degrees)s° S", degrees=number)
    return language.text("%(degrees)s° N", degrees=number)


def _drawing(
    view: View, box: Box, prints: tuple[Print, ...], site: str, language: Language
) -> Drawing:
    lines = sheet.grid(view, box)
    width, height = box[2] - box[0], box[3] - box[1]
    texts = [
        Text(
            (line.anchor[0] - box[0]) / width,
            (box[3] - line.anchor[1]) / height,
            degrees_text(line, language),
            "degrees",
        )
        for line in lines
    ]
    length, share = sheet.bar_km(box, view, _BAR_SHARE)
    pictured = basemap.is_available()
    x0, y0, x1, y1 = extent_m(view)
    return Drawing(
        view=view,
        box=box,
        view_box=f"{box[0]:.0f} {-box[3]:.0f} {width:.0f} {height:.0f}",
        base=Base(f"/map/base/{view}.png", x0, -y1, x1 - x0, y1 - y0) if pictured else None,
        grid=_d([run for line in lines for run in line.runs]),
        prints=prints,
        site=site,
        labels=placed((*_inset(texts), *_names(view, box)), width / height),
        bar=Bar(round(share * 100, 2), language.text("%(n)s km", n=language.number(length, 2))),
        caption=caption(view, language),
        source=basemap.CREDIT if pictured else "",
    )


def _names(view: View, box: Box) -> list[Text]:
    """Names of what lies in the box, the largest first, each in the middle of its feature."""
    width, height = box[2] - box[0], box[3] - box[1]
    least_km = width / 1000.0 * _LEAST_NAME_SHARE
    found: list[Text] = []
    for place in places_in(view, least_km):
        x, y = _seat(place, view)
        across, down = (x - box[0]) / width, (box[3] - y) / height
        if 0.02 < across < 0.98 and 0.04 < down < 0.98:
            found.append(Text(across, down, place.name, "name"))
        if len(found) == _MOST_NAMES:
            break
    return found


@lru_cache(4096)  # the same names lie on every map
def _seat(place: Place, view: View) -> tuple[float, float]:
    x, y = to_xy(place.lon, place.lat, view)
    return float(x), float(y)


def _inset(texts: list[Text]) -> list[Text]:
    """Labels of the graticule, moved off the very edge."""
    return [
        Text(min(max(text.x, 0.012), 0.988), min(max(text.y, 0.035), 0.985), text.text, text.look)
        for text in texts
    ]


def _prints(hits: Sequence[Holding], view: View) -> tuple[Print, ...]:
    """Footprints on the Moon, the widest first, so that the small ones lie above."""
    found: list[tuple[float, Print]] = []
    for hit in hits:
        for footprint in hit.product.footprints:
            if footprint.body != MOON.name:
                continue
            rings = _drawn(footprint.shape, view)
            spot = rings[0][0] if rings and len(rings[0]) == 1 else None
            if not rings:
                continue
            found.append(
                (
                    _reach(rings),
                    Print(
                        str(hit.product.id),
                        hit.product.title,
                        summary.address(hit),
                        "" if spot else _d(rings),
                        (round(spot[0]), round(-spot[1])) if spot else None,
                    ),
                )
            )
    return tuple(drawn for _, drawn in sorted(found, key=lambda pair: -pair[0]))


def _reach(rings: Sequence[Path]) -> float:
    xs = [x for ring in rings for x, _ in ring]
    return max(xs) - min(xs)


def _shapes(holding: Holding) -> list[Shape]:
    return [found.shape for found in holding.product.footprints if found.body == MOON.name]


def _close_box(shapes: Sequence[Shape], view: View) -> Box:
    """The box about the shapes, of what the edge cuts in two about the larger piece."""
    box = extent_m(view)
    rings = [ring for shape in shapes for ring in _shown_rings(shape, view)]
    if not rings:
        return box
    xs, ys = zip(*(place for ring in rings for place in ring), strict=True)
    width = max(max(xs) - min(xs), (max(ys) - min(ys)) * sheet.aspect(box)) / _PRINT_SHARE
    middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return sheet.box_about(middle, max(_LEAST_CLOSE_M, width), view)


@lru_cache(4096)  # a hit is drawn twice on its page, and again on the next visitor's
def _drawn(shape: Shape, view: View) -> tuple[Path, ...]:
    return tuple(paths(shape, view))


def _shown_rings(shape: Shape, view: View) -> tuple[Path, ...]:
    rings = _drawn(shape, view)
    return (max(rings, key=lambda ring: _reach([ring])),) if view == "global" and rings else rings


def _best(shapes: Sequence[Shape]) -> View:
    """The polar view that shows all of them, else the global one."""
    if all(unit_box(shape)[5] <= -_POLAR_Z for shape in shapes):
        return "south"
    return "north" if all(unit_box(shape)[4] >= _POLAR_Z for shape in shapes) else "global"


def _d(rings: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Rings as the ``d`` of an SVG path, metres, y down."""
    return "".join(
        "M" + "L".join(f"{x:.0f} {-y:.0f}" for x, y in ring) for ring in rings if len(ring) > 1
    )
