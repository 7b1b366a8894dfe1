"""``perilune schemas``: the pinned XML Schemas and Schematrons."""

from dataclasses import asdict
from pathlib import Path

import click

from perilune import config
from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.validation.context import keep_lists
from perilune.validation.schemas import Entry, Imported, Schemas


@click.group("schemas", short_help="Add and list pinned schemas.")
def command() -> None:
    """The XML Schemas and Schematrons that labels are held against, pinned by their SHA-256.

    They lie in the node's folder where a node is named, else in PERILUNE_SCHEMAS, else in the
    user's own data folder.

    Exit status: 0 done, 3 some file is no schema, 2 wrong usage, 1 anything else.
    """


@command.command("add", short_help="Import an archive, a folder or a file.")
@click.argument("source", metavar="ARCHIVE|DIR|FILE", type=click.Path(path_type=Path))
@frame.command
def add(source: Path, node: str | None, *, as_json: bool) -> int:
    """Import every *.xsd and *.sch of an archive (tar, tar.gz, tar.xz, zip), a folder, or one file.

    Lists of registered context products (*.json, a file or in a folder) are kept as well.

    Exit status: 0 all imported, 3 some file is no schema (each is named), 2 wrong usage,
    1 anything else.
    """
    opened = _opened(node)
    lists = keep_lists(source, opened.folder.parent / "context")
    is_list = source.suffix.lower() == ".json"
    imported = Imported((), 0, ()) if is_list else opened.add(source)
    if not (imported.added or imported.known or imported.refused or lists):
        raise WrongUsage(f"{source} holds no *.xsd, no *.sch and no list of context products")
    if as_json:
        frame.show({**_document(imported), "context": lists})
    else:
        for name in lists:
            click.echo(f"kept     {name}, a list of context products")
        for path, reason in imported.refused:
            click.echo(f"refused  {path}: {reason}")
        if not lists or imported.added or imported.known:
            added = f"{len(imported.added):,} schemas added"
            click.echo(f"{added}, {imported.known:,} known already.")
    return frame.NOT_RIGHT if imported.refused else frame.DONE


@command.command("list", short_help="List what is pinned.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> int:
    """List what is pinned: name, version, SHA-256, and where it came from.

    Exit status: 0, or 2 wrong usage, 1 anything else.
    """
    opened = _opened(node)
    entries = sorted(opened.entries, key=lambda entry: entry.name.lower())
    if as_json:
        shown = [{**asdict(each), "kind": each.kind.value} for each in entries]
        frame.show({"folder": str(opened.folder), "schemas": shown})
        return frame.DONE
    for each in entries:
        click.echo(f"{each.name}  {each.version or '-'}  {each.sha256[:16]}  {each.origin}")
    click.echo(f"{len(entries):,} pinned in {opened.folder}")
    return frame.DONE


def _opened(node: str | None) -> Schemas:
    named = config.node_if_named(node)
    if named is not None and frame.is_url(named):
        raise WrongUsage(f"this command works on a node's own folder, not on {named}")
    root = None if named is None else Path(named)
    if root is not None:
        config.load(root)
    return Schemas.open(config.schemas_folder(root))


def _document(imported: Imported) -> dict[str, object]:
    return {
        "added": [_entry(each) for each in imported.added],
        "known": imported.known,
        "refused": [{"path": path, "reason": reason} for path, reason in imported.refused],
    }


def _entry(entry: Entry) -> dict[str, str]:
    return {"name": entry.name, "sha256": entry.sha256, "version": entry.version}
