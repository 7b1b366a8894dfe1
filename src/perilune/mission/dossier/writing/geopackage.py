"""A dossier as a GeoPackage: site, products, gaps, candidates, features; any GIS opens it.

Source: OGC 12-128r18 (GeoPackage 1.3.1): clauses 1.1.1 (file), 1.1.2 (reference systems), 1.1.3
(contents), 2.1 (features; 2.1.3 the binary form of geometries).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as File

import apsw
import numpy as np

from perilune.mission.dossier.dossier import Dossier
from perilune.mission.dossier.mapping import Sheet
from perilune.mission.dossier.writing.rasters import wkt
from perilune.model.footprint import Shape
from perilune.model.reading import time_text
from perilune.moon.coverage import Cells, SiteCells
from perilune.moon.projection import Path

_APPLICATION, _VERSION = 0x47504B47, 10301  # "GPKG", 1.3.1
_POINT, _POLYGON, _MULTIPOLYGON = 1, 3, 6
_SCHEMA = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
 organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
 description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
 identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL
 DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE,
 max_y DOUBLE, srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id)
 REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
 geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
 CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
 CONSTRAINT uk_gc_table_name UNIQUE (table_name),
 CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
 CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
INSERT INTO gpkg_spatial_ref_sys VALUES
 ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', NULL),
 ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL);
"""
Value = str | float | int | None
Polygons = Sequence[Sequence[Path]]
"""Polygons, each of rings, the outer one first."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A geometry with its attributes."""

    polygons: Polygons
    values: tuple[Value, ...]
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """A table of features of one kind."""

    name: str
    title: str
    kind: str
    """POINT or MULTIPOLYGON."""
    columns: tuple[tuple[str, str], ...]
    features: Sequence[Feature]


def write(dossier: Dossier, sheet: Sheet, path: File) -> None:
    """Write all themes to a new file."""
    srs = int(sheet.code.partition(":")[2])
    connection = apsw.Connection(str(path))
    try:
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        with connection:
            connection.execute(_SCHEMA)
            connection.execute(
                "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'IAU_2015', ?, ?, ?)",
                (f"Moon, {sheet.view}", srs, srs, wkt(sheet.view), "MOON_ME of DE421"),
            )
            for theme in _themes(dossier, sheet):
                _fill(connection, theme, srs)
    finally:
        connection.close()


def _fill(connection: apsw.Connection, theme: Theme, srs: int) -> None:
    columns = "".join(f', "{name}" {kind}' for name, kind in theme.columns)
    connection.execute(
        f'CREATE TABLE "{theme.name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,'
        f" geom {theme.kind}{columns})"
    )
    boxes = [_box(each) for each in theme.features]
    lows = np.array(boxes).reshape(-1, 4)
    extent = (
        [*lows[:, :2].min(axis=0).tolist(), *lows[:, 2:].max(axis=0).tolist()]
        if boxes
        else [None] * 4
    )
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y,"
        " srs_id) VALUES (?, 'features', ?, ?, ?, ?, ?, ?)",
        (theme.name, theme.title, *extent, srs),
    )
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
        (theme.name, theme.kind, srs),
    )
    marks = ", ".join("?" * (1 + len(theme.columns)))
    names = ", ".join(["geom", *(f'"{name}"' for name, _ in theme.columns)])
    connection.executemany(
        f'INSERT INTO "{theme.name}" ({names}) VALUES ({marks})',  # noqa: S608  # our own names
        [(_binary(each, srs), *each.values) for each in theme.features],
    )


