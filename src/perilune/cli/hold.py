"""``perilune hold``: have a product stay here, whatever else becomes of it."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, submit
from perilune.errors import WrongUsage
from perilune.ingest.withdraw import hold, unholding
from perilune.model.reading import time_text


@click.command("hold", short_help="Block every deletion of a product; lift that again.")
@click.argument("lidvid")
@click.option("--reason", required=True, help="Why; it stands in the act.")
@click.option("--lift", is_flag=True, help="Lift every hold of it; two persons must sign.")
@SIGN
@frame.command
def command(
    lidvid: str,
    reason: str,
    key: Path | None,
    node: str | None,
    *,
    lift: bool,
    as_json: bool,
) -> None:
    """Hold LIDVID here: nothing deletes it while a hold stands.

    Exit status: 0 held, lifted or waiting for a second person, 3 refused or not held,
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        if lift:
            submit(unholding(lidvid, reason, opened), key, opened, as_json=as_json)
            return
        if key is not None:
            raise WrongUsage("a hold needs no order; --sign goes with --lift")
        made = hold(lidvid, reason, opened)
    if as_json:
        frame.show({"lidvid": str(made.lidvid), "hold": time_text(made.t)})
    else:
        click.echo(f"{made.lidvid} is held since {time_text(made.t)}.")
