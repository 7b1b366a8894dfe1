"""A real bundle (LADEE's, of NASA PDS), delivered and then taken out through the interfaces."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from lxml import etree
from starlette.testclient import TestClient

from perilune.ingest.delivery import Options, deliver
from perilune.node import Node
from perilune.web.app import create_app

API = "/api/search/1"
PDS = "{http://pds.nasa.gov/pds4/pds/v1}"


def test_every_file_of_every_product_comes_out_as_it_was_delivered(
    shared: Callable[[str], Path],
) -> None:
    source = shared("data/pds4/samples/ladee-mission-bundle")
    node = Node.in_memory()
    outcome = deliver(source, node, Options(partial=True))
    client = TestClient(create_app(node))

    products = client.get(f"{API}/products", params={"limit": 1000}).json()["data"]

    assert len(products) == outcome.accepted > 0
    for product in products:
        values = product["properties"]
        refs = [
            *values["ops:Label_File_Info.ops:file_ref"],
            *values.get("ops:Data_File_Info.ops:file_ref", ()),
        ]
        for ref in refs:
            path = ref.partition(product["id"] + "/")[2]
            served = hashlib.sha256(client.get(ref).content).hexdigest()
            assert served == hashlib.sha256((source / path).read_bytes()).hexdigest()


def test_the_properties_are_those_that_lxml_finds_in_the_label(
    shared: Callable[[str], Path],
) -> None:
    node = Node.in_memory()
    deliver(shared("data/pds4/samples/ladee-mission-bundle"), node, Options(partial=True))
    client = TestClient(create_app(node))
    as_json = {"Accept": "application/vnd.nasa.pds.pds4+json"}

    for product in client.get(f"{API}/products").json()["data"]:
        label = etree.fromstring(client.get(product["metadata"]["label_url"]).content)
        area = label.find(f"{PDS}Identification_Area")
        assert area is not None
        title = area.findtext(f"{PDS}title") or ""
        assert product["properties"]["pds:Identification_Area.pds:title"] == [title.strip()]
        pds4 = client.get(f"{API}/products/{product['id']}", headers=as_json).json()["pds4"]
        assert pds4[product["type"]]["Identification_Area"]["title"] == title.strip()
        texts = [text.strip() for text in label.itertext() if text.strip()]
        kept = json.dumps(pds4, ensure_ascii=False)
        assert [text for text in texts if json.dumps(text, ensure_ascii=False) not in kept] == []
