"""Messages come back file by file, in order, however many there are."""

import random

import pytest

from perilune.validation import told
from perilune.validation.paths import Paths
from perilune.validation.saying import say
from perilune.validation.told import by_file


@pytest.mark.parametrize("kept", [10, 100_000])
def test_messages_of_a_file_come_together_where_its_first_one_came(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(told, "_KEPT_IN_MEMORY", kept)
    chance = random.Random(26)
    paths = [f"p{chance.randrange(40)}" for _ in range(500)]
    messages = [say("error.label.schema", path, f"{number}") for number, path in enumerate(paths)]

    found = list(by_file(iter(messages)))

    assert [path for path, _ in found] == list(dict.fromkeys(paths))
    for path, own in found:
        assert own == [each for each in messages if each.path == path]


def test_nothing_is_told_of_nothing() -> None:
    assert list(by_file([])) == []


def test_paths_come_back_in_order() -> None:
    given = ["a.xml", "b c.xml", "x/a.xml", "x/y/z.xml", "x/b.xml", "q/\udcff.xml"]

    paths = Paths.of(given)

    assert (list(paths), len(paths)) == (given, 6)
    assert "x/b.xml" in paths
    assert "x" not in paths
    assert (list(Paths.of([])), len(Paths())) == ([], 0)
