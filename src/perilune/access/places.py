"""Named places of the Moon, for maps and for searches by name.

Centres and diameters as the Gazetteer of Planetary Nomenclature gives them (IAU Working Group for
Planetary System Nomenclature, USGS), mean-Earth frame. A choice: the polar regions first, then
what is seen from afar. A name is found however it is accented, hyphenated or cased.
"""

import unicodedata
from dataclasses import dataclass

from perilune.moon.clip import POLAR_EDGE_LAT
from perilune.moon.projection import View


@dataclass(frozen=True, slots=True)
class Place:
    """A named feature of the Moon."""

    name: str
    lon: float
    """Of the centre, east-positive degrees from -180 to 180."""
    lat: float
    diameter_km: float


_PLACES = (
    Place("Shackleton", 129.78, -89.67, 20.92),
    Place("Shoemaker", 45.91, -88.14, 51.82),
    Place("Faustini", 84.31, -87.18, 42.48),
    Place("Haworth", -5.17, -87.45, 51.42),
    Place("Cabeus", -42.13, -85.33, 100.58),
    Place("de Gerlache", -88.34, -88.48, 32.71),
    Place("Sverdrup", -153.39, -88.32, 32.83),
    Place("Slater", 111.29, -88.08, 25.12),
    Place("Nobile", 53.27, -85.28, 79.27),
    Place("Malapert", 11.4, -85.0, 72.38),
    Place("Amundsen", 83.07, -84.44, 103.39),
    Place("Scott", 48.52, -82.35, 107.82),
    Place("Idel'son", 112.69, -81.35, 59.82),
    Place("Wiechert", 164.7, -84.03, 40.82),
    Place("Ganswindt", 111.17, -79.42, 77.52),
    Place("Nefed'ev", 135.77, -81.07, 52.94),
    Place("Kocher", -134.02, -84.47, 24.03),
    Place("Laveran", -159.78, -81.8, 12.52),
    Place("Wapowski", 53.79, -83.08, 11.45),
    Place("Hale", 91.71, -74.13, 84.42),
    Place("Demonax", 59.36, -78.09, 121.93),
    Place("Boguslawsky", 43.26, -72.9, 94.59),
    Place("Boussingault", 53.73, -70.21, 127.61),
    Place("Schomberger", 24.69, -76.64, 85.8),
    Place("Simpelius", 14.74, -72.61, 68.89),
    Place("Moretus", -5.95, -70.63, 114.45),
    Place("Newton", -17.44, -76.52, 83.85),
    Place("Casatus", -30.75, -72.7, 102.85),
    Place("Klaproth", -26.26, -69.85, 121.37),
    Place("Drygalski", -87.18, -79.57, 162.49),
    Place("Ashbrook", -110.58, -81.1, 157.68),
    Place("Zeeman", -135.06, -75.07, 186.56),
    Place("Schrödinger", 132.93, -74.73, 316.39),
    Place("Antoniadi", -173.06, -69.3, 137.92),
    Place("Numerov", -162.2, -70.52, 105.39),
    Place("Lyman", 162.47, -64.96, 83.25),
    Place("Hausen", -88.49, -65.11, 163.24),
    Place("Bailly", -68.9, -66.82, 300.56),
    Place("Zucchius", -50.65, -61.38, 63.18),
    Place("Manzinus", 26.37, -67.51, 95.97),
    Place("Mutus", 29.93, -63.65, 76.33),
    Place("Clavius", -14.73, -58.62, 230.77),
    Place("Whipple", 120.02, 89.14, 14.53),
    Place("Hinshelwood", -51.89, 89.41, 13.35),
    Place("Peary", 24.4, 88.63, 78.75),
    Place("Hermite", -93.32, 86.17, 108.64),
    Place("Byrd", 10.07, 85.43, 97.49),
    Place("Rozhdestvenskiy", -157.89, 84.99, 181.15),
    Place("Gioja", 1.76, 83.35, 42.47),
    Place("Sylvester", -81.22, 82.65, 59.28),
    Place("Plaskett", 176.71, 81.63, 114.34),
    Place("Nansen", 95.38, 81.17, 116.9),
    Place("Main", 10.41, 80.87, 47.43),
    Place("Scoresby", 14.13, 77.73, 54.93),
    Place("Milankovič", 171.35, 76.53, 94.21),
    Place("Pascal", -70.63, 74.36, 108.2),
    Place("Goldschmidt", -3.37, 73.04, 115.26),
    Place("Anaxagoras", -10.17, 73.48, 51.9),
    Place("Meton", 19.63, 73.57, 124.7),
    Place("Philolaus", -32.88, 72.22, 71.44),
    Place("Birkhoff", -145.65, 58.45, 329.81),
    Place("Compton", 104.05, 55.86, 164.63),
    Place("Tycho", -11.22, -43.3, 85.29),
    Place("Copernicus", -20.08, 9.62, 96.07),
    Place("Kepler", -38.01, 8.12, 29.49),
    Place("Aristarchus", -47.49, 23.73, 39.99),
    Place("Plato", -9.38, 51.62, 100.68),
    Place("Eratosthenes", -11.32, 14.47, 58.77),
    Place("Archimedes", -3.99, 29.72, 81.04),
    Place("Aristoteles", 17.32, 50.24, 87.57),
    Place("Eudoxus", 16.23, 44.27, 70.16),
    Place("Theophilus", 26.28, -11.45, 98.59),
    Place("Langrenus", 61.04, -8.86, 131.98),
    Place("Petavius", 60.78, -25.39, 184.06),
    Place("Ptolemaeus", -1.84, -9.16, 153.67),
    Place("Grimaldi", -68.36, -5.38, 173.49),
    Place("Gassendi", -39.96, -17.55, 111.39),
    Place("Humboldt", 80.96, -27.02, 199.46),
    Place("Mons Rümker", -58.38, 40.76, 73.25),
    Place("Mons Hadley", 4.12, 26.69, 26.4),
    Place("Montes Apenninus", 0.03, 19.87, 599.67),
    Place("Vallis Alpes", 3.63, 49.21, 155.42),
    Place("Reiner Gamma", -58.96, 7.39, 73.44),
    Place("Statio Tranquillitatis", 23.47, 0.67, 0.01),
    Place("Tsiolkovskiy", 128.97, -20.38, 184.39),
    Place("Jules Verne", 147.28, -34.85, 145.54),
    Place("Korolev", -157.41, -4.19, 423.41),
    Place("Hertzsprung", -128.66, 1.37, 536.37),
    Place("Apollo", -151.48, -35.69, 524.23),
    Place("Poincaré", 163.99, -56.86, 345.99),
    Place("Planck", 135.34, -57.27, 319.46),
    Place("Von Kármán", 176.25, -44.45, 186.35),
    Place("Gagarin", 149.35, -19.66, 261.83),
    Place("Mendeleev", 141.17, 5.38, 325.13),
    Place("Lorentz", -97.19, 34.59, 378.42),
    Place("Harkhebi", 98.74, 40.87, 337.14),
    Place("Statio Tianhe", 177.6, -45.45, 0.01),
    Place("Oceanus Procellarum", -56.68, 20.67, 2592.24),
    Place("Mare Imbrium", -14.91, 34.72, 1145.53),
    Place("Mare Serenitatis", 18.36, 27.29, 674.28),
    Place("Mare Tranquillitatis", 30.83, 8.35, 875.75),
    Place("Mare Crisium", 59.1, 16.18, 555.92),
    Place("Mare Fecunditatis", 53.67, -7.83, 840.35),
    Place("Mare Nectaris", 34.6, -15.19, 339.39),
    Place("Mare Humorum", -38.57, -24.48, 419.67),
    Place("Mare Nubium", -17.29, -20.59, 714.5),
    Place("Mare Frigoris", -0.01, 57.59, 1446.41),
    Place("Mare Vaporum", 4.09, 13.2, 242.46),
    Place("Mare Cognitum", -22.31, -10.53, 350.01),
    Place("Mare Insularum", -30.64, 7.79, 511.93),
    Place("Mare Orientale", -94.67, -19.87, 294.16),
    Place("Mare Moscoviense", 148.12, 27.28, 275.57),
    Place("Mare Ingenii", 164.83, -33.25, 282.2),
    Place("Mare Australe", 91.99, -47.77, 996.84),
    Place("Mare Humboldtianum", 81.54, 56.92, 230.78),
    Place("Mare Smythii", 87.05, -1.71, 373.97),
    Place("Mare Marginis", 86.52, 12.7, 357.63),
    Place("Sinus Iridum", -31.67, 45.01, 249.29),
    Place("Sinus Medii", 1.03, 1.63, 286.67),
    Place("Sinus Aestuum", -8.34, 12.1, 316.5),
)
_POLES = (Place("South pole", 0.0, -90.0, 0.0), Place("North pole", 0.0, 90.0, 0.0))
_OTHER_SPELLINGS = {
    "boguslavsky": "boguslawsky",
    "boguslavskiy": "boguslawsky",
    "rozhdestvensky": "rozhdestvenskiy",
    "tsiolkovsky": "tsiolkovskiy",
    "tranquilitybase": "statiotranquillitatis",
    "tranquillitybase": "statiotranquillitatis",
}
_GENERIC = ("mare", "sinus", "oceanus", "mons", "montes", "vallis", "statio")
_LEAST_LETTERS = 3


