"""``perilune audit``: read everything back."""

import click

from perilune.cli import frame
from perilune.preservation.fixity import Audit, audit
from perilune.preservation.repair import Repair, audit_and_repair


@click.command("audit", short_help="Read everything back and compare it.")
@click.option(
    "--repair",
    "is_repair",
    is_flag=True,
    help="Fetch what is damaged from a peer that holds it too.",
)
@frame.command
def command(node: str | None, *, is_repair: bool, as_json: bool) -> int:
    """Read every object and every log entry back and compare them with what was signed.

    What is found is recorded in the log as a fixity act, what is repaired as a repair act. With
    --repair a damaged object is replaced only by bytes that were verified; what was
    there stays in objects/quarantine.

    Exit status: 0 all intact, or intact again; 3 damage found (each damaged object is named),
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        if is_repair:
            repair = audit_and_repair(opened, frame.progress())
            result, is_clean = repair.audit, repair.is_clean
        else:
            repair = None
            result = audit(opened, frame.progress())
            is_clean = result.is_clean
    if as_json:
        frame.show(_document(result) | (_repairs(repair) if repair else {}))
    else:
        _tell(result)
        if repair:
            _tell_repairs(repair)
    return frame.DONE if is_clean else frame.NOT_RIGHT


def _document(result: Audit) -> dict[str, object]:
    return {
        "objects": result.objects,
        "bytes": result.bytes,
        "log_entries": result.log_entries,
        "log_is_sound": result.log_is_sound,
        "damage": [
            {"sha256": each.sha256, "state": each.state, "detail": each.detail}
            for each in result.damage
        ],
    }


def _repairs(repair: Repair) -> dict[str, object]:
    return {
        "repaired": [
            {"sha256": each.sha256, "bytes": each.size, "from": each.origin}
            for each in repair.repaired
        ],
        "not_repaired": [{"sha256": name, "why": why} for name, why in repair.failed.items()],
    }


def _tell_repairs(repair: Repair) -> None:
    for each in repair.repaired:
        click.echo(f"repaired {each.sha256}: {each.size:,} bytes from {each.origin}")
    for name, why in repair.failed.items():
        click.echo(f"not repaired {name}: {why}")


def _tell(result: Audit) -> None:
    for each in result.damage:
        click.echo(f"{each.state} {each.sha256}: {each.detail}")
    if not result.log_is_sound:
        click.echo("The log's entries do not hash to its signed head. Stop the node; keep it all.")
    read = f"{result.objects:,} objects, {result.bytes:,} bytes, {result.log_entries:,} log entries"
    if result.is_clean:
        click.echo(f"All intact: {read} read back.")
    else:
        click.echo(f"{len(result.damage):,} objects damaged of {read} read back.")
