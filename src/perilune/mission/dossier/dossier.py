"""A dossier: the place, its sky, its ground where a model is given, and what covers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from perilune.access.extract import extract
from perilune.access.places import Place as Feature
from perilune.access.places import named_places
from perilune.access.policy import Asker
from perilune.access.search import find
from perilune.errors import MalformedRaster, NotFound, WrongUsage
from perilune.mission.dossier.archive import Coverage, coverage
from perilune.mission.dossier.ground import Ground, Model, Progress, survey
from perilune.mission.dossier.place import WHOLE_CYCLE, Period, Place
from perilune.mission.dossier.profile import (
    Candidate,
    Profile,
    candidate,
    leading,
    ranked,
    share_meeting,
)
from perilune.mission.dossier.sky import Sky
from perilune.moon.bodies import MOON
from perilune.moon.sphere import distance
from perilune.node import Node

NO_MODEL = (
    "No model of heights was given: illumination, permanent shadow, slope and profiles are missing."
    " Give one with --dem FILE (GeoTIFF, or the label of a LOLA image), or --dem LIDVID of one that"
    " the node holds."
)
RASTERS = (".tif", ".tiff", ".lbl")
"""Names of files that can be a model of heights."""
NO_NODE = "No node was named: nothing is known of products. Name one with -n or PERILUNE_NODE."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A profile, and how the site stands against it."""

    profile: Profile
    share_meeting: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a dossier is asked for."""

    place: Place
    period: Period = WHOLE_CYCLE
    model: Model | None = None
    observer_m: float = 0.0
    """Height of the eye above the ground."""
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All there is about a place."""

    wanted: Wanted
    node: str
    """Name of the node asked; empty where none was."""
    coverage: Coverage
    features: tuple[Feature, ...]
    """Named features that reach into the site, the largest first."""
    sky: Sky | None
    """None where the kernels are not installed."""
    ground: Ground | None
    best: Candidate | None
    verdicts: tuple[Verdict, ...]
    missing: tuple[str, ...]
    """What could not be told, and how to have it told."""


def held_model(identifier: str, node: Node, asker: Asker, folder: Path) -> Model:
    """The model of heights that a product of the node is, taken out into ``folder``, verified.

    Raises `NotFound` for no such product, `MalformedRaster` where none of its files is a raster.
    """
    holding = find(identifier, node, asker)
    product = holding.product
    for path in extract(holding, node, folder):
        if path.suffix.lower() in RASTERS:
            return Model(path, str(product.id), product.licence, holding.index)
    raise MalformedRaster(f"{product.id} has no file that ends in {', '.join(RASTERS)}")


def compile_dossier(
    wanted: Wanted,
    node: Node | None,
    asker: Asker,
    *,
    progress: Progress = lambda _what, _done, _total: None,
) -> Dossier:
    """Put a dossier together.

    Without a model it tells of coverage, Sun and Earth alone, and says so. Raises
    `MalformedRaster` for a model that is none, `NotFound` where a model is given but the kernels
    that its light needs are not installed, and `WrongUsage` without the extra ``moon``.
    """
    _require_extra()
    missing = [] if node is not None else [NO_NODE]
    sky: Sky | None = None
    try:
        sky = Sky.over(wanted.place, wanted.period)
    except NotFound as error:
        if wanted.model is not None:
            raise
        missing.append(f"Sun and Earth are missing: {error}.")
    ground = best = None
    verdicts: tuple[Verdict, ...] = ()
    if wanted.model is None or sky is None:
        missing.append(NO_MODEL)
    else:
        ground = survey(wanted.model, sky, observer_m=wanted.observer_m, progress=progress)
        best, verdicts = _judged(ground, wanted.profiles)
    progress("catalogue", 0, 1)
    covered = coverage(wanted.place, node, asker)
    progress("catalogue", 1, 1)
    return Dossier(
        wanted=wanted,
        node="" if node is None else node.config.name,
        coverage=covered,
        features=_features(wanted.place),
        sky=sky,
        ground=ground,
        best=best,
        verdicts=verdicts,
        missing=tuple(missing),
    )


def _require_extra() -> None:
    if lacking := [name for name in ("numba", "skyfield") if find_spec(name) is None]:
        raise WrongUsage(
            f"a dossier needs {' and '.join(lacking)}: pip install 'perilune[moon]' brings them"
        )


def _judged(ground: Ground, profiles: Sequence[Profile]) -> tuple[Candidate, tuple[Verdict, ...]]:
    """The best-lit place, and the candidates of each profile; their horizons are swept once."""
    chosen = [leading(ground, profile) for profile in profiles]
    pixels = list(dict.fromkeys([ground.best, *(pixel for some in chosen for pixel in some)]))
    told = {
        pixel: candidate(ground, pixel, timeline)
        for pixel, timeline in zip(pixels, ground.timelines(pixels), strict=True)
    }
    verdicts = tuple(
        Verdict(
            profile,
            share_meeting(ground, profile),
            ranked([told[pixel] for pixel in some], profile),
        )
        for profile, some in zip(profiles, chosen, strict=True)
    )
    return told[ground.best], verdicts


def _features(place: Place) -> tuple[Feature, ...]:
    def reaches(feature: Feature) -> bool:
        away = distance((feature.lon, feature.lat), (place.lon, place.lat)) * MOON.radius_m / 1000.0
        return away <= place.radius_km + feature.diameter_km / 2.0

    return tuple(each for each in named_places() if reaches(each))
