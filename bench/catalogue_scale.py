"""Speed of the catalogue at the size of a large mission: run ``python bench/catalogue_scale.py``.

    --products N   how many synthetic products, 12 label properties each (default 1,000,000)
    --seconds S    stop taking in after this long and measure at the size reached
    --keep PATH    keep the file there, and use it again if it is there

First the rate of taking in batches of 1,000 with 30 properties each, into an empty catalogue and
at the end into the full one; then the questions that the portal and the interfaces ask most.
Targets: look-up <= 0.2 ms, site <= 5 ms, page of faceted filtered search <= 12 ms, opening
<= 500 ms, >= 3,000 products/s.
"""

import argparse
import hashlib
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType

from perilune.catalogue.port import Projection
from perilune.catalogue.query import Cap, Comparison, Op, Query, Sort
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.model.footprint import Footprint, Polygon
from perilune.model.identifier import Lid, Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import ContextName, Holding, Lifecycle, Product, Releasability
from perilune.model.timespan import TimeSpan

BATCH = 1_000
START = datetime(2020, 1, 1, tzinfo=UTC)
MISSIONS = [ContextName(f"Mission {n}", "Mission") for n in range(5)]
INSTRUMENTS = [ContextName(f"Instrument {n}", "Imager") for n in range(40)]
HOSTS = [ContextName(f"Orbiter {n}", "Spacecraft") for n in range(8)]
TARGETS = [ContextName(name, "Satellite") for name in ("Moon", "Earth", "Sun", "Mars")]
LEVELS = ["Raw", "Partially Processed", "Calibrated", "Derived"]
NOUNS = [f"{a}{b}" for a in ("cra", "mar", "rim", "bas", "pol", "reg") for b in range(500)]
SITE = Cap(lon=0.0, lat=-86.0, radius_km=10.0)


def strip(draw: random.Random) -> Footprint:
    """A strip as a push-broom camera in a polar orbit sees it, denser toward the poles."""
    lat, lon = draw.uniform(-89.0, 87.0), draw.uniform(-180.0, 180.0)
    tall, wide = draw.uniform(0.2, 0.8), draw.uniform(0.08, 0.35)
    east = lon + min(60.0, wide / max(0.02, abs(_cos(lat))))
    ring = ((lon, lat), (east, lat), (east, lat + tall), (lon, lat + tall))
    ring = tuple(((x + 180.0) % 360.0 - 180.0, y) for x, y in ring)
    return Footprint(body="Moon", frame="MOON_ME", shape=Polygon((ring,)), source="bench")


def _cos(degrees: float) -> float:
    return float(1.0 - (degrees / 90.0) ** 2)


def entry(path: str, role: str, size: int, seed: int) -> FileEntry:
    digest = hashlib.sha256(f"{path}{seed}".encode()).hexdigest()
    digests = MappingProxyType({"md5": digest[:32], "sha256": digest})
    return FileEntry(
        path=path, role="label" if role == "label" else "file", size=size, digests=digests
    )


