"""Reading back and rebuilding: what is kept is what was taken in, and is shown to be."""

from pathlib import Path

import pytest

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import Damaged, NodeExists, NodeMissing, NotFound, WrongUsage
from perilune.ingest.delivery import deliver
from perilune.mission.simulate import write_bundle
from perilune.model import act
from perilune.model.act import CommitAct, FixityAct
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.preservation.fixity import audit
from perilune.preservation.health import examine
from perilune.preservation.rebuild import rebuild


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


def a_node(folder: Path, releasability: Releasability = Releasability.PUBLIC) -> Node:
    settings = config.make("Узел", ("urn:ros:rssa",), releasability=releasability)
    return Node.create(folder / "node", settings)


def test_a_sound_node_is_read_back_whole_and_says_so_in_its_log(
    bundle: Path, tmp_path: Path
) -> None:
    node = a_node(tmp_path)
    deliver(bundle, node)

    result = audit(node)

    assert result.is_clean
    assert result.objects == len(list(node.store))
    assert result.bytes == sum(node.store.size(name) for name in node.store)
    recorded = act.decode(node.log.last_entry)
    assert isinstance(recorded, FixityAct)
    assert (recorded.objects, recorded.bytes, recorded.damaged) == (
        result.objects,
        result.bytes,
        (),
    )
    fixity = node.catalogue.fixity()
    assert fixity is not None
    assert fixity.at == recorded.t


def test_of_national_holdings_the_log_tells_neither_number_nor_digest(
    bundle: Path, tmp_path: Path
) -> None:
    node = a_node(tmp_path, Releasability.NATIONAL)
    deliver(bundle, node)

    audit(node)

    assert isinstance(act.decode(node.log.last_entry), CommitAct)
    assert node.catalogue.fixity() is not None


def test_one_flipped_bit_is_found_named_and_never_served(bundle: Path, tmp_path: Path) -> None:
    node = a_node(tmp_path)
    deliver(bundle, node)
    entry = search(Query(text="strip"), node, VISITOR).hits[0].manifest.files[1]
    path = tmp_path / "node" / "objects" / entry.sha256[:2] / entry.sha256
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))

    result = audit(node)

    assert [(each.sha256, each.state) for each in result.damage] == [(entry.sha256, "changed")]


def test_a_lost_object_is_found_though_nothing_of_it_is_left(bundle: Path, tmp_path: Path) -> None:
    node = a_node(tmp_path)
    deliver(bundle, node)
    entry = search(Query(text="strip"), node, VISITOR).hits[0].manifest.files[0]
    (tmp_path / "node" / "objects" / entry.sha256[:2] / entry.sha256).unlink()

    result = audit(node)

    assert [(each.sha256, each.state) for each in result.damage] == [(entry.sha256, "missing")]


@pytest.mark.parametrize("releasability", [Releasability.PUBLIC, Releasability.NATIONAL])
def test_the_catalogue_comes_again_row_for_row_from_storage_and_log_alone(
    bundle: Path, tmp_path: Path, releasability: Releasability
) -> None:
    node = a_node(tmp_path, releasability)
    deliver(bundle, node)
    audit(node)
    before = list(node.catalogue.dump())
    node.close()
    root = tmp_path / "node"
    for path in root.glob("catalogue.sqlite*"):
        path.unlink()

    made = rebuild(Node.open(root))

    again = Node.open(root)
    assert made.entries == again.log.size
    assert list(again.catalogue.dump()) == before
    assert search(Query(limit=0), again, OPERATOR).total == 38


def test_a_rebuild_that_cannot_be_finished_leaves_the_old_catalogue(
    bundle: Path, tmp_path: Path
) -> None:
    node = a_node(tmp_path)
    deliver(bundle, node)
    entry = search(Query(text="strip"), node, VISITOR).hits[0].manifest.label
    (tmp_path / "node" / "objects" / entry.sha256[:2] / entry.sha256).unlink()

    with pytest.raises((NotFound, Damaged)):
        rebuild(node)

    again = Node.open(tmp_path / "node")
    assert search(Query(limit=0), again, VISITOR).total == 38
    assert not list((tmp_path / "node").glob("*making*"))


def test_a_node_is_made_whole_with_secret_keys_and_never_over_another(tmp_path: Path) -> None:
    node = a_node(tmp_path)
    root = tmp_path / "node"

    assert {path.stat().st_mode & 0o777 for path in (root / "keys").iterdir()} == {0o600}
    assert (root / "keys").stat().st_mode & 0o077 == 0
    assert all(finding.is_well for finding in examine(node))
    assert list(tmp_path.iterdir()) == [root]
    with pytest.raises(NodeExists):
        Node.create(root, node.config)
    with pytest.raises(NodeMissing):
        Node.open(tmp_path / "elsewhere")


def test_a_loose_key_and_a_lagging_clock_are_told_with_what_to_do(tmp_path: Path) -> None:
    node = a_node(tmp_path)
    (tmp_path / "node" / "keys" / "log.pem").chmod(0o644)

    findings = {finding.what: finding for finding in examine(node)}

    assert not findings["key log"].is_well
    assert "chmod 600" in findings["key log"].advice


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("colour = 'red'", "no such setting: colour"),
        ("port = 'x'", "port"),
        ("releasability = 'all'", "all"),
        ("namespaces = ['Urn:x']", "Urn:x"),
        ("= 1", "node.toml"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_value(
    tmp_path: Path, line: str, words: str
) -> None:
    a_node(tmp_path).close()
    path = tmp_path / "node" / "node.toml"
    name = line.partition(" ")[0]
    kept = [each for each in path.read_text().splitlines() if not each.startswith(f"{name} =")]
    path.write_text("\n".join([*kept, line]) + "\n")

    with pytest.raises(WrongUsage, match=words):
        Node.open(tmp_path / "node")


def test_settings_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    settings = config.make('A "quoted" \\ name', ("urn:ros:rssa", "urn:cnsa"), origin="a/log")

    config.save(settings, tmp_path)

    assert config.load(tmp_path) == settings
