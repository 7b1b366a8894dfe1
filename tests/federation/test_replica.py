"""The life of a copy, every event in every state."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.federation.replica import (
    Differs,
    Event,
    Fetch,
    NotGiven,
    Present,
    Published,
    Released,
    Retried,
    State,
    advance,
)

GOOD = Published(is_owners=True, is_public=True, is_released=True)
EVENTS: list[Event] = [
    *(
        Published(is_owners=a, is_public=b, is_released=c)
        for a, b, c in product((True, False), repeat=3)
    ),
    Released(),
    Retried(),
    Present(is_same=True),
    Present(is_same=False),
    NotGiven(),
    Differs(),
]


@pytest.mark.parametrize(
    ("state", "event", "following"),
    [
        (State.UNKNOWN, GOOD, State.NOT_FETCHED),
        (
            State.UNKNOWN,
            Published(is_owners=False, is_public=True, is_released=True),
            State.FOREIGN,
        ),
        (
            State.UNKNOWN,
            Published(is_owners=True, is_public=False, is_released=True),
            State.NOT_PUBLIC,
        ),
        (
            State.UNKNOWN,
            Published(is_owners=True, is_public=True, is_released=False),
            State.NOT_RELEASED,
        ),
        (State.NOT_RELEASED, Released(), State.NOT_FETCHED),
        (State.NOT_FETCHED, Present(is_same=True), State.HELD),
        (State.NOT_FETCHED, Present(is_same=False), State.CONFLICT),
        (State.NOT_FETCHED, NotGiven(), State.UNAVAILABLE),
        (State.NOT_FETCHED, Differs(), State.WRONG_BYTES),
        (State.UNAVAILABLE, Retried(), State.NOT_FETCHED),
        (State.WRONG_BYTES, Retried(), State.NOT_FETCHED),
        (State.NOT_FETCHED, Retried(), State.NOT_FETCHED),
    ],
    ids=str,
)
def test_each_step(state: State, event: Event, following: State) -> None:
    fetches = Fetch() if following is State.NOT_FETCHED else None

    assert advance(state, event) == (following, fetches)


@pytest.mark.parametrize("state", [State.HELD, State.CONFLICT, State.FOREIGN, State.NOT_PUBLIC])
@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_what_is_settled_stays_so(state: State, event: Event) -> None:
    assert advance(state, event) == (state, None)


@given(st.lists(st.sampled_from(EVENTS)))
def test_bytes_are_asked_for_only_after_the_owner_said_that_they_are_open_and_released(
    events: list[Event],
) -> None:
    state, first, released = State.UNKNOWN, None, False
    for event in events:
        if first is None and isinstance(event, Published):
            first = event
        if first is not None and isinstance(event, Released):
            released = True
        state, instruction = advance(state, event)
        if instruction is not None or state is State.HELD:
            assert first is not None
            assert first.is_owners
            assert first.is_public
            assert first.is_released or released


@given(st.lists(st.sampled_from(EVENTS)))
def test_an_event_that_comes_twice_changes_what_one_changes(events: list[Event]) -> None:
    state = State.UNKNOWN
    for event in events:
        state, _ = advance(state, event)
        assert advance(state, event)[0] is state or isinstance(event, Retried)
