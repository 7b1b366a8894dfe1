"""What commands do alike that need an order: sign it, carry it out, or have it wait."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.ingest.clear import clear
from perilune.ingest.persons import change_person
from perilune.ingest.release import release_ordered
from perilune.ingest.rules import let_rule, revoke
from perilune.ingest.withdraw import unhold, withdraw
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import needs_two, persons
from perilune.orders.sshsig import NAMESPACE

SIGN = click.option(
    "--sign",
    "key",
    metavar="KEY",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Sign with this OpenSSH key, by ssh-keygen (which asks its passphrase or its agent).",
)
"""The option by which a person signs at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an order led to: in words for people, and for programs."""

    words: str
    document: Mapping[str, Any]


def _change_person(signed: SignedOrder, node: Node) -> Done:
    made = change_person(signed, node)
    return Done(f"{made.name}: {made.standing}.", {"name": made.name, "standing": made.standing})


def _clear(signed: SignedOrder, node: Node) -> Done:
    made = clear(signed, node)
    words = f"Cleared {len(made.products):,} products for {made.to}."
    return Done(words, {"to": made.to, "products": [str(each) for each in made.products]})


def _let_rule(signed: SignedOrder, node: Node) -> Done:
    made = let_rule(signed, node)
    name = time_text(made.t)
    words = f"Rule {name} stands until {time_text(made.until)}."
    return Done(words, {"rule": name, "within": made.within, "to": made.to})


def _revoke(signed: SignedOrder, node: Node) -> Done:
    name = time_text(revoke(signed, node).rule)
    return Done(f"Rule {name} stands no longer.", {"rule": name})


def _withdraw(signed: SignedOrder, node: Node) -> Done:
    made = withdraw(signed, node)
    words = f"Withdrew {len(made):,} products. Bytes and log entries stay."
    return Done(words, {"withdrawn": [str(each.lidvid) for each in made]})


def _unhold(signed: SignedOrder, node: Node) -> Done:
    made = unhold(signed, node)
    words = f"Lifted {len(made)} holds of {made[0].lidvid}."
    return Done(words, {"lidvid": str(made[0].lidvid), "lifted": len(made)})


def _release(signed: SignedOrder, node: Node) -> Done:
    made = release_ordered(signed, node)
    words = f"Released {made.products:,} products of delivery {made.delivery}."
    return Done(words, {"delivery": made.delivery, "products": made.products})


_CARRIED_OUT: Mapping[What, Callable[[SignedOrder, Node], Done]] = MappingProxyType(
    {
        What.PERSON: _change_person,
        What.CLEAR: _clear,
        What.RULE: _let_rule,
        What.REVOKE: _revoke,
        What.WITHDRAW: _withdraw,
        What.UNHOLD: _unhold,
        What.RELEASE: _release,
    }
)
"""What carries out each kind of order."""


def submit(order: Order, key: Path | None, node: Node, *, as_json: bool) -> None:
    """Carry ``order`` out where the operator may alone; else have it wait for two persons."""
    if needs_two(order.what, node):
        desk = Desk.of(node)
        desk.sweep()
        signature = signature_of(order, key) if key else None
        desk.lay(order)
        signed = desk.find(order.digest)
        if signature is not None:
            signed = desk.sign(order, signature)
        finish(signed, node, as_json=as_json)
    else:
        finish(SignedOrder(order), node, as_json=as_json)


def finish(signed: SignedOrder, node: Node, *, as_json: bool) -> None:
    """Carry ``signed`` out if it can be by now, and say what became of it."""
    order = signed.order
    if needs_two(order.what, node) and not signed.is_complete:
        document = {"order": order.digest, "carried_out": False, "signed_by": signed.signers}
        words = _waits(signed, node)
    else:
        done = _CARRIED_OUT[order.what](signed, node)
        if node.root is not None:
            Desk.of(node).remove(order)
        document = {
            "order": order.digest,
            "carried_out": True,
            "signed_by": signed.signers,
            **done.document,
        }
        words = done.words
    if as_json:
        frame.show(document)
    else:
        click.echo(words)


def signature_of(order: Order, key: Path) -> bytes:
    """The signature under ``order`` that ``ssh-keygen`` makes with ``key``.

    Raises `WrongUsage` where it makes none.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise WrongUsage("ssh-keygen is not on this machine; sign elsewhere, give --signature")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order"
        path.write_bytes(order.encode())
        ended = subprocess.run(  # noqa: S603 - no shell, and the key is a file that is there
            [program, "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(path)],
            check=False,
            capture_output=True,
            text=True,
        )
        if ended.returncode != 0:
            raise WrongUsage(f"ssh-keygen did not sign with {key}: {ended.stderr.strip()}")
        return path.with_suffix(".sig").read_bytes()


def _waits(signed: SignedOrder, node: Node) -> str:
    known = len({each.name for each in persons(node)})
    signers = f"signed by {', '.join(signed.signers)}" if signed.signers else "signed by nobody yet"
    hint = "" if known > 1 else f"\nThis node knows {known} of the two persons that it takes."
    return (
        f"Order {signed.order.digest[:16]} waits for a second person until "
        f"{time_text(signed.order.not_after)}; {signers}.\n"
        f"    perilune orders sign {signed.order.digest[:16]} --sign KEY{hint}"
    )
