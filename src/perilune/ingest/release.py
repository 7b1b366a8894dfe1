"""Release: from here on, a delivery that was taken in unreleased is served."""

from dataclasses import dataclass

from perilune.catalogue.port import Projection
from perilune.errors import NotFound
from perilune.ingest.accession import record
from perilune.ingest.projection import catch_up, walk
from perilune.model.act import PublishAct, ReleaseAct
from perilune.model.product import Releasability
from perilune.node import Node


@dataclass(frozen=True, slots=True)
class Released:
    """What was released."""

    delivery: str
    products: int


def release(delivery: str, node: Node) -> Released:
    """Log the release of all products of ``delivery``; raise `NotFound` if there are none.

    The act is hidden unless everything in the delivery is public: its name would let anyone who
    has the files confirm that they are here.
    """
    with node.writing():
        catch_up(node)
        found = [
            each
            for _, each in walk(node)
            if isinstance(each, PublishAct) and each.delivery == delivery
        ]
        if not found:
            raise NotFound(f"no delivery {delivery!r}")
        hidden = any(each.releasability is not Releasability.PUBLIC for each in found)
        record([ReleaseAct(t=next(node.ticks()), delivery=delivery)], node, hidden=hidden)
        node.catalogue.apply(Projection(applied=node.log.size, released=[delivery]))
    return Released(delivery, len(found))
