"""``perilune jobs``: what a served node does by itself."""

import time

import click

from perilune.cli import frame
from perilune.jobs.board import Board
from perilune.jobs.job import Done, Job, State
from perilune.jobs.kinds import KINDS

_LOOK_S = 0.2
_OPEN = (State.WAITING, State.RUNNING, State.INTERRUPTED)
_UNSERVED = "No server of this node runs: the job waits until perilune serve does."


@click.group("jobs", short_help="What a served node does by itself.")
def command() -> None:
    """See, begin and cancel jobs. ``perilune serve`` runs them, and goes on with what a kill left.

    Exit status of each: 0 done, 3 there is no such job, or its end is not right, 2 wrong usage,
    1 anything else.
    """


@command.command("list", short_help="The newest jobs.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@frame.command
def list_(limit: int, node: str | None, *, as_json: bool) -> None:
    """Show the newest jobs, newest first.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        board = Board.of(opened)
        found, is_served = board.jobs(limit=limit), board.is_served
    if as_json:
        frame.show({"served": is_served, "jobs": [each.document() for each in found]})
        return
    for job in found:
        click.echo(_line(job))
    if not found:
        click.echo("No job was run yet.")


@command.command("show", short_help="One job, part by part.")
@click.argument("id")
@frame.command
def show(id: str, node: str | None, *, as_json: bool) -> None:
    """Show the job ID: how far it is, and what came of each part.

    Exit status: 0 shown, 3 there is no such job, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        job = Board.of(opened).job(id)
    _show(job, as_json=as_json)


@command.command("cancel", short_help="Take a job off.")
@click.argument("id")
@frame.command
def cancel(id: str, node: str | None, *, as_json: bool) -> None:
    """Cancel the job ID. What it has done stays; a part being done ends within a second or so.

    Exit status: 0 cancelled, or it had ended; 3 there is no such job, 2 wrong usage, 1 anything
    else.
    """
    with frame.opened(node) as opened:
        board = Board.of(opened)
        board.cancel(id)
        job = board.job(id)
    _show(job, as_json=as_json)


@command.command("run", short_help="Begin a job now.")
@click.argument("name", type=click.Choice([kind.name for kind in KINDS]))
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@frame.command
def run(name: str, node: str | None, *, wait: bool, as_json: bool) -> int:
    """Have the running server begin the job NAME; one that waits or runs already stands for it.

    Exit status: 0 it is begun, or has ended well with --wait; 3 its end is not right, 2 wrong
    usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        board = Board.of(opened)
        job = board.job(board.run(name))
        if not board.is_served:
            click.echo(_UNSERVED, err=True)
        while wait and job.state in _OPEN:
            time.sleep(_LOOK_S)
            job = board.job(job.id)
    _show(job, as_json=as_json)
    return frame.DONE if job.state in (State.DONE, *_OPEN) else frame.NOT_RIGHT


def _show(job: Job, *, as_json: bool) -> None:
    if as_json:
        frame.show(job.document())
        return
    click.echo(_line(job))
    for each in job.results:
        click.echo(f"    {_part(each)}")
    if job.error and not job.results:
        click.echo(f"    {job.error}")


def _line(job: Job) -> str:
    moment = job.ended or job.started or job.made
    step = job.step
    far = f", {step.what}: {step.done:,} of {step.total:,}" if step else ""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC  {job.name:<8} {job.state}{far}  {job.id}"


def _part(done: Done) -> str:
    return done.words if done.is_right else f"not right: {done.words}"
