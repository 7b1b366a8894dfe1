"""SIGKILL at random moments of the second signature: an order is carried out whole, once, or not.

Two persons sign to clear a national delivery, and to withdraw a public product. The moments are
the system calls by which ``perilune orders sign`` changes the node's folder, each as likely as any
other.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from perilune.access.policy import VISITOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.ingest.clear import clearing
from perilune.ingest.withdraw import withdrawing
from perilune.model.ordered import Cause
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.testing.persons import known

from . import moments, promise
from .conftest import IS_LONG, SEED, Scene
from .moments import Moment, perilune, watched

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not moments.HAS_STRACE, reason="needs strace"),
]

ROUNDS = 100 if IS_LONG else 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """A node in which an order lacks its second signature, which lies beside it."""

    root: Path
    order: str
    signature: Path
    before: int
    after: int
    """Products that a visitor finds."""
    choices: tuple[Moment, ...]

    def signing(self, root: Path) -> list[str]:
        return perilune(root, "orders", "sign", self.order, "--signature", str(self.signature))


@pytest.fixture(scope="session")
def waiting(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Waiting]:
    """By kind of order."""
    folder = tmp_path_factory.mktemp("orders")
    return {kind: prepared(kind, scene, folder / kind) for kind in ("clear", "withdraw")}


def prepared(kind: str, scene: Scene, folder: Path) -> Waiting:
    root = Path(shutil.copytree(scene.root, folder / "node"))
    public, national = (each.delivery.products for each in scene.acknowledged)
    node = Node.open(root)
    anna, boris = known(node, "Anna", "Boris")
    if kind == "clear":
        targets = [str(each) for each in national]
        order = clearing(targets, Releasability.PUBLIC, "agreed", node)
        after = len(public) + len(national)
    else:
        order = withdrawing([str(public[0])], Cause.ERROR, "the wrong table", node)
        after = len(public) - 1
    desk = Desk.of(node)
    desk.lay(order)
    desk.sign(order, anna.signature(order.encode()))
    node.close()
    signature = folder / "signature"
    signature.write_bytes(boris.signature(order.encode()))
    made = Waiting(root, order.digest, signature, len(public), after, ())
    place = Path(shutil.copytree(root, folder / "watched"))
    found = watched(made.signing(place), place, folder / "trace")
    return Waiting(root, order.digest, signature, len(public), after, tuple(found))


def visible(root: Path) -> int:
    node = Node.open(root)
    try:
        return search(Query(limit=0, versions="all"), node, VISITOR).total
    finally:
        node.close()


@pytest.mark.parametrize("kind", ["clear", "withdraw"])
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_order_is_carried_out_whole_and_once(
    number: int, kind: str, scene: Scene, waiting: dict[str, Waiting], tmp_path: Path
) -> None:
    random = Random(f"{SEED} order {kind} {number}")
    ready = waiting[kind]
    root = Path(shutil.copytree(ready.root, tmp_path / "node"))
    moment = random.choice(ready.choices)
    # what was withdrawn comes out no more; all else is as it was acknowledged
    acknowledged = scene.acknowledged[1:] if kind == "withdraw" else scene.acknowledged

    with moments.seeing_heads(root) as heads:
        ended = moments.disturbed(ready.signing(root), moment, "signal=SIGKILL")
        assert ended.returncode == -SIGKILL, moment
        assert promise.broken(root, scene.keys, acknowledged, heads) == [], moment
        assert visible(root) in (ready.before, ready.after), moment

        again = moments.run(ready.signing(root))
        # 3: it was carried out before the kill, and says so, or waits no longer
        assert again.returncode in (0, 3), (moment, again.stderr)

    assert visible(root) == ready.after, moment
    node = Node.open(root)
    assert len(list(node.catalogue.recorded([kind], order=ready.order))) == 1, moment
    Desk.of(node).sweep()
    assert Desk.of(node).waiting() == ()
    node.close()
    assert promise.broken(root, scene.keys, acknowledged, heads) == [], moment
    assert promise.rebuilt_otherwise(root) == [], moment
