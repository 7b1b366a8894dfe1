"""The page of jobs: what the node does by itself, where it stands, what went wrong.

What a job found may tell of products that not everyone may know of. So visitors read states,
times and how far each is, and what kind of error ended it; operators also what came of it.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.access.policy import Asker
from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.jobs.board import Board
from perilune.jobs.job import Job, State
from perilune.model.pace import NEVER, interval_text
from perilune.node import Node
from perilune.web.pages.visit import TheVisit

router = APIRouter()

_SHOWN = 50
_LOOK = {
    State.DONE: "ok",
    State.NOT_RIGHT: "bad",
    State.FAILED: "bad",
    State.INTERRUPTED: "sun",
    State.RUNNING: "ice",
}


@router.get("/jobs")
@router.get("/jobs.json")
def get_jobs(visit: TheVisit) -> Response:
    """The newest jobs, and whether anybody runs them."""
    board = None if visit.node.root is None else Board.of(visit.node)
    found = board.jobs(limit=_SHOWN) if board else []
    document = {
        "served": board is not None and board.is_served,
        "jobs": [_document(job, visit.asker) for job in found],
    }
    return visit.answer(
        "jobs.html",
        document,
        rows=[_row(job, visit.asker, visit.language) for job in found],
        timetable=_timetable(visit.node, visit.language),
        scope=visit.asker.scope,
    )


def _document(job: Job, asker: Asker) -> dict[str, Any]:
    full = job.document()
    if asker.scope == "own":
        return full
    step = job.step
    share = step.done / step.total if step and step.total else None
    told = ("id", "name", "state", "made", "started", "ended")
    return {key: full[key] for key in told} | {
        "progress": share,
        "fault": job.fault or None,
    }


def _row(job: Job, asker: Asker, language: Language) -> dict[str, Any]:
    step = job.step
    share = f"{step.done / step.total:.0%}" if step and step.total else ""
    is_operator = asker.scope == "own"
    return {
        "name": _names(language).get(job.name, job.name),
        "id": job.id,
        "look": _LOOK.get(job.state, "plain"),
        "state": _states(language)[job.state],
        "share": share,
        "step": step.what if step and is_operator else "",
        "made": languages.second(job.made),
        "started": languages.second(job.started) if job.started else "",
        "ended": languages.second(job.ended) if job.ended else "",
        "fault": job.fault,
        "words": [each.words for each in job.results] if is_operator else [],
        "error": job.error if is_operator and not job.results else "",
    }


def _timetable(node: Node, language: Language) -> list[dict[str, str]]:
    names, scrub = _names(language), node.config.scrub
    return [
        {"name": names["pull"], "every": interval_text(node.config.pull)},
        {"name": names["scrub"], "every": scrub.text if scrub else NEVER},
    ]


def _names(language: Language) -> dict[str, str]:
    return {
        "pull": language.text("Copy from peers"),
        "scrub": language.text("Read everything back"),
        "release": language.text("Release what is due"),
        "anchor": language.text("Anchor checkpoints of peers"),
    }


def _states(language: Language) -> dict[State, str]:
    text = language.text
    return {
        State.WAITING: text("waiting"),
        State.RUNNING: text("running"),
        State.INTERRUPTED: text("interrupted, goes on with the next server"),
        State.DONE: text("done"),
        State.NOT_RIGHT: text("ended, and something is not right"),
        State.FAILED: text("failed"),
        State.CANCELLED: text("cancelled"),
    }
