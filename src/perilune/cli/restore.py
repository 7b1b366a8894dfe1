"""``perilune restore``: a node made again from its backup and its peers."""

import time
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.preservation.restore import Restored, finish, unpack


@click.command("restore", short_help="Make a node again from its backup and its peers.")
@click.argument("paths", metavar="[FILE DIR]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--identity",
    "identities",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with an age identity of a recovery recipient; may be given again.",
)
@frame.command
def command(
    paths: tuple[Path, ...], identities: tuple[Path, ...], node: str | None, *, as_json: bool
) -> int:
    """Open the backup FILE into the empty folder DIR, and bring the rest back from the peers.

    Without them goes on with the restore of a node that was broken off, or whose peers were silent.
    The node signs again once its log has all that it signed.

    Exit status: 0 everything is back, 3 not everything, 2 wrong usage, 1 anything else.
    """
    if len(paths) not in (0, 2):
        raise WrongUsage("name a backup and an empty folder, or nothing but the node (-n)")
    started = time.monotonic()
    root = paths[1] if paths else Path(config.node_named(node))
    if paths:
        unpack(paths[0], root, _read(identities), frame.progress())
    with frame.opened(str(root)) as opened:
        result = finish(opened, frame.progress())
    seconds = time.monotonic() - started
    if as_json:
        frame.show({"node": str(root), **_document(result), "seconds": round(seconds, 3)})
    else:
        _tell(result, root, seconds)
    return frame.DONE if result.is_whole else frame.NOT_RIGHT


def _read(files: tuple[Path, ...]) -> list[str]:
    lines = (line.strip() for file in files for line in file.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _document(result: Restored) -> dict[str, object]:
    recovered = result.recovered
    return {
        "armed": result.is_armed,
        "why": result.why or None,
        "log_entries": result.entries,
        "from_peers": {
            "entries": recovered.entries,
            "products": recovered.products,
            "bytes": recovered.bytes,
        },
        "hidden": recovered.hidden,
        "missing": [_missing(each.lidvid, each.why) for each in recovered.missing],
        "lost": [_missing(each.lidvid, each.why) for each in result.lost],
        "silent": recovered.silent,
    }


def _missing(lidvid: object, why: str) -> dict[str, str]:
    return {"lidvid": str(lidvid), "why": why}


def _tell(result: Restored, root: Path, seconds: float) -> None:
    recovered = result.recovered
    click.echo(
        f"{root} has {result.entries:,} log entries, {recovered.entries:,} of them from peers; "
        f"{recovered.products:,} products of {recovered.bytes:,} bytes came from peers. "
        f"{seconds:.1f} s."
    )
    for words, products in (
        ("are missing still", recovered.missing),
        ("are lost: nobody has them, and the log says so", result.lost),
    ):
        if products:
            click.echo(f"{len(products):,} products {words}:")
        for each in products[:20]:
            click.echo(f"    {each.lidvid}: {each.why}")
    if recovered.hidden:
        click.echo(
            f"{recovered.hidden:,} entries hide what only a backup has: they stay unopened, and "
            f"what they took in is not in the catalogue."
        )
    for name in recovered.silent:
        click.echo(f"{name} did not answer: perilune -n {root} restore goes on when it does.")
    click.echo("The node signs again." if result.is_armed else result.why)
