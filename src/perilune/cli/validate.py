"""``perilune validate``: is it right? Without a node; or an old command line unchanged."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.client import RemoteNode
from perilune.client.keeper import RemoteKeeper
from perilune.errors import WrongUsage
from perilune.ingest.keeper import NodeKeeper
from perilune.ingest.rehearsal import rehearse
from perilune.validation.compat import CommandLine, read_command_line
from perilune.validation.context import Registry
from perilune.validation.examine import Sources
from perilune.validation.options import Mismatch, Options, Rule
from perilune.validation.report import About, Report, Severity
from perilune.validation.run import SECONDS_A_LABEL, Means, run
from perilune.validation.schemas import Schemas
from perilune.validation.writing import document, text, write_report

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_ANY = click.Path(path_type=Path)
_VALIDATE_WRONG = 1
"""What ``validate`` ends with where anything is wrong, its command line too."""


class _Command(click.Command):
    """With ``--compat`` first, all that follows is ``validate``'s and is left as it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] == "--compat":
            ctx.meta["perilune.compat"] = args[1:]
            args = ["--compat"]
        return super().parse_args(ctx, args)


@click.command("validate", cls=_Command, short_help="Check labels, data and bundles.")
@click.argument("paths", nargs=-1, type=_ANY, metavar="PATH...")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the full report there; format by suffix: .json, .xml, .html, else text.",
)
@click.option("--rule", type=click.Choice([str(rule) for rule in Rule]), help="Take PATH for this.")
@click.option("--skip-content", is_flag=True, help="Labels and files, not what is in the files.")
@click.option("--skip-products", is_flag=True, help="Only how products belong together.")
@click.option("--skip-context", is_flag=True, help="No word of context products.")
@click.option("--quiet-context", is_flag=True, help="Names of context products need not agree.")
@click.option("--lenient-members", is_flag=True, help="A missing member is a warning.")
@click.option("--allow-unlabelled", is_flag=True, help="No word of files that no label names.")
@click.option("--strict-fields", is_flag=True, help="Tell of characters between fields.")
@click.option("--complete", is_flag=True, help="Tell of bytes that no object describes.")
@click.option("--flat", is_flag=True, help="Not the folders below PATH.")
@click.option("--extension", multiple=True, help="What labels end in, if not xml and lblx.")
@click.option("--registry", multiple=True, type=_ANY, help="Further context products.")
@click.option("--schema", multiple=True, type=_FILE, help="Instead of those that labels name.")
@click.option("--schematron", multiple=True, type=_FILE, help="Instead of those that labels name.")
@click.option("--catalog", multiple=True, type=_FILE, help="OASIS catalog to find schemas by.")
@click.option("--manifest", type=_FILE, help="Lines of MD5 and path that files must match.")
@click.option("--every-record", default=1, type=click.IntRange(1), help="Only every nth record.")
@click.option("--against", metavar="NODE|URL", help="As that node checks a delivery.")
@click.option("--details", is_flag=True, help="Tell what is right as well.")
@click.option("--jobs", default=0, type=click.IntRange(0, 1024), help="Processes; 0 for all cores.")
@click.option(
    "--seconds", default=SECONDS_A_LABEL, type=click.FloatRange(0.1), help="Longest for one label."
)
@click.option("--compat", is_flag=True, help="First of all: the rest is NASA validate's own.")
@frame.command
def command(
    paths: tuple[Path, ...],
    report_file: Path | None,
    rule: str | None,
    extension: tuple[str, ...],
    registry: tuple[Path, ...],
    schema: tuple[Path, ...],
    schematron: tuple[Path, ...],
    catalog: tuple[Path, ...],
    manifest: Path | None,
    against: str | None,
    every_record: int,
    jobs: int,
    seconds: float,
    node: str | None,
    *,
    skip_content: bool,
    skip_products: bool,
    skip_context: bool,
    quiet_context: bool,
    lenient_members: bool,
    allow_unlabelled: bool,
    strict_fields: bool,
    complete: bool,
    flat: bool,
    details: bool,
    compat: bool,
    as_json: bool,
) -> int:
    """Check the labels, folders, collections or bundles at PATH and say how to mend them.

    Exit status: 0 nothing is wrong (there may be warnings), 3 something is, 2 wrong usage,
    1 anything else. With --compat 0, or 1 where anything is wrong, as validate has it.
    """
    if compat:
        return _as_validate(click.get_current_context().meta.get("perilune.compat", []), node)
    options = Options(
        rule=Rule(rule) if rule else None,
        is_recursive=not flat,
        extensions=tuple(each.lower().lstrip("*.") for each in extension) or ("xml", "lblx"),
        least=Severity.INFO if details else Severity.WARNING,
        checks_products=not skip_products,
        checks_content=not skip_content,
        checks_context=not skip_context,
        context_mismatch=Mismatch.INFO if quiet_context else Mismatch.WARNING,
        registries=registry,
        is_strict_of_members=not lenient_members,
        allows_unlabelled=allow_unlabelled,
        every_record=every_record,
        is_strict_of_fields=strict_fields,
        wants_all_described=complete,
        schemas=schema,
        schematrons=schematron,
        catalogs=catalog,
        manifest=manifest,
    )
    if against is not None:
        if replace(options, registries=()) != Options():
            raise WrongUsage("with --against the node says what is checked; take the options away")
        report = _rehearsed(paths, against, options)
    else:
        means = Means(
            jobs=jobs, seconds=seconds, sources=_sources(node, options), progress=frame.progress()
        )
        report = run(paths, options, means, _about(sys.argv[1:], paths, options))
    if report_file is not None:
        write_report(report, report_file)
    if as_json:
        document.write(report, sys.stdout)
    else:
        click.echo(text.as_text(report), nl=False)
    return frame.DONE if report.is_right else frame.NOT_RIGHT


