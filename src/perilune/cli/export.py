"""``perilune export``: what is published openly, onto a medium that is carried to a peer."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.federation.bagging import export
from perilune.federation.custody import CustodyReceipt
from perilune.federation.folder import GIVEN, Peers
from perilune.node import Node


@click.command("export", short_help="Write what is published onto a disk for a peer.")
@click.option(
    "--media",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder on the medium; what lies there whole already stays.",
)
@click.option("--for", "name", metavar="PEER", help="Leave out what this peer has a receipt for.")
@frame.command
def command(media: Path, name: str | None, node: str | None, *, as_json: bool) -> None:
    """Write a bag (BagIt) of log, manifests and files, for a peer to import.

    Only what any visitor may have is written, and sealed copies. Safe to repeat and to break off.

    Exit status: 0 written, 3 something here is damaged, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        since = _covered(name, opened) if name else 0
        done = export(opened, media, since, frame.progress())
    if as_json:
        frame.show(
            {
                "media": str(media),
                "since": done.since,
                "size": done.size,
                "products": done.products,
                "files": done.files,
                "bytes": done.bytes,
            }
        )
    else:
        click.echo(
            f"{done.products:,} products, {done.bytes:,} bytes in {done.files:,} files, and the "
            f"log from entry {done.since:,} to {done.size:,}, lie in {media}."
        )


def _covered(name: str, node: Node) -> int:
    """Entries of our log that the newest receipt of the peer covers."""
    peers = Peers.of(node)
    peer = peers.named(name)
    note = peers.folder(peer.who.origin).note(GIVEN)
    if note is None:
        return 0
    return CustodyReceipt.verify(note, peer.who.keys["custody"]).log.size
