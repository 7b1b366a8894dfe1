"""``perilune orders``: what waits for the signatures of two persons."""

from pathlib import Path
from typing import Any

import click

from perilune.cli import frame
from perilune.cli.ordering import SIGN, finish, signature_of
from perilune.errors import WrongUsage
from perilune.model.reading import time_text
from perilune.orders.desk import Desk
from perilune.orders.order import SignedOrder


@click.group("orders", short_help="Orders that wait for the signatures of two persons.")
def command() -> None:
    """See what is ordered, sign it, or drop it.

    Exit status of each: 0 done, 3 refused or not found, 2 wrong usage, 1 anything else.
    """


@command.command("list", short_help="What waits.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """Show the orders that wait, and who has signed them.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        desk = Desk.of(opened)
        desk.sweep()
        waiting = desk.waiting()
    if as_json:
        frame.show({"orders": [_described(each) for each in waiting]})
        return
    for each in waiting:
        order = each.order
        click.echo(
            f"{order.digest[:16]}  {order.what} {_some(order.targets)}\n"
            f"    {order.reason}\n    until {time_text(order.not_after)}, signed by "
            f"{', '.join(each.signers) or 'nobody yet'}"
        )


@command.command("show", short_help="The very bytes that are signed.")
@click.argument("order")
@frame.command
def show(order: str, node: str | None, *, as_json: bool) -> None:
    """Write the canonical bytes of ORDER, for ssh-keygen -Y sign -n perilune-order elsewhere.

    Exit status: 0 shown, 3 no such order, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        found = Desk.of(opened).find(order)
    if as_json:
        frame.show(_described(found))
    else:
        click.echo(found.order.encode(), nl=False)


@command.command("sign", short_help="Sign an order; the second person's signature carries it out.")
@click.argument("order")
@SIGN
@click.option(
    "--signature",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A signature made elsewhere, over what orders show writes.",
)
@frame.command
def sign(
    order: str, key: Path | None, signature: Path | None, node: str | None, *, as_json: bool
) -> None:
    """Sign ORDER. Once two persons did, it is carried out.

    Exit status: 0 signed or carried out, 3 refused, 2 wrong usage, 1 anything else.
    """
    if (key is None) == (signature is None):
        raise WrongUsage("sign with --sign KEY, or hand in a signature with --signature FILE")
    with frame.opened(node) as opened:
        desk = Desk.of(opened)
        found = desk.find(order).order
        data = signature_of(found, key) if key else Path(str(signature)).read_bytes()
        finish(desk.sign(found, data), opened, as_json=as_json)


@command.command("drop", short_help="Have an order wait no longer.")
@click.argument("order")
@frame.command
def drop(order: str, node: str | None, *, as_json: bool) -> None:
    """Forget ORDER, which was not carried out.

    Exit status: 0 dropped, 3 no such order, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        desk = Desk.of(opened)
        found = desk.find(order).order
        desk.remove(found)
    if as_json:
        frame.show({"order": found.digest})
    else:
        click.echo(f"Dropped order {found.digest[:16]}.")


def _described(signed: SignedOrder) -> dict[str, Any]:
    order = signed.order
    return {
        "order": order.digest,
        "what": order.what,
        "targets": list(order.targets),
        "terms": dict(order.terms),
        "reason": order.reason,
        "t": time_text(order.t),
        "not_after": time_text(order.not_after),
        "signed_by": list(signed.signers),
    }


def _some(targets: tuple[str, ...]) -> str:
    more = f" and {len(targets) - 3:,} more" if len(targets) > 3 else ""
    return ", ".join(targets[:3]) + more
