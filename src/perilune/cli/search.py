"""``perilune search``: find products."""

from datetime import datetime, timedelta

import click

from perilune.access.cursor import read_cursor, write_cursor
from perilune.access.listing import listed
from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Cap, Query, Sort
from perilune.cli import frame
from perilune.client.remote import RemoteNode
from perilune.config import node_named
from perilune.errors import BadQuestion
from perilune.model.identifier import parse_identifier
from perilune.model.timespan import read_utc


@click.command("search", short_help="Find products by words, place, time or label.")
@click.argument("text", required=False, default="")
@click.option("--lid", metavar="LID|LIDVID", help="This product alone.")
@click.option("--mission", multiple=True, help="Mission, as the label names it; may be repeated.")
@click.option("--instrument", multiple=True, help="Instrument; may be repeated.")
@click.option("--target", multiple=True, help="Target; may be repeated.")
@click.option("--level", multiple=True, help="Processing level; may be repeated.")
@click.option(
    "--time", metavar="START/STOP", help="Observed in this interval, UTC; an end may be left out."
)
@click.option("--site", metavar="LAT,LON,RADIUS_KM", help="Covers some of this place.")
@click.option("--body", default="Moon", show_default=True, help="Body that the site is on.")
@click.option("--all-versions", is_flag=True, help="Superseded versions too.")
@click.option(
    "--sort",
    default="accessioned",
    show_default=True,
    help="accessioned, lid, title, start, bytes or a label property; - before it turns it round.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(0, 10_000))
@click.option("--after", metavar="NEXT", help="Go on after a page: its ``next``.")
@frame.command
def command(
    text: str,
    lid: str | None,
    mission: tuple[str, ...],
    instrument: tuple[str, ...],
    target: tuple[str, ...],
    level: tuple[str, ...],
    time: str | None,
    site: str | None,
    body: str,
    sort: str,
    limit: int,
    after: str | None,
    node: str | None,
    *,
    all_versions: bool,
    as_json: bool,
) -> None:
    """Find products: all of TEXT's words, and all that the options say.

    On the node's own folder everything is seen; through a URL what is released and public.

    Exit status: 0 (also when nothing is found), 2 a question that cannot be read, 1 anything else.
    """
    facets = {"mission": mission, "instrument": instrument, "target": target, "level": level}
    begin, end = _interval(time)
    query = Query(
        text=text,
        id=parse_identifier(lid) if lid else None,
        facets=tuple((name, frozenset(words)) for name, words in facets.items() if words),
        site=_site(site, body) if site else None,
        after=begin,
        before=end,
        versions="all" if all_versions else "latest",
        sort=(Sort(sort.removeprefix("-"), descending=sort.startswith("-")),),
        cursor=read_cursor(after) if after else None,
        limit=limit,
    )
    given = node_named(node)
    if frame.is_url(given):
        document = RemoteNode(given).search(query)
    else:
        with frame.opened(node) as opened:
            page = search(query, opened, OPERATOR)
        document = {
            "products": [listed(each) for each in page.hits],
            "total": page.total,
            "next": write_cursor(page.next) if page.next else None,
        }
    if as_json:
        frame.show(document)
    else:
        _tell(document)


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    if not text:
        return None, None
    start, separator, stop = text.partition("/")
    try:
        begin = read_utc(start)[0] if start else None
        if not separator:
            moment, precision = read_utc(start)
            return moment, moment + timedelta(seconds=precision)
        return begin, read_utc(stop)[0] if stop else None
    except ValueError as error:
        raise BadQuestion(f"--time: {error}") from error


def _site(text: str, body: str) -> Cap:
    try:
        lat, lon, radius_km = (float(part) for part in text.split(","))
    except ValueError:
        raise BadQuestion(f"--site is LAT,LON,RADIUS_KM, not {text!r}") from None
    if not (-90 <= lat <= 90 and -360 <= lon <= 360 and radius_km >= 0):
        raise BadQuestion(f"--site: latitude, longitude or radius out of range: {text!r}")
    return Cap(lon=lon, lat=lat, radius_km=radius_km, body=body)


def _tell(document: dict[str, object]) -> None:
    products, total = document["products"], document["total"]
    assert isinstance(products, list)
    for each in products:
        mark = " (simulated)" if each.get("simulated") else ""
        click.echo(f"{each['lidvid']}\n    {each['title']}{mark}")
    shown = f"{len(products):,} of {total:,}" if len(products) != total else f"{total:,}"
    click.echo(f"{shown} products", err=True)
    if document["next"]:
        click.echo(f"More: --after {document['next']}", err=True)
