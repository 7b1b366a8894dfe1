"""The kinds of jobs: what each does, part by part, and how often.

A part may be begun again at any time, after a kill in its middle too: its effect is then the same
as if it had been done once. What the parts are is decided once for a job, and kept with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from perilune.config import Config
from perilune.errors import WrongUsage
from perilune.federation.anchoring import anchor
from perilune.federation.folder import ANCHORED, WITNESSED, Peers
from perilune.federation.mirror import checkpoint_in
from perilune.federation.pull import Synced, sync
from perilune.ingest.projection import Progress
from perilune.ingest.release import release_due
from perilune.jobs.job import Done
from perilune.node import Node
from perilune.orders.order import What
from perilune.orders.persons import needs_two
from perilune.preservation.scrub import Read, parts, rate_of, scrub

_DIGEST = 64
_LOOK_FOR_RELEASES = timedelta(seconds=30)
_ANCHOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One part that is to be done."""

    node: Node
    part: str
    before: Sequence[Done]
    """What came of the parts before it."""
    at_once: bool
    """Whether someone waits for it: no pace is kept."""
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job."""

    name: str
    every: Callable[[Config], timedelta | None]
    """How often it is due by itself; None: never."""
    plan: Callable[[Node], Sequence[str]]
    """Its parts, in order."""
    do: Callable[[Task], Done]
    """Do one part."""
    is_needed: Callable[[Node], bool] = lambda _node: True
    """Whether there is anything for it to do, when it is due by itself."""
    is_due_at_first: bool = False
    """Whether the first server begins one, or waits for as long as between two."""
    pause_s: Callable[[Config, int], float] | None = None
    """Seconds before each of so many parts, where nobody waits for it; None: it keeps no pace."""

    @property
    def is_paced(self) -> bool:
        """Whether it takes its time unless someone waits for it."""
        return self.pause_s is not None


def _peers(node: Node) -> Sequence[str]:
    return [peer.who.origin for peer in Peers.of(node).members()]


def _pull(task: Task) -> Done:
    peer = Peers.of(task.node).named(task.part)
    found = sync(peer, task.node, task.progress)
    return Done(
        part=task.part,
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


def _scrub(task: Task) -> Done:
    rate = None if task.at_once else rate_of(task.node)
    before = [_read_again(done) for done in task.before]
    found = scrub(task.part, task.node, before, rate, task.progress)
    counts = {
        "objects": found.objects,
        "bytes": found.bytes,
        "repaired": found.repaired,
        "mended": found.mended,
        "damaged": len(found.damaged) + len(found.files),
    }
    names = (*found.damaged, *found.files)
    words = (
        f"{task.part}: {found.objects:,} objects, {found.bytes:,} bytes read; "
        f"{found.repaired + found.mended:,} mended, {len(names):,} damaged"
    )
    return Done(
        part=task.part,
        words="; ".join([words, *names[:20]]),
        counts=counts,
        is_right=not names,
        names=names,
    )


def _release(task: Task) -> Done:
    released = release_due(task.node)
    count = sum(each.products for each in released)
    words = f"{count:,} products of {len(released):,} deliveries released"
    return Done(part=task.part, words=words, counts={"released": count})


def _anchor(task: Task) -> Done:
    new = anchor(task.node)
    names = ", ".join(f"{peer.who.name} at {head.size:,}" for peer, head in new) or "none new"
    return Done(
        part=task.part, words=f"checkpoints anchored: {names}", counts={"anchored": len(new)}
    )


def _is_release_due(node: Node) -> bool:
    now = node.now()
    is_any = any(
        each.release_at is not None and each.release_at <= now
        for each in node.catalogue.embargoed()
    )
    return is_any and not needs_two(What.RELEASE, node)


def _is_anchor_due(node: Node) -> bool:
    """Whether a peer's checkpoint was cosigned that the log does not carry yet."""
    peers = Peers.of(node)
    for peer in peers.members():
        folder = peers.folder(peer.who.origin)
        note, before = folder.note(WITNESSED), folder.note(ANCHORED)
        size = checkpoint_in(before).size if before else 0
        if note is not None and checkpoint_in(note).size > size:
            return True
    return False


def _read_again(done: Done) -> Read:
    """What an earlier part found, from what was kept of it."""
    objects = [name for name in done.names if len(name) == _DIGEST and "/" not in name]
    return Read(
        objects=done.counts.get("objects", 0),
        bytes=done.counts.get("bytes", 0),
        damaged=objects,
        files=[name for name in done.names if name not in objects],
    )


def _scrub_every(config: Config) -> timedelta | None:
    return config.scrub.every if config.scrub else None


def _scrub_pause(config: Config, parts: int) -> float:
    return config.scrub.pause_s(parts) if config.scrub else 0.0


def _told(found: Synced) -> str:
    counts = found.counts
    words = (
        f"{found.peer.who.name}: {found.copied:,} products copied; "
        f"{counts.held:,} of {counts.published:,} published are here"
    )
    return "; ".join([words, *found.faults[:20]])


KINDS = (
    Kind(name="pull", every=lambda config: config.pull, plan=_peers, do=_pull),
    Kind(
        name="scrub",
        every=_scrub_every,
        plan=parts,
        do=_scrub,
        is_due_at_first=True,
        pause_s=_scrub_pause,
    ),
    Kind(
        name="release",
        every=lambda _config: _LOOK_FOR_RELEASES,
        plan=lambda _node: ["release what is due"],
        do=_release,
        is_needed=_is_release_due,
        is_due_at_first=True,
    ),
    Kind(
        name="anchor",
        every=lambda _config: _ANCHOR,
        plan=lambda _node: ["anchor what was cosigned"],
        do=_anchor,
        is_needed=_is_anchor_due,
    ),
)
"""Every kind, in the order in which people read of them."""


def kind_named(name: str) -> Kind:
    """The kind of that name; raise `WrongUsage` if there is none."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise WrongUsage(f"no job is called {name!r}; there are {known}")
