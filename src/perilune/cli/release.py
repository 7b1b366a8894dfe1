"""``perilune release``: serve what was taken in unreleased, or under embargo."""

import click

from perilune.cli import frame
from perilune.ingest.release import release


@click.command("release", short_help="Serve what was taken in unreleased, or under embargo.")
@click.argument("name", metavar="DELIVERY|ID")
@frame.command
def command(name: str, node: str | None, *, as_json: bool) -> None:
    """Release all products of DELIVERY, the name that its receipt gives, or the product ID.

    A product by itself can be released from an embargo. With it our log tells the keys of the
    sealed copies: partners open what they hold, and whoever reads the log can.

    Exit status: 0 released, 3 nothing so named, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        released = release(name, opened)
    if as_json:
        frame.show({"delivery": released.delivery, "products": released.products})
    else:
        click.echo(f"Released {released.products:,} products of delivery {released.delivery}.")
