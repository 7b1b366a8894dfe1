"""Who asks over the network: a partner that signs its question, or anyone.

The roster says whose request keys count.
"""

from collections.abc import Callable, Mapping

from perilune.access.policy import Asker
from perilune.errors import AskerRefused, ProofFails, WrongUsage
from perilune.federation.folder import Peers
from perilune.ledger.request import Question, Signed, signed_headers
from perilune.node import Node

Asking = Callable[[Question], Mapping[str, str]]
"""The headers that sign a question."""


def asking(node: Node, to: str) -> Asking | None:
    """How ``node`` signs what it asks the node of the log ``to``; None while it has no key."""
    signer = node.signers.get("request")
    if signer is None:
        return None
    return lambda question: signed_headers(question, to, signer, node.now())


def asker_of(method: str, path: str, headers: Mapping[str, str], node: Node) -> Asker | None:
    """The partner that signed the question; None where nobody signed it.

    Raises `AskerRefused` where it is signed by nobody in the roster, for another node, at another
    time, or falsely.
    """
    try:
        signed = Signed.read(method, path, headers)
        if signed is None:
            return None
        if headers["perilune-to"] != node.config.origin:
            raise ProofFails(f"a question to {headers['perilune-to'][:200]!r}")  # noqa: TRY301
        for member in Peers.of(node).members():
            key = member.who.keys["request"]
            if key.name == signed.key:
                signed.require(key, node.now())
                return Asker("partner", f"{member.who.name} may have what is cleared for partners.")
        raise ProofFails(f"{signed.key[:200]!r} is no key of a partner")  # noqa: TRY301
    except (ProofFails, WrongUsage) as error:
        raise AskerRefused(str(error)) from error
