"""``perilune erratum``: say of a product what its label does not."""

import click

from perilune.cli import frame
from perilune.ingest.withdraw import correct
from perilune.model.reading import time_text


@click.command("erratum", short_help="Publish a correction to a product.")
@click.argument("lidvid")
@click.option("--text", required=True, help="What is to be known.")
@frame.command
def command(lidvid: str, text: str, node: str | None, *, as_json: bool) -> None:
    """Publish an erratum to LIDVID: its page and every interface show it, here and at partners.

    The product itself never changes: what is wrong in it is mended by a new version.

    Exit status: 0 published, 3 not held, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        made = correct(lidvid, text, opened)
    if as_json:
        frame.show({"lidvid": str(made.lidvid), "erratum": time_text(made.t)})
    else:
        click.echo(f"Erratum of {time_text(made.t)} to {made.lidvid}.")
