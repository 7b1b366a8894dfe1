"""A dark product shows nowhere: two runs that differ in it alone are the same to all others."""

from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

import pytest

from .two_worlds import NEVER, Truth, live

ONE = Truth(name="abysslake", title="Ice under a crater, found", mission="Nobel", west=20, seed=31)
OTHER = Truth(name="wyvernden", title="Gold in rims, uncovered!!", mission="Gauss", west=9, seed=47)


def test_until_its_release_two_worlds_that_differ_in_a_dark_product_are_one(tmp_path: Path) -> None:
    assert len({len(each) for each in (ONE.name, OTHER.name, NEVER)}) == 1
    assert len(ONE.title) == len(OTHER.title)

    one, other = live(tmp_path / "one", ONE), live(tmp_path / "two", OTHER)

    assert [what for what, _ in one.seen] == [what for what, _ in other.seen]
    for (what, mine), (_, theirs) in zip(one.seen, other.seen, strict=True):
        assert not list(unified_diff(mine.splitlines(), theirs.splitlines(), n=0)), what
    assert one.answers == other.answers > 1_000
    assert one.twins == other.twins > 200
    assert one.found_after == other.found_after == 2


def test_what_is_not_dark_does_not_pass_for_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"shows \['name'"):
        live(tmp_path, replace(ONE, embargo=None))
