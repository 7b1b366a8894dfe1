"""Examination: what ``perilune validate`` says of a delivery, beside what custody asks of it.

Every label goes through the same checks in the same processes, and what the products say of each
other is told at the end, with what the keeper holds already counted in. Files are not looked for
or compared here: the check of the delivery reads every byte of them anyway.

A schema that cannot be had refuses no label unless the node says so; each is told once, with the
number of labels that were not held against it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from perilune.config import Refusal, Validation
from perilune.ingest.keeper import CONTEXT, Keeper
from perilune.ingest.receive import Received
from perilune.ingest.workers import WORTH_A_POOL
from perilune.validation.context import delivered_in, not_checked
from perilune.validation.examine import Outcome, Sources
from perilune.validation.integrity import Integrity, Whole
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message, Severity
from perilune.validation.run import Means, outcomes
from perilune.validation.saying import say

_SCHEMA = frozenset(("error.label.unresolvable_resource", "error.label.missing_schema"))
_TOLD_OF_BOTH = "error.label.duplicate_identifier"
"""Said by the check of the delivery, of every label that bears it."""
_NONE_NAMED = "schema not checked: the label names none"
_NONE_KEPT = "schema not checked: this node keeps none"
_PEEKED = 16_384
_KIND = re.compile(rb"<(?:[\w.-]+:)?(Product_\w+)[\s>]")


@dataclass(slots=True)
class Examination:
    """The labels of one delivery, in order, and then the whole of it."""

    received: Received
    keeper: Keeper
    options: Options
    sources: Sources
    _made: Iterator[Outcome]
    _integrity: Integrity
    named: set[tuple[str, str]] = field(default_factory=set)
    """Namespace and address of every schema that labels name."""
    _unchecked: dict[str, Message] = field(default_factory=dict)

    def of(self, path: str) -> list[Message]:
        """What is said of the label at ``path``; labels are asked for in the delivery's order."""
        outcome = next(self._made)
        assert outcome.label == path
        messages = list(outcome.messages)
        if outcome.facts is not None:
            messages += self._integrity.add(outcome.facts)
            self.named.update(outcome.facts.grammar)
        return list(self._told(messages))

    def whole(self) -> Iterator[Message]:
        """What is said of all of them together, and what was not checked."""
        files = self.received.files if self.received.is_whole else ()
        whole = Whole(
            rule=self.options.rule or Rule.FOLDER,
            base=self.received.root,
            files=sorted(files, key=lambda path: path.rpartition("/")[::2]),
            folders=_folders(files),
        )
        yield from self._told(self._integrity.finish([whole]))
        if self.sources.schemas is None:
            yield _not_checked(_NONE_KEPT, "", len(self.received.labels))
        yield from self._unchecked.values()
        if not len(self.sources.registry):
            yield not_checked(".")

    def _told(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Those that the keeper wants to hear of, as severe as it takes them."""
        refuses = self.keeper.config.refuses
        for message in messages:
            if message.type in _SCHEMA and not self.keeper.config.schemas_required:
                self._count_unchecked(message)
            elif message.severity is Severity.INFO or message.type == _TOLD_OF_BOTH:
                continue
            elif refuses is Refusal.WARNINGS and message.severity is Severity.WARNING:
                yield replace(message, severity=Severity.ERROR)
            elif refuses is Refusal.NOTHING and message.severity is Severity.ERROR:
                yield replace(message, severity=Severity.WARNING)
            else:
                yield message

    def _count_unchecked(self, message: Message) -> None:
        cause = message.cause or _NONE_NAMED
        before = self._unchecked.get(cause)
        count = 1 if before is None else before.count + 1
        self._unchecked[cause] = _not_checked(cause, message.found, count)


@contextmanager
def examining(received: Received, keeper: Keeper) -> Iterator[Examination | None]:
    """The examination of a delivery; None where the keeper asks for none."""
    validation = keeper.config.validation
    if validation is Validation.CUSTODY:
        yield None
        return
    kinds = _kinds(received)
    options = Options(
        rule=_rule(received, kinds.values()),
        checks_files=False,
        checks_content=validation is Validation.FULL,
        allows_unlabelled=True,
    )
    labels, schemas = received.labels, keeper.schemas
    registry = keeper.registry()
    if len(registry):  # without any list nothing is told of context products
        brought = [path for path, kind in kinds.items() if kind == CONTEXT]
        registry = registry.including(delivered_in(received.root, brought))
    is_light = (schemas is None or not schemas.entries) and len(labels) < WORTH_A_POOL
    sources = Sources(schemas, registry)
    # Saxon is kept out of this process, which may be a server with threads of its own
    means = Means(jobs=1 if is_light else max(2, os.cpu_count() or 1), sources=sources)
    with (
        closing(Integrity(options, keeper)) as integrity,
        closing(outcomes(received.root, labels, frozenset(), options, means)) as made,
    ):
        yield Examination(received, keeper, options, sources, made, integrity)


def _kinds(received: Received) -> dict[str, str]:
    """Path to root element of every label, by a look at its first bytes."""
    found = {}
    for path in received.labels:
        try:
            with (received.root / path).open("rb") as data:
                head = data.read(_PEEKED)
        except OSError:
            continue
        if (match := _KIND.search(head)) is not None:
            found[path] = match[1].decode()
    return found


def _rule(received: Received, kinds: Iterable[str]) -> Rule:
    """What the delivery is taken for: a bundle where it holds the label of one, and so on."""
    if not received.is_whole:
        return Rule.LABEL
    found = set(kinds)
    if "Product_Bundle" in found:
        return Rule.BUNDLE
    return Rule.COLLECTION if "Product_Collection" in found else Rule.FOLDER


def _folders(files: Iterable[str]) -> tuple[str, ...]:
    """Every folder that files lie in, those within one together."""
    within = {path.rpartition("/")[0] for path in files}
    folders = within | {str(each) for path in within for each in PurePosixPath(path).parents}
    return tuple(sorted(folders - {"", "."}, key=lambda path: path.rpartition("/")[::2]))


def _not_checked(cause: str, found: str, count: int) -> Message:
    labels = "1 label" if count == 1 else f"{count:,} labels"
    return say(
        "warning.delivery.schema_not_checked",
        ".",
        f"{cause} ({labels})",
        found=found,
        expected="a schema that is pinned in the node",
        cause=cause,
        count=count,
    )
