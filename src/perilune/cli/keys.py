"""``perilune keys``: the node's keys, whether it signs with them, and who can recover secrets."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.errors import Unarmed, WrongUsage
from perilune.federation.arming import Seen, arm, arm_at
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.reopening import reopen
from perilune.federation.rotation import make_missing, rotate
from perilune.ingest.seal import keyring_of
from perilune.ledger.note import to_base64
from perilune.node import ALL_USES
from perilune.preservation.rebuild import rebuild
from perilune.sealing.keyring import Recipients


@click.group("keys", short_help="The node's keys: list, replace, sign again.")
def command() -> None:
    """List and replace the keys of a node; have it sign again after it was put back or moved.

    Exit status of each: 0 done, 3 the node may not sign, 2 wrong usage, 1 anything else.
    """


@command.command("list", short_help="Every key with its use.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """List the public keys that the node uses, and say whether it signs with them.

    Recovery recipients are listed too: who can open what is sealed when the node's own secrets
    are lost, and how many of them it takes.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        keys, is_armed = opened.keys, opened.is_armed
        recipients = keyring_of(opened).recipients
    if as_json:
        listed = [{"use": use, "vkey": vkey} for use, vkey in keys]
        frame.show({"armed": is_armed, "keys": listed, "recovery": _recovery(recipients)})
        return
    for use, vkey in keys:
        click.echo(f"{use:<12} {vkey}")
    for name, recipient in recipients.by_name.items():
        click.echo(f"{'recovery':<12} {recipient} {name}")
    if recipients.by_name:
        click.echo(f"{recipients.threshold} of {len(recipients.by_name)} open what is sealed.")
    click.echo("The node signs." if is_armed else "The node signs nothing: perilune keys arm")


@command.command("rotate", short_help="Replace the key for one use.")
@click.argument("use", type=click.Choice(ALL_USES))
@click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with a further key that signs the roster; may be given again.",
)
@frame.command
def rotate_(use: str, others: tuple[Path, ...], node: str | None, *, as_json: bool) -> None:
    """Make a new key for USE: roster and log name it, then it takes the old one's place.

    Peers learn it from the roster at their next round; what the old key signed stays verifiable.
    Start ``perilune serve`` again afterwards, and make a new backup.

    Exit status: 0 replaced, 2 wrong usage or too few keys to sign the roster, 1 anything else.
    """
    with frame.opened(node) as opened:
        rotate(use, opened, others)
    _tell_keys(node, [use], as_json=as_json)


@command.command("make", short_help="Make the keys that a node lacks, ML-DSA-44 ones too.")
@frame.command
def make(node: str | None, *, as_json: bool) -> None:
    """Make the keys that a node lacks; others stay.

    A node made by an older version lacks some of those that peers ask for. Every new one lacks
    the keys of ML-DSA-44, by which heads and cosignatures are signed beside Ed25519 from there on.

    Exit status: 0 made, or none lacked, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        made = make_missing(opened)
    _tell_keys(node, made, as_json=as_json)


def _tell_keys(node: str | None, made: list[str], *, as_json: bool) -> None:
    with frame.opened(node) as opened:
        keys = {use: vkey for use, vkey in opened.keys if use in made}
        roster = Peers.of(opened).newest()
        fingerprint = Description.of(opened).fingerprint
    version = roster.version if roster else None
    if as_json:
        frame.show({"made": keys, "roster": version, "fingerprint": fingerprint})
        return
    for use, vkey in keys.items():
        click.echo(f"{use:<12} {vkey}")
    if not made:
        click.echo("No key lacks.")
    else:
        click.echo(f"Named in version {version} of the roster. The fingerprint is {fingerprint}.")
        click.echo("Start perilune serve again, and make a new backup.")


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


@command.command("add", short_help="A recovery recipient, who can help to open what is sealed.")
@click.argument("name")
@click.argument("recipient", metavar="age1...")
@click.option(
    "--threshold",
    type=click.IntRange(min=1),
    help="How many of them it takes; as before if not given, 1 for the first.",
)
@frame.command
def add_(
    name: str, recipient: str, threshold: int | None, node: str | None, *, as_json: bool
) -> None:
    """Add the person NAME, who keeps the private key of an age recipient, for recovery.

    What is sealed from here on has a share for each of them: so many as the threshold says open
    it when the node's secrets are lost, fewer learn nothing. What was sealed before stays as it
    was.

    Exit status: 0 added, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        keyring = keyring_of(opened)
        recipients = keyring.recipients.with_one(name, recipient, threshold)
        keyring.keep_recipients(recipients)
    if as_json:
        frame.show(_recovery(recipients))
    else:
        known = len(recipients.by_name)
        click.echo(f"{name} is added: {recipients.threshold} of {known} open what is sealed.")


@command.command("recover", short_help="Open what is sealed, with k of n recovery keys.")
@click.option(
    "--identity",
    "identities",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="File with the private key of a recovery recipient (AGE-SECRET-KEY-1...); repeated.",
)
@frame.command
def recover_(identities: tuple[Path, ...], node: str | None, *, as_json: bool) -> int:
    """Bring back the secrets of all deliveries under embargo, and the products themselves.

    What the node's storage lacks comes from the sealed copies that its peers keep. The catalogue
    is made again where something came back. The private keys are read and kept nowhere.

    Exit status: 0 all of it is readable, 3 some of it is not (each is named), 2 wrong usage,
    1 anything else.
    """
    keys = [key for path in identities for key in _identities(path)]
    with frame.opened(node) as opened:
        found = reopen(keys, opened, frame.progress())
        if found.came_back:
            rebuild(opened)
    if as_json:
        failed = [{"seal": index, "why": why} for index, why in sorted(found.failed.items())]
        told = {"products": found.products, "deliveries": sorted(found.deliveries)}
        frame.show({**told, "came_back": found.came_back, "failed": failed})
    else:
        for index, why in sorted(found.failed.items()):
            click.echo(f"sealed copy {index}: {why}")
        click.echo(
            f"{found.products:,} products of {len(found.deliveries):,} deliveries are readable, "
            f"{found.came_back:,} of them came back."
        )
    return frame.NOT_RIGHT if found.failed else frame.DONE


def _identities(path: Path) -> list[str]:
    """The private keys in a file as age-keygen writes it."""
    lines = (line.strip() for line in path.read_text("utf-8", "replace").splitlines())
    found = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if not found:
        raise WrongUsage(f"{path} has no line that begins with AGE-SECRET-KEY-")
    return found


def _recovery(recipients: Recipients) -> dict[str, object]:
    listed = [{"name": name, "recipient": key} for name, key in recipients.by_name.items()]
    return {"threshold": recipients.threshold, "recipients": listed}
