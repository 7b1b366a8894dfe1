"""``perilune get``: take a product out."""

from pathlib import Path

import click

from perilune.access.extract import extract
from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.cli import frame
from perilune.client.remote import RemoteNode
from perilune.config import node_named


@click.command("get", short_help="Take a product out, label and data, verified.")
@click.argument("identifier", metavar="ID")
@click.option(
    "-o",
    "--output",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; the current one if not given.",
)
@frame.command
def command(identifier: str, output: Path, node: str | None, *, as_json: bool) -> None:
    """Write label and data of product ID (LIDVID, or LID for the latest), each file verified.

    Files keep their places in the delivery. One that is there already with other bytes is
    never overwritten.

    Exit status: 0 all files are there, 3 no such product or damage found, 2 wrong usage,
    1 anything else.
    """
    given = node_named(node)
    if frame.is_url(given):
        written = RemoteNode(given).download(identifier, output)
    else:
        with frame.opened(node) as opened:
            written = extract(find(identifier, opened, OPERATOR), opened, output)
    if as_json:
        frame.show({"files": [str(path) for path in written]})
    else:
        for path in written:
            click.echo(str(path))
