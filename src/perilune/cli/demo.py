"""``perilune demo``: a node on this machine, in a folder that goes when it ends."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.cli.demo_check import check
from perilune.cli.serve import listen, serve, url_of
from perilune.errors import DeliveryRefused, WrongUsage
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.ingest.labels import Unreadable, read_one
from perilune.ingest.receive import receive
from perilune.mission.simulate import write_bundle
from perilune.model.product import Releasability
from perilune.node import Node


@click.command("demo", short_help="A node on this machine, delivered and served.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Deliver this bundle, under its own namespace, in place of the simulated one.",
)
@click.option("--check", "is_check", is_flag=True, help="Do it all on a free port, verify, end.")
@click.option("--host", default=config.DEFAULT_HOST, show_default=True)
@click.option(
    "--port", default=config.DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65_535)
)
@frame.command
def command(
    data: Path | None, host: str, port: int, node: str | None, *, is_check: bool, as_json: bool
) -> int | None:
    """Make a node in a temporary folder, deliver a bundle, serve the portal.

    Without --data the bundle is simulated, and says so: Luna-26 has not flown.

    Exit status: 0 stopped, or everything checked; 1 a check failed; 2 wrong usage.
    """
    del node
    signal.signal(signal.SIGTERM, _stop)
    with (
        tempfile.TemporaryDirectory(prefix="perilune-demo-") as folder,
        demo_node(Path(folder), data, quiet=as_json) as (made, delivered, outcome),
    ):
        if is_check:
            return check(made, delivered, as_json=as_json)
        listener = listen(host, port)
        if not as_json:
            _what_to_look_at(url_of(listener), made, outcome)
        try:
            serve(made, listener, as_json=as_json)
        except KeyboardInterrupt:
            click.echo("Stopped; the demo's folder is gone.", err=True)
    return frame.DONE


@contextmanager
def demo_node(
    folder: Path, data: Path | None, *, quiet: bool
) -> Iterator[tuple[Node, Path, Outcome]]:
    """A public node under ``folder`` with ``data``, or the simulated bundle, taken in."""
    delivered = data
    if delivered is None:
        delivered = folder / "luna26_simulated"
        write_bundle(delivered)
    settings = config.make(
        "Demo node", (namespace_of(delivered),), releasability=Releasability.PUBLIC
    )
    node = Node.create(folder / "node", settings)
    try:
        options = Options(partial=data is not None, progress=frame.progress(quiet=quiet))
        outcome = deliver(delivered, node, options)
        if not quiet:
            click.echo(outcome.as_text(), err=True)
        if outcome.receipt is None:
            raise DeliveryRefused(f"nothing in {delivered} could be taken in")
        yield node, delivered, outcome
    finally:
        node.close()


def namespace_of(folder: Path) -> str:
    """The agency's prefix of the first label under ``folder``; raise `WrongUsage` if none reads."""
    received = receive(folder)
    for path in received.labels:
        found = read_one(str(received.root / path))
        if not isinstance(found, Unreadable):
            return found.id.lid.authority
    raise WrongUsage(f"no PDS4 label in {folder}")


def _what_to_look_at(url: str, node: Node, outcome: Outcome) -> None:
    click.echo(
        f"\n{outcome.accepted:,} products are in custody of {node.config.name}. Look at\n"
        f"  {url}                       search, facets, the map\n"
        f"  {url}node                   the node, its keys and log\n"
        f"  {url}api/search/1/products  the PDS Search API\n"
        f"and, from another shell,\n"
        f"  perilune -n {url} search\n"
        f"Ctrl-C ends it.\n",
        err=True,
    )


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
