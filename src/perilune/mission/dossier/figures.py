"""The dossier's drawings: maps with north, scale and legend, and light by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, floor, log10, sin

import numpy as np

from perilune.i18n.language import N_
from perilune.mission.dossier import colours
from perilune.mission.dossier.dossier import Dossier
from perilune.mission.dossier.mapping import Layer, Sheet, layers, relief
from perilune.mission.dossier.place import Place
from perilune.mission.dossier.scene import INK, XY, Line, Mark, Picture, Scene, Words

_MAP = 300.0
_TOP, _BELOW = 20.0, 50.0
_AMBER, _RED, _GREEN, _DARK, _LIGHT = "#f0a63c", "#c0392b", "#38c172", "#14161c", "#ffffff"
_MOST_PRINTS = 400
_PLAIN_PX_M = 400.0
_MAPPED = ("elevation", "slope", "sun", "earth", "permanent_shadow")


@dataclass(frozen=True, slots=True)
class Figures:
    """All drawings of a dossier, and what the maps are drawn on."""

    sheet: Sheet
    layers: tuple[Layer, ...]
    maps: tuple[Scene, ...]
    """The first shows what covers the site."""
    months: Scene | None


def figures(dossier: Dossier) -> Figures:
    """Draw a dossier."""
    ground = dossier.ground
    pixel_m = _PLAIN_PX_M if ground is None else ground.grid.pixel_m / 2.0
    sheet = Sheet.about(dossier.wanted.place, pixel_m)
    found = () if ground is None else layers(ground, sheet)
    shades = None if ground is None else relief(ground, sheet)
    base = b"" if shades is None else colours.grey(shades)
    maps = [_coverage_map(dossier, sheet, base)]
    for layer in found:
        if layer.name in _MAPPED and shades is not None:
            picture = colours.coloured(layer.field, colours.RAMPS[layer.name], shades)
            maps.append(_layer_map(dossier, sheet, layer, picture))
    return Figures(sheet, found, tuple(maps), _months(dossier))


def _coverage_map(dossier: Dossier, sheet: Sheet, base: bytes) -> Scene:
    found = dossier.coverage
    scene = _map("coverage", N_("Products that cover the site"), base)
    gap = found.cells.missing(found.any)
    if found.coverings and gap.any():
        outlines = [[_at(sheet, *place) for place in ring] for ring in found.cells.strips(gap)]
        scene.marks.append(
            Line(parts=outlines, fill=_RED, fill_opacity=0.4, is_closed=True, is_cut=True)
        )
    shown = found.coverings[:_MOST_PRINTS]
    for each in reversed(shown):
        for shape in each.shapes:
            outline = [_ring(path, sheet) for path in sheet.outlines(shape) if len(path) > 2]
            scene.marks.append(
                Line(
                    parts=outline,
                    stroke=_AMBER,
                    width=1.1,
                    fill=_AMBER,
                    fill_opacity=0.5 / (4.0 + len(shown)),
                    is_closed=True,
                    is_cut=True,
                )
            )
    _furnish(scene, dossier, sheet)
    keys: list[tuple[str, str]] = [(_AMBER, N_("footprint")), (_RED, N_("not covered"))]
    y = _TOP + _MAP + 36.0
    for number, (colour, words) in enumerate(keys):
        x = number * 90.0
        square = [(x, y - 7.0), (x + 9.0, y - 7.0), (x + 9.0, y + 1.0), (x, y + 1.0)]
        scene.marks.append(
            Line(parts=[square], stroke=colour, fill=colour, fill_opacity=0.4, is_closed=True)
        )
        scene.marks.append(Words(at=(x + 13.0, y), text=words, size=8.5))
    if len(found.coverings) > len(shown):
        words = N_("the %(n)s that cover most are drawn")
        values = (("n", str(len(shown))),)
        scene.marks.append(Words(at=(_MAP, y), text=words, values=values, size=8.5, anchor="end"))
    return scene


def _layer_map(dossier: Dossier, sheet: Sheet, layer: Layer, picture: bytes) -> Scene:
    scene = _map(layer.name, layer.title, picture)
    _furnish(scene, dossier, sheet)
    ramp = colours.RAMPS[layer.name]
    low, high = ramp.limits(layer.field)
    y, wide = _TOP + _MAP + 29.0, 190.0
    if layer.name == "permanent_shadow":
        for number, words in enumerate((N_("sees the Sun at times"), N_("never sees the Sun"))):
            x = number * 130.0
            square = [(x, y), (x + 9.0, y), (x + 9.0, y + 8.0), (x, y + 8.0)]
            scene.marks.append(
                Line(
                    parts=[square], stroke=INK, width=0.4, fill=ramp.colour(number), is_closed=True
                )
            )
            scene.marks.append(Words(at=(x + 13.0, y + 7.5), text=words, size=8.5))
        return scene
    strip = colours.png(np.repeat(ramp.rgb(np.linspace(0, 1, 128))[None], 2, axis=0))
    scene.marks.append(Picture(png=strip, at=(0.0, y), size=(wide, 6.0)))
    for number in range(5):
        value = low + (high - low) * number / 4.0
        scene.marks.append(
            Words(
                at=(wide * number / 4.0, y + 15.0),
                text=_figure(value, high - low),
                size=8.0,
                anchor="start" if not number else "end" if number == 4 else "middle",
            )
        )
    scene.marks.append(
        Words(at=(wide + 8.0, y + 6.5), text=layer.unit, values=layer.values, size=8.5)
    )
    return scene


def _map(name: str, title: str, picture: bytes) -> Scene:
    scene = Scene(name, _MAP, _TOP + _MAP + _BELOW, title, window=(0.0, _TOP, _MAP, _MAP))
    scene.marks.append(Words(at=(0.0, 12.0), text=title, size=11.0, is_bold=True))
    corners = [(0.0, _TOP), (_MAP, _TOP), (_MAP, _TOP + _MAP), (0.0, _TOP + _MAP)]
    scene.marks.append(Line(parts=[corners], fill="#5a5d64", is_closed=True))
    if picture:
        scene.marks.append(Picture(png=picture, at=(0.0, _TOP), size=(_MAP, _MAP)))
    return scene


def _furnish(scene: Scene, dossier: Dossier, sheet: Sheet) -> None:
    """The site's circle, names, the best-lit place, candidates, north, scale."""
    place = dossier.wanted.place
    circle = [_at(sheet, *place) for place in dossier.coverage.cells.outline()]
    scene.marks.append(Line(parts=[circle], stroke=_DARK, width=2.4, is_closed=True, is_cut=True))
    scene.marks.append(
        Line(parts=[circle], stroke=_LIGHT, width=1.2, dash=(5.0, 3.0), is_closed=True, is_cut=True)
    )
    taken: list[XY] = []
    for feature in dossier.features:
        x, y = _at(sheet, feature.lon, feature.lat)
        if 12 < x < _MAP - 12 and _TOP + 12 < y < _TOP + _MAP - 8 and _is_free((x, y), taken):
            taken.append((x, y))
            scene.marks.append(_label((x, y), feature.name, "middle", 9.5))
    if dossier.best is not None:
        x, y = _at(sheet, dossier.best.lon, dossier.best.lat)
        scene.marks += _cross((x, y))
        end = x > _MAP * 0.7
        scene.marks.append(
            _label((x - 7 if end else x + 7, y + 3), N_("best lit"), "end" if end else "start", 8.5)
        )
    scene.marks += _north(place, sheet)
    scene.marks += _bar(sheet)
    y = _TOP + _MAP + 12.0
    where = (
        N_("Equirectangular, MOON_ME (DE421)")
        if sheet.view == "global"
        else N_("Polar stereographic, MOON_ME (DE421)")
    )
    scene.marks.append(Words(at=(_MAP, y), text=where, size=8.0, anchor="end"))


