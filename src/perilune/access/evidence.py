"""Evidence: the proof that a holding is in the node's log, for somebody who trusts nobody here."""

from perilune.ledger.policy import policy_text
from perilune.ledger.proof import make_proof
from perilune.model import act
from perilune.model.act import CommitAct
from perilune.model.product import Holding
from perilune.node import Node


def proof_of(holding: Holding, node: Node, head: bytes | None = None) -> tuple[bytes, str]:
    """The proof of ``holding`` (a C2SP tlog-proof), and the policy that names the log's key.

    The proof of a holding that is hidden in the log carries its opening: who is given the
    proof is given the name. ``head`` is a signed checkpoint of the log; the newest if not given.
    """
    found = act.decode(node.log.entry(holding.index))
    opening = None
    if isinstance(found, CommitAct):
        with node.store.open(found.commitment) as data:
            opening = data.read()
    manifest = holding.manifest.encode()
    evidence = make_proof(holding.index, node.log, manifest=manifest, opening=opening, head=head)
    return evidence, policy_text(node.log.vkey)
