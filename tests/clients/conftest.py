"""A node served by a real server on a free port of this machine, for clients that are not ours."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import uvicorn

from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import ContextName, Holding, Member, Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

IMAGES = 250
DATA = "urn:nasa:pds:luna:data"
MOON = Lid("urn:nasa:pds:context:target:satellite.earth.moon")
START = "pds:Time_Coordinates.pds:start_date_time"
STOP = "pds:Time_Coordinates.pds:stop_date_time"


def _archive() -> list[Holding]:
    """250 images, all taken at ten instants and harvested a microsecond apart; and a collection."""
    kept = []
    for number in range(IMAGES):
        start = f"2026-11-22T10:00:{number % 10:02d}Z"
        product = build.product(
            f"{DATA}:image_{number}::1.0",
            time=build.span(start),
            targets=(ContextName("Moon", "Satellite", MOON),),
            properties=(
                ("pds:Identification_Area.pds:title", (f"Image {number}",)),
                (START, (start,)),
                (STOP, (start,)),
                ("img:Frame.img:number", (str(number),)),
            ),
        )
        harvested = build.NOON + timedelta(microseconds=number)
        kept.append(build.holding(product, number + 1, accessioned=harvested))
    members = [Member(Lidvid.parse(f"{DATA}:image_{number}::1.0"), True) for number in range(120)]  # noqa: FBT003
    collection = build.product(
        f"{DATA}::1.0",
        product_class="Product_Collection",
        title="All images",
        members=tuple(members),
    )
    hidden = build.product(f"{DATA}:image_hidden::1.0")
    return [
        *kept,
        build.holding(collection, IMAGES + 1),
        build.holding(hidden, IMAGES + 2, releasability=Releasability.NATIONAL),
    ]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the node's PDS Search API."""
    node = Node.in_memory()
    keep(node, *_archive())
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(create_app(node), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/search/1"
    server.should_exit = True
    thread.join()
    listener.close()