def _sources(node: str | None, options: Options) -> Sources:
    """Schemas and context products of the node where one is named, else the user's own."""
    schemas = _schemas(node)
    context = schemas.folder.parent / "context"
    own = (context,) if context.is_dir() else ()
    return Sources(schemas, Registry.open(*own, *options.registries))


def _schemas(node: str | None) -> Schemas:
    named = config.node_if_named(node)
    if named is None:
        return Schemas.open(config.schemas_folder(None))
    if frame.is_url(named):
        raise WrongUsage(f"schemas are taken from a node's own folder, not from {named}")
    root = Path(named)
    return Schemas.open(config.schemas_folder(root), hosts=config.load(root).schema_hosts)


def _rehearsed(paths: Sequence[Path], against: str, options: Options) -> Report:
    """What the node would say of a delivery."""
    if len(paths) != 1:
        raise WrongUsage("--against takes one PATH: a delivery is one folder or label")
    if frame.is_url(against):
        own = _sources(None, options)
        keeper = RemoteKeeper(RemoteNode(against), _schemas(None), own.registry)
        return rehearse(paths[0], keeper, frame.progress())
    with frame.opened(against) as node:
        return rehearse(paths[0], NodeKeeper(node), frame.progress())


def _as_validate(arguments: Sequence[str], node: str | None) -> int:
    """Run an old command line; end as it would have ended."""
    try:
        asked = read_command_line(arguments)
        if asked.wants_help or asked.wants_version:
            click.echo(_greeting())
            return frame.DONE
        report = _run_old(asked, arguments, node)
    except WrongUsage as error:
        click.echo(f"perilune: {error}", err=True)
        return _VALIDATE_WRONG
    return frame.DONE if report.is_right else _VALIDATE_WRONG


def _run_old(asked: CommandLine, arguments: Sequence[str], node: str | None) -> Report:
    for name in asked.without_effect:
        click.echo(f"perilune: --{name} has no effect here", err=True)
    paths = [Path(target) for target in asked.targets]
    means = Means(
        most_errors=asked.most_errors,
        sources=_sources(node, asked.options),
        progress=frame.progress(),
    )
    report = run(paths, asked.options, means, _about(arguments, paths, asked.options))
    if asked.report_file is not None:
        style = "txt" if asked.style == "full" else asked.style
        write_report(report, asked.report_file, style)
    elif asked.style == "json":
        document.write(report, sys.stdout)
    else:
        click.echo(text.as_text(report), nl=False)
    return report


def _about(arguments: Sequence[str], paths: Sequence[Path], options: Options) -> About:
    return About(
        version=f"perilune {version('perilune')}",
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        arguments=shlex.join(arguments),
        parameters={
            "targets": ", ".join(str(path) for path in paths),
            "ruleType": f"pds4.{options.rule}" if options.rule else "by target",
            "severityLevel": options.least.upper(),
            "recurseDirectories": _yes(options.is_recursive),
            "fileFiltersUsed": ", ".join(f"*.{each}" for each in options.extensions),
            "productLevelValidation": "on" if options.checks_products else "off",
            "dataContentValidation": "on" if options.checks_content else "off",
            "contextValidation": "on" if options.checks_context else "off",
        },
    )


def _yes(is_so: bool) -> str:  # noqa: FBT001 - a word for a value
    return "true" if is_so else "false"


def _greeting() -> str:
    return (
        f"perilune {version('perilune')}: takes the command line of NASA's validate 4.2 after "
        "perilune validate --compat"
    )
