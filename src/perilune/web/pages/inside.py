"""What the page of a product shows of its content: each object with its quick look.

Only the label is read here; pictures and plots are asked for by the browser, when they come into
view.
"""

from typing import Any

from perilune.access.read import whole
from perilune.errors import Damaged, MalformedLabel
from perilune.formats.pds4.objects import Array, DataObject, Stream, Table
from perilune.formats.pds4.parts import count_columns
from perilune.formats.pds4.product import OpenProduct
from perilune.model.product import Holding
from perilune.node import Node
from perilune.web.pages.label_tree import MOST_BYTES
from perilune.web.pages.rendering import to_path

MOST = 12
"""Objects of a product that are shown; the JSON beside has them all."""


def inside(holding: Holding, node: Node) -> dict[str, Any]:
    """``objects``, how many there are in all, and the address of their summary."""
    base = f"/quicklooks/{to_path(str(holding.product.id))}"
    found = [
        {"number": number, "href": f"{base}/{number}", **_shown(name, described)}
        for number, (name, described) in enumerate(_objects(holding, node))
    ]
    return {"objects": found[:MOST], "total": len(found), "href": base}


def _objects(holding: Holding, node: Node) -> list[tuple[str, DataObject]]:
    label = holding.manifest.label
    if label.size > MOST_BYTES:
        return []
    try:
        product = OpenProduct(whole(label, node), label.name, _no_file)
    except (Damaged, MalformedLabel):
        return []
    return product.described


def _no_file(name: str) -> Any:
    raise FileNotFoundError(name)


def _shown(name: str, described: DataObject) -> dict[str, Any]:
    match described:
        case Table():
            fields = 0 if described.record is None else count_columns(described.record.members)
            return {
                "name": name,
                "look": "plot" if described.class_name != "Inventory" else "",
                "records": described.records or 0,
                "fields": fields,
            }
        case Array():
            axes = zip(described.axis_names, described.shape, strict=True)
            return {
                "name": name,
                "look": "picture" if len(described.shape) > 1 else "plot",
                "axes": [(axis, size or 0) for axis, size in axes],
                "unit": described.unit,
            }
        case Stream():
            return {"name": name, "look": "", "bytes": described.object_length}
