"""Identifiers, against the PDS4 Standards Reference, section 6D, and real bundles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import MalformedIdentifier
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.namespace import agency_of

_PART = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
_LIDS = st.lists(_PART, min_size=3, max_size=5).map(lambda parts: ":".join(["urn", *parts]))


@given(_LIDS, st.integers(1, 10**8), st.integers(0, 10**8))
def test_every_lawful_lidvid_is_read_and_written_the_same(lid: str, major: int, minor: int) -> None:
    text = f"{lid}::{major}.{minor}"

    assert str(Lidvid.parse(text)) == text
    assert parse_identifier(text) == Lidvid.parse(text)
    assert parse_identifier(lid) == Lid.parse(lid)


@given(st.text(max_size=60))
def test_nothing_else_is_an_identifier(text: str) -> None:
    # the rule again, written as the Standards Reference words it
    parts = text.split(":")
    is_lid = (
        parts[0] == "urn"
        and 4 <= len(parts) <= 6
        and all(part and re.sub(r"[a-z0-9._-]", "", part) == "" for part in parts[1:])
        and all(part[0] not in "._-" for part in parts[1:])
    )

    if not is_lid:
        with pytest.raises(MalformedIdentifier):
            Lid.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "urn:nasa:pds:LADEE::1.0",  # upper case
        "urn:nasa:pds:a:b:c:d::1.0",  # seven parts
        "urn:nasa:pds::1.0",  # three parts
        "urn:nasa:pds:a::0.1",  # versions begin at 1
        "urn:nasa:pds:a::1",
        "urn:nasa:pds:a::1.00",  # a second spelling of 1.0
        "urn:nasa:pds:a::01.0",
        "urn:nasa:pds:a+b::1.0",  # information-model issue #270
        "urn:nasa:pds:a b::1.0",
        "urn:nasa:pds:a::1.0\n",
        " urn:nasa:pds:a::1.0",
        "urn:nasa:pds:" + "a" * 250 + "::1.0",  # 255 characters at most
        "CE4_GRAS_PCAML-C-000_SCI_N_20190111_0009_B.2B::1.0",  # a Chang'e-4 file name
    ],
)
def test_what_the_standard_forbids_is_refused_with_the_value(text: str) -> None:
    with pytest.raises(MalformedIdentifier, match="not a LID"):
        Lidvid.parse(text)


def test_versions_sort_by_number() -> None:
    found = sorted(
        Lidvid.parse(f"urn:nasa:pds:a::{version}") for version in ("2.10", "10.0", "2.9")
    )

    assert [each.version for each in found] == ["2.9", "2.10", "10.0"]


def test_parent_is_the_collection_then_the_bundle_then_nothing() -> None:
    product = Lid.parse("urn:nasa:pds:ladee_mission_bundle:document:ladee_mission")

    collection = product.parent
    assert collection == Lid.parse("urn:nasa:pds:ladee_mission_bundle:document")
    assert collection is not None
    bundle = collection.parent
    assert bundle is not None
    assert bundle.parent is None


def test_a_namespace_holds_whole_parts_only() -> None:
    assert Lid.parse("urn:nasa:pds:a").within("urn:nasa:pds")
    assert not Lid.parse("urn:nasa:pdsx:a").within("urn:nasa:pds")


def test_agencies_are_known_by_their_prefix_and_the_provisional_one_says_so() -> None:
    roscosmos = agency_of(Lid.parse("urn:ros:rssa:luna26"))
    cnsa = agency_of(Lid.parse("urn:cnsa:grass:ce7"))

    assert roscosmos is not None
    assert roscosmos.standard
    assert cnsa is not None
    assert not cnsa.standard
    assert agency_of(Lid.parse("urn:iki:x:y")) is None
