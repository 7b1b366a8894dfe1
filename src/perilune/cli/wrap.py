"""``perilune wrap``: PDS4 labels around files of other formats."""

import re
from dataclasses import asdict
from pathlib import Path

import click

from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.ingest.wrapping import Wrapped, wrap_folder

_NAMESPACE = re.compile(r"urn(?::[a-z0-9][a-z0-9._-]{0,40}){2}")


@click.command("wrap", short_help="Put PDS4 labels around files of GRAS, PDS3 and FITS.")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A folder to be made."
)
@click.option(
    "--namespace",
    required=True,
    metavar="URN",
    help="Prefix of new identifiers: urn:cnsa:gras.",
)
@frame.command
def command(source: Path, output: Path, namespace: str, node: str | None, *, as_json: bool) -> int:
    """Copy the products of GRAS, PDS3 and FITS in DIR to a new folder, each with a PDS4 label.

    Data and original labels stay as they are, byte for byte. Where an original label says other
    than its file or the standard, that is listed here and in the new label.

    Exit status: 0 all wrapped, 3 some file could not be (each is named), 2 wrong usage,
    1 anything else.
    """
    del node  # works without one
    if _NAMESPACE.fullmatch(namespace) is None:
        raise WrongUsage(f"a namespace has three parts, as urn:cnsa:gras; not {namespace!r}")
    wrapped = wrap_folder(source, output, namespace, frame.progress(quiet=as_json))
    if as_json:
        frame.show(_document(output, wrapped))
    else:
        _tell(output, wrapped)
    return frame.NOT_RIGHT if wrapped.left else frame.DONE


def _document(output: Path, wrapped: Wrapped) -> dict[str, object]:
    return {
        "folder": str(output),
        "products": [
            {
                "label": path,
                "lidvid": str(each.lidvid),
                "deviations": [asdict(found) for found in each.deviations],
            }
            for path, each in wrapped.wrappers
        ],
        "left": [asdict(each) for each in wrapped.left],
    }


def _tell(output: Path, wrapped: Wrapped) -> None:
    for each in wrapped.left:
        click.echo(f"left     {each.path}: {each.reason}")
    places: dict[str, list[str]] = {}
    for path, wrapper in wrapped.wrappers:
        for found in wrapper.deviations:
            words = f"{path}: {found.found[:80]!r}, right is {found.right[:80]!r}"
            places.setdefault(found.place, []).append(words)
    for place, told in places.items():
        click.echo(f"{place} deviates in {len(told):,} labels; the first: {told[0]}")
    click.echo(f"{len(wrapped.wrappers):,} products wrapped in {output}")