def _xy(share: XY) -> XY:
    return share[0] * _MAP, _TOP + share[1] * _MAP


def _at(sheet: Sheet, lon: float, lat: float) -> XY:
    across, down = sheet.at(lon, lat)
    return _xy((float(across), float(down)))


def _ring(path: Sequence[XY], sheet: Sheet) -> list[XY]:
    """A path of the projection on the drawing."""
    x, y = np.array(path).T
    across, down = sheet.share(x, y)
    return [_xy((float(a), float(b))) for a, b in zip(across, down, strict=True)]


def _is_free(at: XY, taken: Sequence[XY]) -> bool:
    return all(abs(at[0] - x) > 60 or abs(at[1] - y) > 12 for x, y in taken)


def _label(at: XY, text: str, anchor: str, size: float) -> Words:
    return Words(
        at=at,
        text=text,
        size=size,
        anchor="end" if anchor == "end" else "middle" if anchor == "middle" else "start",
        colour=_LIGHT,
        is_bold=True,
        halo=_DARK,
    )


def _cross(at: XY) -> list[Mark]:
    (x, y), arm = at, 5.0
    arms = [[(x - arm, y), (x + arm, y)], [(x, y - arm), (x, y + arm)]]
    return [
        Line(parts=arms, stroke=_DARK, width=3.6),
        Line(parts=arms, stroke=_GREEN, width=1.8),
    ]


