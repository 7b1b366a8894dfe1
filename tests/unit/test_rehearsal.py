"""What the node refuses is told beforehand, in the same words, and the node is not touched."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from perilune.cli import main
from perilune.errors import DeliveryRefused
from perilune.ingest.delivery import deliver
from perilune.ingest.keeper import NodeKeeper
from perilune.ingest.rehearsal import rehearse
from perilune.mission.simulate import write_bundle
from perilune.node import Node
from perilune.validation.writing.document import as_document


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    write_bundle(folder)
    return folder


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


def test_a_refused_delivery_and_its_rehearsal_give_the_same_report(bundle: Path) -> None:
    node = Node.in_memory(namespaces=("urn:ros:rssa",))
    _spoil(bundle)

    told = as_document(rehearse(bundle, NodeKeeper(node)))
    outcome = deliver(bundle, node)

    assert outcome.receipt is None
    assert told == as_document(outcome.report)
    summary = told["summary"]
    assert isinstance(summary, dict)
    assert summary["totalErrors"] >= 4  # type: ignore[operator]


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
