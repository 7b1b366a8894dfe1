"""``perilune release``: serve what was taken in unreleased."""

import click

from perilune.cli import frame
from perilune.ingest.release import release


@click.command("release", short_help="Serve a delivery that was taken in unreleased.")
@click.argument("delivery")
@frame.command
def command(delivery: str, node: str | None, *, as_json: bool) -> None:
    """Release all products of DELIVERY, the name that its receipt gives.

    Exit status: 0 released, 3 no such delivery, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        released = release(delivery, opened)
    if as_json:
        frame.show({"delivery": released.delivery, "products": released.products})
    else:
        click.echo(f"Released {released.products:,} products of delivery {released.delivery}.")
