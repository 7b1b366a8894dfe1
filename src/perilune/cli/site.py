"""``perilune site``: the dossier of a place."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from perilune.access.policy import OPERATOR
from perilune.cli import frame
from perilune.config import node_if_named
from perilune.errors import WrongUsage
from perilune.mission.dossier.document import document
from perilune.mission.dossier.dossier import Dossier, Wanted, compile_dossier, held_model
from perilune.mission.dossier.ground import Model
from perilune.mission.dossier.place import CYCLE_YEARS, WHOLE_CYCLE, Period, Place
from perilune.mission.dossier.profile import built_in, read_profiles
from perilune.mission.dossier.writing import write_dossier
from perilune.node import Node


class _Latitudes(click.Command):
    """A command whose first words may be numbers below zero: those are no options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        marked = [f" {word}" if _is_number(word) else word for word in args]
        return super().parse_args(ctx, marked)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word.startswith("-")


@click.command("site", cls=_Latitudes, short_help="The dossier of a place: light, slope, coverage.")
@click.argument("lat", type=float)
@click.argument("lon", type=float)
@click.option("--radius", "radius_km", metavar="KM", default=20.0, show_default=True, type=float)
@click.option(
    "--dem",
    metavar="FILE|LIDVID",
    help="Model of heights: a GeoTIFF, the label of a LOLA image, or a product held here.",
)
@click.option(
    "--above",
    "observer_m",
    metavar="M",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0.0, 100.0),
    help="Height of the eye, or of a solar panel, above the ground.",
)
@click.option(
    "--from",
    "start",
    metavar="DATE",
    default=f"{WHOLE_CYCLE.start:%Y-%m-%d}",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day of the years looked at, UTC.",
)
@click.option("--years", default=CYCLE_YEARS, show_default=True, type=float)
@click.option(
    "--profiles",
    "profiles_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Own thresholds, in place of those of Luna-25 and Luna-27.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the dossier there: HTML, PDF, GeoPackage, GeoTIFFs and JSON.",
)
@frame.command
def command(
    lat: float,
    lon: float,
    radius_km: float,
    dem: str | None,
    observer_m: float,
    start: datetime,
    years: float,
    profiles_file: Path | None,
    output: Path | None,
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Tell all there is about the place at LAT LON: degrees north and east, in MOON_ME.

    A latitude below zero is a latitude: perilune site -89.5 222 --radius 10

    Exit status: 0 told, 2 no such place or question, 3 the model of heights is none, 1 anything
    else.
    """
    place = Place.of(lat, lon, radius_km)
    period = Period.of(start.replace(tzinfo=UTC), years)
    profiles = built_in() if profiles_file is None else read_profiles(profiles_file)
    tell = frame.progress(quiet=as_json)
    with _opened_if_named(node) as opened, _model(dem, opened) as model:
        wanted = Wanted(
            place=place, period=period, model=model, observer_m=observer_m, profiles=profiles
        )
        dossier = compile_dossier(wanted, opened, OPERATOR, progress=tell)
        written = [] if output is None else write_dossier(dossier, output)
    if as_json:
        frame.show(document(dossier) | {"files": [str(path) for path in written]})
        return
    _tell(dossier)
    for path in written:
        click.echo(f"Wrote {path}")


@contextmanager
def _opened_if_named(node: str | None) -> Iterator[Node | None]:
    if node_if_named(node) is None:
        yield None
        return
    with frame.opened(node) as opened:
        yield opened


@contextmanager
def _model(dem: str | None, node: Node | None) -> Iterator[Model | None]:
    """The model named: a file, or the data file of a product taken out of the node meanwhile."""
    if dem is None:
        yield None
    elif not dem.startswith("urn:"):
        path = Path(dem)
        if not path.is_file():
            raise WrongUsage(f"there is no file {dem}")
        yield Model(path)
    elif node is None:
        raise WrongUsage(f"{dem} is a product, and no node is named that holds it")
    else:
        with tempfile.TemporaryDirectory(prefix="perilune-model-") as folder:
            yield held_model(dem, node, OPERATOR, Path(folder))


def _tell(dossier: Dossier) -> None:
    place, ground, best = dossier.wanted.place, dossier.ground, dossier.best
    click.echo(f"{place.name}, {place.radius_km:g} km around")
    if dossier.sky is not None:
        for name in dossier.sky.positions_m:
            course = dossier.sky.course(name)
            click.echo(
                f"{name.capitalize()} over a smooth sphere: {course.lowest_deg:.2f} to "
                f"{course.highest_deg:.2f} degrees, up {course.up_share:.0%} of the time"
            )
    if ground is not None and best is not None:
        click.echo(
            f"Best-lit place: {best.lat:.4f} N, {best.lon:.4f} E, "
            f"{best.values['sun_share']:.1%} of the time, longest night "
            f"{best.timeline.longest_night_h / 24.0:.1f} days"
        )
        click.echo(f"Permanent shadow: {ground.psr_km2:,.1f} km2")
    for verdict in dossier.verdicts:
        met = sum(each.meets(verdict.profile) for each in verdict.candidates)
        click.echo(
            f"{verdict.profile.name}: {verdict.share_meeting:.1%} of the ground meets the "
            f"thresholds; {met} of {len(verdict.candidates)} candidates do"
        )
    found = dossier.coverage
    click.echo(
        f"{len(found.coverings):,} products cover {found.cells.share(found.any):.0%} of the site"
    )
    for words in dossier.missing:
        click.echo(words, err=True)
