"""``perilune keys``: the node's keys, and whether it signs with them."""

import click

from perilune.cli import frame
from perilune.errors import Unarmed
from perilune.federation.arming import Seen, arm, arm_at
from perilune.ledger.note import to_base64


@click.group("keys", short_help="The node's keys, and whether it signs with them.")
def command() -> None:
    """List the keys of a node, and have it sign again after it was put back or moved.

    Exit status of each: 0 done, 3 the node may not sign, 2 wrong usage, 1 anything else.
    """


@command.command("list", short_help="Every key with its use.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """List the public keys that the node uses, and say whether it signs with them.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        keys, is_armed = opened.keys, opened.is_armed
    if as_json:
        listed = [{"use": use, "vkey": vkey} for use, vkey in keys]
        frame.show({"armed": is_armed, "keys": listed})
        return
    for use, vkey in keys:
        click.echo(f"{use:<12} {vkey}")
    click.echo("The node signs." if is_armed else "The node signs nothing: perilune keys arm")


@command.command("arm", short_help="Compare the log with what was signed, and sign again.")
@click.option(
    "--size",
    type=click.IntRange(min=1),
    help="Where nobody shows what was signed: the entries that you answer for.",
)
@frame.command
def arm_(size: int | None, node: str | None, *, as_json: bool) -> int:
    """Compare the node's log with what its peers and its high-water mark show of it.

    Every command does so by itself where it finds the node unarmed. With --size an operator says
    that the log of so many entries is all that the node ever signed: for a node without peers
    that was moved to another machine. It is refused where a mark or a peer shows more.

    Exit status: 0 the node signs, 3 it does not, 2 wrong usage, 1 anything else.
    """
    words, seen = "", tuple[Seen, ...]()
    with frame.opened(node) as opened:
        try:
            if size is None:
                seen = arm(opened)
            else:
                arm_at(size, opened)
        except Unarmed as error:
            words = str(error)
        entries, is_armed = opened.log.size, opened.is_armed
    if as_json:
        told = [_document(each) for each in seen]
        frame.show({"armed": is_armed, "entries": entries, "seen": told, "why": words or None})
    elif is_armed:
        click.echo(f"The node signs; its log has {entries:,} entries.")
    else:
        click.echo(words)
    return frame.DONE if is_armed else frame.NOT_RIGHT


def _document(seen: Seen) -> dict[str, object]:
    checkpoint = seen.checkpoint
    return {"by": seen.by, "size": checkpoint.size, "root": to_base64(checkpoint.root)}
