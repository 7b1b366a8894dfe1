"""Examine: one label through every check that looks at it alone, in whatever process.

A check that fails of itself is one message of that label; the checks after it are made all the
same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lxml import etree

from perilune.formats.pds4.grow import PDS
from perilune.formats.xml import line_of
from perilune.validation.content import check_content
from perilune.validation.context import Registry, check_context
from perilune.validation.documents import check_documents
from perilune.validation.facts import Facts, facts_of
from perilune.validation.files import check_files
from perilune.validation.grammar import check_grammar
from perilune.validation.label import Label, read_label
from perilune.validation.names import check_label_names
from perilune.validation.options import Options
from perilune.validation.profiles import tempered
from perilune.validation.report import Message, Severity
from perilune.validation.schemas import Schemas

_PEEKED = 1 << 20
_PRODUCT = b"<Product_"

Check = Callable[[Label], Iterable[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one label."""

    label: str
    lidvid: str | None = None
    messages: tuple[Message, ...] = ()
    facts: Facts | None = None
    """What it says of other products; None where it cannot be read."""
    is_label: bool = True
    """False for a file that is named like a label and is none."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What labels are held against."""

    schemas: Schemas | None = None
    """None: against no schema."""
    registry: Registry = field(default_factory=Registry)
    """Context products that are registered."""


@dataclass(slots=True)
class Examiner:
    """What a process needs to examine labels; made once in each."""

    base: Path
    options: Options
    named: frozenset[str]
    """Labels that were named one by one: these are meant to be labels."""
    sources: Sources

    def __call__(self, path: str) -> Outcome:
        """Everything found of the label at ``path``."""
        read = read_label(path, self.base / path)
        if isinstance(read, Message):
            return self._unreadable(path, read)
        if not _is_product(read.root):
            tag = etree.QName(read.root).localname
            return self._no_label(path, f"is no PDS4 label; its root is {tag}", line_of(read.root))
        if not self.options.checks_products:
            return Outcome(label=path, lidvid=read.lidvid, facts=facts_of(read, self.options))
        messages: list[Message] = []
        for name, check in self._checks():
            try:
                messages += check(read)
            except Exception as error:  # noqa: BLE001 - hostile labels end no run
                messages.append(_failed(read, name, error))
        return Outcome(
            label=path,
            lidvid=read.lidvid,
            messages=tuple(tempered(messages, read.lid, self.options)),
            facts=facts_of(read, self.options),
        )

    def _checks(self) -> Iterable[tuple[str, Check]]:
        options = self.options
        if self.sources.schemas is not None:
            yield "grammar", partial(check_grammar, schemas=self.sources.schemas, options=options)
        yield "name", partial(check_label_names, options=options)
        if options.checks_files:
            yield "files", partial(check_files, options=options)
        yield "documents", partial(check_documents, options=options)
        yield "context", partial(check_context, registry=self.sources.registry, options=options)
        yield "content", partial(check_content, options=options)

    def _unreadable(self, path: str, told: Message) -> Outcome:
        if path in self.named or _names_product(self.base / path):
            return Outcome(label=path, messages=(told,))
        return self._no_label(path, told.message, told.line)

    def _no_label(self, path: str, reason: str, line: int | None) -> Outcome:
        """A stray ``.xml`` is left alone; every ``.lblx`` is meant to be a label."""
        is_meant = path in self.named or not path.lower().endswith(".xml")
        severity = Severity.ERROR if is_meant else Severity.WARNING
        message = Message(
            severity=severity,
            type=f"{severity}.label.not_understandable",
            path=path,
            line=line,
            message=reason,
            found=reason,
            expected="a PDS4 label",
        )
        return Outcome(label=path, messages=(message,), is_label=is_meant)


def examiner(
    base: Path, options: Options, named: frozenset[str], sources: Sources
) -> Callable[[], Examiner]:
    """What makes an `Examiner` in another process."""
    return partial(Examiner, base, options, named, sources)


def lost(path: str, reason: str) -> Outcome:
    """The outcome for a label that the process checking it did not survive."""
    message = Message(
        severity=Severity.ERROR,
        type="error.validation.internal_error",
        path=path,
        message=f"could not be checked: {reason}",
        found=reason,
        expected="a label that can be checked",
    )
    return Outcome(label=path, messages=(message,))


def _failed(label: Label, check: str, error: Exception) -> Message:
    told = f"{type(error).__name__}: {error}"[:300]
    return Message(
        severity=Severity.ERROR,
        type="error.validation.internal_error",
        path=label.path,
        lidvid=label.lidvid,
        message=f"the check of its {check} failed: {told}",
        found=told,
        expected="a check that ends",
    )


def _is_product(root: etree._Element) -> bool:
    name = etree.QName(root)
    return name.namespace == PDS and name.localname.startswith("Product_")


def _names_product(place: Path) -> bool:
    try:
        with place.open("rb") as data:
            return _PRODUCT in data.read(_PEEKED)
    except OSError:
        return True
