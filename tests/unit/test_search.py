"""Finding holdings as somebody."""

import pytest

from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import file_of, find, search
from perilune.catalogue.query import Query
from perilune.errors import MalformedIdentifier, NotFound
from perilune.model.product import Lifecycle, Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep

LID = "urn:nasa:pds:luna:data:image_1"


@pytest.fixture
def node() -> Node:
    """Version 1.9 is public, 1.10 is for the nation, 2.0 is not released."""
    node = Node.in_memory()
    keep(
        node,
        build.holding(f"{LID}::1.9", 1),
        build.holding(f"{LID}::1.10", 2, releasability=Releasability.NATIONAL),
        build.holding(f"{LID}::2.0", 3, lifecycle=Lifecycle.IN_PEER_REVIEW),
    )
    return node


def test_a_lid_names_the_newest_version_that_the_asker_may_see(node: Node) -> None:
    assert find(LID, node, VISITOR).product.id.version == "1.9"
    assert find(LID, node, OPERATOR).product.id.version == "2.0"


@pytest.mark.parametrize("version", ["1.10", "2.0", "3.0"])
def test_what_may_not_be_seen_is_not_found_just_like_what_is_not_there(
    node: Node, version: str
) -> None:
    with pytest.raises(NotFound) as hidden:
        find(f"{LID}::{version}", node, VISITOR)

    assert str(hidden.value) == f"{LID}::{version}"


def test_a_text_that_names_nothing_is_refused(node: Node) -> None:
    with pytest.raises(MalformedIdentifier):
        find("Shackleton", node, VISITOR)


def test_totals_tell_nothing_of_what_is_hidden(node: Node) -> None:
    asked = Query(scope="own", versions="all", count=("mission",))

    page = search(asked, node, VISITOR)

    assert (len(page.hits), page.total) == (1, 1)
    assert page.facets["mission"] == {"Luna 26": 1}
    assert search(asked, node, OPERATOR).total == 3


def test_a_file_is_named_by_its_whole_path() -> None:
    holding = build.holding(files={"data/a/x.csv": b"1", "data/b/x.csv": b"2"})

    assert file_of(holding, "data/b/x.csv").size == 1
    with pytest.raises(NotFound, match=r"no file 'x\.csv'"):
        file_of(holding, "x.csv")
