"""``perilune verify``: a file against its proof, by anybody, offline."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from perilune.cli import frame
from perilune.errors import ProofFails, WrongUsage
from perilune.ledger.policy import Policy
from perilune.ledger.proof import Verified, verify_path


@click.command("verify", short_help="Check a file against its proof, offline.")
@click.argument("path", metavar="FILE|DIR", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--proof",
    "proof_file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The proof, as ``perilune proof`` wrote it.",
)
@click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The keys you trust (C2SP tlog-policy).",
)
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    metavar="HOURS",
    help="How old the cosignatures of witnesses may be; an older log may be frozen.",
)
@frame.command
def command(
    path: Path,
    proof_file: Path,
    policy_file: Path,
    max_age: int | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Check that FILE, or every file of the product in DIR, is what the log's node took in.

    Needs no node and no connection. A folder is one that ``perilune get`` wrote, or the
    delivery itself.

    Exit status: 0 proved, 3 not proved (and why), 2 wrong usage, 1 anything else.
    """
    del node
    try:
        policy = Policy.parse(policy_file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ProofFails(f"{policy_file} is no policy: {error}") from error
    if max_age is not None:
        if not policy.witnesses:
            raise WrongUsage("--max-age asks for a policy with witnesses: nobody else tells a time")
        policy = replace(policy, since=datetime.now(UTC) - timedelta(hours=max_age))
    found = verify_path(path, proof_file.read_bytes(), policy)
    if as_json:
        frame.show(_document(found))
    else:
        _tell(found)


def _document(found: Verified) -> dict[str, object]:
    return {
        "lidvid": str(found.act.lidvid),
        "files": list(found.files),
        "origin": found.checkpoint.origin,
        "index": found.index,
        "size": found.checkpoint.size,
        "accessioned": found.act.t.isoformat(),
        "signed_by": list(found.signed_by),
    }


def _tell(found: Verified) -> None:
    click.echo(
        f"Proved: {', '.join(found.files)} of {found.act.lidvid}\n"
        f"taken in {found.act.t:%Y-%m-%d %H:%M:%S} UTC as entry {found.index:,} of the log "
        f"{found.checkpoint.origin},\nwhich had {found.checkpoint.size:,} entries when "
        f"{', '.join(found.signed_by)} signed it."
    )
