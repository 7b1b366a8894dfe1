"""The catalogue at the size of a large mission: a million synthetic products.

``python -m bench scale`` measures at the size that is reached in ten minutes. ``python -m
bench.scale --products N --seconds S --keep FILE`` chooses, and uses the file again if it is
there. The rate of taking in is that of batches of 1,000 products with 30 label properties each.
"""

import argparse
import hashlib
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType

from bench.row import Row
from bench.through_http import PATHS, served
from perilune.catalogue.fields import HARVESTED
from perilune.catalogue.port import Projection
from perilune.catalogue.query import Cap, Comparison, Op, Query, Sort
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.model.act import time_text
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
COUNTED = ("mission", "instrument", "level", "target", "year")
FILTERS = (("mission", frozenset({"Mission 0"})), ("level", frozenset({"Raw"})))


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
) -> float:
    """Products taken in a second of the catalogue's own time: making them is free."""
    draw, begun = random.Random(7), time.monotonic()
    done, spent = 0, 0.0
    for batch in batches(catalogue.applied, properties, draw):
        if done >= number or time.monotonic() - begun > seconds:
            break
        at = time.perf_counter()
        catalogue.apply(Projection(applied=batch[-1].index + 1, added=batch))
        spent, done = spent + time.perf_counter() - at, done + len(batch)
    return done / max(spent, 1e-9)


def rate(what: str, found: float) -> Row:
    return Row(what, f"{found:,.0f}/s", ">= 3,000/s", found >= 3_000)


def timed(what: str, ask: Callable[[], object], bar_ms: float | None = None, runs: int = 15) -> Row:
    """The first answer, and the median of further ones, which is what the bar is for."""
    times = []
    for _ in range(runs):
        at = time.perf_counter()
        ask()
        times.append((time.perf_counter() - at) * 1_000)
    median = statistics.median(times[1:])
    bar = "" if bar_ms is None else f"<= {bar_ms} ms"
    figure = f"{median:.2f} ms (first {times[0]:.1f})"
    return Row(what, figure, bar, None if bar_ms is None else median <= bar_ms)


def rss_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1_000_000


def look_ups(catalogue: SqliteCatalogue) -> Iterator[Row]:
    draw, size = random.Random(11), catalogue.applied
    places = [draw.randrange(size // 20) * 20 + 1 for _ in range(200)]
    names = iter([holding(place, 8, random.Random(0)).product.id for place in places])
    yield timed("look-up by LIDVID", lambda: catalogue.get(next(names), "public"), 0.2, 200)


def pages(catalogue: SqliteCatalogue) -> Iterator[Row]:
    """Pages with counts of five facets, as the portal asks for."""
    search, fresh = catalogue.search, count()
    yield timed("5 facets of everything", lambda: search(Query(limit=0, count=COUNTED)))
    for limit in (20, 100):
        query = Query(facets=FILTERS, count=COUNTED, limit=limit)
        what = f"page: 2 facets filter, 5 counted, {limit} hits"
        yield timed(what, lambda q=query: search(q), 12.0)  # type: ignore[misc]  # bound now

    def another() -> object:
        word = frozenset({f"Instrument {next(fresh) % 40}"})
        return search(Query(facets=(("instrument", word),), count=COUNTED, limit=100))

    yield timed("the same with hits never read before, 100 hits", another, 12.0)

    def number() -> object:
        where = Comparison("img:Orbit.img:number", Op.GE, float(next(fresh)))
        return search(Query(where=where, facets=FILTERS, count=COUNTED, limit=20))

    yield timed("a property >= a number never asked for, 20 hits", number, runs=4)
    begin = START + timedelta(days=700)
    span = Query(after=begin, before=begin + timedelta(days=200), count=COUNTED, limit=20)
    yield timed("observations of 200 days, 20 hits", lambda: search(span), 12.0)
    text = Query(text="cra17 rim*", count=COUNTED, limit=20)
    yield timed("two words, 20 hits", lambda: search(text), 12.0)
    every = Query(text="strip", limit=20)
    yield timed("a word of every title, 20 hits", lambda: search(every), 12.0)


def sites(catalogue: SqliteCatalogue) -> Iterator[Row]:
    fresh = count()

    def site() -> object:
        there = Cap(lon=next(fresh) * 0.7, lat=-86.0, radius_km=10.0)
        return catalogue.search(Query(site=there, limit=20))

    yield timed("site of 10 km never asked for, 20 hits", site, 5.0, 40)

    def region() -> object:
        there = Cap(lon=next(fresh) * 0.7, lat=-60.0, radius_km=300.0)
        return catalogue.search(Query(site=there, limit=20))

    yield timed("region of 300 km never asked for, 20 hits", region, runs=5)


def orders(catalogue: SqliteCatalogue) -> Iterator[Row]:
    for sort in (Sort("title"), Sort("start", descending=True), Sort("img:Exposure.img:duration")):
        query = Query(facets=FILTERS[:1], sort=(sort,), limit=20)
        ask = partial(catalogue.search, query)
        yield timed(f"a filtered page sorted by {sort.field}, 20 hits", ask)
    moment = catalogue.search(Query(limit=1)).hits[0].accessioned + timedelta(seconds=60)
    where = Comparison(HARVESTED, Op.GT, time_text(moment))
    query = Query(where=where, limit=100)
    yield timed("after a harvest time, 100 hits", lambda: catalogue.search(query), 12.0)
    yield timed("properties of all labels", lambda: catalogue.properties("public"), runs=3)


def doors(catalogue: SqliteCatalogue) -> Iterator[Row]:
    """The same through HTTP, one visitor at a time."""
    with served(catalogue) as get:
        for what, path in PATHS.items():
            yield timed(f"HTTP, {what}", partial(get, path), 20.0, 30)


def run(
    products: int = 1_000_000, seconds: float = 600.0, kept: Path | None = None
) -> Iterator[Row]:
    """Rates of taking in, and the time of each kind of question."""
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        small = SqliteCatalogue(Path(folder) / "small.sqlite")
        yield rate("catalogue: 30 properties, empty", take_in(small, 10_000, 30))
        small.close()
        path = kept or Path(folder) / "large.sqlite"
        large = SqliteCatalogue(path)
        if large.applied < products:
            found = take_in(large, products - large.applied, 12, seconds)
            yield Row("catalogue: 12 properties, growing", f"{found:,.0f}/s", "", None)
        large.close()
        at, before = time.perf_counter(), rss_mb()
        large = SqliteCatalogue(path)
        took = (time.perf_counter() - at) * 1_000
        what = f"catalogue of {large.applied:,} products: opening"
        yield Row(what, f"{took:.0f} ms", "<= 500 ms", took <= 500)
        for part in (look_ups, pages, sites, orders, doors):
            yield from part(large)
        grown = rss_mb() - before
        yield Row("memory that all those answers take", f"{grown} MB", "<= 150 MB", grown <= 150)
        yield rate("catalogue: 30 properties, full", take_in(large, 5_000, 30))
        large.close()
        yield Row("size of the file", f"{path.stat().st_size / 1e9:.2f} GB", "", None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=1_200.0)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    for measured in run(asked.products, asked.seconds, asked.keep):
        print(measured, flush=True)
