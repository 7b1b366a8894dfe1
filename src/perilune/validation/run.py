"""Run: everything at some paths through every check, into one report.

Labels are examined in processes of their own, one for each core; what they say of themselves comes
back in the order of their names, so that the same data always give the same report. What products
say of each other is gathered meanwhile and told at the end.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perilune.validation.examine import Outcome, examiner, lost
from perilune.validation.findings import Findings
from perilune.validation.options import Options, Rule
from perilune.validation.report import About, Message, Report, Severity
from perilune.validation.schemas import Schemas
from perilune.validation.walk import Walk, walk
from perilune.validation.workers import Lost, in_this_process, in_workers

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, how much there is."""

_WORTH_PROCESSES = 12
"""Fewer labels are done before another process has started."""
SECONDS_A_LABEL = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How a run is made, and by which pinned schemas."""

    jobs: int = 0
    """Processes; 0 for one on each core, 1 for this one alone."""
    seconds: float = SECONDS_A_LABEL
    """After which a label is given up."""
    most_errors: int = 0
    """After which no further label is looked at; 0 for all of them."""
    schemas: Schemas | None = None
    """What labels are held against; None: they are not."""
    progress: Progress = lambda _what, _done, _total: None


def run(
    paths: Sequence[Path],
    options: Options,
    means: Means = Means(),
    about: About = About(),  # noqa: B008 - frozen
) -> Report:
    """The report on what lies at ``paths``; raise `WrongUsage` where nothing does."""
    found = walk(paths, options)
    findings = Findings(least=options.least, counts_like_validate=options.counts_like_validate)
    total = len(found)
    for done, outcome in enumerate(_outcomes(found, options, means), 1):
        _take(outcome, findings, options)
        means.progress("checking", done, total)
        if 0 < means.most_errors <= findings.summary.count(Severity.ERROR):
            break
    _not_looked_at(found, findings, options)
    if not findings.summary.products.total:
        _nothing_found(found, findings, options)
    subject = ", ".join(target.place.name for target in found.targets)
    return findings.report(subject, about)


def _outcomes(found: Walk, options: Options, means: Means) -> Iterator[Outcome]:
    named = frozenset(
        label for target in found.targets if target.rule is Rule.LABEL for label in target.labels
    )
    make = examiner(found.base, options, named, means.schemas)
    jobs = means.jobs or os.cpu_count() or 1
    if jobs == 1 or (not means.jobs and len(found) < _WORTH_PROCESSES):
        answers = in_this_process(make, found.labels)
    else:
        answers = in_workers(make, found.labels, jobs=jobs, seconds=means.seconds)
    for path, answer in answers:
        yield lost(path, answer.reason) if isinstance(answer, Lost) else answer


def _take(outcome: Outcome, findings: Findings, options: Options) -> None:
    findings.product(
        outcome.label,
        outcome.lidvid,
        outcome.messages,
        is_skipped=not (outcome.is_label and options.checks_products),
    )


def _not_looked_at(found: Walk, findings: Findings, options: Options) -> None:
    """Labels of other versions, and folders that are not there."""
    for target in found.targets:
        for label in target.skipped:
            findings.product(label, None, (), is_skipped=True)
        if options.counts_like_validate:
            for _ in target.strangers:
                findings.skip()
    for folder in options.alternates:
        if not folder.is_dir():
            findings.skip()
            message = Message(
                severity=Severity.WARNING,
                type="info.validation.general",
                path=str(folder),
                message=f"{folder} is no folder; no file is looked for there",
                found="no folder",
                expected="a folder",
            )
            findings.beside(message.path, [message])


def _nothing_found(found: Walk, findings: Findings, options: Options) -> None:
    endings = ", ".join(f".{each}" for each in options.extensions)
    for target in found.targets:
        message = Message(
            severity=Severity.ERROR,
            type="error.execution.no_products_found",
            path=target.root or ".",
            message=f"no label ({endings}) is in {target.place.name}",
            found="no label",
            expected=f"files that end in {endings}",
        )
        findings.beside(message.path, [message])
