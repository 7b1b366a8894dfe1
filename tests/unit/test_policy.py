"""Who may see what: everything is denied but what a rule allows."""

from dataclasses import replace
from typing import Any

import pytest

from perilune.access.policy import OPERATOR, VISITOR, Asker, may_read, narrow
from perilune.catalogue.query import Query
from perilune.model.product import Lifecycle, Releasability
from perilune.testing import build

EVERY = [(state, to) for state in Lifecycle for to in Releasability]


@pytest.mark.parametrize(("state", "to"), EVERY)
def test_a_visitor_reads_what_is_released_and_public_and_nothing_else(
    state: Lifecycle, to: Releasability
) -> None:
    holding = build.holding(lifecycle=state, releasability=to)

    decision = may_read(holding, VISITOR)

    assert decision.allowed == (state is Lifecycle.RELEASED and to is Releasability.PUBLIC)
    assert decision.reason


@pytest.mark.parametrize(("state", "to"), EVERY)
def test_an_operator_reads_everything(state: Lifecycle, to: Releasability) -> None:
    holding = build.holding(lifecycle=state, releasability=to)

    assert may_read(holding, OPERATOR).allowed


def test_a_scope_that_no_rule_knows_reads_nothing() -> None:
    unknown: Any = "friend"

    assert not may_read(build.holding(), Asker(unknown, "says so itself")).allowed


def test_the_scope_of_a_question_is_the_askers_whatever_it_says() -> None:
    wide = Query(scope="own", text="regolith")

    assert narrow(wide, VISITOR) == replace(wide, scope="public")
