"""Projection: the catalogue is what follows from log and storage, and nothing else.

Delivering, catching up after a crash and rebuilding all fold acts through `fold`, so the
three cannot disagree.
"""

from collections.abc import Callable, Iterator

from perilune.catalogue.port import Catalogue, Fixity, Projection, Recorded
from perilune.errors import Damaged
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model import act
from perilune.model.act import (
    Act,
    CommitAct,
    CopyAct,
    FixityAct,
    KeyAct,
    Opening,
    PublishAct,
    ReceiveAct,
    ReleaseAct,
    RepairAct,
)
from perilune.model.disclosure import decode_openings
from perilune.model.guard import AnchorAct, LoseAct, decode_lost
from perilune.model.identifier import Lidvid
from perilune.model.ordered import ClearAct, WithdrawAct
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import Holding, Lifecycle, Product, Releasability
from perilune.model.sealed import OpenAct, SealAct
from perilune.node import Node

_RUN = 1_000
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """A Progress that tells nobody."""


def catch_up(node: Node, catalogue: Catalogue | None = None, progress: Progress = silent) -> None:
    """Fold into the catalogue what the log has more. Only within ``node.writing()``."""
    target = node.catalogue if catalogue is None else catalogue
    size = node.log.size
    lost = lost_since(target.applied, node) if target.applied < size else frozenset()
    while target.applied < size:
        start = target.applied
        stop = min(start + _RUN, size)
        target.apply(fold(node, start, stop, lost))
        progress("folding in", stop, size)


def lost_since(start: int, node: Node) -> frozenset[int]:
    """Entries that later ones, from ``start`` on, say took in what is lost."""
    lost: set[int] = set()
    for entry in node.log.entries(start):
        found = opened(act.decode(entry), node)
        if isinstance(found, LoseAct):
            lost.update(decode_lost(_object(found.lost, node)))
    return frozenset(lost)


def fold(node: Node, start: int, stop: int, lost: frozenset[int]) -> Projection:
    """What the entries from ``start`` up to ``stop`` do to the catalogue, but for those lost."""
    added: list[Holding] = []
    released: list[str] = []
    sealed: list[tuple[int, int]] = []
    ended: list[int] = []
    fixity: Fixity | None = None
    recorded: list[Recorded] = []
    for index, entry in enumerate(node.log.entries(start, stop), start):
        shown = act.decode(entry)
        match opened(shown, node):
            case PublishAct() | CopyAct() if index in lost:
                pass
            case (PublishAct() | CopyAct()) as taken:
                added.append(_holding(taken, index, node))
            case ReleaseAct(delivery=delivery) as release:
                released.append(delivery)
                recorded.append(Recorded(index, release, not isinstance(shown, CommitAct)))
            case SealAct(entry=place):
                sealed.append((place, index))
            case OpenAct(opens=opens) as ending:
                ended += [each.entry for each in opens]
                recorded.append(Recorded(index, ending, not isinstance(shown, CommitAct)))
            case FixityAct() as reading:
                fixity = fixity_of(reading, index)
            case (
                KeyAct() | ReceiveAct() | RepairAct() | AnchorAct() | LoseAct() | CommitAct() | None
            ):
                pass
            case ordered:
                recorded.append(Recorded(index, ordered, not isinstance(shown, CommitAct)))
    acts = [each.act for each in recorded]
    return Projection(
        applied=stop,
        added=added,
        released=released,
        sealed=sealed,
        opened=ended,
        fixity=fixity,
        cleared=[
            cleared
            for each in acts
            if isinstance(each, ClearAct)
            for cleared in cleared_by(each, node)
        ],
        withdrawn=[each.lidvid for each in acts if isinstance(each, WithdrawAct)],
        recorded=recorded,
    )


def cleared_by(act: ClearAct, node: Node) -> list[tuple[Lidvid, Releasability]]:
    """The product versions that ``act`` clears, and for whom; none while its list is not here."""
    if act.openings not in node.store:
        return []
    opened = decode_openings(_object(act.openings, node))
    acts = (opening.act for _, opening in opened)
    return [(each.lidvid, act.to) for each in acts if isinstance(each, PublishAct)]


def opened(found: Act | None, node: Node) -> Act | None:
    """``found``, or the act that it hides. An opening that is not here stays hidden."""
    if isinstance(found, CommitAct) and found.commitment in node.store:
        return Opening.decode(_object(found.commitment, node)).act
    return found


def fixity_of(reading: FixityAct, index: int) -> Fixity:
    """The catalogue's record of a fixity act."""
    return Fixity(reading.t, index, reading.objects, reading.bytes, reading.damaged)


def holding_of(
    taken: PublishAct | CopyAct, index: int, product: Product, manifest: Manifest
) -> Holding:
    """The holding that the act ``taken`` at ``index`` makes of a product."""
    return Holding(
        product=product,
        manifest=manifest,
        index=index,
        accessioned=taken.t,
        delivery=taken.delivery,
        lifecycle=Lifecycle(taken.lifecycle),
        releasability=taken.releasability,
        origin=taken.origin if isinstance(taken, CopyAct) else "",
        embargo=taken.embargo if isinstance(taken, PublishAct) else None,
        release_at=taken.release_at if isinstance(taken, PublishAct) else None,
    )


def product_of(manifest: Manifest, node: Node) -> Product:
    """Read the product again from the label (and the inventory) kept in storage."""
    label = _object(manifest.label.sha256, node)
    product = read_label(label)
    wanted = inventory_file(product)
    if wanted is None:
        return product
    found = inventory_of(manifest, wanted)
    return read_label(label, inventory=_object(found.sha256, node) if found else None)


def _holding(taken: PublishAct | CopyAct, index: int, node: Node) -> Holding:
    manifest = Manifest.decode(_object(taken.manifest, node))
    if manifest.product != taken.lidvid:
        raise Damaged(f"entry {index} takes in {taken.lidvid}, its manifest {manifest.product}")
    return holding_of(taken, index, product_of(manifest, node), manifest)


def inventory_of(manifest: Manifest, path: str) -> FileEntry | None:
    """The file of ``manifest`` that its label calls ``path``."""
    folder = manifest.label.path.rpartition("/")[0]
    place = f"{folder}/{path}" if folder else path
    return next((entry for entry in manifest.files if entry.path == place), None)


def _object(sha256: str, node: Node) -> bytes:
    with node.store.open(sha256) as data:
        return data.read()


def walk(node: Node) -> Iterator[tuple[int, Act | None]]:
    """Every act of the log with its position, hidden ones opened where this node can."""
    for index, entry in enumerate(node.log.entries(0, node.log.size)):
        yield index, opened(act.decode(entry), node)
