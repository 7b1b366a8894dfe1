"""``perilune demo``: two nodes on this machine, in a folder that goes when they end."""

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.cli.demo_check import check
from perilune.cli.demo_embargo import go_through
from perilune.cli.demo_joint import DemoNode, Joint, served
from perilune.errors import DeliveryRefused, WrongUsage
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.labels import Unreadable, read_one
from perilune.ingest.receive import receive
from perilune.ingest.wrapping import wrap_folder
from perilune.mission.simulate import write_bundle, write_change7
from perilune.mission.simulate.change7 import LANDER_LAT, LANDER_LON
from perilune.model.product import Releasability
from perilune.node import Node

_GRAS = "urn:cnsa:gras"
_FIRST_PORT = 8701


@click.command("demo", short_help="Two nodes on this machine: a joint data centre.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Deliver this bundle, under its own namespace, in place of a simulated one.",
)
@click.option("--check", "is_check", is_flag=True, help="Do it all on free ports, verify, end.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make the nodes in this empty folder, and leave them there.",
)
@click.option("--host", default=config.DEFAULT_HOST, show_default=True)
@click.option(
    "--port",
    default=_FIRST_PORT,
    show_default=True,
    type=click.IntRange(0, 65_534),
    help="Port of the first node; the second has the next one. 0 takes free ones.",
)
@frame.command
def command(
    data: Path | None,
    keep: Path | None,
    host: str,
    port: int,
    node: str | None,
    *,
    is_check: bool,
    as_json: bool,
) -> int | None:
    """Make two nodes that copy, repair and seal what the other publishes, and serve both.

    Without --data what is delivered is simulated, and says so: Luna-26 and Chang'e-7 have not
    flown.

    Exit status: 0 stopped, or everything checked; 1 a check failed; 2 wrong usage.
    """
    del node
    signal.signal(signal.SIGTERM, _stop)
    with _folder(keep) as folder, contextlib.ExitStack() as serving:
        made = _make_nodes(folder, data, quiet=as_json)
        ports = (0, 0) if is_check or port == 0 else (port, port + 1)
        for each, its_port in zip(made, ports, strict=True):
            each.url = serving.enter_context(served(each.root, host, its_port))
        if is_check:
            return check(made, as_json=as_json)
        try:
            joint = Joint(*made)
            counts = joint.go_through() | go_through(joint)
            _show(made, counts, as_json=as_json)
            signal.pause()
        except KeyboardInterrupt:
            left = f"The nodes are in {keep}." if keep else "The demo's folder is gone."
            click.echo(f"Stopped. {left}", err=True)
    return frame.DONE


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="perilune-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise WrongUsage(f"not an empty folder: {keep}")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _make_nodes(folder: Path, data: Path | None, *, quiet: bool) -> tuple[DemoNode, DemoNode]:
    """Two nodes, each with a delivery of its own taken in."""
    orbiter, lander = folder / "luna26_simulated", folder / "change7_simulated"
    first = data
    if first is None:
        write_bundle(orbiter)
        first = orbiter
    if namespace_of(first).startswith("urn:cnsa"):
        write_bundle(orbiter)
        second = orbiter
    else:
        as_handed_over = folder / "change7_gras"
        write_change7(as_handed_over)
        wrap_folder(as_handed_over, lander, _GRAS)
        second = lander
    return (
        _make(folder / "node-a", "Demo node A", first, partial=data is not None, quiet=quiet),
        _make(folder / "node-b", "Demo node B", second, partial=False, quiet=quiet),
    )


def _make(root: Path, name: str, delivered: Path, *, partial: bool, quiet: bool) -> DemoNode:
    settings = config.make(name, (namespace_of(delivered),), releasability=Releasability.PUBLIC)
    node = Node.create(root, settings)
    try:
        outcome = deliver(
            delivered, node, Options(partial=partial, progress=frame.progress(quiet=quiet))
        )
        if not quiet:
            click.echo(f"{name}: {outcome.as_text()}\n", err=True)
        if outcome.receipt is None:
            raise DeliveryRefused(f"nothing in {delivered} could be taken in")
    finally:
        node.close()
    return DemoNode(name=name, root=root, delivered=delivered, accepted=outcome.accepted)


def namespace_of(folder: Path) -> str:
    """The agency's prefix of the first label under ``folder``; raise `WrongUsage` if none reads."""
    received = receive(folder)
    for path in received.labels:
        found = read_one(str(received.root / path))
        if not isinstance(found, Unreadable):
            return found.id.lid.authority
    raise WrongUsage(f"no PDS4 label in {folder}")


def _show(made: tuple[DemoNode, DemoNode], counts: dict[str, int], *, as_json: bool) -> None:
    first, second = made
    if as_json:
        nodes = [each.document() for each in made]
        frame.show({"url": first.url, "joint": counts, "nodes": nodes})
        return
    click.echo(
        f"\n{first.name} published {first.accepted:,} products, {second.name} "
        f"{second.accepted:,}; {counts['replicated']:,} are at both.\n"
        f"{counts['custody_receipts']} custody receipts verified. A bit was flipped at "
        f"{second.name}; {counts['repaired']} object repaired from {first.name}.\n"
        f"{counts['found_after_release']} products under embargo were sealed at {second.name}, "
        f"{counts['sealed_hits_before_release']} answers told of them; released, both have them."
        f"\n\n"
        f"Look at\n"
        f"  {first.url}                       search, facets, the map\n"
        f"  {second.url}                       the same products, at the other node\n"
        f"  {second.url}site?lat={LANDER_LAT}&lon={LANDER_LON}&radius=20\n"
        f"                                               the dossier of Chang'e-7's landing site\n"
        f"  {first.url}node                   the node, its keys and log\n"
        f"  {first.url}api/search/1/products  the PDS Search API\n"
        f"and, from another shell,\n"
        f"  perilune -n {first.url} search\n"
        f"  perilune -n {first.root} peer status\n"
        f"Ctrl-C ends it.\n",
        err=True,
    )


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