def _north(place: Place, sheet: Sheet) -> list[Mark]:
    """An arrow toward the north pole of the Moon, in the upper right corner."""
    step = 0.01
    lat = min(place.lat, 90.0 - 2 * step)
    ahead, here = _at(sheet, place.lon, lat + step), _at(sheet, place.lon, lat)
    turn = atan2(ahead[0] - here[0], here[1] - ahead[1])
    middle = (_MAP - 24.0, _TOP + 26.0)

    def away(along: float, aside: float) -> XY:
        return (
            middle[0] + along * sin(turn) + aside * cos(turn),
            middle[1] - along * cos(turn) + aside * sin(turn),
        )

    arrow = [away(14.0, 0.0), away(-8.0, 6.0), away(-4.0, 0.0), away(-8.0, -6.0)]
    x, y = away(-16.0, 0.0)
    return [
        Line(parts=[arrow], stroke=_DARK, width=1.0, fill=_LIGHT, is_closed=True),
        _label((x, y + 3.5), N_("N"), "middle", 9.5),
    ]


def _bar(sheet: Sheet) -> list[Mark]:
    """A bar of a round length, below the map."""
    across_m = sheet.step[1] * sheet.size
    wanted = across_m / 4.0
    power = 10.0 ** floor(log10(wanted))
    length = max(each * power for each in (1.0, 2.0, 5.0) if each * power <= wanted)
    wide, y = _MAP * length / across_m, _TOP + _MAP + 9.0
    words = N_("%(n)s km") if length >= 1000.0 else N_("%(n)s m")
    values = (("n", f"{length / 1000.0 if length >= 1000.0 else length:g}"),)
    ends = [[(0.5, y - 4), (0.5, y), (wide, y), (wide, y - 4)]]
    return [
        Line(parts=ends, stroke=INK, width=1.2),
        Words(at=(wide + 6.0, y + 1.0), text=words, values=values, size=8.5),
    ]


def _months(dossier: Dossier) -> Scene | None:
    """Share of each month of the first year that the best-lit place sees the Sun."""
    if dossier.best is None:
        return None
    monthly = dossier.best.timeline.monthly
    year = monthly[0][0][:4]
    title, values = N_("Sun at the best-lit place by month of %(year)s"), (("year", year),)
    wide, tall, left, top = 300.0, 110.0, 34.0, 22.0
    scene = Scene("months", wide, top + tall + 34.0, title, values)
    scene.marks.append(Words(at=(0.0, 12.0), text=title, values=values, size=11.0, is_bold=True))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + tall * (1.0 - share)
        scene.marks.append(Line(parts=[[(left, y), (wide, y)]], stroke="#9aa0a8", width=0.5))
        words = f"{share:.0%}".replace("%", " %")
        scene.marks.append(Words(at=(left - 5.0, y + 3.0), text=words, size=8.0, anchor="end"))
    each = (wide - left) / len(monthly)
    for number, (month, share) in enumerate(monthly):
        x, y = left + (number + 0.15) * each, top + tall * (1.0 - share)
        box = [(x, top + tall), (x, y), (x + 0.7 * each, y), (x + 0.7 * each, top + tall)]
        scene.marks.append(Line(parts=[box], fill=_AMBER, is_closed=True))
        at = (x + 0.35 * each, top + tall + 12.0)
        scene.marks.append(Words(at=at, text=month[5:], size=8.0, anchor="middle"))
    caption = N_("Share of the month, %(n)s m above the ground")
    values = (("n", f"{dossier.wanted.observer_m:g}"),)
    scene.marks.append(Words(at=(left, top + tall + 26.0), text=caption, values=values, size=8.0))
    return scene


def _figure(value: float, span: float) -> str:
    digits = max(0, 1 - floor(log10(span / 4.0))) if span < 40.0 else 0
    return f"{value:,.{min(digits, 2)}f}"
