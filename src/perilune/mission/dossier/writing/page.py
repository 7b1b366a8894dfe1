"""A dossier as one HTML file that needs nothing else and prints well."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from perilune.mission.dossier.dossier import Dossier
from perilune.mission.dossier.figures import Figures
from perilune.mission.dossier.scene import svg
from perilune.mission.dossier.writing import rows


def html(dossier: Dossier, told: Mapping[str, Any], drawn: Figures) -> str:
    """The whole page."""
    scenes = [*drawn.maps, *([drawn.months] if drawn.months else [])]
    return _template().render(
        place=dossier.wanted.place,
        told=told,
        node=dossier.node,
        drawings=[Markup(svg(scene)) for scene in scenes],  # noqa: S704  # escaped by `svg`
        tables=rows.tables(dossier, told),
        sources=rows.sources(told),
        simulated=any(each["simulated"] for each in told["coverage"]["list"]),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("perilune.mission.dossier", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template("dossier.html")
