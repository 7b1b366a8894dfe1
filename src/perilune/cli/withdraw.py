"""``perilune withdraw``: take products back."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, submit
from perilune.ingest.withdraw import withdrawing
from perilune.model.ordered import Cause


@click.command("withdraw", short_help="Take products back: a tombstone stays.")
@click.argument("targets", metavar="LIDVID...", nargs=-1, required=True)
@click.option(
    "--reason",
    "cause",
    required=True,
    type=click.Choice([each.value for each in Cause]),
    help="Of what kind the reason is.",
)
@click.option("--text", required=True, help="The reason in words: the tombstone shows it.")
@SIGN
@frame.command
def command(
    targets: tuple[str, ...],
    cause: str,
    text: str,
    key: Path | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Have each LIDVID found and served no longer, here and by partners who hold copies.

    Bytes and log entries stay. Two persons must sign: perilune orders.

    Exit status: 0 withdrawn or waiting for a second person, 3 refused or not held, 2 wrong usage,
    1 anything else.
    """
    with frame.opened(node) as opened:
        order = withdrawing(targets, Cause(cause), text, opened)
        submit(order, key, opened, as_json=as_json)
