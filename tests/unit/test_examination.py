"""What ``perilune validate`` looks for, found in a delivery; and what a node makes of it."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from perilune import config
from perilune.access.extract import extract
from perilune.catalogue.query import Query
from perilune.config import Refusal, Validation
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.ingest.keeper import NodeKeeper
from perilune.ingest.rehearsal import rehearse
from perilune.mission.simulate import write_bundle
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.validation.examine import Sources
from perilune.validation.options import Options as Wishes
from perilune.validation.report import Severity
from perilune.validation.run import Means, run
from perilune.validation.schemas import Schemas
from perilune.validation.writing.document import as_document

NOT_CHECKED = "warning.delivery.schema_not_checked"
TABLE = "data_raw/hk_20281003.xml"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


@pytest.fixture
def bundle(simulated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(simulated, tmp_path / "bundle")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    settings = config.make("A", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    return Node.create(tmp_path / "node", settings)


def asking(node: Node, **wishes: object) -> Node:
    return replace(node, config=replace(node.config, **wishes))  # type: ignore[arg-type]


def types(outcome: Outcome, severity: str = "error") -> set[str]:
    return {each.type for each in outcome.report.messages if each.severity == severity}


def revalue(label: Path, old: str, new: str) -> None:
    text = label.read_text("utf-8")
    assert old in text
    label.write_text(text.replace(old, new), "utf-8")


def with_wrong_records(bundle: Path) -> None:
    """A table said to have one record more than it has: content that no digest tells of."""
    label = bundle / TABLE
    text = label.read_text("utf-8")
    _, _, rest = text.partition("<records>")
    number = rest.partition("</records>")[0]
    revalue(label, f"<records>{number}</records>", f"<records>{int(number) + 1}</records>")


def test_a_fault_of_content_refuses_a_delivery_whose_digests_are_right(
    bundle: Path, node: Node
) -> None:
    with_wrong_records(bundle)

    outcome = deliver(bundle, node)

    assert outcome.receipt is None
    assert "error.label.table_definition_problem" in types(outcome)
    assert {each.path for each in outcome.report.messages if each.severity == "error"} == {TABLE}


def test_with_partial_the_faultless_products_are_taken(bundle: Path, node: Node) -> None:
    with_wrong_records(bundle)

    outcome = deliver(bundle, node, Options(partial=True))

    assert (outcome.accepted, outcome.refused) == (37, 1)


@pytest.mark.parametrize("validation", [Validation.CUSTODY, Validation.LABELS, Validation.FULL])
def test_a_node_says_how_much_is_checked(bundle: Path, node: Node, validation: Validation) -> None:
    data = (bundle / TABLE).with_suffix(".tab")
    whole = data.read_bytes()
    broken = whole.replace(b"\r\n", b"\n\n")
    data.write_bytes(broken)
    revalue(bundle / TABLE, hashlib.md5(whole).hexdigest(), hashlib.md5(broken).hexdigest())

    outcome = deliver(bundle, asking(node, validation=validation))

    assert (outcome.receipt is None) == (validation is Validation.FULL)
    assert ("error.table.missing_CRLF" in types(outcome)) == (validation is Validation.FULL)
    assert (NOT_CHECKED in types(outcome, "warning")) == (validation is not Validation.CUSTODY)


def test_where_errors_are_told_as_warnings_the_product_is_taken(bundle: Path, node: Node) -> None:
    with_wrong_records(bundle)

    outcome = deliver(bundle, asking(node, refuses=Refusal.NOTHING))

    assert outcome.is_complete
    assert "error.label.table_definition_problem" in types(outcome, "warning")
    assert outcome.receipt is not None
    told = {(each.type, each.severity) for each in outcome.receipt.faults}
    assert ("error.label.table_definition_problem", "warning") in told


def test_where_warnings_refuse_they_are_told_as_errors(bundle: Path, node: Node) -> None:
    stranger = bundle / "data_raw" / "collection_stranger.xml"
    label = bundle / TABLE
    stranger.write_bytes(label.read_bytes())
    label.unlink()
    calm = deliver(bundle, node, Options(partial=True))
    assert "warning.file.reserved_name_mismatch" in types(calm, "warning")

    outcome = deliver(bundle, asking(node, refuses=Refusal.WARNINGS))

    assert outcome.receipt is None
    assert "warning.file.reserved_name_mismatch" in types(outcome)


def test_a_schema_that_cannot_be_had_is_told_once_and_in_the_receipt(
    bundle: Path, node: Node
) -> None:
    outcome = deliver(bundle, node)

    assert outcome.receipt is not None
    told = [each for each in outcome.report.messages if each.type == NOT_CHECKED]
    core = [each for each in told if each.cause == "schema not checked: PDS4_PDS_1L00.xsd"]
    assert [each.count for each in core] == [38]
    counts = {each.type: each.count for each in outcome.receipt.faults}
    assert counts[NOT_CHECKED] == sum(each.count for each in told)
    assert "schema not checked" in outcome.as_text()


def test_a_node_may_require_schemas(bundle: Path, node: Node) -> None:
    outcome = deliver(bundle, asking(node, schemas_required=True))

    assert outcome.receipt is None
    assert types(outcome) == {"error.label.unresolvable_resource"}


def test_with_schemas_pinned_labels_are_held_against_them(
    bundle: Path, node: Node, shared: Callable[[str], Path]
) -> None:
    assert node.root is not None
    Schemas.open(config.schemas_folder(node.root)).add(shared("data/pds4/schemas.tar.xz"))
    strict = asking(node, schemas_required=True)
    revalue(bundle / TABLE, "<product_class>Product_Obs", "<product_class> Product_Obs")
    assert rehearse(bundle, NodeKeeper(strict)).is_right
    revalue(bundle / TABLE, "<Time_Coordinates>", "<Time_Coordinates><moment/>")

    outcome = deliver(bundle, strict)

    assert types(outcome) == {"error.label.schema"}
    assert as_document(rehearse(bundle, NodeKeeper(strict))) == as_document(outcome.report)


def test_the_schemas_that_labels_name_become_holdings_once(
    bundle: Path, node: Node, shared: Callable[[str], Path], tmp_path: Path
) -> None:
    assert node.root is not None
    pinned = Schemas.open(config.schemas_folder(node.root))
    pinned.add(shared("data/pds4/schemas.tar.xz"))
    of_schemas = Query(facets=(("class", frozenset(("Product_XML_Schema",))),), limit=99)

    outcome = deliver(bundle, node)
    first = node.catalogue.search(of_schemas)
    again = deliver(bundle, node)

    assert (outcome.accepted, again.held) == (38, 38)
    assert node.catalogue.search(of_schemas).total == first.total == 8
    names = {each.product.id.lid.text.rpartition(":")[2][:-13] for each in first.hits}
    assert {"pds4_pds_1l00.xsd", "pds4_pds_1l00.sch"} <= names
    contents = {entry.sha256 for each in first.hits for entry in each.manifest.files}
    assert contents & {each.sha256 for each in pinned.entries} != set()
    for each in first.hits:
        extract(each, node, tmp_path / "read")
    report = run([tmp_path / "read"], Wishes(checks_context=False), Means(sources=Sources(pinned)))
    assert report.is_right, list(report.messages)
    assert report.summary.products.passed == 8


def test_an_increment_is_checked_with_what_the_node_holds(
    bundle: Path, node: Node, tmp_path: Path
) -> None:
    """Day two: the next version of a collection, whose inventory lists day one's products too."""
    day_two = tmp_path / "increment" / "data_raw"
    day_two.mkdir(parents=True)
    for source in (bundle / "data_raw").glob("collection_data_raw.*"):
        shutil.copy(source, day_two)
    revalue(
        day_two / "collection_data_raw.xml",
        "<version_id>1.0</version_id>\n    <title>",
        "<version_id>1.1</version_id>\n    <title>",
    )
    alone = rehearse(day_two.parent, NodeKeeper(node))
    missing = {each.type for each in alone.messages if each.severity is Severity.ERROR}
    assert missing == {"error.integrity.member_not_found"}

    assert deliver(bundle, node).is_complete
    outcome = deliver(day_two.parent, node)

    assert outcome.is_complete, outcome.as_text()
