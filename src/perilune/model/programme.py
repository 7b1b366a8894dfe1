"""Sections of the programme of cooperation in space, as data, and which of them a product is of.

The programme of Roscosmos and CNSA for 2018 to 2022 names six (TASS, 2 November 2017,
tass.com/science/1263979). A label may name its section among its keywords, by the words or by the
name given here; else what was observed says it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from perilune.model.product import ContextName, Product

MOON_AND_DEEP_SPACE = "moon-and-deep-space"
SPACE_SCIENCE = "space-science"
EARTH = "earth-remote-sensing"

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        MOON_AND_DEEP_SPACE: "Moon and deep space",
        SPACE_SCIENCE: "Space science",
        "satellites": "Satellites and their use",
        "components-and-materials": "Components and materials",
        EARTH: "Earth remote sensing",
        "space-debris": "Space debris",
    }
)
"""Name and words of each section, in the programme's order."""

_NAMES = {word.lower(): name for name, words in SECTIONS.items() for word in (name, words)}
_BODIES = frozenset(
    [
        "asteroid",
        "centaur",
        "comet",
        "dust",
        "dwarf planet",
        "meteorite",
        "meteoroid",
        "meteoroid stream",
        "planet",
        "planetary system",
        "ring",
        "sample",
        "satellite",
        "terrestrial sample",
        "trans-neptunian object",
    ]
)
_SKY = frozenset(
    [
        "astrophysical",
        "exoplanet system",
        "galaxy",
        "globular cluster",
        "magnetic field",
        "nebula",
        "open cluster",
        "plasma cloud",
        "plasma stream",
        "star",
        "star cluster",
        "sun",
    ]
)
"""Types of targets of the PDS4 information model, in lower case."""


def sections(product: Product) -> tuple[str, ...]:
    """The sections of a product, in the programme's order; none where nothing says one."""
    named = {_NAMES[word] for word in _lower(product.citation.keywords) if word in _NAMES}
    found = named or {_section_of(target) for target in product.targets}
    return tuple(name for name in SECTIONS if name in found)


def _lower(words: Iterable[str]) -> Iterable[str]:
    return (word.strip().lower() for word in words)


def _section_of(target: ContextName) -> str:
    name, kind = target.name.strip().lower(), target.type.strip().lower()
    if name == "earth":
        return EARTH
    if name == "sun" or kind in _SKY:
        return SPACE_SCIENCE
    return MOON_AND_DEEP_SPACE if kind in _BODIES else ""
