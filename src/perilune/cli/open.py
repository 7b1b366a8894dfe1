"""``perilune open``: what is in a product."""

from typing import Any

import click

from perilune.cli import frame
from perilune.client.opening import open_product
from perilune.errors import UnreadableData
from perilune.formats.summary import ROWS, summary

_WIDEST = 28
_MOST_COLUMNS = 12


@click.command("open", short_help="Show what is in a product: tables, arrays, texts.")
@click.argument("what", metavar="ID|PATH|URL")
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(0, 10_000))
@frame.command
def command(what: str, rows: int, node: str | None, *, as_json: bool) -> int | None:
    """Show tables with their columns, units and first records, arrays with axes and statistics.

    ID is a LIDVID, or a LID for the latest version, in the node. PATH is a label, or a data file or
    folder beside or with its label. URL is a product's page or file on a served node.

    Exit status: 0 all was read, 3 no such product, or a file does not hold what its label says,
    2 wrong usage, 1 anything else.
    """
    found = summary(open_product(what, node=node), rows)
    if as_json:
        frame.show(found)
    else:
        _print(found)
    faults = [each["fault"] for each in found["objects"] if "fault" in each]
    if faults and not as_json:
        click.echo(UnreadableData.advice, err=True)
    return frame.NOT_RIGHT if faults else None


def _print(found: dict[str, Any]) -> None:
    click.echo(f"{found['product'] or found['label']}\n{found['title']} ({found['class']})")
    for each in found["objects"]:
        click.echo(f"\n{each.get('class', '')} {each['name']!r} in {each['file']}")
        if "fault" in each:
            click.echo(f"  {each['fault']}")
        elif "columns" in each:
            _print_table(each)
        elif "axes" in each:
            _print_array(each)
        else:
            _print_stream(each)


def _print_table(table: dict[str, Any]) -> None:
    columns = table["columns"]
    click.echo(f"  {table['records']:,} records, {len(columns)} columns")
    for column in columns:
        shape = "".join(f"[{size}]" for size in column["shape"])
        unit = f"  {column['unit']}" if column["unit"] else ""
        click.echo(f"    {column['name']}{shape}  {column['type']}{unit}")
    if not table["rows"]:
        return
    head = [column["name"] for column in columns][:_MOST_COLUMNS]
    rows = [[_cell(value) for value in row[:_MOST_COLUMNS]] for row in table["rows"]]
    widths = [
        min(max(len(name), *(len(row[place]) for row in rows)), _WIDEST)
        for place, name in enumerate(head)
    ]
    for row in (head, *rows):
        cells = [cell[:width].ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo(f"  {'  '.join(cells).rstrip()}")


def _cell(value: Any) -> str:
    if value is None:
        return "--"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _print_array(array: dict[str, Any]) -> None:
    axes = " x ".join(f"{axis['name']} {axis['elements']:,}" for axis in array["axes"])
    unit = f", {array['unit']}" if array["unit"] else ""
    click.echo(f"  {axes}, {array['type']}{unit}")
    told = array["statistics"]
    if "mean" in told:
        sample = f" (of every {told['every']}th row)" if told["every"] > 1 else ""
        click.echo(
            f"  {told['minimum']:.10g} to {told['maximum']:.10g}, mean {told['mean']:.10g}, "
            f"{told['masked']:,} masked{sample}"
        )
    if "display" in array:
        shown = array["display"]
        said = "" if shown["said"] else ", which the label does not say"
        click.echo(
            f"  shown with {shown['vertical']} from the {shown['begins'][0]}, "
            f"{shown['horizontal']} from the {shown['begins'][1]}{said}"
        )


def _print_stream(stream: dict[str, Any]) -> None:
    click.echo(f"  {stream['bytes']:,} bytes, {stream['standard']}")
    if stream["begin"]:
        for line in stream["begin"].splitlines()[:5]:
            click.echo(f"    {line[:100]}")
