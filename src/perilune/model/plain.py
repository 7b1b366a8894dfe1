"""A product as plain lists, numbers and texts, and back, exactly.

For what crosses to another process or lies in a table: half the size of a pickle, made and read in
half its time, and nothing in it can run. The order of the members is that of one version of the
program; whoever keeps it for longer says which.
"""

from typing import Any, assert_never

from perilune.model.footprint import Footprint, LatLonBox, Point, Polygon, Shape
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import (
    Citation,
    ContextName,
    Member,
    NamedFile,
    Product,
    Reference,
)
from perilune.model.timespan import TimeSpan, microseconds, moment_of


def plain_product(product: Product) -> list[Any]:
    """``product`` as lists, numbers and texts."""
    return [
        _target(product.id),
        product.product_class,
        product.title,
        product.information_model,
        _time(product.time),
        product.processing_level,
        [_names(names) for names in (product.investigations, product.hosts)],
        [_names(names) for names in (product.instruments, product.targets)],
        [[*_target(one.target), one.type] for one in product.references],
        [[*_target(one.target), int(one.is_primary)] for one in product.members],
        _citation(product.citation),
        [_footprint(one) for one in product.footprints],
        [[one.path, one.size, one.md5, one.line] for one in product.files],
        [name for name, _ in product.properties],
        [found for _, found in product.properties],
        int(product.is_simulated),
        [
            product.licence,
            product.policy,
            product.calibration,
            product.pipeline,
            product.supersedes_reason,
        ],
    ]


def read_product(kept: list[Any]) -> Product:
    """The product that `plain_product` was given."""
    (
        (lid, major, minor), product_class, title, model, time, level, (missions, hosts),
        (instruments, targets), references, members, citation, footprints, files, names,
        values, is_simulated, (licence, policy, calibration, pipeline, reason),
    ) = kept  # fmt: skip
    return Product(
        id=Lidvid(Lid(lid), major, minor),
        product_class=product_class,
        title=title,
        information_model=model,
        time=_read_time(time),
        processing_level=level,
        investigations=_read_names(missions),
        hosts=_read_names(hosts),
        instruments=_read_names(instruments),
        targets=_read_names(targets),
        references=tuple([Reference(_read_target(*one[:3]), one[3]) for one in references]),
        members=tuple([Member(_read_target(*one[:3]), bool(one[3])) for one in members]),
        citation=_read_citation(citation),
        footprints=tuple([_read_footprint(one) for one in footprints]),
        files=tuple([NamedFile(path=p, size=s, md5=m, line=n) for p, s, m, n in files]),
        properties=tuple(zip(names, map(tuple, values), strict=True)),
        is_simulated=bool(is_simulated),
        licence=licence,
        policy=policy,
        calibration=calibration,
        pipeline=pipeline,
        supersedes_reason=reason,
    )


def _target(target: Lid | Lidvid) -> list[Any]:
    if isinstance(target, Lid):
        return [target.text, 0, 0]
    return [target.lid.text, target.major, target.minor]


def _read_target(lid: str, major: int, minor: int) -> Lid | Lidvid:
    return Lidvid(Lid(lid), major, minor) if major else Lid(lid)


def _names(names: tuple[ContextName, ...]) -> list[Any]:
    return [[one.name, one.type, one.lid.text if one.lid else None] for one in names]


def _read_names(kept: list[Any]) -> tuple[ContextName, ...]:
    return tuple([ContextName(n, t, None if lid is None else Lid(lid)) for n, t, lid in kept])


def _time(time: TimeSpan | None) -> list[Any] | None:
    if time is None:
        return None
    ends = [None if end is None else microseconds(end) for end in (time.start, time.stop)]
    return [*ends, time.start_text, time.stop_text, time.scale, time.uncertainty_s]


def _read_time(kept: list[Any] | None) -> TimeSpan | None:
    if kept is None:
        return None
    start, stop, start_text, stop_text, scale, uncertainty_s = kept
    return TimeSpan(
        start=None if start is None else moment_of(start),
        stop=None if stop is None else moment_of(stop),
        start_text=start_text,
        stop_text=stop_text,
        scale=scale,
        uncertainty_s=uncertainty_s,
    )


def _citation(citation: Citation) -> list[Any]:
    if citation == _NO_CITATION:
        return []
    return [
        citation.authors,
        citation.editors,
        citation.year,
        citation.doi,
        citation.description,
        citation.keywords,
    ]


_NO_CITATION = Citation()


def _read_citation(kept: list[Any]) -> Citation:
    if not kept:
        return _NO_CITATION
    authors, editors, year, doi, description, keywords = kept
    return Citation(
        authors=authors,
        editors=editors,
        year=year,
        doi=doi,
        description=description,
        keywords=tuple(keywords),
    )


def _footprint(one: Footprint) -> list[Any]:
    shape = plain_shape(one.shape)
    named = [one.body, one.frame, one.realisation, one.accuracy_m, one.kernels, one.source]
    return [shape, *named]


def _read_footprint(kept: list[Any]) -> Footprint:
    shape, body, frame, realisation, accuracy_m, kernels, source = kept
    return Footprint(
        body=body,
        frame=frame,
        realisation=realisation,
        shape=read_shape(shape),
        accuracy_m=accuracy_m,
        kernels=tuple(kernels),
        source=source,
    )


def plain_shape(shape: Shape) -> list[Any]:
    """``shape`` as lists of numbers."""
    match shape:
        case Point():
            return [shape.lon, shape.lat]
        case LatLonBox():
            return [shape.west, shape.south, shape.east, shape.north]
        case Polygon():
            return [[[angle for vertex in ring for angle in vertex] for ring in shape.rings]]
        case _:
            assert_never(shape)


def read_shape(kept: list[Any]) -> Shape:
    """The shape that `plain_shape` was given."""
    match kept:
        case [lon, lat]:
            return Point(lon, lat)
        case [west, south, east, north]:
            return LatLonBox(west, south, east, north)
        case _:
            rings = [tuple(zip(ring[::2], ring[1::2], strict=True)) for ring in kept[0]]
            return Polygon(tuple(rings))
