"""Tables and arrays as pandas and xarray have them, with units, axis names and coordinates.

Both are optional (``pip install 'perilune[frames]'``) and imported when they are first asked for.
What is masked becomes NaN in numbers, pandas' NA in whole numbers and truths, None in text; in
xarray whole numbers with masked ones among them become doubles.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from perilune.errors import WrongUsage
from perilune.formats.pds4.array import Index, OpenArray, axis_slices
from perilune.formats.pds4.table import OpenTable
from perilune.formats.pds4.values import Values

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_MISSING = "pip install 'perilune[frames]'"


def data_frame(table: OpenTable, columns: Mapping[str, Values]) -> "pd.DataFrame":
    """A frame with a row for each record; a field in groups becomes a column for each repetition.

    Those are named ``name[0]``, ``name[1]`` and so on. Units stand in ``frame.attrs["units"]``.
    """
    try:
        import pandas as pd  # noqa: PLC0415  # optional
    except ImportError as error:
        raise WrongUsage(f"pandas is not installed: {_MISSING}") from error
    series: dict[str, Any] = {}
    units: dict[str, str] = {}
    for each in table.variables:
        if each.name not in columns:
            continue
        values = columns[each.name]
        for place in np.ndindex(*values.shape[1:]):
            name = each.name + "".join(f"[{number}]" for number in place)
            series[name] = _series(values[(slice(None), *place)], pd)
            units[name] = each.unit
    frame = pd.DataFrame(series)
    frame.attrs["units"] = units
    return frame


def _series(values: Values, pd: Any) -> Any:
    mask = np.ma.getmaskarray(values)
    kind = values.dtype.kind
    if not mask.any():
        return values.data
    if kind in "iub":
        integers = pd.arrays.BooleanArray if kind == "b" else pd.arrays.IntegerArray
        return integers(values.data.copy(), mask.copy())
    if kind in "fc":
        return values.filled(np.nan)
    data = values.data.astype(np.object_)
    data[mask] = None
    return data


def data_set(table: OpenTable, columns: Mapping[str, Values]) -> "xr.Dataset":
    """A data set over ``record``, with an axis more for each group that a field is in."""
    xarray = _xarray()
    found = {}
    for each in table.variables:
        if each.name in columns:
            axes = ("record", *(f"{each.name}_{number + 1}" for number in range(len(each.steps))))
            attributes = {"units": each.unit} if each.unit else {}
            found[each.name] = (axes, _filled(columns[each.name]), attributes)
    made: xr.Dataset = xarray.Dataset(found, attrs={"name": table.name})
    return made


def data_array(array: OpenArray, index: Index = ...) -> "xr.DataArray":
    """A window with the names of its axes, its unit, and coordinates where the label gives them.

    A map has ``x`` and ``y`` in metres of its projection, at the centres of its pixels; every other
    axis counts elements from 0.
    """
    xarray = _xarray()
    values = array[index]
    kept = [
        (number, range(*step.indices(array.shape[number])))
        for number, (step, is_one) in enumerate(axis_slices(index, array.shape))
        if not is_one
    ]
    names = array.axis_names
    coordinates: dict[str, Any] = {names[number]: np.array(where) for number, where in kept}
    shown, grid = array.orientation, array.grid
    if grid is not None and shown is not None:
        for number, where in kept:
            metres = {"units": "m"}
            if number == shown.horizontal:
                coordinates["x"] = (names[number], grid.x_m(np.array(where)), metres)
            elif number == shown.vertical:
                coordinates["y"] = (names[number], grid.y_m(np.array(where)), metres)
    attributes = {"units": array.unit} if array.unit else {}
    if grid is not None and grid.projection:
        attributes["projection"] = grid.projection
    made: xr.DataArray = xarray.DataArray(
        _filled(values),
        dims=[names[number] for number, _ in kept],
        coords=coordinates,
        name=array.name or None,
        attrs=attributes,
    )
    return made


def _xarray() -> Any:
    try:
        import xarray  # noqa: PLC0415  # optional
    except ImportError as error:
        raise WrongUsage(f"xarray is not installed: {_MISSING}") from error
    return xarray


def _filled(values: Values) -> Any:
    """The data of an array with NaN, or None, where it is masked."""
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return values.data
    if values.dtype.kind in "iub":
        values = np.ma.array(values.data.astype(np.float64), mask=mask)
    if values.dtype.kind in "fc":
        return values.filled(np.nan)
    data = values.data.astype(np.object_)
    data[mask] = None
    return data
