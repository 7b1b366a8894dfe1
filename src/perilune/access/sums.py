"""SHA256SUMS of what is taken out, signed so that the OpenSSH on every machine verifies it.

``sha256sum -c SHA256SUMS``, and ``ssh-keygen -Y verify -f allowed_signers -I ORIGIN -n file
-s SHA256SUMS.sig < SHA256SUMS``. The key is the one for receipts: it signs what the node says to
whoever hands in or takes out. Source: OpenSSH, PROTOCOL.sshsig; ssh-keygen(1), ALLOWED SIGNERS.
"""

from perilune.node import Node
from perilune.orders.sshsig import PublicKey, armoured, to_sign

NAMESPACE = "file"
"""What ``ssh-keygen -Y`` calls signatures over files."""


def signed_sums(sums: bytes, node: Node) -> bytes:
    """The armoured signature over ``sums``; raise `Unarmed` where the node signs nothing."""
    key = PublicKey(node.receipt_signer.verifier.public)
    raw = node.receipt_signer.signature(to_sign(sums, namespace=NAMESPACE))
    return armoured(raw, key, NAMESPACE)


def allowed_signers(node: Node) -> str:
    """The line by which ``ssh-keygen`` knows this node's key."""
    key = PublicKey(node.receipt_signer.verifier.public)
    return f'{node.config.origin} namespaces="{NAMESPACE}" {key.text}\n'
