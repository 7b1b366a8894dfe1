"""What is in an opened product, as a document: tables with their first records, arrays, streams.

An object that cannot be read is in it with the fault in place of its content, so that one damaged
file does not hide the others.
"""

from typing import Any

import numpy as np

from perilune.errors import UnreadableData
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.product import OpenObject, OpenProduct
from perilune.formats.pds4.stream import OpenStream
from perilune.formats.pds4.table import OpenTable
from perilune.formats.pds4.values import Values

Document = dict[str, Any]

ROWS = 5
_MOST_ELEMENTS = 1 << 22
"""Elements that statistics are taken of; of more, every nth row."""
_MOST_CHARACTERS = 2000


def summary(product: OpenProduct, rows: int = ROWS) -> Document:
    """``product``, ``title``, ``class``, ``label`` and ``objects``, each with ``rows`` records."""
    return {
        "product": product.lidvid,
        "title": product.title,
        "class": product.product_class,
        "label": product.label_name,
        "objects": [_object(product, name, rows) for name in product.names],
    }


def _object(product: OpenProduct, name: str, rows: int) -> Document:
    found: Document = {"name": name, "file": product.file_of(name)}
    try:
        opened = product[name]
        found["class"] = opened.class_name
        return {**found, **_content(opened, rows)}
    except UnreadableData as error:
        return {**found, "fault": str(error)}


def _content(opened: OpenObject, rows: int) -> Document:
    match opened:
        case OpenTable():
            return _table(opened, rows)
        case OpenArray():
            return _array(opened)
        case OpenStream():
            return _stream(opened)


def _table(table: OpenTable, rows: int) -> Document:
    columns = [
        {
            "name": each.name,
            "type": each.data_type,
            "unit": each.unit or None,
            "shape": list(each.repetitions),
        }
        for each in table.variables
    ]
    first = table.read(stop=rows)
    count = min(rows, len(table))
    cells = {name: _plain(values) for name, values in first.items()}
    records = [[cells[name][row] for name in cells] for row in range(count)]
    return {"records": len(table), "columns": columns, "rows": records}


def _array(array: OpenArray) -> Document:
    axes = [
        {"name": name, "elements": size}
        for name, size in zip(array.axis_names, array.shape, strict=True)
    ]
    shown = array.orientation
    found: Document = {
        "type": array.description.data_type,
        "unit": array.unit or None,
        "axes": axes,
        "statistics": statistics(array),
    }
    if shown is not None:
        found["display"] = {
            "vertical": array.axis_names[shown.vertical],
            "horizontal": array.axis_names[shown.horizontal],
            "begins": [
                "bottom" if shown.begins_at_bottom else "top",
                "right" if shown.begins_at_right else "left",
            ],
            "said": shown.is_said,
        }
    if array.grid is not None:
        found["map"] = {
            "projection": array.grid.projection or None,
            "left_m": array.grid.left_m,
            "top_m": array.grid.top_m,
            "pixel_m": [array.grid.width_m, array.grid.height_m],
        }
    return found


def statistics(array: OpenArray) -> Document:
    """Least, most, mean and masked of the elements; of large arrays ``every`` nth row is taken."""
    size = int(np.prod(array.shape, dtype=np.int64))
    if not size:
        return {"elements": 0}
    every = max(-(-size // _MOST_ELEMENTS), 1)
    axis = max(len(array.shape) - 2, 0)
    steps = [slice(None)] * len(array.shape)
    steps[axis] = slice(None, None, every)
    values = array[tuple(steps)]
    if values.dtype.kind == "c":
        values = np.ma.array(np.abs(values.data), mask=values.mask)
    right = ~np.ma.getmaskarray(values)
    if values.dtype.kind == "f":
        right &= np.isfinite(values.data)
    chosen = values.data[right]
    found: Document = {"elements": size, "every": every, "masked": int(values.size - chosen.size)}
    if chosen.size:
        found |= {
            "minimum": chosen.min().item(),
            "maximum": chosen.max().item(),
            "mean": float(chosen.mean(dtype=np.float64)),
        }
    return found


def _stream(stream: OpenStream) -> Document:
    begin = stream.read(0, _MOST_CHARACTERS)
    is_text = b"\0" not in begin
    text = begin.decode("utf-8", "replace") if is_text else None
    return {"bytes": stream.size, "standard": stream.standard, "begin": text}


def _plain(values: Values) -> list[Any]:
    """Values as JSON has them: masked ones and those that are no numbers are None."""
    if values.dtype.kind == "c":
        return [None if each is None else str(each) for each in values.tolist()]
    if values.dtype.kind == "f":
        values = np.ma.masked_invalid(values)
    found: list[Any] = values.tolist()
    return found
