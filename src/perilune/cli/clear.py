"""``perilune clear``: let more people than the node's own know of products."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, submit
from perilune.ingest.clear import clearing
from perilune.model.product import Releasability

TO = click.option(
    "--to",
    required=True,
    type=click.Choice([Releasability.PARTNER.value, Releasability.PUBLIC.value]),
    help="Who may know of it from then on.",
)
"""The option that names for whom something is cleared."""


@click.command("clear", short_help="Let partners, or everyone, know of products.")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@TO
@click.option("--reason", required=True, help="Why; it stands in the act.")
@SIGN
@frame.command
def command(
    targets: tuple[str, ...],
    to: str,
    reason: str,
    key: Path | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Clear each TARGET: a LIDVID, a LID with all below it, or a delivery by its name.

    It means what is held now. Two persons must sign: perilune orders.

    Exit status: 0 cleared or waiting for a second person, 3 refused or nothing is meant,
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        order = clearing(targets, Releasability(to), reason, opened)
        submit(order, key, opened, as_json=as_json)
