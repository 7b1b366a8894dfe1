"""An owner that is served, and a node that copies from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perilune.node import Node

from .scene import COPIER, OWNER, Served, befriend, hand_in, make, served, write


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Served]:
    """Has published three products."""
    node = make(tmp_path, "owner", OWNER)
    hand_in(node, write(tmp_path / "first", ["one", "two", "three"]))
    with served(node) as found:
        yield found
    node.close()


@pytest.fixture
def copier(tmp_path: Path, owner: Served) -> Iterator[Node]:
    """Trusts the owner and has copied nothing yet."""
    node = make(tmp_path, "copier", COPIER)
    befriend(node, owner)
    yield node
    node.close()
