"""The port of the catalogue: a projection of storage and log that answers questions.

Every implementation passes `perilune.testing.catalogue.CatalogueContract`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from perilune.catalogue.query import Cursor, Query
from perilune.model.act import Act
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Holding, Releasability, Scope


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer. ``total`` counts all that match, not this page."""

    hits: tuple[Holding, ...]
    total: int
    next: Cursor | None
    """Where the next page begins; None on the last."""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """For each facet asked for: word to number of products, most frequent first."""


@dataclass(frozen=True, slots=True)
class Fixity:
    """The newest reading back of everything."""

    at: datetime
    index: int
    objects: int
    bytes: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An act that the catalogue keeps as it is, because people ask who did what, and why."""

    index: int
    """Its place in the log."""
    act: Act
    is_open: bool
    """Whether the log shows it; if not, a commitment stands there in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What a run of log entries does to the catalogue, applied as one transaction."""

    applied: int
    """Number of log entries folded in once this is applied."""
    added: Sequence[Holding] = ()
    released: Sequence[str] = ()
    """Deliveries whose products are released from here on (those added here included)."""
    sealed: Sequence[tuple[int, int]] = ()
    """Positions of products that have a sealed copy, each with that of the act that names it."""
    opened: Sequence[int] = ()
    """Positions of products whose embargo ends here (those added here included)."""
    fixity: Fixity | None = None
    cleared: Sequence[tuple[Lidvid, Releasability]] = ()
    """Product versions of which more people may know from here on; what is less is without effect.
    They, and those withdrawn, may be added before, here or later."""
    withdrawn: Sequence[Lidvid] = ()
    recorded: Sequence[Recorded] = ()


class Catalogue(Protocol):
    """Searchable record of holdings."""

    @property
    def applied(self) -> int:
        """How many entries of the log are folded in."""
        ...

    def apply(self, change: Projection) -> None:
        """Fold in a run of log entries, all or nothing, durable on return."""
        ...

    def get(self, id: Lidvid, scope: Scope) -> Holding:
        """Raise `NotFound` if there is no such version, or none the scope may see."""
        ...

    def latest(self, lid: Lid, scope: Scope) -> Holding:
        """The highest version that the scope may see; raise `NotFound` if there is none."""
        ...

    def held(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Holding]:
        """Those of ``ids`` that are held, withdrawn or not, whoever may see them."""
        ...

    def for_partners(self) -> Iterator[Holding]:
        """What this node published, and cleared for partners and for nobody else, by act."""
        ...

    def embargoed(self) -> Iterator[Holding]:
        """Every holding under embargo, in the order of the log."""
        ...

    def search(self, query: Query) -> Page:
        """Raise `BadQuestion` for a field, facet or order that does not exist."""
        ...

    def properties(self, scope: Scope) -> Mapping[str, str]:
        """Every label property that occurs, sorted, with its type: string, float or timestamp."""
        ...

    def recorded(
        self, kinds: Collection[str] = (), *, order: str = "", of: Lidvid | None = None
    ) -> Iterator[Recorded]:
        """Recorded acts in the order of the log: of these kinds, by this order, of this product.

        What is not given narrows nothing.
        """
        ...

    def newest_recorded(
        self, limit: int, *, before: int | None = None, hidden: bool
    ) -> Sequence[Recorded]:
        """The newest recorded acts, newest first, of entries below ``before`` if it is given.

        Those that the log does not show are among them only where ``hidden`` is set.
        """
        ...

    def fixity(self) -> Fixity | None:
        """The newest fixity act; None before the first."""
        ...

    def objects(self, scope: Scope) -> Iterator[tuple[str, int]]:
        """Name and size of every object that a visible holding refers to, each once, by name."""
        ...

    def dump(self) -> Iterator[str]:
        """Every row, ordered by content alone: equal catalogues have equal dumps."""
        ...

    def changed(self) -> Iterator[str]:
        """What of its own bytes is not what was written, in words; `perilune rebuild` mends it."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
