"""``perilune audit``: read everything back."""

import click

from perilune.cli import frame
from perilune.preservation.fixity import Audit, audit


@click.command("audit", short_help="Read everything back and compare it.")
@frame.command
def command(node: str | None, *, as_json: bool) -> int:
    """Read every object and every log entry back and compare them with what was signed.

    What is found is recorded in the log as a fixity act.

    Exit status: 0 all intact, 3 damage found (each damaged object is named), 2 wrong usage,
    1 anything else.
    """
    with frame.opened(node) as opened:
        result = audit(opened, frame.progress())
    if as_json:
        frame.show(_document(result))
    else:
        _tell(result)
    return frame.DONE if result.is_clean else frame.NOT_RIGHT


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
