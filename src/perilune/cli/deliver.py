"""``perilune deliver``: hand something in."""

import sys
from datetime import datetime
from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.init import RELEASABILITY
from perilune.errors import WrongUsage
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.model.product import Embargo, Releasability
from perilune.validation.writing import write_report


@click.command("deliver", short_help="Check a delivery, take it in, give a receipt.")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--partial", is_flag=True, help="Take the faultless products, refuse the others.")
@click.option("--releasability", type=RELEASABILITY, help="Instead of the node's own setting.")
@click.option(
    "--embargo",
    type=click.Choice([each.value for each in Embargo]),
    help="Until its release act: closed, found and its bytes given to nobody; dark, not found.",
)
@click.option(
    "--release-at",
    type=frame.MOMENT,
    help="Release it then: a UTC time as 2027-01-31T12:00:00Z. Only with --embargo.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the full report there; format by suffix: .json, .xml, .html, else text.",
)
@click.option(
    "--receipt",
    "receipt_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the signed receipt there.",
)
@frame.command
def command(
    path: Path,
    releasability: str | None,
    embargo: str | None,
    release_at: datetime | None,
    report_file: Path | None,
    receipt_file: Path | None,
    node: str | None,
    *,
    partial: bool,
    as_json: bool,
) -> int:
    """Check the bundle, part of a bundle, or label at PATH and take it into custody.

    PATH may be a folder, a label with its files beside it, or a container: zip, or tar, plain
    or as gz, bz2, xz or zst. With - it is read from standard input.

    All or nothing: one fault refuses the whole, unless --partial. Delivering the same again is
    safe and finishes what was interrupted.

    What is under embargo is sealed: partners copy it encrypted, and open it when it is released
    with perilune release, or at the date given here.

    Exit status: 0 everything is in custody, 3 something was refused, 2 wrong usage,
    1 anything else.
    """
    if release_at is not None and embargo is None:
        raise WrongUsage("--release-at says when an embargo ends: give --embargo too")
    with frame.opened(node) as opened:
        options = Options(
            partial=partial,
            releasability=Releasability(releasability) if releasability else None,
            embargo=Embargo(embargo) if embargo else None,
            release_at=release_at,
            progress=frame.progress(),
        )
        given = sys.stdin.buffer if str(path) == "-" else path
        outcome = deliver(given, opened, options)
    _write(report_file, receipt_file, outcome)
    if as_json:
        frame.show(outcome.document())
    else:
        click.echo(outcome.as_text())
    return frame.DONE if outcome.is_complete else frame.NOT_RIGHT


def _write(report_file: Path | None, receipt_file: Path | None, outcome: Outcome) -> None:
    if report_file is not None:
        write_report(outcome.report, report_file)
    if receipt_file is not None and outcome.receipt is not None:
        receipt_file.write_bytes(outcome.receipt_note)
