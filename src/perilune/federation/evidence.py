"""Evidence with a witness: a proof whose checkpoint another node cosigned.

For a reader whose policy asks for more than the word of the node that has the product.
"""

from perilune.access.evidence import proof_of
from perilune.errors import NotFound
from perilune.federation.folder import SEEN, Peers
from perilune.federation.mirror import checkpoint_in
from perilune.federation.roster import Member
from perilune.ledger.policy import policy_text
from perilune.model.product import Holding
from perilune.node import Node


def witnessed_proof_of(holding: Holding, node: Node) -> tuple[bytes, str]:
    """The proof under the newest cosigned checkpoint, and the policy that asks for a witness.

    Raises `NotFound` where no witness has seen the entry yet.
    """
    seen = [note for note in _cosigned(node) if checkpoint_in(note).size > holding.index]
    if not seen:
        raise NotFound(f"no witness has seen entry {holding.index} of {node.log.origin} yet")
    newest = max(seen, key=lambda note: checkpoint_in(note).size)
    evidence, _ = proof_of(holding, node, newest)
    return evidence, witnessed_policy(node)


def witnessed_policy(node: Node) -> str:
    """The policy that trusts the log where at least one peer witnessed it."""
    keys = [peer.who.keys["witness"].vkey for peer in _peers(node)]
    return policy_text(node.log.vkey, keys)


def _cosigned(node: Node) -> list[bytes]:
    notes = [Peers.of(node).folder(peer.who.origin).note(SEEN) for peer in _peers(node)]
    return [note for note in notes if note is not None]


def _peers(node: Node) -> list[Member]:
    return list(Peers.of(node).members()) if node.root is not None else []
