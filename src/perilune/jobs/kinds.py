"""The kinds of jobs: what each does, part by part, and how often.

A part may be begun again at any time, after a kill in its middle too: its effect is then the same
as if it had been done once. What the parts are is decided once for a job, and kept with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from perilune.config import Config
from perilune.errors import WrongUsage
from perilune.federation.folder import Peers
from perilune.federation.pull import Synced, sync
from perilune.ingest.projection import Progress
from perilune.jobs.job import Done
from perilune.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job."""

    name: str
    every: Callable[[Config], timedelta | None]
    """How often it is due by itself; None: never."""
    plan: Callable[[Node], Sequence[str]]
    """Its parts, in order."""
    do: Callable[[Node, str, Progress], Done]
    """Do one part."""


def _peers(node: Node) -> Sequence[str]:
    return [peer.who.origin for peer in Peers.of(node).members()]


def _pull(node: Node, origin: str, progress: Progress) -> Done:
    peer = Peers.of(node).named(origin)
    found = sync(peer, node, progress)
    return Done(
        part=origin,
        words=_told(found),
        counts={
            "copied": found.copied,
            "bytes": found.bytes,
            "published": found.counts.published,
            "held": found.counts.held,
            "excepted": found.counts.excepted,
        },
        is_right=found.is_undisputed,
    )


def _told(found: Synced) -> str:
    counts = found.counts
    words = (
        f"{found.peer.who.name}: {found.copied:,} products copied; "
        f"{counts.held:,} of {counts.published:,} published are here"
    )
    return "; ".join([words, *found.faults[:20]])


KINDS = (Kind(name="pull", every=lambda config: config.pull, plan=_peers, do=_pull),)
"""Every kind, in the order in which people read of them."""


def kind_named(name: str) -> Kind:
    """The kind of that name; raise `WrongUsage` if there is none."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise WrongUsage(f"no job is called {name!r}; there are {known}")
