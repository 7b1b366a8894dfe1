"""Any bytes at all: a product, or a clear refusal, and nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perilune.errors import MalformedLabel
from perilune.formats.pds4.inventory import read_inventory
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model.product import Product
from perilune.moon import sphere
from perilune.testing.labels import (
    bounding_box,
    discipline,
    file_area,
    intercept,
    label,
    observation,
    surface,
    times,
)

_WHOLE = label(
    observation(times("2013-10-16T06:00:00Z", "2013-10-17")),
    discipline(
        bounding_box("0", "10", "-5", "5"),
        surface(
            "<geom:Surface_Geometry_Specific>",
            *(intercept(*place) for place in (("0", "0"), ("1", "0"), ("0", "1"))),
            "</geom:Surface_Geometry_Specific>",
            frame="MOON_ME",
        ),
    ),
    "<Bundle_Member_Entry><lid_reference>urn:nasa:pds:luna:data</lid_reference>"
    "<member_status>Primary</member_status></Bundle_Member_Entry>",
    file_area("a.tab", size="10", md5="0" * 32),
    identification="<Modification_History><Modification_Detail><version_id>1.1</version_id>"
    "<description>x</description></Modification_Detail></Modification_History>",
    version="1.1",
)
_CLASSES = (
    "Identification_Area Citation_Information List_Author Person License_Information",
    "Modification_History Modification_Detail Time_Coordinates Internal_Reference File",
    "Bundle_Member_Entry Target_Identification Observing_System_Component proc:Process",
    "proc:Software cart:Cartography cart:Spatial_Domain cart:Bounding_Coordinates",
    "geom:Geometry_Orbiter geom:Surface_Geometry geom:Surface_Geometry_Specific",
    "geom:Footprint_Vertices geom:Pixel_Intercept",
)
_ATTRIBUTES = (
    "logical_identifier version_id title information_model_version file_name file_size",
    "md5_checksum directory_path_name start_date_time stop_date_time lid_reference",
    "lidvid_reference reference_type name type member_status keyword sequence_number",
    "cart:west_bounding_coordinate cart:east_bounding_coordinate cart:north_bounding_coordinate",
    "cart:south_bounding_coordinate geom:pixel_latitude geom:pixel_longitude",
)
_NAMES = st.sampled_from(" ".join(_CLASSES + _ATTRIBUTES).split())
_VALUES = st.one_of(
    st.sampled_from(["", "urn:nasa:pds:a:b", "urn:nasa:pds:a:b::1.0", "1.0", "P", "Primary", "²"]),
    st.floats().map(str),
    st.integers().map(str),
    st.just("9" * 5_000),
    st.datetimes().map(str),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30),
)


def _escaped(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(each for each in plain if each not in "\ufffe\uffff")


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


_CONTENT = st.recursive(
    st.builds(_element, _NAMES, _VALUES.map(_escaped)),
    lambda inner: st.builds(_element, _NAMES, st.lists(inner, max_size=5).map("".join)),
    max_leaves=30,
)


def _read(data: bytes) -> Product | None:
    try:
        product = read_label(data)
    except MalformedLabel:
        return None
    for footprint in product.footprints:
        assert sphere.area(footprint.shape) >= 0.0
        assert len(sphere.unit_box(footprint.shape)) == 6
    inventory_file(product)
    return product


@given(st.lists(_CONTENT, max_size=6), st.lists(_CONTENT, max_size=3))
def test_any_content_is_read_or_refused(content: list[str], identification: list[str]) -> None:
    product = _read(label(*content, identification="".join(identification)))

    if product is not None:
        time = product.time
        assert time is None or not time.start or not time.stop or time.start <= time.stop
        assert all(file.path for file in product.files)


@given(st.binary(max_size=300))
@example(b"\x00")
@example(b"<\x00a\x00>")
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedLabel):
        read_label(data)


@given(st.data())
def test_a_label_with_a_few_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(_WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        length = data.draw(st.integers(0, 6))
        damaged[place : place + length] = data.draw(st.binary(max_size=6))

    _read(bytes(damaged))


@given(st.integers(0, len(_WHOLE.rstrip()) - 1))
def test_a_label_that_is_cut_is_refused(size: int) -> None:
    with pytest.raises(MalformedLabel):
        read_label(_WHOLE[:size])


@given(st.one_of(st.binary(max_size=300), st.text(alphabet='PS,":urna.0 \r\n\t', max_size=99)))
def test_any_inventory_is_read_or_refused(data: bytes | str) -> None:
    content = data if isinstance(data, bytes) else data.encode()
    lines = sum(1 for line in content.splitlines() if line.strip())
    try:
        assert len(read_inventory(content)) <= lines
    except MalformedLabel as refused:
        named = refused.line
    else:
        named = 1
    assert named


@pytest.mark.parametrize("change", [bytes, lambda data: data.replace(b"\n", b"\r\n")])
def test_line_endings_of_a_label_change_nothing(change: Callable[[bytes], bytes]) -> None:
    assert read_label(change(_WHOLE)) == read_label(_WHOLE)
