"""``perilune roster``: who is trusted, and whose signatures say so."""

import os
from pathlib import Path

import click

from perilune.cli import frame
from perilune.durable import whole
from perilune.errors import ProofFails, WrongUsage
from perilune.federation.folder import Peers, chain
from perilune.federation.roster import Role, Roster
from perilune.ledger.note import Signer, Verifier, open_note
from perilune.model.reading import time_text

_WITH = click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with a further key that signs the roster; may be given again.",
)


@click.group("roster", short_help="Who is trusted, and whose signatures say so.")
def command() -> None:
    """Show and verify the roster, and say how many keys must sign it.

    Exit status of each: 0 done, 3 the roster does not verify, 2 wrong usage, 1 anything else.
    """


@command.command("show", short_help="The nodes of the newest version, and who signs it.")
@frame.command
def show(node: str | None, *, as_json: bool) -> None:
    """Show the newest version of the roster.

    Exit status: 0 shown, 3 the chain is broken, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        roster = Peers.of(opened).roster()
    if as_json:
        frame.show(_document(roster))
        return
    role = roster.signers
    click.echo(f"Roster {roster.version} of {roster.t:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"signed by {role.threshold} of {len(role.keys)} keys:")
    for key in role.keys:
        click.echo(f"    {key.vkey}")
    for member in roster.members:
        click.echo(
            f"{member.who.name} at {member.url or 'this node'}, log {member.who.origin}, owns "
            f"{', '.join(member.who.namespaces)}\n    fingerprint {member.who.fingerprint}"
        )


@command.command("verify", short_help="Every version against the one before.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@frame.command
def verify(files: tuple[Path, ...], node: str | None, *, as_json: bool) -> int:
    """Verify that each version is signed by the thresholds of itself and of the one before.

    FILES are the versions of any node in order, as its folder keeps them and
    ``/federation/roster/N`` gives them; without them those of this node.

    Exit status: 0 all follow, 3 one does not, 2 wrong usage, 1 anything else.
    """
    if files:
        notes = [file.read_bytes() for file in files]
    else:
        with frame.opened(node) as opened:
            notes = [note for _, note in Peers.of(opened).versions()]
    words, found = "", list[tuple[Roster, bytes]]()
    try:
        found = chain(notes)
    except ProofFails as error:
        words = str(error)
    told = [_signed(roster, note) for roster, note in found]
    if as_json:
        frame.show({"versions": told, "fault": words or None})
    else:
        for each in told:
            signed = ", ".join(map(str, each["signed_by"]))  # type: ignore[call-overload]
            click.echo(f"{each['version']:>6}  {each['t']}  signed by {signed}")
        click.echo(words or f"{len(found)} versions, each follows from the one before.")
    return frame.NOT_RIGHT if words else frame.DONE


@command.command("key", short_help="Make a further key that signs rosters.")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@frame.command
def key(name: str, file: Path, node: str | None, *, as_json: bool) -> None:
    """Make a key for the person or place NAME in FILE, to be kept off this machine.

    It counts once ``perilune roster signers`` has added it.

    Exit status: 0 made, 2 FILE is there or NAME cannot be, 1 anything else.
    """
    with frame.opened(node) as opened:
        origin = opened.config.origin
    try:
        signer = Signer.generate(f"{origin}/roster/{name}")
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    if file.exists():
        raise WrongUsage(f"{file} is there already")
    with whole(file) as target:
        os.fchmod(target.fileno(), 0o600)
        target.write(signer.pem())
    if as_json:
        frame.show({"file": str(file), "vkey": signer.vkey})
    else:
        click.echo(signer.vkey)


@command.command("signers", short_help="Say which keys sign the roster, and how many must.")
@click.option("--add", "added", multiple=True, metavar="VKEY", help="A key that signs from now on.")
@click.option("--remove", "removed", multiple=True, metavar="VKEY", help="One that does not.")
@click.option("--threshold", type=click.IntRange(min=1), help="How many must sign.")
@_WITH
@frame.command
def signers(
    added: tuple[str, ...],
    removed: tuple[str, ...],
    threshold: int | None,
    others: tuple[Path, ...],
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Make the next version, which other keys or more of them sign.

    It is signed by the thresholds of the version before and of its own: name the files of keys
    that are not in this node with --with.

    Exit status: 0 made, 2 too few signatures or a key that cannot be, 1 anything else.
    """
    with frame.opened(node) as opened:
        peers = Peers.of(opened)
        role = peers.roster().signers
        try:
            keys = [each for each in role.keys if each.vkey not in removed]
            keys += [Verifier.parse(vkey) for vkey in added]
            new = Role(tuple(keys), threshold or role.threshold)
        except ProofFails as error:
            raise WrongUsage(str(error)) from error
        roster = peers.appoint(new, others)
    if as_json:
        frame.show(_document(roster))
    else:
        click.echo(
            f"Roster {roster.version}: {new.threshold} of {len(new.keys)} keys sign from here on."
        )


def _document(roster: Roster) -> dict[str, object]:
    return {
        "version": roster.version,
        "t": time_text(roster.t),
        "threshold": roster.signers.threshold,
        "keys": [each.vkey for each in roster.signers.keys],
        "nodes": [
            {
                "name": each.who.name,
                "origin": each.who.origin,
                "url": each.url or None,
                "namespaces": list(each.who.namespaces),
                "keys": {use: key.vkey for use, key in sorted(each.who.keys.items())},
                "fingerprint": each.who.fingerprint,
            }
            for each in roster.members
        ],
    }


def _signed(roster: Roster, note: bytes) -> dict[str, object]:
    names = [each.name for each in open_note(note, roster.signers.keys).signed_by]
    return {"version": roster.version, "t": time_text(roster.t), "signed_by": names}
