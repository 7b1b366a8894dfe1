"""A link that fails at random while both nodes publish: two cycles after it heals both hold all.

``PERILUNE_TORTURE`` makes it a hundred partitions; each can be repeated by its number.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from starlette.requests import Request
from starlette.responses import Response

from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import PeerUnreachable, PeerUntrusted
from perilune.federation.folder import Peers
from perilune.federation.pull import Synced
from perilune.federation.status import status_of
from perilune.model.product import Releasability
from perilune.node import Node

from .scene import COPIER, OWNER, Served, befriend, hand_in, kept_of, make, pull, served, write

ROUNDS = 100 if os.environ.get("PERILUNE_TORTURE") else 6
_STEPS = 8


def failing(random: Random) -> Callable[[Request], Response | None]:
    """After some answers the link gives none that is whole, one way or another."""
    left = random.randrange(12)
    faults = (
        lambda: Response(status_code=503),
        lambda: Response(b"", headers={"content-length": "77"}),
        lambda: Response(b"<html>a portal of somebody's network</html>"),
    )
    fault = random.choice(faults)

    def bend(_request: Request) -> Response | None:
        nonlocal left
        left -= 1
        return fault() if left < 0 else None

    return bend


def holds(node: Node) -> dict[str, str]:
    """Every public product with its manifest."""
    page = search(Query(versions="all", limit=1_000), node, OPERATOR)
    return {
        str(each.product.id): each.manifest.sha256
        for each in page.hits
        if each.releasability is Releasability.PUBLIC
    }


def publish(node: Node, namespace: str, folder: Path, random: Random, number: int) -> None:
    names = [f"p{number}_{each}" for each in range(random.randrange(1, 4))]
    public = random.random() < 0.75
    hand_in(
        node,
        write(folder / f"{node.config.name}-{number}", names, namespace=namespace, seed=number),
        releasability=Releasability.PUBLIC if public else Releasability.NATIONAL,
    )


@pytest.mark.parametrize("number", range(ROUNDS))
def test_nodes_that_were_apart_agree_two_cycles_later(number: int, tmp_path: Path) -> None:
    random = Random(f"partition {number}")
    one, two = make(tmp_path, "one", OWNER), make(tmp_path, "two", COPIER)
    with served(one) as first, served(two) as second:
        befriend(one, second)
        befriend(two, first)
        for step in range(_STEPS):
            if random.random() < 0.6:
                node, namespace = random.choice(((one, OWNER), (two, COPIER)))
                publish(node, namespace, tmp_path, random, step)
            puller, other = random.choice(((one, second), (two, first)))
            other.bend = failing(random)
            with contextlib.suppress(PeerUnreachable, PeerUntrusted):
                pull(puller, other)
            other.bend = lambda _request: None

        rounds = cycle(one, second, two, first) + cycle(one, second, two, first)
        sizes = one.log.size, two.log.size
        idle = cycle(one, second, two, first)

        assert holds(one) == holds(two)
        assert all(each.is_undisputed for each in rounds[2:])
        assert [each.copied for each in idle] == [0, 0]
        assert (one.log.size, two.log.size) == sizes
        for node, other in ((one, two), (two, one)):
            found = status_of(Peers.of(node).named(other.config.name), node)
            assert found.there is not None
            assert found.uncovered == found.there.counts.excepted == 0
            assert not [path for path in kept_of(node, other).evidence() if "put-back" in path.name]
    one.close()
    two.close()


def cycle(one: Node, second: Served, two: Node, first: Served) -> list[Synced]:
    return [pull(one, second), pull(two, first)]
