"""``perilune release``: serve what was taken in unreleased, or under embargo."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, submit
from perilune.ingest.release import release, releasing


@click.command("release", short_help="Serve what was taken in unreleased, or under embargo.")
@click.argument("name", metavar="DELIVERY|ID")
@click.option("--reason", help="Why; to be given where two persons must order it.")
@SIGN
@frame.command
def command(
    name: str, reason: str | None, key: Path | None, node: str | None, *, as_json: bool
) -> None:
    """Release all products of DELIVERY, the name that its receipt gives, or the product ID.

    A product by itself can be released from an embargo. With it our log tells the keys of the
    sealed copies: partners open what they hold, and whoever reads the log can.

    Where the node knows two persons, both must sign that an embargo ends: perilune orders.

    Exit status: 0 released or waiting for a second person, 3 nothing so named, 2 wrong usage,
    1 anything else.
    """
    with frame.opened(node) as opened:
        if reason is not None:
            submit(releasing(name, reason, opened), key, opened, as_json=as_json)
            return
        released = release(name, opened)
    if as_json:
        frame.show({"delivery": released.delivery, "products": released.products})
    else:
        click.echo(f"Released {released.products:,} products of delivery {released.delivery}.")
