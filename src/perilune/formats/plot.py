"""Curves of a table or a one-dimensional array, thinned out to what a screen can show.

Of many values the least and the most of each bin are kept, so that no spike is lost. Columns with
an axis of their own (spectra) are drawn over that axis: the first record, and the mean of those
looked at.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.table import OpenTable
from perilune.formats.pds4.values import Values
from perilune.formats.pds4.variables import Variable

BINS = 600
_MOST_CURVES = 3
_MOST_VALUES = 2_000_000
"""Values of a column that are looked at; of longer ones, runs at equal distances."""
_RUNS = 50
_LEAST_SPECTRUM = 8
_NUMBERS = "iuf"
_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line: ``low`` and ``high`` are the least and the most at each ``x``; NaN is a gap."""

    name: str
    unit: str
    x: _Numbers
    low: _Numbers
    high: _Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves over one axis."""

    title: str
    x_name: str
    x_unit: str
    curves: tuple[Curve, ...]
    values: int
    """Values of each curve before they were thinned out."""
    looked_at: int

    def document(self) -> dict[str, Any]:
        """The same as JSON has it; gaps are null."""
        return {
            "title": self.title,
            "x": {"name": self.x_name, "unit": self.x_unit or None},
            "values": self.values,
            "looked_at": self.looked_at,
            "curves": [
                {
                    "name": curve.name,
                    "unit": curve.unit or None,
                    "x": _plain(curve.x),
                    "low": _plain(curve.low),
                    "high": _plain(curve.high),
                }
                for curve in self.curves
            ],
        }


def plot(opened: OpenTable | OpenArray) -> Plot | None:
    """Curves of what is numbers in it; None where nothing is."""
    if isinstance(opened, OpenArray):
        return _of_array(opened) if len(opened.shape) == 1 else None
    numeric = [each for each in opened.variables if _is_numeric(opened, each)]
    spectra = [each for each in numeric if math.prod(each.repetitions) >= _LEAST_SPECTRUM]
    if spectra:
        return _of_spectrum(opened, spectra[0])
    plain = [each for each in numeric if not each.repetitions]
    return _of_columns(opened, plain) if plain and len(opened) > 1 else None


def _is_numeric(table: OpenTable, variable: Variable) -> bool:
    return table.read([variable.name], 0, 1)[variable.name].dtype.kind in _NUMBERS


def _of_array(array: OpenArray) -> Plot | None:
    size = array.shape[0]
    parts = [array[part.start : part.stop] for part in _runs(size)]
    values = _doubles(np.concatenate([_with_gaps(part) for part in parts])) if parts else None
    if values is None or size < 2:
        return None
    places = np.concatenate([np.arange(part.start, part.stop) for part in _runs(size)])
    curve = _curve(array.name, array.unit, places.astype(np.float64), values)
    return Plot(
        title=array.name,
        x_name=array.axis_names[0],
        x_unit="",
        curves=(curve,),
        values=size,
        looked_at=len(values),
    )


def _of_spectrum(table: OpenTable, variable: Variable) -> Plot | None:
    count = min(len(table), max(_MOST_VALUES // math.prod(variable.repetitions), 1))
    if not count:
        return None
    rows = _with_gaps(table.read([variable.name], 0, count)[variable.name]).reshape(count, -1)
    places = np.arange(rows.shape[1], dtype=np.float64)
    curves = [_curve(f"{variable.name}, first record", variable.unit, places, rows[0])]
    if count > 1:
        known = np.isfinite(rows)
        total = np.where(known, rows, 0.0).sum(axis=0)
        numbers = known.sum(axis=0)
        mean = np.divide(total, numbers, out=np.full(len(total), np.nan), where=numbers > 0)
        curves.append(_curve(f"mean of {count} records", variable.unit, places, mean))
    return Plot(
        title=variable.name,
        x_name=variable.group or "element",
        x_unit="",
        curves=tuple(curves),
        values=rows.shape[1],
        looked_at=rows.shape[1],
    )


def _of_columns(table: OpenTable, numeric: list[Variable]) -> Plot:
    chosen = numeric[: _MOST_CURVES + 1]
    names = [each.name for each in chosen]
    runs = _runs(len(table))
    read = [table.read(names, part.start, part.stop) for part in runs]
    columns = {name: np.concatenate([_with_gaps(part[name]) for part in read]) for name in names}
    first = columns[names[0]]
    if len(chosen) > 1 and np.isfinite(first).all() and (np.diff(first) > 0).all():
        x, x_name, x_unit, shown = first, names[0], chosen[0].unit, chosen[1:]
    else:
        places = [np.arange(part.start + 1, part.stop + 1) for part in runs]
        x, x_name, x_unit = np.concatenate(places).astype(np.float64), "record", ""
        shown = chosen[:_MOST_CURVES]
    return Plot(
        title=table.name or table.class_name,
        x_name=x_name,
        x_unit=x_unit,
        curves=tuple(_curve(each.name, each.unit, x, columns[each.name]) for each in shown),
        values=len(table),
        looked_at=len(x),
    )


def _runs(size: int) -> list[range]:
    """All of it, or runs at equal distances of what is too much."""
    if size <= _MOST_VALUES:
        return [range(size)] if size else []
    length = _MOST_VALUES // _RUNS
    starts = np.linspace(0, size - length, _RUNS).astype(int).tolist()
    return [range(start, start + length) for start in starts]


def _with_gaps(values: Values) -> _Numbers:
    found = np.ma.filled(values.astype(np.float64), np.nan)
    return _doubles(found)


def _doubles(values: Any) -> _Numbers:
    found: _Numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _curve(name: str, unit: str, x: _Numbers, y: _Numbers) -> Curve:
    """The curve, thinned out to bins of as many values each."""
    if len(x) > 2 * BINS:
        edges = np.linspace(0, len(x), BINS + 1).astype(int)[:-1]
        low = np.fmin.reduceat(y, edges)
        high = np.fmax.reduceat(y, edges)
        return Curve(name=name, unit=unit, x=x[edges], low=low, high=high)
    return Curve(name=name, unit=unit, x=x, low=y, high=y)


def _plain(values: _Numbers) -> list[float | None]:
    return [each if math.isfinite(each) else None for each in values.tolist()]
