"""``perilune simulate``: a delivery of a mission that has not flown."""

import time
from pathlib import Path

import click

from perilune.cli import frame
from perilune.mission.simulate.missions import DELIVERY, PROFILES, TRUTH, Mission, simulate

_SEEDS: dict[Mission, int] = {"luna26": 26, "change7": 7}


@click.command("simulate", short_help="Write a simulated delivery of Luna-26 or Chang'e-7.")
@click.argument("mission", type=click.Choice(list(_SEEDS)))
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default="ci",
    show_default=True,
    help="How much of it.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A folder to be made."
)
@click.option("--seed", type=int, help="Another seed gives another surface, and other noise.")
@frame.command
def command(
    mission: Mission,
    profile: str,
    output: Path,
    seed: int | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Write what MISSION (luna26 or change7) would deliver, simulated: neither has flown.

    Luna-26 as a PDS4 bundle, Chang'e-7 in the dialect of China's ground segment, which
    `perilune wrap` turns into PDS4. Orbits are propagated and written as SPICE kernels. Beside the
    delivery lies truth.json: what a node must find in it. The same seed writes the same bytes.

    Exit status: 0 written, 3 kernels are missing, 2 wrong usage, 1 anything else.
    """
    del node  # works without one
    started = time.monotonic()
    truth = simulate(mission, profile, output, seed=_SEEDS[mission] if seed is None else seed)
    if as_json:
        shown = {key: truth[key] for key in ("mission", "profile", "seed", "files", "bytes")}
        shown["products"] = len(truth["products"])
        places = {"delivery": str(output / DELIVERY), "truth": str(output / TRUTH)}
        frame.show(places | shown)
        return
    click.echo(
        f"{len(truth['products']):,} simulated products, {truth['files']:,} files,"
        f" {truth['bytes']:,} bytes in {output / DELIVERY} ({time.monotonic() - started:.0f} s)."
    )
    click.echo(f"What they are is in {output / TRUTH}.")
