"""What is known of a product, as names and values to be read one below the other."""

from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import urlencode

from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model.footprint import Footprint, LatLonBox, Point, Polygon, Shape
from perilune.model.identifier import Lid
from perilune.model.product import ContextName, Holding
from perilune.model.timespan import TimeSpan
from perilune.web.pages import words

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Value:
    """One value, with an address where more of its kind is to be found."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its values."""

    name: str
    values: tuple[Value, ...]


def facts(holding: Holding, language: Language) -> list[Fact]:
    """Everything the label says that a reader asks for first; what it does not say is left out."""
    product, text = holding.product, language.text
    level, kind = product.processing_level, product.product_class
    rows = [
        (text("Observed"), [Value(_span(product.time))] if product.time else []),
        (text("Mission"), _names(product.investigations, "mission")),
        (text("Spacecraft or site"), _names(product.hosts, "host")),
        (text("Instrument"), _names(product.instruments, "instrument")),
        (text("Target"), _names(product.targets, "target")),
        (text("Frame"), [Value(text) for text in _frames(product.footprints, language)]),
        (text("Level"), [Value(words.of_level(level, language), _search("level", level))]),
        (text("Kind"), [Value(words.of_class(kind, language), _search("class", kind))]),
        (text("Licence"), [Value(product.licence)]),
        (text("Policy"), [Value(product.policy)]),
        (text("Calibration"), [Value(product.calibration)]),
        (text("Pipeline"), [Value(product.pipeline)]),
        (text("DOI"), [_doi(product.citation.doi)]),
        (text("Review"), [Value(words.of_lifecycle(holding.lifecycle, language))]),
        (text("For whom"), [Value(words.of_releasability(holding.releasability, language))]),
        (text("Information model"), [Value(product.information_model)]),
        (text("This version"), [Value(product.supersedes_reason)]),
    ]
    kept = [(name, tuple(value for value in values if value.text)) for name, values in rows]
    return [Fact(name, values) for name, values in kept if values]


def extent(shape: Shape, language: Language) -> str:
    """A shape in words."""
    match shape:
        case Point(lon, lat):
            return language.place(lat, lon, 4)
        case LatLonBox() if shape.is_full_circle:
            return language.text(
                "all longitudes, latitude %(south)s° to %(north)s°",
                south=language.number(shape.south, 3),
                north=language.number(shape.north, 3),
            )
        case LatLonBox(west, south, east, north):
            return language.text(
                "%(first)s to %(last)s",
                first=language.place(south, west, 3),
                last=language.place(north, east, 3),
            )
        case Polygon(rings):
            corners = [corner for ring in rings for corner in ring]
            return language.text(
                "area of %(corners)s corners, the first at %(place)s",
                corners=language.number(len(corners)),
                place=language.place(corners[0][1], corners[0][0], 3),
            )
        case _:
            assert_never(shape)


def shape_document(shape: Shape) -> dict[str, Any]:
    """A shape for programs: planetocentric degrees, longitudes east-positive."""
    match shape:
        case Point(lon, lat):
            return {"type": "point", "lon": lon, "lat": lat}
        case LatLonBox(west, south, east, north):
            return {"type": "box", "west": west, "south": south, "east": east, "north": north}
        case Polygon(rings):
            return {"type": "polygon", "rings": [list(map(list, ring)) for ring in rings]}
        case _:
            assert_never(shape)


def parents(lid: Lid) -> list[Lid]:
    """The bundle and the collection that a LID's own text names, outermost first."""
    found: list[Lid] = []
    while (parent := lid.parent) is not None:
        found.insert(0, parent)
        lid = parent
    return found


def _span(span: TimeSpan) -> str:
    moments = [moment for moment in (span.start, span.stop) if moment]
    return languages.interval(moments, to_the_day=span.uncertainty_s >= _DAY_S, seconds=True)


def _names(found: tuple[ContextName, ...], facet: str) -> list[Value]:
    names = dict.fromkeys(each.name for each in found if each.name)
    return [Value(name, _search(facet, name)) for name in names]


def _frames(footprints: tuple[Footprint, ...], language: Language) -> list[str]:
    return list(dict.fromkeys(_frame(footprint, language) for footprint in footprints))


def _frame(footprint: Footprint, language: Language) -> str:
    realised = f" ({footprint.realisation})" if footprint.realisation else ""
    accuracy = ""
    if footprint.accuracy_m is not None:
        accuracy = language.text(", ± %(n)s m", n=language.number(footprint.accuracy_m, 1))
    return f"{footprint.body}, {footprint.frame}{realised}{accuracy}"


def _doi(doi: str) -> Value:
    return Value(doi, f"https://doi.org/{doi}" if doi else "")


def _search(facet: str, word: str) -> str:
    return "/?" + urlencode({facet: word})
