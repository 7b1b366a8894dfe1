"""Run: everything at some paths through every check, into one report.

Labels are examined in processes of their own, one for each core; what they say of themselves comes
back in the order of their names, so that the same data always give the same report. What products
say of each other is gathered meanwhile and told at the end.
"""

import os
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from perilune.validation.alternates import Alternates
from perilune.validation.context import delivered_in, not_checked
from perilune.validation.examine import Outcome, Sources, examiner, lost
from perilune.validation.findings import Findings
from perilune.validation.integrity import Integrity, Whole
from perilune.validation.options import Options, Rule
from perilune.validation.report import About, Message, Report, Severity
from perilune.validation.told import by_file
from perilune.validation.walk import Target, Walk, walk
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
    sources: Sources = Sources()  # noqa: RUF009 - frozen
    progress: Progress = lambda _what, _done, _total: None


def run(
    paths: Sequence[Path],
    options: Options,
    means: Means = Means(),
    about: About = About(),  # noqa: B008 - frozen
) -> Report:
    """The report on what lies at ``paths``; raise `WrongUsage` where nothing does."""
    found = walk(paths, options)
    means = _knowing_what_comes(found, options, means)
    findings = Findings(least=options.least, counts_like_validate=options.counts_like_validate)
    alternates = Alternates.read(found, options)
    elsewhere = alternates if options.alternates or options.every_label > 1 else None
    with closing(Integrity(options, elsewhere)) as integrity:
        _examine(found, options, means, findings, integrity)
        _not_looked_at(found, findings, options, alternates)
        if options.checks_context and not len(means.sources.registry):
            findings.beside(".", [not_checked(".")])
        if not findings.summary.products.total:
            _nothing_found(found, findings, options)
        closing_words = integrity.finish([_whole(target, found) for target in found.targets])
        for path, told in by_file(closing_words):
            findings.beside(path, told)
    subject = ", ".join(target.place.name for target in found.targets)
    return findings.report(subject, about)


def _knowing_what_comes(found: Walk, options: Options, means: Means) -> Means:
    """Context products among the labels count as registered, beside the lists that are known.

    NASA's ``validate`` knows its list alone. Without any list nothing is said of context products.
    """
    registry = means.sources.registry
    if options.counts_like_validate or not options.checks_context or not len(registry):
        return means
    known = registry.including(delivered_in(found.base, found))
    return replace(means, sources=replace(means.sources, registry=known))


def outcomes(
    base: Path, labels: Collection[str], named: frozenset[str], options: Options, means: Means
) -> Generator[Outcome]:
    """What becomes of each label under ``base``, in the order given."""
    make = examiner(base, options, named, means.sources)
    jobs = means.jobs or os.cpu_count() or 1
    if jobs == 1 or (not means.jobs and len(labels) < _WORTH_PROCESSES):
        answers = in_this_process(make, labels)
    else:
        answers = in_workers(make, labels, jobs=jobs, seconds=means.seconds)
    for path, answer in answers:
        yield lost(path, answer.reason) if isinstance(answer, Lost) else answer


def _examine(
    found: Walk, options: Options, means: Means, findings: Findings, integrity: Integrity
) -> None:
    """Every label for itself; and what is wrong with it beside an earlier one."""
    named = frozenset(
        label for target in found.targets if target.rule is Rule.LABEL for label in target.labels
    )
    total = len(found)
    made = outcomes(found.base, found, named, options, means)
    for done, (outcome, target) in enumerate(zip(made, found.targets_of_labels(), strict=True), 1):
        beside = [] if outcome.facts is None else integrity.add(outcome.facts, target)
        if not outcome.is_label and found.targets[target].is_joint:
            findings.beside(outcome.label, outcome.messages)
        else:
            findings.product(
                outcome.label,
                outcome.lidvid,
                [*outcome.messages, *beside],
                is_skipped=_is_skipped(outcome, options),
            )
        means.progress("checking", done, total)
        if 0 < means.most_errors <= findings.summary.count(Severity.ERROR):
            break


def _is_skipped(outcome: Outcome, options: Options) -> bool:
    """Whether the label counts as not looked at; ``validate`` skips one without schema too."""
    if not (outcome.is_label and options.checks_products):
        return True
    return options.counts_like_validate and any(
        message.type == "error.label.missing_schema" for message in outcome.messages
    )


def _whole(target: Target, found: Walk) -> Whole:
    return Whole(
        rule=target.rule,
        base=found.base,
        root=target.root,
        files=target.files,
        folders=target.folders,
        skipped=(*target.skipped, *target.passed_over),
    )


def _not_looked_at(
    found: Walk, findings: Findings, options: Options, alternates: Alternates
) -> None:
    """Labels of other versions, and those of other folders."""
    for target in found.targets:
        for label in target.skipped:
            findings.product(label, None, (), is_skipped=True)
        if options.counts_like_validate:
            for _ in target.strangers:
                findings.skip()
    for label in alternates.labels:
        findings.product(label, None, (), is_skipped=True)
    for message in alternates.messages:
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
