"""``perilune import``: what came on a medium, or the receipt that came back."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.peer import described_round, tell_round
from perilune.cli.peer_status import described_receipt, tell_receipt
from perilune.durable import whole
from perilune.federation.importing import import_medium, import_receipt, receipt_for
from perilune.node import Node


@click.command("import", short_help="Take in what a peer's disk brings, or its receipt.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the receipt to be carried back is written; else onto the medium.",
)
@frame.command
def command(path: Path, receipt: Path | None, node: str | None, *, as_json: bool) -> int:
    """Take in the folder PATH that perilune export wrote, verified as from the network.

    A receipt is written, to be carried back; where PATH is such a receipt, it is kept. Safe to
    repeat and to break off.

    Exit status: 0 everything given is here, 3 something contradicts itself, differs or is
    missing, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        if path.is_dir():
            return _import(path, receipt, opened, as_json=as_json)
        found = import_receipt(path, opened)
    if as_json:
        frame.show({"given": described_receipt(found)})
    else:
        tell_receipt("It holds", found)
    return frame.DONE


def _import(path: Path, receipt: Path | None, node: Node, *, as_json: bool) -> int:
    done = import_medium(path, node, frame.progress())
    target = receipt or path / f"receipt-{node.config.origin.replace('/', '-')}.json"
    with whole(target) as file:
        file.write(receipt_for(done.peer, node))
    if as_json:
        frame.show({**described_round(done), "receipt": str(target)})
    else:
        tell_round(done, is_offline=True)
        click.echo(f"Carry back {target}")
    return frame.DONE if done.is_undisputed else frame.NOT_RIGHT
