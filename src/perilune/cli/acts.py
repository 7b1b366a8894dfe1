"""``perilune acts``: who ordered what, when and why."""

from typing import Any

import click

from perilune.access.deeds import Deed, deeds
from perilune.access.policy import OPERATOR
from perilune.cli import frame


@click.command("acts", short_help="Who ordered what, when and why.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--before", type=click.IntRange(0), help="Older than this place in the log.")
@frame.command
def command(limit: int, before: int | None, node: str | None, *, as_json: bool) -> None:
    """Show what was cleared, withdrawn, held, corrected or released, newest first.

    What waits for signatures is shown by perilune orders list.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        found, following = deeds(opened, OPERATOR, limit, before)
    if as_json:
        frame.show({"acts": [each.document() for each in found], "next": following})
        return
    for each in found:
        click.echo(_line(each))
    if following is not None:
        click.echo(f"Older ones: --before {following}", err=True)


def _line(deed: Deed) -> str:
    if deed.persons:
        by = f"by {' and '.join(deed.persons)}"
    elif deed.follows:
        by = f"as {deed.follows} says"
    elif deed.is_alone:
        by = "by the operator alone"
    else:
        by = f"by order {deed.order[:16]}" if deed.order else ""
    shown = "" if deed.is_open else " (hidden)"
    told = "\n".join(f"    {name}: {_plain(value)}" for name, value in deed.told.items())
    return f"{deed.t}  {deed.kind}{shown}  {by}\n{told}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
