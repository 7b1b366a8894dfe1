"""``perilune persons``: who may sign orders."""

from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, submit
from perilune.errors import ProofFails, WrongUsage
from perilune.model.ordered import Standing
from perilune.orders.desk import draft
from perilune.orders.order import What
from perilune.orders.persons import persons
from perilune.orders.sshsig import PublicKey

_MOST_KEY_BYTES = 8_192
_REASON = click.option("--reason", required=True, help="Why; it is kept with the act.")


@click.group("persons", short_help="The persons who sign orders.")
def command() -> None:
    """Know the persons of whom two must sign what leaves this node.

    The operator makes the first two known alone; every later change takes an order of two.

    Exit status of each: 0 done, 3 refused or not found, 2 wrong usage, 1 anything else.
    """


@command.command("add", short_help="Make a person's key known.")
@click.argument("name")
@click.option(
    "--key",
    "public",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The person's public key, as ssh-keygen -t ed25519 writes it to a .pub file.",
)
@_REASON
@SIGN
@frame.command
def add(
    name: str, public: Path, reason: str, key: Path | None, node: str | None, *, as_json: bool
) -> None:
    """Make a public key of the person NAME known.

    Exit status: 0 done or waiting for a second person, 3 refused, 2 wrong usage, 1 anything else.
    """
    found = _read(public)
    with frame.opened(node) as opened:
        terms = {"key": found.text, "standing": Standing.KNOWN.value}
        order = draft(What.PERSON, [_checked(name)], reason, opened, terms)
        submit(order, key, opened, as_json=as_json)


@command.command("remove", short_help="Let a person's key count no longer.")
@click.argument("name")
@click.option(
    "--key", "fingerprint", help="Which of several keys: its fingerprint, as persons list shows it."
)
@_REASON
@SIGN
@frame.command
def remove(
    name: str,
    fingerprint: str | None,
    reason: str,
    key: Path | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Let a key of the person NAME count no longer, for good.

    Exit status: 0 done or waiting for a second person, 3 refused or no such person,
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        held = [each for each in persons(opened) if each.name == name]
        if fingerprint is not None:
            held = [each for each in held if each.key.fingerprint == fingerprint]
        if len(held) != 1:
            raise WrongUsage(f"{name} has {len(held)} such keys here; name one of them with --key")
        terms = {"key": held[0].key.text, "standing": Standing.REMOVED.value}
        order = draft(What.PERSON, [name], reason, opened, terms)
        submit(order, key, opened, as_json=as_json)


@command.command("list", short_help="The persons known, with the fingerprints of their keys.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """Show who may sign.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        known = persons(opened)
    if as_json:
        shown = [
            {"name": each.name, "key": each.key.text, "fingerprint": each.key.fingerprint}
            for each in known
        ]
        frame.show({"persons": shown})
        return
    for each in known:
        click.echo(f"{each.name}  {each.key.fingerprint}")
    if len({each.name for each in known}) < 2:
        click.echo("Fewer than two persons are known: the operator acts alone.", err=True)


def _read(path: Path) -> PublicKey:
    if path.stat().st_size > _MOST_KEY_BYTES:
        raise WrongUsage(f"{path} is no public key")
    try:
        return PublicKey.parse(path.read_text("ascii"))
    except (ProofFails, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path}: {error}") from error


def _checked(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise WrongUsage(f"not the name of a person: {name[:120]!r}")
    return name.strip()
