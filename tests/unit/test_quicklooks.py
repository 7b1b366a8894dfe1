"""Quick looks: right way up, thinned out on the server, and for nobody who may not read."""

import hashlib
import io
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from perilune.access import drawing, quicklook
from perilune.access.drawing import Fault, Order, Wanted
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.quicklook import QuickLooks
from perilune.access.search import find
from perilune.errors import Damaged, Embargoed, NodeBusy
from perilune.ingest.delivery import deliver
from perilune.mission.simulate import write_bundle
from perilune.model.package import FileEntry
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.storage.digest import of_bytes
from perilune.testing.data_objects import array, characters, field, product
from perilune.web.app import create_app

BUNDLE = "urn:ros:rssa:luna26_simulated"
IMAGE = f"{BUNDLE}:data_calibrated:stc_01_cal"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    folder = tmp_path_factory.mktemp("bundle") / "luna26"
    write_bundle(folder)
    made = Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    assert deliver(folder, made).is_complete
    return made


def test_a_picture_is_drawn_in_both_sizes(node: Node) -> None:
    client = TestClient(create_app(node))
    sizes = {}
    for size in (256, 1024):
        reply = client.get(f"/quicklooks/{IMAGE}/0.png?size={size}")
        assert reply.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(reply.content)) as image:
            sizes[size] = image.size

    assert max(sizes[256]) <= 256
    assert 0 < sizes[1024][1] - 28 <= 1024
    same = client.get(
        f"/quicklooks/{IMAGE}/0.png", headers={"If-None-Match": reply.headers["etag"]}
    )
    assert same.status_code == 304


def test_what_is_inside_is_told_as_json(node: Node) -> None:
    found = TestClient(create_app(node)).get(f"/quicklooks/{IMAGE}").json()

    assert found["product"].startswith(IMAGE)
    assert found["objects"][0]["statistics"]["elements"] > 0


def test_what_is_not_there_is_not_found(node: Node) -> None:
    client = TestClient(create_app(node))

    assert client.get(f"/quicklooks/{IMAGE}/7.png").status_code == 404
    assert client.get(f"/quicklooks/{IMAGE}/0.svg").status_code == 404
    assert client.get(f"/quicklooks/{IMAGE}/0.gif").status_code == 404
    assert client.get(f"/quicklooks/{IMAGE}/0.png?size=9999").status_code == 400
    assert client.get("/quicklooks/urn:a:b:c/0.png").status_code == 404


def test_nobody_without_the_right_gets_a_drawing_also_if_it_was_drawn_before(
    tmp_path: Path,
) -> None:
    write_bundle(tmp_path / "luna26")
    closed = Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.NATIONAL)
    assert deliver(tmp_path / "luna26", closed).is_complete
    holding, looks = find(IMAGE, closed, OPERATOR), QuickLooks()
    assert looks.drawing(holding, Wanted("png", 0, 256), closed, OPERATOR).data

    with pytest.raises(Embargoed, match="not released"):
        looks.drawing(holding, Wanted("png", 0, 256), closed, VISITOR)
    client = TestClient(create_app(closed))
    for name in ("", "/0.png", "/0.json", "/0.svg"):
        assert client.get(f"/quicklooks/{IMAGE}{name}").status_code == 404


def drawn(folder: Path, objects: str, data: bytes, wanted: Wanted) -> drawing.Drawing:
    """What the process would draw, in this one."""
    label = product(folder, objects, data)
    entry = FileEntry.of("data/data.dat", "file", of_bytes(data))
    with (folder / "data.dat").open("rb") as file:
        return drawing.draw(
            Order(wanted, label.data, "product.xml"), {"data.dat": (entry, file.fileno())}
        )


