"""``perilune init``: make a node."""

from dataclasses import replace
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.federation.description import Description
from perilune.jobs.board import Board
from perilune.model.product import Lifecycle, Releasability
from perilune.node import Node

RELEASABILITY = click.Choice([each.value for each in Releasability])


@click.command("init", short_help="Make a node in an empty folder.")
@click.argument("folder", metavar="DIR", required=False, type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What people call the node.")
@click.option(
    "--namespace",
    "namespaces",
    required=True,
    multiple=True,
    metavar="URN",
    help="A LID prefix that the node owns, urn:ros:rssa for instance; may be given again.",
)
@click.option("--origin", help="Name of the node's log, for ever; made from the name if not given.")
@click.option(
    "--releasability",
    type=RELEASABILITY,
    default="national",
    show_default=True,
    help="What a delivery is unless it says otherwise.",
)
@click.option(
    "--lifecycle",
    type=click.Choice([Lifecycle.RELEASED.value, Lifecycle.NOT_REVIEWED.value]),
    default="released",
    show_default=True,
    help="State in which deliveries are taken in; not-reviewed ones are served after a release.",
)
@click.option(
    "--two-persons",
    is_flag=True,
    help="Clear and withdraw nothing before two persons are known, who then order it.",
)
@frame.command
def command(
    folder: Path | None,
    name: str,
    namespaces: tuple[str, ...],
    origin: str | None,
    releasability: str,
    lifecycle: str,
    node: str | None,
    *,
    two_persons: bool,
    as_json: bool,
) -> None:
    """Make a node in the empty folder DIR, with keys of its own.

    Exit status: 0 made, 2 the folder is not empty or a value cannot be, 1 anything else.
    """
    root = folder or Path(config.node_named(node))
    if frame.is_url(str(root)):
        raise WrongUsage(f"a node is made in a folder, not at {root}")
    settings = config.make(
        name,
        namespaces,
        origin=origin,
        releasability=Releasability(releasability),
        lifecycle=Lifecycle(lifecycle),
    )
    settings = replace(settings, two_persons=two_persons)
    made = Node.create(root, settings)
    Board.of(made).prepare()
    fingerprint = Description.of(made).fingerprint
    made.close()
    policy = (root / "policy").read_text(encoding="utf-8")
    if as_json:
        frame.show(
            {
                "node": str(root),
                "name": settings.name,
                "origin": settings.origin,
                "namespaces": list(settings.namespaces),
                "releasability": settings.releasability.value,
                "policy": policy,
                "fingerprint": fingerprint,
            }
        )
        return
    click.echo(f"Made the node {settings.name} in {root}; its log is {settings.origin}.")
    click.echo(f"Deliveries are {settings.releasability.value} unless they say otherwise.")
    click.echo(f"Its fingerprint, for the operators of other nodes, is {fingerprint}.")
    click.echo(f"Third parties verify with this policy ({root / 'policy'}):\n\n{policy.rstrip()}")
