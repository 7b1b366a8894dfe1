"""Context products against registries: found, unknown, called otherwise.

Independent reference: the list that NASA's ``validate`` is shipped with.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import MalformedLabel
from perilune.testing.labels import label
from perilune.validation.context import (
    ContextProduct,
    Registry,
    check_context,
    delivered_in,
    read_list,
)
from perilune.validation.facts import parse_reference
from perilune.validation.label import Label, read_label
from perilune.validation.options import Mismatch, Options
from perilune.validation.report import Severity

MOON = "urn:nasa:pds:context:target:satellite.earth.moon"
_REGISTERED = (
    ContextProduct(MOON, "1.3", ("Moon", "NAIF ID 301"), ("Satellite",)),
    ContextProduct(MOON, "1.1", ("Luna",), ("Satellite",)),
    ContextProduct("urn:nasa:pds:context:instrument:lend.lro", "1.2", ("LEND",), ("N/A",)),
)
_REGISTRY = Registry(_REGISTERED)
_PLAIN = Options()


def _refers(
    to: str = MOON,
    *,
    name: str = "Moon",
    type: str = "Satellite",
    kind: str = "data_to_target",
    inside: str = "Target_Identification",
) -> str:
    reference = "lidvid_reference" if "::" in to else "lid_reference"
    return (
        f"<{inside}><name>{name}</name><type>{type}</type><Internal_Reference>\n"
        f"<{reference}>{to}</{reference}><reference_type>{kind}</reference_type>"
        f"</Internal_Reference></{inside}>"
    )


def _label(folder: Path, *content: str) -> Label:
    (folder / "a.xml").write_bytes(label(*content))
    read = read_label("a.xml", folder / "a.xml")
    assert isinstance(read, Label)
    return read


def _told(
    folder: Path, *content: str, registry: Registry = _REGISTRY, options: Options = _PLAIN
) -> list[tuple[Severity, str]]:
    found = check_context(_label(folder, *content), registry, options)
    return [
        (each.severity, each.type) for each in found if each.type != "info.label.context_ref_found"
    ]


_MISMATCH = (Severity.WARNING, "warning.label.context_ref_mismatch")


def test_a_registered_product_by_its_name_is_no_fault(tmp_path: Path) -> None:
    assert _told(tmp_path, _refers(), _refers(name="MOON", type="satellite")) == []


def test_a_product_that_is_not_registered_is_an_error(tmp_path: Path) -> None:
    error = (Severity.ERROR, "error.label.context_ref_not_found")

    assert _told(tmp_path, _refers(f"{MOON}s")) == [error]
    assert _told(tmp_path, _refers(f"{MOON}::9.0")) == [error]
    assert _told(tmp_path, _refers(f"{MOON}::1.0"), _refers(f"{MOON}::1.3")) == []
    assert _told(tmp_path, _refers(f"{MOON}s", kind="data_to_document")) == []


def test_a_product_of_an_agency_without_registry_is_a_warning(tmp_path: Path) -> None:
    theirs = _refers("urn:isro:isda:context:target:moon")
    type_ = "error.label.context_ref_not_found"

    assert _told(tmp_path, theirs) == [(Severity.WARNING, type_)]
    strict = Options(counts_like_validate=True)
    assert _told(tmp_path, theirs, options=strict) == [(Severity.ERROR, type_)]


def test_another_name_and_another_type_are_told_apart(tmp_path: Path) -> None:
    assert _told(tmp_path, _refers(name="Mond")) == [_MISMATCH]
    assert _told(tmp_path, _refers(type="Planet")) == [_MISMATCH]
    assert _told(tmp_path, _refers(name="Mars", type="Planet")) == [_MISMATCH, _MISMATCH]
    quiet = Options(context_mismatch=Mismatch.INFO)
    assert _told(tmp_path, _refers(name="Mond"), options=quiet) == [
        (Severity.INFO, "info.label.context_ref_mismatch")
    ]


def test_a_version_is_compared_with_its_own_names(tmp_path: Path) -> None:
    assert _told(tmp_path, _refers(f"{MOON}::1.1", name="Luna")) == []
    assert _told(tmp_path, _refers(name="Luna")) == [_MISMATCH]


def test_types_of_components_are_another_vocabulary(tmp_path: Path) -> None:
    lend = "urn:nasa:pds:context:instrument:lend.lro"
    component = _refers(
        lend,
        name="LEND",
        type="Instrument",
        kind="is_instrument",
        inside="Observing_System_Component",
    )
    elsewhere = _refers(lend, name="LEND", type="Spectrometer", kind="data_to_instrument")

    assert _told(tmp_path, component) == []
    assert _told(tmp_path, elsewhere) == []
    assert _told(tmp_path, elsewhere, options=Options(counts_like_validate=True)) == [_MISMATCH]


def test_context_products_of_the_delivery_count(tmp_path: Path) -> None:
    own = "urn:ros:rssa:context:instrument:lstk"
    (tmp_path / "context.xml").write_bytes(
        label(
            "<Instrument><name>LSTK</name><type>Imager</type></Instrument>",
            lid=own,
            product_class="Product_Context",
        )
    )
    (tmp_path / "other.xml").write_bytes(label())
    delivered = tuple(delivered_in(tmp_path, ["context.xml", "other.xml", "absent.xml"]))
    registry = Registry().including(delivered)
    kind = "data_to_instrument"

    assert _told(tmp_path, _refers(own, name="LSTK", type="Imager", kind=kind)) != []
    named = _refers(own, name="LSTK", type="Imager", kind=kind)
    assert _told(tmp_path, named, registry=registry) == []
    odd = _refers(own, name="Camera", type="Imager", kind=kind)
    assert _told(tmp_path, odd, registry=registry) == [_MISMATCH]


def test_without_registry_nothing_is_said_of_a_label(tmp_path: Path) -> None:
    assert _told(tmp_path, _refers("urn:nasa:pds:context:x:y"), registry=Registry()) == []
    off = Options(checks_context=False)
    assert _told(tmp_path, _refers("urn:nasa:pds:context:x:y"), options=off) == []


def test_lists_of_a_folder_and_single_files_federate(tmp_path: Path) -> None:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "a.json").write_text(
        json.dumps({"Product_Context": [{"lidvid": "urn:a:b:c::1.0", "name": "A", "type": ["T"]}]})
    )
    (folder / "notes.txt").write_text("no list")
    single = tmp_path / "b.json"
    single.write_text(json.dumps({"Product_Context": [{"lidvid": "urn:b:b:c::1.0"}]}))

    registry = Registry.open(folder, single, tmp_path / "absent.json")

    assert len(registry) == 2
    assert registry.find(parse_reference("urn:a:b:c", None)) == ContextProduct(
        "urn:a:b:c", "1.0", ("A",), ("T",)
    )


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "{}", '{"Product_Context": [1]}', '{"Product_Context": [{"lidvid": 3}]}'],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    place = tmp_path / "list.json"
    place.write_text(text)

    with pytest.raises(MalformedLabel, match=r"list\.json"):
        read_list(place)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1))
def test_a_lid_alone_means_the_newest_version(versions: list[tuple[int, int]]) -> None:
    products = [
        ContextProduct("urn:a:b:c", f"{major}.{minor}", (), ()) for major, minor in versions
    ]

    found = Registry(products).find(parse_reference("urn:a:b:c", None))

    newest = max(versions)
    assert found is not None
    assert found.version == f"{newest[0]}.{newest[1]}"


def test_the_list_of_nasa_knows_the_moon(shared: Callable[[str], Path]) -> None:
    registry = Registry.open(shared("data/pds4/context"))
    moon = registry.find(parse_reference(MOON, None))

    assert moon is not None
    assert "Moon" in moon.names
    assert registry.covers("urn:isro:isda:context:target:moon")
    assert not registry.covers("urn:ros:rssa:context:target:moon")
