"""``perilune audit``: read everything back."""

import secrets

import click

from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.node import Node
from perilune.preservation.files import FileDamage
from perilune.preservation.fixity import Audit, Sample, audit, look
from perilune.preservation.repair import Repair, audit_and_repair, record_repair


@click.command("audit", short_help="Read everything back and compare it.")
@click.option(
    "--repair",
    "is_repair",
    is_flag=True,
    help="Make again, or fetch from a peer that holds it too, what is damaged.",
)
@click.option(
    "--sample",
    metavar="N|P%",
    help="Read only so many objects, or so many of a hundred, chosen at random.",
)
@click.option("--seed", type=int, help="Which ones --sample chooses; else others each time.")
@frame.command
def command(
    sample: str | None, seed: int | None, node: str | None, *, is_repair: bool, as_json: bool
) -> int:
    """Read every object and every other file back and compare them with what was signed.

    Looked at are objects, the log, copies of partners' logs, the catalogue, receipts and other
    signed notes. What is found is recorded in the log as a fixity act, what is repaired as
    a repair act; a sample is not recorded. With --repair what is damaged is replaced only by bytes
    that were verified; what was there stays in objects/quarantine and set-aside.

    Exit status: 0 all intact, or intact again; 3 damage found (each damaged object and file is
    named), 2 wrong usage, 1 anything else.
    """
    chosen = _sample(sample, seed)
    if is_repair and chosen is not None:
        raise WrongUsage("--repair reads everything: leave out --sample")
    if is_repair:
        return _repair(node, as_json=as_json)
    with frame.opened(node, Node.open_to_mend) as opened:
        read = look if opened.is_broken else audit
        result = read(opened, frame.progress(), chosen)
    if as_json:
        document = _document(result)
        frame.show(document if chosen is None else document | {"seed": chosen.seed})
    else:
        _tell(result)
        if chosen is not None:
            click.echo(f"A sample, seed {chosen.seed}; the log does not record it.")
    return frame.DONE if result.is_clean else frame.NOT_RIGHT


def _repair(node: str | None, *, as_json: bool) -> int:
    with frame.opened(node, Node.open_to_mend) as opened:
        was_broken = opened.is_broken
        repair = audit_and_repair(opened, frame.progress())
    if was_broken and repair.is_clean:
        with frame.opened(node) as opened:
            record_repair(repair, opened)
    if as_json:
        frame.show(_document(repair.audit) | _repairs(repair))
    else:
        _tell(repair.audit)
        _tell_repairs(repair)
    return frame.DONE if repair.is_clean else frame.NOT_RIGHT


def _sample(text: str | None, seed: int | None) -> Sample | None:
    if (asked := frame.share(text)) is None:
        return None
    count, share = asked
    return Sample(share, count or 0, secrets.randbits(32) if seed is None else seed)


def _document(result: Audit) -> dict[str, object]:
    return {
        "objects": result.objects,
        "bytes": result.bytes,
        "log_entries": result.log_entries,
        "log_is_sound": result.log_is_sound,
        "damage": [
            {"sha256": each.sha256, "state": each.state, "detail": each.detail}
            for each in result.damage
        ],
        "files": [_file(each) for each in result.files],
    }


def _file(damage: FileDamage) -> dict[str, object]:
    return {"path": damage.path, "detail": damage.detail, "mended": damage.is_mended}


def _repairs(repair: Repair) -> dict[str, object]:
    return {
        "repaired": [
            {"sha256": each.sha256, "bytes": each.size, "from": each.origin}
            for each in repair.repaired
        ],
        "not_repaired": [{"sha256": name, "why": why} for name, why in repair.failed.items()],
    }


def _tell_repairs(repair: Repair) -> None:
    for each in repair.repaired:
        click.echo(f"repaired {each.sha256}: {each.size:,} bytes from {each.origin}")
    for name, why in repair.failed.items():
        click.echo(f"not repaired {name}: {why}")


def _tell(result: Audit) -> None:
    for each in result.damage:
        click.echo(f"{each.state} {each.sha256}: {each.detail}")
    for file in result.files:
        click.echo(f"{'mended' if file.is_mended else 'changed'} {file.path}: {file.detail}")
    if not result.log_is_sound:
        click.echo("The log is not what was signed. Stop the node; keep it all.")
    read = f"{result.objects:,} objects, {result.bytes:,} bytes, {result.log_entries:,} log entries"
    if result.is_clean:
        click.echo(f"All intact: {read} read back.")
    else:
        click.echo(
            f"{len(result.damage):,} objects and {len(result.files):,} other files damaged; "
            f"{read} read back."
        )
