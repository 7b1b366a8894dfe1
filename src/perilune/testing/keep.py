"""Holdings put into a node by hand: bytes, log and catalogue, without a delivery.

For tests of what is done with holdings; how they come in is tested with real deliveries.
"""

import io
from collections.abc import Iterable

from perilune.catalogue.port import Projection
from perilune.model import act
from perilune.model.act import PublishAct
from perilune.model.product import Holding
from perilune.node import Node
from perilune.testing import build


def keep(node: Node, *holdings: Holding, contents: Iterable[bytes] = ()) -> None:
    """Have ``node`` keep ``holdings``, whose places in the log are the next ones.

    ``contents`` are the bytes of files that `build.holding` was given.
    """
    with node.store.batch() as batch:
        for holding in holdings:
            batch.put(io.BytesIO(build.label(build.product(holding.product.id))))
            batch.put(io.BytesIO(holding.manifest.encode()))
        for data in (build.TABLE, *contents):
            batch.put(io.BytesIO(data))
    assert [holding.index for holding in holdings] == [
        node.log.size + place for place in range(len(holdings))
    ]
    node.log.append([act.encode(published(holding)) for holding in holdings])
    node.catalogue.apply(Projection(applied=node.log.size, added=holdings))


def published(holding: Holding) -> PublishAct:
    """The act by which ``holding`` came into custody."""
    return PublishAct(
        t=holding.accessioned,
        lidvid=holding.product.id,
        manifest=holding.manifest.sha256,
        manifest_size=len(holding.manifest.encode()),
        files=len(holding.manifest.files),
        bytes=holding.manifest.total_bytes,
        delivery=holding.delivery,
        lifecycle=holding.lifecycle,
        releasability=holding.releasability,
    )
