"""``perilune backup``: what does not come back from peers, in one encrypted file."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.model.reading import time_text
from perilune.preservation.backup import backup


@click.command("backup", short_help="Write what does not come back from peers, encrypted.")
@click.argument("target", metavar="FILE|DIR", type=click.Path(path_type=Path))
@frame.command
def command(target: Path, node: str | None, *, as_json: bool) -> None:
    """Write settings, keys, roster, log, and all objects that no peer has signed for, to FILE.

    It is encrypted to the recovery recipients, of whom as many must come together as were said
    when they were named. In a folder the file gets a name of its own.

    Exit status: 0 written, 2 no recovery recipients or FILE is there, 1 anything else.
    """
    with frame.opened(node) as opened:
        written, header = backup(opened, target, frame.progress())
    if as_json:
        frame.show(
            {
                "file": str(written),
                "bytes": written.stat().st_size,
                "t": time_text(header.t),
                "origin": header.origin,
                "log_entries": header.size,
                "objects": header.objects,
                "object_bytes": header.object_bytes,
                "with_peers": header.with_peers,
            }
        )
        return
    click.echo(
        f"Wrote {written}, {written.stat().st_size:,} bytes: keys, settings, {header.size:,} log "
        f"entries and {header.objects:,} objects of {header.object_bytes:,} bytes. Left out are "
        f"{header.with_peers:,} objects that peers signed for."
    )
