"""What a notebook shows of an opened product: the first records, or the picture itself."""

from base64 import b64encode
from html import escape
from typing import Any

import numpy as np

from perilune.errors import UnreadableData
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pds4.table import OpenTable
from perilune.formats.picture import picture

ROWS = 10
LONGEST = 512
"""Pixels of a side of a picture."""


def array_png(array: OpenArray) -> bytes | None:
    """The picture of an array, as `perilune.formats.picture` makes it; None where it is none."""
    found = picture(array, LONGEST)
    return None if found is None else found.png()


def table_html(table: OpenTable) -> str:
    """Names, units and the first records of a table."""
    first = table.read(stop=ROWS)
    head = "".join(f"<th>{escape(name)}</th>" for name in first)
    units = "".join(f"<td>{escape(each.unit)}</td>" for each in table.variables)
    count = min(ROWS, len(table))
    rows = "".join(
        f"<tr>{''.join(f'<td>{_cell(column[row])}</td>' for column in first.values())}</tr>"
        for row in range(count)
    )
    return (
        f"<table><caption>{escape(table.name or table.class_name)}: {len(table):,} records"
        f"</caption><thead><tr>{head}</tr><tr>{units}</tr></thead><tbody>{rows}</tbody></table>"
    )


def product_html(product: OpenProduct) -> str:
    """Title, identifier, and every object: a table's first records, an array's picture."""
    parts = [f"<p><b>{escape(product.title)}</b><br>{escape(product.lidvid)}</p>"]
    for name in product.names:
        try:
            parts.append(_object_html(product, name))
        except UnreadableData as error:
            parts.append(f"<p>{escape(name)}: {escape(str(error))}</p>")
    return "".join(parts)


def _object_html(product: OpenProduct, name: str) -> str:
    opened = product[name]
    if isinstance(opened, OpenTable):
        return table_html(opened)
    told = f"<p>{escape(repr(opened))}</p>"
    if isinstance(opened, OpenArray) and (png := array_png(opened)) is not None:
        return f'{told}<img src="data:image/png;base64,{b64encode(png).decode()}">'
    return told


def _cell(value: Any) -> str:
    if value is np.ma.masked:
        return "--"
    return escape(str(value.tolist() if isinstance(value, np.ndarray) else value))
