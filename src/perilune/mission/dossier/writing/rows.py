"""The tables of a dossier as rows of text, for page and print alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perilune.mission.dossier.archive import INCIDENCES_DEG, RESOLUTIONS_M
from perilune.mission.dossier.document import class_words
from perilune.mission.dossier.dossier import Dossier

PRODUCTS = 40
"""Products that page and print list; the JSON and the GeoPackage have more."""
_NAMES = {
    "slope_deg": "Slope",
    "sun_share": "Sun, mean visibility",
    "earth_share": "Earth, mean visibility",
    "longest_night_h": "Longest night",
    "psr_distance_km": "Permanent shadow within",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: title, heads, rows, and what it is taken from."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = ""


def tables(dossier: Dossier, told: Mapping[str, Any]) -> list[Table]:
    """All tables, in the order in which they are read."""
    found = [_facts(told)]
    if told["slope"] is not None:
        found.append(_slopes(told))
    found += [_profile(each) for each in told["profiles"]]
    found += [_matrix(dossier, told), _best(told), _products(told)]
    return [table for table in found if table.rows]


def share(value: float | None) -> str:
    """A share as per cent."""
    return "unknown" if value is None else f"{value * 100.0:.1f} %"


def quantity(name: str, value: float | None) -> str:
    """A quantity of a profile with its unit."""
    if value is None:
        return "none in the site" if name == "psr_distance_km" else "unknown"
    if name.endswith("_share"):
        return share(value)
    if name == "longest_night_h":
        return f"{value / 24.0:.1f} d"
    unit = "°" if name.endswith("_deg") else " km"
    return f"{value:.1f}{unit}"


def place(lat: float, lon: float) -> str:
    """Coordinates as people write them."""
    return f"{abs(lat):.4f}° {'S' if lat < 0 else 'N'}, {lon:.4f}° E"


def _facts(told: Mapping[str, Any]) -> Table:
    rows = [("Area", f"{told['site']['area_km2']:,.0f} km²")]
    if (heights := told["elevation"]) is not None:
        rows.append(
            (
                "Elevation",
                f"{heights['lowest_m']:,.0f} to {heights['highest_m']:,.0f} m above 1737.4 km",
            )
        )
    if (best := told["illumination"]["best"]) is not None:
        rows += [
            ("Best-lit place", place(best["lat"], best["lon"])),
            ("  Sun, mean visibility", share(best["mean_visibility"])),
            ("  Longest night", f"{best['longest_night_h'] / 24.0:.1f} days"),
            ("  Earth, mean visibility", share(best["earth_visibility"])),
            ("Sun, mean of the site", share(told["illumination"]["mean"])),
            ("Earth, mean of the site", share(told["earth"]["mean"])),
            ("Permanent shadow", f"{told['psr_km2']:,.1f} km²"),
        ]
    for name, body in (("sun", "Sun"), ("earth", "Earth")):
        if told["sky"] is not None:
            course = told["sky"][name]
            rows.append(
                (
                    f"{body} over a smooth sphere",
                    (
                        f"{course['lowest_deg']:.2f}° to {course['highest_deg']:.2f}°,"
                        f" up {share(course['up_share'])} of the time"
                    ),
                )
            )
    covered = told["coverage"]
    rows.append(("Products", f"{covered['products']:,}, covering {share(covered['share'])}"))
    return Table("At a glance", ("", ""), tuple(rows), f"Light over {told['period']}")


def _slopes(told: Mapping[str, Any]) -> Table:
    rows = [
        (
            f"{each['baseline_m']:,.0f} m",
            f"{each['median_deg']:.1f}°",
            f"{each['p90_deg']:.1f}°",
            f"{each['highest_deg']:.1f}°",
            *(share(each["share_below"][limit]) for limit in ("7", "10", "15")),
            f"{each['median_roughness_m']:.1f} m",
        )
        for each in told["slope"]["baselines"]
        if each["median_deg"] is not None
    ]
    heads = ("Baseline", "Median", "90 %", "Highest", "< 7°", "< 10°", "< 15°", "Roughness")
    return Table("Slopes", heads, tuple(rows), told["slope"]["source"])


def _profile(told: Mapping[str, Any]) -> Table:
    limits = [
        f"{_NAMES[each['quantity']]} "
        + (
            f"≤ {quantity(each['quantity'], each['at_most'])}"
            if "at_most" in each
            else f"≥ {quantity(each['quantity'], each['at_least'])}"
        )
        for each in told["thresholds"]
    ]
    rows = [
        (
            str(candidate["rank"]),
            place(candidate["lat"], candidate["lon"]),
            *(_against(line) for line in candidate["against"]),
            "meets all" if candidate["meets"] else "falls short",
        )
        for candidate in told["candidates"]
    ]
    title = f"Against {told['name']}: {share(told['share_meeting'])} of the ground meets all"
    return Table(title, ("Rank", "Candidate", *limits, "Verdict"), tuple(rows), told["source"])


def _against(line: Mapping[str, Any]) -> str:
    name, margin = line["quantity"], line["margin"]
    words = "meets" if line["meets"] else "short"
    if margin is None:
        return f"{quantity(name, line['value'])}, {words}"
    return f"{quantity(name, line['value'])}, {words} by {quantity(name, abs(margin))}"


def _matrix(dossier: Dossier, told: Mapping[str, Any]) -> Table:
    shares = {
        (each["resolution"], each["incidence"]): each["share"]
        for each in told["coverage"]["matrix"]
    }
    if not shares:
        return Table("Coverage", (), ())
    columns = [class_words(INCIDENCES_DEG, n, "deg") for n in [*range(len(INCIDENCES_DEG) + 1), -1]]
    rows = []
    for number in [*range(len(RESOLUTIONS_M) + 1), -1]:
        name = class_words(RESOLUTIONS_M, number, "m")
        if any((name, column) in shares for column in columns):
            cells = (shares.get((name, column)) for column in columns)
            rows.append((name, *("" if each is None else share(each) for each in cells)))
    heads = tuple(f"Sun {each}".replace("deg", "°").replace("<=", "≤") for each in columns)
    title = "Coverage by resolution and incidence (Sun from the zenith)"
    rows = [(row[0].replace("<=", "≤"), *row[1:]) for row in rows]
    return Table(title, ("Resolution", *heads), tuple(rows), f"Catalogue of {dossier.node}")


def _best(told: Mapping[str, Any]) -> Table:
    rows = [
        (words, product["lidvid"], _metres(product), _sun(product))
        for words, key in (
            ("Finest resolution", "best_by_resolution"),
            ("Smallest incidence", "best_by_incidence"),
        )
        if (product := told["coverage"][key]) is not None
    ]
    return Table("Best products", ("", "Product", "Resolution", "Incidence"), tuple(rows))


def _products(told: Mapping[str, Any]) -> Table:
    rows = [
        (
            each["lidvid"],
            each["title"],
            share(each["share"]),
            _metres(each),
            _sun(each),
            f"{each['origin'] or 'this node'}, {each['log_position']}",
            each["licence"] or "not stated",
            each["frame_fault"] or each["frame"] or "",
        )
        for each in told["coverage"]["list"][:PRODUCTS]
    ]
    heads = (
        "Product",
        "Title",
        "Covers",
        "Resolution",
        "Incidence",
        "Log, position",
        "Licence",
        "Frame",
    )
    count = told["coverage"]["products"]
    left = f" ({len(rows)} that cover most of {count:,})" if count > len(rows) else ""
    return Table(f"Products that cover the site{left}", heads, tuple(rows))


def _metres(product: Mapping[str, Any]) -> str:
    value = product["resolution_m"]
    return "unknown" if value is None else f"{value:,.3g} m"


def _sun(product: Mapping[str, Any]) -> str:
    value, source = product["incidence_deg"], product["incidence_source"]
    return "unknown" if value is None else f"{value:.1f}° ({source})"


def sources(told: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What each part is taken from."""
    return [(name.replace("_", " "), words) for name, words in told["sources"].items() if words]