def _box(feature: Feature) -> tuple[float, float, float, float]:
    places = [feature.point] if feature.point else _places(feature.polygons)
    xs, ys = zip(*places, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _places(polygons: Polygons) -> list[tuple[float, float]]:
    return [place for rings in polygons for ring in rings for place in ring]


def _binary(feature: Feature, srs: int) -> bytes:
    """GeoPackageBinary: header with envelope, then WKB, little endian."""
    x0, y0, x1, y1 = _box(feature)
    header = b"GP" + struct.pack("<BBi4d", 0, 0b0000_0011, srs, x0, x1, y0, y1)
    if feature.point:
        return header + struct.pack("<BI2d", 1, _POINT, *feature.point)
    body = struct.pack("<BII", 1, _MULTIPOLYGON, len(feature.polygons))
    for rings in feature.polygons:
        body += struct.pack("<BII", 1, _POLYGON, len(rings))
        for ring in rings:
            body += struct.pack("<I", len(ring)) + np.array(ring, dtype="<f8").tobytes()
    return header + body


def _themes(dossier: Dossier, sheet: Sheet) -> Iterator[Theme]:
    place, found = dossier.wanted.place, dossier.coverage
    cells = found.cells
    circle = _circle(cells, sheet)
    yield Theme(
        "site",
        "The site",
        "MULTIPOLYGON",
        (("lat", "REAL"), ("lon", "REAL"), ("radius_km", "REAL"), ("frame", "TEXT")),
        [Feature([[circle]], (place.lat, place.lon, place.radius_km, "MOON_ME of DE421"))],
    )
    yield _products(dossier, sheet)
    gap = cells.missing(found.any)
    strips = [[ring] for ring in _strips(cells, gap, sheet)]
    area = float(cells.areas_km2[gap].sum())
    yield Theme(
        "gaps",
        "What no product covers",
        "MULTIPOLYGON",
        (("area_km2", "REAL"),),
        [Feature(strips, (area,))] if strips else [],
    )
    yield Theme(
        "features",
        "Named features",
        "POINT",
        (("name", "TEXT"), ("diameter_km", "REAL")),
        [
            Feature((), (each.name, each.diameter_km), _xy(each.lon, each.lat, sheet))
            for each in dossier.features
        ],
    )
    yield _candidates(dossier, sheet)


def _products(dossier: Dossier, sheet: Sheet) -> Theme:
    columns = (
        ("lidvid", "TEXT"),
        ("title", "TEXT"),
        ("time", "TEXT"),
        ("share", "REAL"),
        ("resolution_m", "REAL"),
        ("incidence_deg", "REAL"),
        ("incidence_source", "TEXT"),
        ("sun_azimuth_deg", "REAL"),
        ("frame", "TEXT"),
        ("frame_fault", "TEXT"),
        ("origin", "TEXT"),
        ("log_position", "INTEGER"),
        ("licence", "TEXT"),
        ("simulated", "BOOLEAN"),
    )
    features = []
    for each in dossier.coverage.coverings:
        polygons = [rings for shape in each.shapes for rings in _polygons(shape, sheet)]
        if not polygons:
            continue
        product = each.holding.product
        values = (
            str(product.id),
            product.title,
            None if each.middle is None else time_text(each.middle),
            each.share,
            each.resolution_m,
            each.incidence_deg,
            each.incidence_source or None,
            each.sun_azimuth_deg,
            each.frame or None,
            each.frame_fault or None,
            each.holding.origin or None,
            each.holding.index,
            product.licence or None,
            int(product.is_simulated),
        )
        features.append(Feature(polygons, values))
    return Theme("products", "Products that cover the site", "MULTIPOLYGON", columns, features)


def _candidates(dossier: Dossier, sheet: Sheet) -> Theme:
    columns = (
        ("profile", "TEXT"),
        ("rank", "INTEGER"),
        ("meets", "BOOLEAN"),
        ("lat", "REAL"),
        ("lon", "REAL"),
        ("height_m", "REAL"),
        ("slope_deg", "REAL"),
        ("sun_share", "REAL"),
        ("earth_share", "REAL"),
        ("longest_night_h", "REAL"),
    )
    found = [
        (verdict.profile.name, rank, int(each.meets(verdict.profile)), each)
        for verdict in dossier.verdicts
        for rank, each in enumerate(verdict.candidates, start=1)
    ]
    if dossier.best is not None:
        found.insert(0, ("best lit", 1, 1, dossier.best))
    features = [
        Feature(
            (),
            (
                name,
                rank,
                meets,
                each.lat,
                each.lon,
                each.height_m,
                *(each.values[key] for key in ("slope_deg", "sun_share", "earth_share")),
                each.timeline.longest_night_h,
            ),
            _xy(each.lon, each.lat, sheet),
        )
        for name, rank, meets, each in found
    ]
    return Theme("candidates", "Candidates of landing sites", "POINT", columns, features)


def _polygons(shape: Shape, sheet: Sheet) -> list[list[Path]]:
    """Closed rings as polygons: a hole lies with the outer ring that is before it."""
    found: list[list[Path]] = []
    for ring in sheet.outlines(shape):
        if len(ring) < 4:
            continue
        x, y = np.array(ring).T
        is_hole = float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) < 0.0
        if is_hole and found:
            found[-1].append(ring)
        else:
            found.append([ring])
    return found


def _xy(lon: float, lat: float, sheet: Sheet) -> tuple[float, float]:
    left, low, right, high = sheet.bounds
    across, down = sheet.at(lon, lat)
    return left + float(across) * (right - left), high - float(down) * (high - low)


def _circle(cells: SiteCells, sheet: Sheet) -> Path:
    return [_xy(float(lon), float(lat), sheet) for lon, lat in cells.outline()]


def _strips(cells: SiteCells, some: Cells, sheet: Sheet) -> list[Path]:
    return [[_xy(*place, sheet) for place in (*ring, ring[0])] for ring in cells.strips(some)]