def holding(index: int, properties: int, draw: random.Random) -> Holding:
    collection = f"urn:ros:rssa:bundle_{index // 50_000}:data_{index // 5_000 % 10}"
    lidvid = Lidvid(Lid(f"{collection}:product_{index:08d}"), 1, 0)
    begin = START + timedelta(seconds=draw.randrange(6 * 365 * 86_400))
    end = begin + timedelta(seconds=draw.randrange(600))
    start_text, stop_text = begin.isoformat()[:19] + "Z", end.isoformat()[:19] + "Z"
    name = f"product_{index:08d}"
    title = f"Strip {index} " + " ".join(draw.choices(NOUNS, k=4))
    label, data = (
        entry(f"data/{name}.xml", "label", 8_000, index),
        entry(f"data/{name}.img", "file", draw.randrange(10_000, 10_000_000), index),
    )
    kept = [
        ("pds:Identification_Area.pds:title", (title,)),
        ("pds:Identification_Area.pds:version_id", ("1.0",)),
        ("pds:Time_Coordinates.pds:start_date_time", (start_text,)),
        ("pds:Time_Coordinates.pds:stop_date_time", (stop_text,)),
        ("pds:File.pds:file_name", (data.name,)),
        ("pds:File.pds:md5_checksum", (data.digests["md5"],)),
        ("img:Orbit.img:number", (str(index // 100),)),
        ("img:Exposure.img:duration", (f"{draw.uniform(0.1, 5):.3f}",)),
    ]
    kept += [
        (f"img:Class_{n}.img:attribute_{n}", (str(draw.randrange(3 + n * n)),))
        for n in range(properties - len(kept))
    ]
    product = Product(
        id=lidvid,
        product_class="Product_Observational",
        title=title,
        information_model="1.24.0.0",
        time=TimeSpan(start=begin, stop=end, start_text=start_text, stop_text=stop_text),
        processing_level=draw.choice(LEVELS),
        investigations=(draw.choices(MISSIONS, (40, 25, 20, 10, 5))[0],),
        hosts=(draw.choice(HOSTS),),
        instruments=(draw.choice(INSTRUMENTS),),
        targets=(draw.choices(TARGETS, (90, 5, 3, 2))[0],),
        footprints=(strip(draw),),
        properties=tuple(kept),
    )
    return Holding(
        product=product,
        manifest=Manifest(lidvid, (label, data)),
        index=index,
        accessioned=START + timedelta(days=3_000, milliseconds=index),
        delivery=hashlib.sha256(str(index // 10_000).encode()).hexdigest(),
        lifecycle=Lifecycle.RELEASED,
        releasability=Releasability.PUBLIC if index % 20 else Releasability.NATIONAL,
    )


def batches(first: int, properties: int, draw: random.Random) -> Iterator[list[Holding]]:
    for start in count(first, BATCH):
        yield [holding(index, properties, draw) for index in range(start, start + BATCH)]


def take_in(
    catalogue: SqliteCatalogue, number: int, properties: int, seconds: float = 1e9
) -> tuple[int, float, float]:
    """Products taken in, products a second, slowest commit in milliseconds. Making them is free."""
    draw = random.Random(7)
    first, spent, slowest, begun = catalogue.applied, 0.0, 0.0, time.monotonic()
    done = 0
    for batch in batches(first, properties, draw):
        if done >= number or time.monotonic() - begun > seconds:
            break
        at = time.perf_counter()
        catalogue.apply(Projection(applied=batch[-1].index + 1, added=batch))
        took = time.perf_counter() - at
        spent, slowest, done = spent + took, max(slowest, took), done + len(batch)
    return done, done / max(spent, 1e-9), slowest * 1_000


def row(what: str, measured: str, target: str = "") -> None:
    print(f"| {what:<62} | {measured:>24} | {target:>12} |", flush=True)


def timed(what: str, ask: Callable[[], object], runs: int = 15, target: str = "") -> None:
    """The first answer, and the median of further ones."""
    times = []
    for _ in range(runs):
        at = time.perf_counter()
        ask()
        times.append((time.perf_counter() - at) * 1_000)
    row(what, f"{times[0]:.1f} first, {statistics.median(times[1:]):.2f} ms", target)


def rss_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1_000_000


def questions(path: Path) -> None:
    before = rss_mb()
    at = time.perf_counter()
    catalogue = SqliteCatalogue(path)
    size = catalogue.applied
    row("opening", f"{(time.perf_counter() - at) * 1_000:.1f} ms", "500 ms")
    row("memory of the process after opening, before", f"{rss_mb()}, {before} MB")
    draw = random.Random(11)

    def some() -> Lidvid:
        index = draw.randrange(size // 20) * 20 + 1
        return holding(index, 8, random.Random(0)).product.id

    names = [some() for _ in range(200)]
    walk = iter(names * 10)
    timed("look-up by LIDVID", lambda: catalogue.get(next(walk), "public"), 200, "0.2 ms")
    counted = ("mission", "instrument", "level", "target", "year")
    facets = (("mission", frozenset({"Mission 0"})), ("level", frozenset({"Raw"})))
    timed("5 facets of all", lambda: catalogue.search(Query(limit=0, count=counted)))
    for limit in (20, 100):
        query = Query(facets=facets, count=counted, limit=limit)
        timed(
            f"2 facets filter, 5 counted, {limit} hits",
            lambda q=query: catalogue.search(q),
            15,
            "12 ms",
        )  # type: ignore[misc]
    years = iter(range(10_000))

    def fresh_filter() -> object:
        n = next(years)
        where = Comparison("img:Orbit.img:number", Op.GE, float(n))
        return catalogue.search(Query(where=where, facets=facets, count=counted, limit=20))

    def fresh_page() -> object:
        word = frozenset({f"Instrument {next(years) % 40}"})
        return catalogue.search(Query(facets=(("instrument", word),), count=counted, limit=100))

    timed("another facet filter each time, 5 counted, 100 hits new", fresh_page, 15, "12 ms")
    timed("property >= number, never asked before, 5 facets, 20 hits", fresh_filter, 4)
    begin = START + timedelta(days=700)
    span = Query(after=begin, before=begin + timedelta(days=200), count=counted, limit=20)
    timed("200 days of observations, 5 facets, 20 hits", lambda: catalogue.search(span))
    text = Query(text="cra17 rim*", count=counted, limit=20)
    timed("two words, 5 facets, 20 hits", lambda: catalogue.search(text))
    timed("a word that is in every title", lambda: catalogue.search(Query(text="strip", limit=20)))
    site = Query(site=SITE, count=counted, limit=20)
    timed("site of 10 km near the south pole, 5 facets, 20 hits", lambda: catalogue.search(site))
    places = iter(range(1_000))

    def fresh_site() -> object:
        there = Cap(lon=next(places) * 0.7, lat=-86.0, radius_km=10.0)
        return catalogue.search(Query(site=there, limit=20))

    timed("site of 10 km, never asked before, 20 hits", fresh_site, 40, "5 ms")
    for sort in (Sort("title"), Sort("start", descending=True), Sort("img:Exposure.img:duration")):
        query = Query(facets=facets[:1], sort=(sort,), limit=20)
        timed(f"sorted by {sort.field}, 20 hits", lambda q=query: catalogue.search(q))  # type: ignore[misc]
    moment = catalogue.search(Query(limit=1)).hits[0].accessioned + timedelta(seconds=300)
    where = Comparison(
        "ops:Harvest_Info.ops:harvest_date_time", Op.GT, moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    )
    timed("after a harvest time, 100 hits", lambda: catalogue.search(Query(where=where)))
    timed("properties of all labels", lambda: catalogue.properties("public"), 3)
    row("memory of the process after all that", f"{rss_mb()} MB", "250 MB")
    catalogue.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=1_200.0)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        small = SqliteCatalogue(Path(folder) / "small.sqlite")
        _, rate, slowest = take_in(small, 10_000, 30)
        row("30 properties, empty catalogue", f"{rate:.0f}/s, slowest {slowest:.0f} ms", "3000/s")
        small.close()
        path = asked.keep or Path(folder) / "large.sqlite"
        large = SqliteCatalogue(path)
        missing = asked.products - large.applied
        if missing > 0:
            done, rate, slowest = take_in(large, missing, 12, asked.seconds)
            row(f"12 properties, {done} products", f"{rate:.0f}/s, slowest {slowest:.0f} ms")
        row(f"file of {large.applied} products", f"{path.stat().st_size // 1_000_000} MB")
        large.close()
        questions(path)
        large = SqliteCatalogue(path)
        _, rate, slowest = take_in(large, 5_000, 30)
        row("30 properties, full catalogue", f"{rate:.0f}/s, slowest {slowest:.0f} ms", "3000/s")
        large.close()


if __name__ == "__main__":
    main()
