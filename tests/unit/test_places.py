"""Named places of the Moon, against the gazetteer."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.access.places import find_place, named_places, places_in


def test_every_place_is_where_the_gazetteer_has_it(shared: Callable[[str], Path]) -> None:
    """IAU approved features of 2020, USGS Gazetteer of Planetary Nomenclature."""
    table = shared("data/moon/catalogues/iau_approved_features.csv")
    with table.open(encoding="utf-8") as lines:
        known = {
            row["Feature_Name"]: row for row in csv.DictReader(lines) if row["Target"] == "Moon"
        }

    for place in named_places():
        row = known[place.name]
        assert (place.lon, place.lat, place.diameter_km) == (
            float(row["Center_Longitude"]),
            float(row["Center_Latitude"]),
            float(row["Diameter"]),
        ), place.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Shackleton", "Shackleton"),
        ("DE GERLACHE", "de Gerlache"),
        ("Idelson", "Idel'son"),
        ("schrodinger", "Schrödinger"),
        ("Von Karman", "Von Kármán"),
        ("Imbrium", "Mare Imbrium"),
        ("Boguslavsky", "Boguslawsky"),
        ("Roz", "Rozhdestvenskiy"),
        ("south pole", "South pole"),
    ],
)
def test_place_is_found_however_it_is_written(text: str, name: str) -> None:
    found = find_place(text)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", ["", "Ma", "Mare", "Gale", "-89.7 129", "???"])
def test_what_names_no_one_place_finds_none(text: str) -> None:
    assert find_place(text) is None


def test_polar_views_show_polar_places_the_largest_first() -> None:
    south = places_in("south", 100.0)

    assert [place.name for place in south[:2]] == ["Poincaré", "Planck"]
    assert all(place.lat <= -55 and place.diameter_km >= 100 for place in south)
    assert "Shackleton" in {place.name for place in places_in("south")}
    assert "Peary" in {place.name for place in places_in("north")}
    assert places_in("global") == named_places()


def test_no_two_places_share_a_name() -> None:
    names = [place.name for place in named_places()]

    assert len(names) == len(set(names)) > 100