def test_a_plot_keeps_the_spike_of_a_long_column(tmp_path: Path) -> None:
    fields = [
        field("Character", "ASCII_Integer", (1, 6)),
        field("Character", "ASCII_Real", (7, 8), "<unit>K</unit>"),
    ]
    rows = [f"{row:6d}{250 + row % 7:8.2f}\r\n" for row in range(20_000)]
    rows[12_345] = f"{12_345:6d}{999:8.2f}\r\n"
    data = "".join(rows).encode()

    found = drawn(tmp_path, characters(fields, 16, 20_000), data, Wanted("json")).document

    assert found is not None
    [curve] = found["curves"]
    assert (found["x"]["name"], curve["unit"], found["values"]) == ("ASCII_Integer", "K", 20_000)
    assert len(curve["x"]) == 600
    assert (min(curve["low"]), max(curve["high"])) == (250.0, 999.0)


def test_a_plot_is_drawn_without_script(tmp_path: Path) -> None:
    fields = [field("Character", "ASCII_Real", (1, 4), "<unit>&lt;script&gt;</unit>")]
    data = b" 1.0\r\n 2.5\r\n    \r\n 0.5\r\n 0.7\r\n"

    found = drawn(tmp_path, characters(fields, 6, 5), data, Wanted("svg")).data.decode()

    assert "<script" not in found
    assert "&lt;script&gt;" in found
    assert found.count("M") == 2, "a gap lifts the pen"


def test_a_spectrum_is_drawn_over_its_channels(tmp_path: Path) -> None:
    group = (
        "<Group_Field_Character><name>channel</name><repetitions>10</repetitions>"
        "<group_location>1</group_location><group_length>30</group_length>"
        f"{field('Character', 'ASCII_Integer', (1, 3))}</Group_Field_Character>"
    )
    data = "".join("".join(f"{n + r:3d}" for n in range(10)) + "\r\n" for r in range(3)).encode()

    found = drawn(tmp_path, characters([group], 32, 3), data, Wanted("json")).document

    assert found is not None
    first, mean = found["curves"]
    assert found["x"]["name"] == "channel"
    assert first["low"] == [float(n) for n in range(10)]
    assert mean["low"] == [float(n + 1) for n in range(10)]


def test_damage_is_told_and_not_drawn(tmp_path: Path) -> None:
    label = product(tmp_path, array("UnsignedByte", (4, 4)), bytes(16))
    entry = FileEntry.of("data/data.dat", "file", of_bytes(bytes(16)))
    (tmp_path / "data.dat").write_bytes(b"\1" * 16)
    with (tmp_path / "data.dat").open("rb") as file, pytest.raises(Damaged):
        drawing.draw(
            Order(Wanted("png", 0, 256), label.data, "product.xml"),
            {"data.dat": (entry, file.fileno())},
        )


def test_a_process_that_takes_too_much_ends_and_its_fault_is_told(node: Node) -> None:
    """A table of one record of 700 MB of text: more than the process may have."""
    size = 700 << 20
    label = (
        '<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1"><Identification_Area>'
        "<logical_identifier>urn:ros:rssa:a:b:c</logical_identifier><version_id>1.0</version_id>"
        "</Identification_Area><File_Area_Observational><File><file_name>data.dat</file_name>"
        f"</File>{characters([field('Character', 'ASCII_String', (1, size - 2))], size, 1)}"
        "</File_Area_Observational></Product_Observational>"
    ).encode()
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        entry = FileEntry(
            path="data.dat", role="file", size=size, digests={"sha256": ""}, pieces=ZEROS
        )
        order = Order(Wanted("summary"), label, "product.xml")

        answer = quicklook._asked(order, [("data.dat", entry)], [file])

    assert isinstance(answer, Fault)
    assert "more memory" in answer.words
    assert QuickLooks().drawing(find(IMAGE, node, OPERATOR), Wanted("png", 0, 256), node, OPERATOR)


ZEROS = (hashlib.sha256(bytes(1 << 20)).hexdigest(),) * 700


def test_when_many_wait_the_others_are_told_at_once(node: Node) -> None:
    looks = QuickLooks()
    for _ in range(quicklook._MOST_WAITING):
        assert looks._queue.acquire(blocking=False)

    with pytest.raises(NodeBusy, match="many quick looks"):
        looks.drawing(find(IMAGE, node, OPERATOR), Wanted("png", 0, 256), node, OPERATOR)
    looks._queue.release()
    assert looks.drawing(find(IMAGE, node, OPERATOR), Wanted("png", 0, 256), node, OPERATOR).data
