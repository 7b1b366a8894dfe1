"""Which section of the programme of cooperation a product is of."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.errors import NotAccepted
from perilune.formats.pds4.label import read_label
from perilune.model.product import Citation, ContextName
from perilune.model.programme import SECTIONS, sections
from perilune.testing import build


@pytest.mark.parametrize(
    ("target", "kind", "section"),
    [
        ("Moon", "Satellite", "moon-and-deep-space"),
        ("Mars", "Planet", "moon-and-deep-space"),
        ("(25143) Itokawa", "Asteroid", "moon-and-deep-space"),
        ("Earth", "Planet", "earth-remote-sensing"),
        ("Sun", "Sun", "space-science"),
        ("Solar Wind", "Plasma Stream", "space-science"),
        ("M 31", "Galaxy", "space-science"),
    ],
)
def test_what_was_observed_says_the_section(target: str, kind: str, section: str) -> None:
    product = build.product("urn:nasa:pds:a:b:c::1.0", targets=(ContextName(target, kind),))

    assert sections(product) == (section,)


def test_a_calibrator_says_none() -> None:
    product = build.product("urn:nasa:pds:a:b:c::1.0", targets=(ContextName("Lamp", "Calibrator"),))

    assert sections(product) == ()


@pytest.mark.parametrize("word", ["Space debris", "space-debris", " SPACE DEBRIS "])
def test_a_keyword_says_it_before_the_target(word: str) -> None:
    citation = Citation(keywords=("orbit", word))
    earth = (ContextName("Earth", "Planet"),)
    product = build.product("urn:ros:rssa:a:b:c::1.0", targets=earth, citation=citation)

    assert sections(product) == ("space-debris",)
    assert len(SECTIONS) == 6


def test_every_real_label_that_names_a_target_is_of_one_section(
    shared: Callable[[str], Path],
) -> None:
    found: Counter[tuple[str, ...]] = Counter()
    for path in sorted(shared("data/pds4/samples").rglob("*.xml")):
        try:
            product = read_label(path.read_bytes())
        except NotAccepted:
            continue
        if product.targets:
            found[sections(product)] += 1

    assert found == {("moon-and-deep-space",): 316, ("earth-remote-sensing",): 1}
