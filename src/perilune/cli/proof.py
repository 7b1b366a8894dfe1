"""``perilune proof``: evidence for a third party."""

from pathlib import Path

import click

from perilune.access.evidence import proof_of
from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.cli import frame
from perilune.client.remote import RemoteNode
from perilune.config import node_named
from perilune.federation.evidence import witnessed_proof_of


@click.command("proof", short_help="Write the evidence that a product is in custody.")
@click.argument("identifier", metavar="ID")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the proof there; the identifier with .tlog-proof if not given.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the policy that names the node's key.",
)
@click.option(
    "--witnessed",
    "is_witnessed",
    is_flag=True,
    help="Under a checkpoint that another node cosigned, with a policy that asks for it.",
)
@frame.command
def command(
    identifier: str,
    output: Path | None,
    policy_file: Path | None,
    node: str | None,
    *,
    is_witnessed: bool,
    as_json: bool,
) -> None:
    """Write the proof that product ID (LIDVID, or LID for the latest) is in the node's log.

    Whoever has the product, the proof and a policy that names a key they trust checks all
    three with ``perilune verify``, offline.

    Exit status: 0 written, 3 no such product, 2 wrong usage, 1 anything else.
    """
    given = node_named(node)
    if frame.is_url(given):
        remote = RemoteNode(given)
        evidence = remote.proof(identifier, witnessed=is_witnessed)
        policy = remote.policy(witnessed=is_witnessed)
    else:
        with frame.opened(node) as opened:
            found = find(identifier, opened, OPERATOR)
            make = witnessed_proof_of if is_witnessed else proof_of
            evidence, policy = make(found, opened)
    safe = identifier.replace(":", "_").replace("/", "_")
    target = output or Path(f"{safe}.tlog-proof")
    target.write_bytes(evidence)
    if policy_file is not None:
        policy_file.write_text(policy, encoding="utf-8")
    if as_json:
        written = str(policy_file) if policy_file else None
        frame.show({"proof": str(target), "policy": written, "bytes": len(evidence)})
    else:
        click.echo(f"Wrote {target} ({len(evidence):,} bytes).")
