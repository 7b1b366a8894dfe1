"""The node's log as static files (C2SP tlog-tiles), and proofs made from it.

A full tile never changes and may be kept for ever; the checkpoint is fresh each time. Proofs and
policy are all that a third party needs to check a product without a connection.
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.access.evidence import proof_of
from perilune.access.sums import allowed_signers
from perilune.federation.evidence import witnessed_policy, witnessed_proof_of
from perilune.ledger import standalone
from perilune.ledger.policy import policy_text
from perilune.web.context import TheAsker, TheNode, named_in_path

router = APIRouter(prefix="/log", tags=["Log"])

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_TEXT = "text/plain; charset=utf-8"
_OCTETS = "application/octet-stream"


@router.get("/checkpoint")
def get_checkpoint(node: TheNode) -> Response:
    """The newest signed head."""
    node.log.refresh()
    return Response(node.log.head, headers=_FRESH, media_type=_TEXT)


@router.get("/tile/{path:path}")
def get_tile(path: str, node: TheNode) -> Response:
    """A tile of hashes or a bundle of entries; raises `NotFound` for any other name."""
    return Response(node.log.file(f"tile/{path}"), headers=_FOR_EVER, media_type=_OCTETS)


@router.get("/policy")
def get_policy(node: TheNode, *, witnessed: bool = False) -> Response:
    """Whose signature to trust, as a C2SP tlog-policy: the log's key, and a witness's if asked."""
    text = witnessed_policy(node) if witnessed else policy_text(node.log.vkey)
    return Response(text, headers=_FRESH, media_type=_TEXT)


@router.get("/allowed_signers")
def get_allowed_signers(node: TheNode) -> Response:
    """The key of lists of checksums, as ``ssh-keygen -Y verify`` reads it."""
    return Response(allowed_signers(node), headers=_FRESH, media_type=_TEXT)


@router.get("/verify.py")
def get_verifier() -> Response:
    """A program that checks files against a proof, offline, with nothing of Perilune's."""
    headers = _FRESH | {"Content-Disposition": 'attachment; filename="verify.py"'}
    source = Path(standalone.__file__).read_bytes()
    return Response(source, headers=headers, media_type="text/x-python; charset=utf-8")


@router.get("/proof/{identifier}")
def get_proof(
    identifier: str, node: TheNode, asker: TheAsker, *, witnessed: bool = False
) -> Response:
    """A C2SP tlog-proof that this product is in the log under exactly these bytes."""
    holding = named_in_path(identifier, node, asker)
    node.log.refresh()
    evidence, _ = (witnessed_proof_of if witnessed else proof_of)(holding, node)
    name = str(holding.product.id).replace(":", "_")
    headers = _FRESH | {"Content-Disposition": f'attachment; filename="{name}.tlog-proof"'}
    return Response(evidence, headers=headers, media_type=_TEXT)
