"""``perilune rules``: what is cleared by itself when it is delivered."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from perilune.catalogue.port import Recorded
from perilune.cli import frame
from perilune.cli.clear import TO
from perilune.cli.ordering import SIGN, submit
from perilune.ingest.rules import revoking, rules, ruling
from perilune.model.ordered import RuleAct
from perilune.model.product import Releasability
from perilune.model.reading import time_text

_REASON = click.option("--reason", required=True, help="Why; it stands in the acts.")


@click.group("rules", short_help="Standing rules: what is cleared by itself.")
def command() -> None:
    """Have deliveries cleared by a rule that two persons signed once.

    Exit status of each: 0 done, 3 refused or not found, 2 wrong usage, 1 anything else.
    """


@command.command("add", short_help="Clear what is delivered below a LID, until then.")
@click.argument("lids", metavar="LID...", nargs=-1, required=True)
@TO
@click.option(
    "--until",
    required=True,
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day, YYYY-MM-DD, UTC.",
)
@_REASON
@SIGN
@frame.command
def add(
    lids: tuple[str, ...],
    to: str,
    until: datetime,
    reason: str,
    key: Path | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Clear what is taken in below each LID from then on, until the end of that day.

    Exit status: 0 done or waiting for a second person, 3 refused, 2 wrong usage, 1 anything else.
    """
    end = until.replace(hour=23, minute=59, second=59, tzinfo=UTC)
    with frame.opened(node) as opened:
        order = ruling(lids, Releasability(to), end, reason, opened)
        submit(order, key, opened, as_json=as_json)


@command.command("list", short_help="The rules that stand.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """Show the rules that stand, each under the time that names it.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        found = [_described(each) for each in rules(opened)]
    if as_json:
        frame.show({"rules": found})
        return
    for each in found:
        click.echo(
            f"{each['rule']}  to {each['to']} until {each['until']}\n"
            f"    {', '.join(each['within'])}\n    {each['reason']}"
        )


@command.command("revoke", short_help="End a rule.")
@click.argument("rule")
@_REASON
@SIGN
@frame.command
def revoke(rule: str, reason: str, key: Path | None, node: str | None, *, as_json: bool) -> None:
    """End RULE, named as rules list shows it. What it cleared stays cleared.

    Exit status: 0 done or waiting for a second person, 3 refused or no such rule,
    2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        submit(revoking(rule, reason, opened), key, opened, as_json=as_json)


def _described(each: Recorded) -> dict[str, Any]:
    rule = each.act
    assert isinstance(rule, RuleAct)
    return {
        "rule": time_text(rule.t),
        "within": list(rule.within),
        "to": rule.to.value,
        "until": time_text(rule.until),
        "reason": rule.reason,
        "order": rule.warrant.order or None,
    }
