"""``perilune rebuild``: the catalogue, made again."""

import click

from perilune.cli import frame
from perilune.node import Node
from perilune.preservation.rebuild import rebuild


@click.command("rebuild", short_help="Make the catalogue again from storage and log.")
@frame.command
def command(node: str | None, *, as_json: bool) -> None:
    """Make the catalogue again from storage and log alone, also where it is damaged.

    A running ``perilune serve`` goes on with the new one.

    Exit status: 0 made, 3 storage lacks what the log records (the old catalogue stays),
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node, Node.open_to_mend) as opened:
        made = rebuild(opened, frame.progress())
    if as_json:
        frame.show({"entries": made.entries})
    else:
        click.echo(f"Made the catalogue again from {made.entries:,} log entries.")
