"""``perilune doctor``: look at the node's health."""

import click

from perilune.cli import frame
from perilune.preservation.health import Finding, examine


@click.command("doctor", short_help="Look at the node's health.")
@frame.command
def command(node: str | None, *, as_json: bool) -> int:
    """Look at settings, keys, disk, log, catalogue and last audit; change nothing.

    Exit status: 0 all well, 3 something needs a hand, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        findings = examine(opened)
    if as_json:
        frame.show({"findings": [_document(each) for each in findings]})
    else:
        for each in findings:
            click.echo(f"{'ok  ' if each.is_well else 'look'} {each.what}: {each.detail}")
            if not each.is_well:
                click.echo(f"     {each.advice}")
    return frame.DONE if all(each.is_well for each in findings) else frame.NOT_RIGHT


def _document(finding: Finding) -> dict[str, object]:
    return {
        "what": finding.what,
        "well": finding.is_well,
        "detail": finding.detail,
        "advice": finding.advice,
    }
