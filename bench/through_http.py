"""Questions to a large catalogue through the door that visitors take: uvicorn on the loopback."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from perilune.catalogue.port import Catalogue
from perilune.node import Node
from perilune.web.app import create_app

QUESTION = "mission=Mission+0&level=Raw"
FACETS = "mission,instrument,pds%3APrimary_Result_Summary.pds%3Aprocessing_level"
PATHS = {
    "portal page: 2 filters, all facets counted, 20 hits": f"/?{QUESTION}",
    "the same as JSON": f"/search.json?{QUESTION}",
    "PDS API: 20 products, 3 facets": f"/api/search/1/products?limit=20&facet-fields={FACETS}",
    "PDS API: 100 products": "/api/search/1/products?limit=100",
}


@contextmanager
def served(catalogue: Catalogue) -> Iterator[Callable[[str], bytes]]:
    """Something that gets a path of a node with this catalogue, over one connection."""
    app = create_app(replace(Node.in_memory(), catalogue=catalogue))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1])

    def get(path: str) -> bytes:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200, (path, reply.status, body[:300])
        return body

    try:
        yield get
    finally:
        connection.close()
        server.should_exit = True
        thread.join()
