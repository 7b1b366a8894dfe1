"""What the node refuses is told beforehand, in the same words, and the node is not touched."""

import hashlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner

from perilune import config
from perilune.catalogue.query import Query
from perilune.cli import main
from perilune.client import RemoteNode
from perilune.client.keeper import RemoteKeeper
from perilune.errors import DeliveryRefused
from perilune.ingest.delivery import deliver
from perilune.ingest.keeper import NodeKeeper
from perilune.ingest.rehearsal import rehearse
from perilune.mission.simulate import write_bundle
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.validation.context import Registry
from perilune.validation.schemas import Schemas
from perilune.validation.writing.document import as_document
from perilune.web.app import create_app


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


@pytest.fixture
def bundle(simulated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(simulated, tmp_path / "bundle")


@pytest.fixture(scope="module")
def holder(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node on disk that holds the bundle."""
    settings = config.make("Holder", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    node = Node.create(tmp_path_factory.mktemp("holder") / "node", settings)
    assert deliver(simulated, node).is_complete
    yield node
    node.close()


@pytest.fixture(scope="module")
def address(holder: Node) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(holder), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def _revalued(label: Path, old: str, new: str) -> None:
    text = label.read_text("utf-8")
    assert old in text
    label.write_text(text.replace(old, new), "utf-8")


def _spoil(bundle: Path) -> None:
    """A changed file, a missing one, a broken label, a stranger and a link."""
    images = sorted(bundle.rglob("*.img"))
    images[0].write_bytes(b"other" + images[0].read_bytes())
    images[1].unlink()
    labels = sorted(bundle.rglob("*.xml"))
    labels[-1].write_text("<Product_Observational", "utf-8")
    text = labels[0].read_text("utf-8")
    (bundle / "again.xml").write_text(text.replace("urn:ros:rssa", "urn:nasa:pds"), "utf-8")
    (bundle / "stray.txt").write_text("", "utf-8")
    (bundle / "link").symlink_to("stray.txt")


def _change_what_is_held(bundle: Path) -> None:
    _revalued(bundle / "data_raw" / "stc_01_raw.xml", "</title>", ", changed</title>")


def _leave_all_but_a_collection(bundle: Path) -> None:
    """An increment whose inventory lists a product that nobody has."""
    for path in bundle.iterdir():
        if path.name != "data_raw":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (bundle / "data_raw").iterdir():
        if not path.name.startswith("collection"):
            path.unlink()
    label = bundle / "data_raw" / "collection_data_raw.xml"
    inventory = label.with_suffix(".csv")
    before = inventory.read_bytes()
    after = before + b"P,urn:ros:rssa:luna26_simulated:data_raw:stc_99_raw::1.0\r\n"
    inventory.write_bytes(after)
    records = before.count(b"\n")
    _revalued(label, hashlib.md5(before).hexdigest(), hashlib.md5(after).hexdigest())
    _revalued(label, f">{len(before)}</file_size>", f">{len(after)}</file_size>")
    _revalued(label, f"<records>{records}<", f"<records>{records + 1}<")
    _revalued(label, "<version_id>1.0</version_id>", "<version_id>1.1</version_id>")


def _break_a_table(bundle: Path) -> None:
    table = bundle / "data_raw" / "hk_20281003.tab"
    table.write_bytes(table.read_bytes().replace(b"\r\n", b"\n"))


def _name_two_alike(bundle: Path) -> None:
    label = bundle / "data_raw" / "stc_02_raw.xml"
    shutil.copy(label, label.with_name("other name.xml"))


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (_spoil, "error.label.missing_file"),
    (_change_what_is_held, "error.delivery.content_conflict"),
    (_leave_all_but_a_collection, "error.integrity.member_not_found"),
    (_break_a_table, "error.table.missing_CRLF"),
    (_name_two_alike, "error.label.duplicate_identifier"),
]


@pytest.mark.parametrize(("spoil", "fault"), SPOILT)
def test_a_refused_delivery_and_its_rehearsal_give_the_same_report(
    bundle: Path, holder: Node, address: str, spoil: Callable[[Path], None], fault: str
) -> None:
    spoil(bundle)
    own = Schemas.open(bundle.parent / "none")

    near = rehearse(bundle, NodeKeeper(holder))
    far = rehearse(bundle, RemoteKeeper(RemoteNode(address), own, Registry()))
    outcome = deliver(bundle, holder)

    assert outcome.receipt is None
    assert fault in {each.type for each in near.messages if each.severity == "error"}
    assert as_document(near) == as_document(outcome.report)
    assert as_document(far) == as_document(outcome.report)


def test_a_rehearsal_knows_what_is_held_and_leaves_the_node_as_it_was(bundle: Path) -> None:
    node = Node.in_memory(namespaces=("urn:ros:rssa",))
    assert rehearse(bundle, NodeKeeper(node)).is_right
    assert list(node.store) == []
    deliver(bundle, node)
    kept, size = set(node.store), node.log.checkpoint.size
    label = min(bundle.rglob("stc_01_raw.xml"))
    label.write_text(label.read_text("utf-8").replace("</title>", ", changed</title>"), "utf-8")

    report = rehearse(bundle, NodeKeeper(node))

    errors = [message.type for message in report.messages if message.severity == "error"]
    assert errors == ["error.delivery.content_conflict"]
    assert set(node.store) == kept
    assert node.log.checkpoint.size == size


def test_what_would_not_be_looked_at_is_not_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused):
        rehearse(tmp_path, NodeKeeper(Node.in_memory(namespaces=("urn:ros:rssa",))))


def test_the_command_line_gives_the_report_of_the_delivery(bundle: Path, tmp_path: Path) -> None:
    def perilune(*words: str | Path) -> int:
        return CliRunner().invoke(main, [str(word) for word in words]).exit_code

    node = tmp_path / "node"
    perilune("init", node, "--name", "A", "--namespace", "urn:ros:rssa")
    assert perilune("validate", bundle, "--against", node) == 0
    _spoil(bundle)

    refused = perilune("-n", node, "deliver", bundle, "--report", tmp_path / "a.html")
    told = perilune("validate", bundle, "--against", node, "--report", tmp_path / "b.html")

    assert (refused, told) == (3, 3)
    assert (tmp_path / "a.html").read_text("utf-8") == (tmp_path / "b.html").read_text("utf-8")


def test_an_address_is_asked_in_bulk_and_an_older_version_by_its_name(
    address: str, holder: Node, bundle: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    class Counting(RemoteNode):
        def document(self, address: str) -> dict[str, object]:
            asked.append(address)
            return super().document(address)

    label = bundle / "data_raw" / "stc_01_raw.xml"
    _revalued(
        label,
        "<version_id>1.0</version_id>\n    <title>",
        "<version_id>1.1</version_id>\n    <title>",
    )
    assert deliver(label, holder).is_complete
    keeper = RemoteKeeper(Counting(address), Schemas.open(tmp_path / "none"), Registry())
    everything = Query(limit=99, versions="all")
    held = [str(each.product.id) for each in holder.catalogue.search(everything).hits]
    asked.clear()

    known = keeper.holds([*held, "urn:ros:rssa:nothing", f"{held[0].partition('::')[0]}::9.0"])

    assert set(known) == set(held)
    assert len(held) == 39
    assert len(asked) == 2


def test_through_the_command_line_an_address_will_do(bundle: Path, address: str) -> None:
    def told(*more: str) -> int:
        return (
            CliRunner()
            .invoke(main, ["validate", str(bundle), "--against", address, *more])
            .exit_code
        )

    assert told() == 0
    _break_a_table(bundle)
    assert told() == 3
    assert told("--skip-content") == 2
