"""Whether products belong together: each fault told, and its neighbour that has none.

Types and severities are those of NASA's ``validate`` (its table of problem types).
"""

import os
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.testing.labels import file_area, label
from perilune.validation.facts import Facts, Inventory, facts_of
from perilune.validation.integrity import Integrity, Whole
from perilune.validation.inventories import listed_in
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message

BUNDLE = "urn:nasa:pds:luna"
DATA = f"{BUNDLE}:data"


class Delivery:
    """A bundle in the making: labels by their path."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.labels: list[str] = []

    def write(self, path: str, data: bytes | str) -> None:
        place = self.base / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data if isinstance(data, bytes) else data.encode())

    def label(self, path: str, *content: str, lid: str, **rest: str) -> None:
        self.write(path, label(*content, lid=lid, **rest))
        self.labels.append(path)

    def product(self, name: str, *content: str, **rest: str) -> None:
        rest.setdefault("lid", f"{DATA}:{name}")
        self.label(f"data/{name}.xml", *content, **rest)

    def bundle(self, *members: str, status: str = "Primary", **rest: str) -> None:
        entries = "".join(
            f"<Bundle_Member_Entry><{_kind(each)}>{each}</{_kind(each)}>"
            f"<member_status>{status}</member_status></Bundle_Member_Entry>"
            for each in members
        )
        rest.setdefault("lid", BUNDLE)
        self.label("bundle.xml", entries, product_class="Product_Bundle", **rest)

    def collection(self, *lines: str, name: str = "data", **rest: str) -> None:
        self.write(f"{name}/inventory.csv", "".join(f"{line}\r\n" for line in lines))
        inventory = (
            "<File_Area_Inventory><File><file_name>inventory.csv</file_name></File><Inventory>"
            f"<offset>0</offset><records>{len(lines)}</records>"
            "<field_delimiter>Comma</field_delimiter></Inventory></File_Area_Inventory>"
        )
        rest.setdefault("lid", f"{BUNDLE}:{name}")
        self.label(f"{name}/collection.xml", inventory, product_class="Product_Collection", **rest)

    def check(self, rule: Rule = Rule.BUNDLE, **options: bool) -> list[Message]:
        chosen = Options(rule=rule, **options)  # type: ignore[arg-type]
        integrity = Integrity(chosen)
        found = [each for path in self.labels for each in integrity.add(self.facts(path, chosen))]
        files = [
            each.relative_to(self.base).as_posix()
            for each in sorted(self.base.rglob("*"))
            if each.is_file()
        ]
        found += integrity.finish([Whole(rule=rule, base=self.base, files=files)])
        integrity.close()
        return found

    def facts(self, path: str, options: Options) -> Facts:
        read = read_label(path, self.base / path)
        assert isinstance(read, Label)
        return facts_of(read, options)


def _kind(reference: str) -> str:
    return "lidvid_reference" if "::" in reference else "lid_reference"


def _types(messages: list[Message]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for each in messages:
        counts[each.type] += each.count
    return dict(counts)


def _refers(*targets: str) -> str:
    internal = "".join(
        f"<Internal_Reference><{_kind(each)}>{each}</{_kind(each)}>"
        "<reference_type>data_to_document</reference_type></Internal_Reference>"
        for each in targets
    )
    return f"<Reference_List>{internal}</Reference_List>"


@pytest.fixture
def whole(tmp_path: Path) -> Delivery:
    """A bundle of one collection of one product, nothing wrong with it."""
    delivery = Delivery(tmp_path)
    delivery.bundle(f"{DATA}::1.0")
    delivery.collection(f"P,{DATA}:image::1.0")
    delivery.write("data/image.csv", b"1\r\n")
    delivery.product("image", file_area("image.csv"))
    return delivery


def test_a_whole_bundle_has_no_fault(whole: Delivery) -> None:
    assert whole.check() == []
    assert whole.check(counts_like_validate=True) == []


def test_a_member_of_an_inventory_that_is_not_there_is_told(whole: Delivery) -> None:
    whole.write(
        "data/inventory.csv", f"P,{DATA}:image::1.0\r\nP,{DATA}:lost::1.0\r\nS,{DATA}:far::1.0\r\n"
    )

    [message] = whole.check()

    assert (message.type, message.path) == (
        "error.integrity.member_not_found",
        "data/collection.xml",
    )
    assert "line 2 of data/inventory.csv" in message.message
    assert _types(whole.check(is_strict_of_members=False)) == {
        "warning.integrity.member_not_found": 1
    }


def test_a_member_of_a_bundle_that_is_not_there_is_told(whole: Delivery) -> None:
    whole.labels.remove("bundle.xml")
    whole.bundle(f"{DATA}::1.0", f"{BUNDLE}:document::1.0")

    assert _types(whole.check()) == {"error.integrity.member_not_found": 1}


def test_a_secondary_member_may_be_elsewhere(whole: Delivery) -> None:
    whole.labels.remove("bundle.xml")
    whole.bundle(f"{DATA}::1.0", "urn:esa:psa:other:data::1.0", status="Secondary")

    assert whole.check() == []


def test_a_member_in_another_version_is_not_there(whole: Delivery) -> None:
    whole.write("data/inventory.csv", f"P,{DATA}:image::1.1\r\n")

    assert _types(whole.check()) == {
        "error.integrity.member_not_found": 1,
        "warning.integrity.unreferenced_member": 1,
    }


def test_a_member_named_by_its_lid_is_there_in_any_version(whole: Delivery) -> None:
    whole.labels.remove("bundle.xml")
    whole.bundle(DATA)

    assert whole.check() == []


def test_a_primary_member_without_version_is_told(whole: Delivery) -> None:
    whole.write("data/inventory.csv", f"P,{DATA}:image\r\n")
    assert _types(whole.check()) == {"error.integrity.missing_version": 1}

    whole.write("data/inventory.csv", f"S,{DATA}:image\r\n")
    assert whole.check() == []


def test_a_member_listed_by_lid_and_by_lidvid_is_told(whole: Delivery) -> None:
    whole.write("data/inventory.csv", f"S,{DATA}:image\r\nP,{DATA}:image::1.0\r\n")

    assert _types(whole.check()) == {"error.integrity.duplicate_members": 1}


def test_a_member_without_the_prefix_of_its_collection_is_told(whole: Delivery) -> None:
    whole.product("stray", lid=f"{BUNDLE}:other:stray")
    whole.write("data/inventory.csv", f"P,{DATA}:image::1.0\r\nP,{BUNDLE}:other:stray::1.0\r\n")
    assert _types(whole.check()) == {"error.integrity.missing_parent_prefix": 1}

    whole.write("data/inventory.csv", f"P,{DATA}:image::1.0\r\nS,{BUNDLE}:other:stray::1.0\r\n")
    assert whole.check() == []


def test_a_product_that_no_inventory_lists_is_told(whole: Delivery) -> None:
    whole.product("more")

    [message] = whole.check()

    assert (message.type, message.path) == (
        "warning.integrity.unreferenced_member",
        "data/more.xml",
    )


def test_a_collection_that_no_bundle_lists_is_told_in_a_bundle_alone(whole: Delivery) -> None:
    whole.collection(name="document")
    assert _types(whole.check()) == {"warning.integrity.unreferenced_member": 1}

    alone = Delivery(whole.base / "document")
    alone.labels.append("collection.xml")
    assert alone.check(Rule.COLLECTION) == []


def test_a_reference_to_nothing_in_this_bundle_is_told(whole: Delivery) -> None:
    whole.product("more", _refers(f"{BUNDLE}:document:lost", f"{DATA}:image", f"{DATA}:image::1.0"))
    whole.write("data/inventory.csv", f"P,{DATA}:image::1.0\r\nP,{DATA}:more::1.0\r\n")

    [message] = whole.check()

    assert (message.type, message.path) == (
        "warning.integrity.reference_not_found",
        "data/more.xml",
    )
    assert message.found == f"{BUNDLE}:document:lost"


def test_a_reference_to_another_bundle_is_let_be(whole: Delivery) -> None:
    others = ("urn:nasa:pds:other:data:a", "urn:nasa:pds:luna_2:data:a", f"{BUNDLE}_2:data:a::1.0")
    whole.product("more", _refers(*others))
    whole.write("data/inventory.csv", f"P,{DATA}:image::1.0\r\nP,{DATA}:more::1.0\r\n")

    assert whole.check() == []
    assert _types(whole.check(counts_like_validate=True)) == {
        "warning.integrity.reference_not_found": 2
    }


def test_one_identifier_of_two_labels_is_told_of_the_second(whole: Delivery) -> None:
    whole.label("data/second.xml", lid=f"{DATA}:image")

    [message] = whole.check()

    assert (message.type, message.path) == ("error.label.duplicate_identifier", "data/second.xml")
    assert "data/image.xml" in message.message


@pytest.mark.parametrize(
    ("classes", "faults"),
    [
        (("Observational", "Observational"), 1),
        (("Browse", "Browse", "Browse"), 0),
        (("Browse", "Observational", "Browse"), 2),
        (("Browse", "Browse", "Observational"), 1),
    ],
)
def test_one_file_of_several_labels_is_told_where_one_of_them_is_an_observation(
    tmp_path: Path, classes: tuple[str, ...], faults: int
) -> None:
    delivery = Delivery(tmp_path)
    for number, kind in enumerate(classes):
        area = file_area("image.csv", area=kind)
        delivery.product(f"image_{number}", area, product_class=f"Product_{kind}")

    found = _types(delivery.check(Rule.LABEL))

    assert found.get("error.label.file_areas_duplicated_reference", 0) == faults


def test_a_file_that_no_label_names_is_told(whole: Delivery) -> None:
    whole.write("notes.txt", b"")

    [message] = whole.check()

    assert (message.type, message.path) == ("warning.file.not_referenced_in_label", "notes.txt")
    assert whole.check(allows_unlabelled=True) == []
    assert whole.check(checks_products=False) == []


def test_a_file_of_a_label_that_is_left_out_is_no_stray(whole: Delivery) -> None:
    whole.write("data/old.csv", b"")
    whole.write("data/old.xml", label(file_area("old.csv")))
    options = Options(rule=Rule.BUNDLE)
    integrity = Integrity(options)
    for path in whole.labels:
        integrity.add(whole.facts(path, options))
    files = ["data/old.csv", "data/old.xml"]

    found = list(
        integrity.finish(
            [Whole(rule=Rule.BUNDLE, base=whole.base, files=files, skipped=["data/old.xml"])]
        )
    )

    assert found == []


def test_a_broken_label_is_no_stray_and_other_xml_is_one(whole: Delivery) -> None:
    whole.write("data/broken.xml", b"<Product_Observational>")
    whole.write("data/catalog.xml", b"<catalog/>")

    assert [each.path for each in whole.check()] == ["data/catalog.xml"]


def test_two_versions_of_the_information_model_are_told_once(whole: Delivery) -> None:
    whole.write("bundle.xml", (whole.base / "bundle.xml").read_bytes().replace(b"1.24.", b"1.23."))

    [message] = whole.check()

    assert message.type == "warning.integrity.pds4_version_mismatch"
    assert message.found == "1.23.0.0, 1.24.0.0"


def test_what_is_wrong_a_thousand_times_is_summed_up(whole: Delivery) -> None:
    lines = [f"P,{DATA}:lost_{number}::1.0\n" for number in range(1, 5001)]
    whole.write("data/inventory.csv", f"P,{DATA}:image::1.0\n{''.join(lines)}")

    found = whole.check()

    assert _types(found) == {"error.integrity.member_not_found": 5000}
    assert len(found) == 1001
    assert found[-1].message.endswith("; and 3999 more")


def test_facts_of_a_label_can_be_sent_to_another_process(whole: Delivery) -> None:
    facts = [whole.facts(path, Options()) for path in whole.labels]

    assert pickle.loads(pickle.dumps(facts)) == facts


_SETS = st.sets(st.integers(0, 30), max_size=12)


@given(there=_SETS, listed=_SETS)
def test_members_and_products_are_told_both_ways(
    there: set[int], listed: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    delivery = Delivery(tmp_path_factory.mktemp("bundle"))
    delivery.bundle(f"{DATA}::1.0")
    delivery.collection(*(f"P,{DATA}:p{number}::1.0" for number in sorted(listed)))
    for number in sorted(there):
        delivery.product(f"p{number}")

    counts = _types(delivery.check())

    assert counts.get("error.integrity.member_not_found", 0) == len(listed - there)
    assert counts.get("warning.integrity.unreferenced_member", 0) == len(there - listed)


@pytest.mark.parametrize("inventory", [b"\x00\xff\n" * 100, b"P" * 100_000, b",,,\n,\n\n", b""])
def test_an_inventory_of_rubbish_ends(whole: Delivery, inventory: bytes) -> None:
    whole.write("data/inventory.csv", inventory)

    assert "warning.integrity.unreferenced_member" in _types(whole.check())


Shared = Callable[[str], Path]


def test_the_ladee_mission_bundle_has_its_members_under_other_prefixes(shared: Shared) -> None:
    base = shared("data/pds4/samples/ladee-mission-bundle/mission_bundle")
    options = Options(rule=Rule.BUNDLE)
    integrity = Integrity(options)
    for place in sorted(base.rglob("*.xml")):
        read = read_label(place.relative_to(base).as_posix(), place)
        if isinstance(read, Label) and read.product_class.startswith("Product_"):
            integrity.add(facts_of(read, options))

    found = list(integrity.finish([Whole(rule=Rule.BUNDLE, base=base)]))

    # as its labels have it: ladee_mission_bundle holds ladee_mission:document_collection
    assert _types(found) == {"error.integrity.missing_parent_prefix": 6}


def test_an_inventory_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "inventory.csv")
    inventory = Inventory(
        file="inventory.csv",
        offset=0,
        records=None,
        delimiter=",",
        status_field=1,
        identifier_field=2,
    )

    with pytest.raises(OSError, match="no regular file"):
        list(listed_in(inventory, tmp_path))