def named_places() -> tuple[Place, ...]:
    """All places known here, the largest first."""
    return _BY_SIZE


def places_in(view: View, least_km: float = 0.0) -> tuple[Place, ...]:
    """The places that a view shows and that are at least so wide, the largest first."""
    sign = {"south": -1.0, "north": 1.0, "global": 0.0}[view]
    least_lat = POLAR_EDGE_LAT if sign else 0.0
    return tuple(
        place
        for place in _BY_SIZE
        if place.diameter_km >= least_km and place.lat * sign >= least_lat
    )


def find_place(text: str) -> Place | None:
    """The place of that name, or the only one whose name begins so; None where there is none.

    ``Imbrium`` finds Mare Imbrium; ``south pole`` is a place too.
    """
    key = _key(text)
    key = _OTHER_SPELLINGS.get(key, key)
    if (exact := _BY_KEY.get(key)) is not None:
        return exact
    if len(key) < _LEAST_LETTERS:
        return None
    begun = {place for name, place in _BY_KEY.items() if name.startswith(key)}
    return begun.pop() if len(begun) == 1 else None


def _key(text: str) -> str:
    """Letters alone, lower case, without accents."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalpha()
    )


def _keys(name: str) -> list[str]:
    generic, _, rest = name.casefold().partition(" ")
    return [_key(name), *([_key(rest)] if generic in _GENERIC else [])]


_BY_SIZE = tuple(sorted(_PLACES, key=lambda place: -place.diameter_km))
_BY_KEY = {key: place for place in (*reversed(_BY_SIZE), *_POLES) for key in _keys(place.name)}
