"""Life of one product's copy at a peer, as a pure state machine.

`advance` decides, `perilune.federation.pull` acts: it performs the instruction and feeds the
outcome back as the next event. So every order of events can be tested without a network.
An event that does not fit the state changes nothing, so that events may come twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import assert_never


class State(StrEnum):
    """Where the copy stands. All but ``held`` and ``unknown`` are reasons in a custody receipt."""

    UNKNOWN = "unknown"
    NOT_RELEASED = "not-released"
    NOT_FETCHED = "not-fetched"
    UNAVAILABLE = "unavailable"
    WRONG_BYTES = "wrong-bytes"
    HELD = "held"
    CONFLICT = "conflict"
    FOREIGN = "foreign-namespace"
    NOT_PUBLIC = "not-public"
    WITHDRAWN = "withdrawn"
    WRONG_KEY = "wrong-key"


DISPUTED = frozenset(
    (State.WRONG_BYTES, State.WRONG_KEY, State.CONFLICT, State.FOREIGN, State.NOT_PUBLIC)
)
"""States that the operators must speak about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The owner's log says that it has the product."""

    is_owners: bool
    """Whether it lies in a namespace of that log's node."""
    is_public: bool
    is_released: bool


@dataclass(frozen=True, slots=True)
class Released:
    """The owner released the delivery that it came with."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The owner took it back."""


@dataclass(frozen=True, slots=True)
class Retried:
    """Another round begins."""


@dataclass(frozen=True, slots=True)
class Present:
    """Its LIDVID is in custody here: bytes are durable, and our own log says so."""

    is_same: bool
    """Whether it is here under the manifest that the owner published."""


@dataclass(frozen=True, slots=True)
class NotGiven:
    """The owner did not give it, or broke off."""


@dataclass(frozen=True, slots=True)
class Differs:
    """What the owner gave is not what its log promises."""


Event = Published | Released | Withdrawn | Retried | Present | NotGiven | Differs


@dataclass(frozen=True, slots=True)
class Fetch:
    """Instruction: unless it is here, get its bytes, verify them, take custody."""


_AWAITED: Mapping[type[Event], frozenset[State]] = MappingProxyType(
    {
        Published: frozenset((State.UNKNOWN,)),
        Released: frozenset((State.NOT_RELEASED,)),
        Withdrawn: frozenset(
            (State.NOT_RELEASED, State.NOT_FETCHED, State.UNAVAILABLE, State.WRONG_BYTES)
        ),
        Retried: frozenset((State.NOT_FETCHED, State.UNAVAILABLE, State.WRONG_BYTES)),
        Present: frozenset((State.NOT_FETCHED,)),
        NotGiven: frozenset((State.NOT_FETCHED,)),
        Differs: frozenset((State.NOT_FETCHED,)),
    }
)
"""In which states each event means something."""


def advance(state: State, event: Event) -> tuple[State, Fetch | None]:
    """The next state of a copy, and what to do now."""
    if state not in _AWAITED[type(event)]:
        return state, None
    match event:
        case Published():
            following = _announced(event)
        case Withdrawn():
            following = State.WITHDRAWN
        case Released() | Retried():
            following = State.NOT_FETCHED
        case Present(is_same):
            following = State.HELD if is_same else State.CONFLICT
        case NotGiven():
            following = State.UNAVAILABLE
        case Differs():
            following = State.WRONG_BYTES
        case _:
            assert_never(event)
    return following, Fetch() if following is State.NOT_FETCHED else None


def urgency(lid: str, first: Sequence[str]) -> int:
    """When a product is copied among others: the place in ``first`` of what it matches.

    Each of ``first`` is a LID, in which ``*`` stands for anything; what matches none comes last.
    """
    for place, pattern in enumerate(first):
        if fnmatchcase(lid, pattern):
            return place
    return len(first)


def _announced(event: Published) -> State:
    if not event.is_owners:
        return State.FOREIGN
    if not event.is_public:
        return State.NOT_PUBLIC
    return State.NOT_FETCHED if event.is_released else State.NOT_RELEASED
