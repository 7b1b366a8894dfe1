"""Following: what the owner of a copy orders holds for the copy.

A peer's log says that products are cleared, withdrawn or corrected. Of what lies in its namespaces
this node writes the same into its own log, naming the entry it follows, so that its own state comes
from its own log alone. Every step can be repeated: an entry is followed once.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from perilune.catalogue.port import Recorded
from perilune.federation.mirror import Mirror
from perilune.federation.openings import take_openings
from perilune.federation.roster import Member, owns
from perilune.ingest.accession import record_ordered
from perilune.ingest.projection import catch_up, cleared_by
from perilune.model.act import PublishAct
from perilune.model.disclosure import Opened, decode_openings
from perilune.model.ordered import ALONE, ClearAct, ErratumAct, Following, WithdrawAct
from perilune.node import Node

_KINDS = ("clear", "withdraw", "erratum")

Followed = ClearAct | WithdrawAct | ErratumAct


class Follower:
    """Follows one peer, as its log is read."""

    def __init__(
        self, peer: Member, mirror: Mirror, node: Node, fetch: Callable[[str, int], bytes]
    ) -> None:
        self._who, self._mirror, self._node, self._fetch = peer.who, mirror, node, fetch
        self._waiting: list[tuple[Followed, bool]] = []
        """What is to be followed, and whether our log may show it."""
        self._first: dict[int, int] | None = None

    def opened(self, index: int, found: ClearAct) -> list[Opened]:
        """What the clear act at ``index`` opens that nothing before it did; obeyed on return.

        Raises `ProofFails` where the list is not the one that the act names, or opens what the
        log did not commit to.
        """
        opened = take_openings(found, index, self._mirror.entries, self._node, self._fetch)
        first = self._first_opened()
        for place, _ in opened:
            first[place] = min(index, first.get(place, index))
        foreign = [
            each.act.lidvid
            for _, each in opened
            if isinstance(each.act, PublishAct) and not owns(self._who, each.act.lidvid.lid)
        ]
        if not foreign:
            self._waiting.append((self._following(found, index), True))
            self.obey()
        return [each for each in opened if first[each[0]] == index]

    def note(self, index: int, found: WithdrawAct | ErratumAct, *, is_open: bool = True) -> None:
        """Have the act at ``index`` obeyed, if the product is the peer's own."""
        if found.follows is None and owns(self._who, found.lidvid.lid):
            self._waiting.append((self._following(found, index), is_open))

    def obey(self) -> None:
        """Write into our log what was noted and is not there yet."""
        if not self._waiting:
            return
        node = self._node
        with node.writing():
            catch_up(node)
            known = {each.act.follows for each in self._followed()}  # type: ignore[union-attr]
            ticks = node.ticks()
            pairs = [
                (replace(each, t=next(ticks)), is_open)
                for each, is_open in self._waiting
                if each.follows not in known
            ]
            acts = [each for each, _ in pairs]
            self._waiting.clear()
            if not acts:
                return
            record_ordered(
                pairs,
                node,
                cleared=[
                    cleared
                    for each in acts
                    if isinstance(each, ClearAct)
                    for cleared in cleared_by(each, node)
                ],
                withdrawn=[each.lidvid for each in acts if isinstance(each, WithdrawAct)],
            )

    def _following(self, found: Followed, index: int) -> Followed:
        follows = Following(self._who.origin, index)
        if isinstance(found, ErratumAct):
            return replace(found, follows=follows)
        return replace(found, follows=follows, warrant=ALONE)

    def _followed(self) -> Iterator[Recorded]:
        for each in self._node.catalogue.recorded(_KINDS):
            follows = getattr(each.act, "follows", None)
            if follows is not None and follows.origin == self._who.origin:
                yield each

    def _first_opened(self) -> dict[int, int]:
        """Place of a commitment to the first clear act that opened it, as far as was followed."""
        if self._first is None:
            self._first = {}
            for each in self._followed():
                if isinstance(each.act, ClearAct) and each.act.follows is not None:
                    with self._node.store.open(each.act.openings) as data:
                        for place, _ in decode_openings(data.read()):
                            self._first.setdefault(place, each.act.follows.index)
        return self._first
