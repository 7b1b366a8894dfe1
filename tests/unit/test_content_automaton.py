"""Automata against Python's own ``re`` on the same patterns."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.validation.content.automaton import compile_pattern
from perilune.validation.content.types import STANDARD, VALIDATE

PATTERNS = [
    r"[+-]?\d+",
    r"(ab|a)*b{0,3}[^c-e]\.",
    r"[\x00-\x20]*([+-]?\d{2,4}x?)?[\x00-\x20]*",
    r"a{3}|(b|){2,}c?",
    r".\.[\d\-_]\S\s",
    *sorted({rule.screen for table in (STANDARD, VALIDATE) for rule in table.values()}),
]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(st.data())
def test_an_automaton_accepts_what_the_expression_matches(
    pattern: str, data: st.DataObject
) -> None:
    automaton = compile_pattern(pattern)
    expression = re.compile(pattern.encode("latin-1"), re.DOTALL)
    if automaton is None:
        return
    like = st.from_regex(expression, fullmatch=True).filter(lambda text: len(text) < 60)
    value = data.draw(st.one_of(like, like.flatmap(_with_a_change), st.binary(max_size=12)))
    rows = np.frombuffer(value, dtype=np.uint8).reshape(-1, 1)

    accepted = automaton.accepts(rows)

    assert accepted.tolist() == [expression.fullmatch(value) is not None]


def test_a_pattern_with_too_many_states_has_no_automaton() -> None:
    assert compile_pattern(r"[ab]*a[ab]{12}") is None


def test_values_side_by_side_do_not_touch_each_other() -> None:
    automaton = compile_pattern(r"\d+")
    assert automaton is not None
    rows = np.frombuffer(b"12a45 789", dtype=np.uint8).reshape(3, 3).T

    assert (
        automaton.accepts(rows).tolist()
        == [False, False, True]
        == [text.isdigit() for text in ("12a", "45 ", "789")]
    )


def _with_a_change(value: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, max(len(value) - 1, 0))
    return st.builds(
        lambda place, byte: value[:place] + bytes([byte]) + value[place + 1 :],
        places,
        st.integers(0, 255),
    )
