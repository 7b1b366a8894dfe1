"""Who may see what, and why: one decision, compiled into every question that is asked.

What an asker may not see is never found in the first place: the scope becomes part of the
query, so that totals, facets and pages tell nothing either. Whatever no rule allows is denied.
"""

from dataclasses import dataclass, replace

from perilune.catalogue.query import Query
from perilune.model.product import Holding, Scope


@dataclass(frozen=True, slots=True)
class Asker:
    """Someone who asks: what they may see, and the reason in words for people."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and the reason in words for people."""

    allowed: bool
    reason: str


VISITOR = Asker("public", "Anyone may have what is released and cleared for the public.")
OPERATOR = Asker("own", "The operators of this node may have everything that it keeps.")

_CLOSED = "This is not released, not cleared for you, or withdrawn."


def narrow(query: Query, asker: Asker) -> Query:
    """The same question, asked of nothing but what ``asker`` may see."""
    return replace(query, scope=asker.scope)


def may_list(holding: Holding, asker: Asker) -> bool:
    """Whether ``asker`` may know of ``holding``."""
    return holding.standing.is_listed_for(asker.scope)


def may_read(holding: Holding, asker: Asker) -> Decision:
    """Whether ``asker`` may have the bytes of ``holding``, in any form."""
    if not may_list(holding, asker):
        return Decision(allowed=False, reason=_CLOSED)
    if holding.embargo is not None and asker.scope not in ("own", "kept"):
        until = f"{holding.release_at:%Y-%m-%d %H:%M} UTC" if holding.release_at else "its release"
        return Decision(allowed=False, reason=f"This is under embargo until {until}.")
    return Decision(allowed=True, reason=asker.reason)
