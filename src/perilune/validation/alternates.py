"""Alternates: labels that count as members of what is checked, without being checked.

So a bundle may be checked of which a part lies in other folders, or only every nth label.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perilune.validation.label import Label, read_label
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity
from perilune.validation.saying import say
from perilune.validation.walk import Walk, labels_below


@dataclass(slots=True)
class Alternates:
    """Every identifier of such labels."""

    labels: list[str] = field(default_factory=list)
    """Those of other folders."""
    messages: list[Message] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, walk: Walk, options: Options) -> "Alternates":
        """What is passed over, and what lies in other folders; these are told of."""
        found = cls()
        for target in walk.targets:
            for _, label in _labels(walk.base, target.passed_over):
                found._note(label)
        for folder in options.alternates:
            found.messages.append(_told(folder))
            if folder.is_dir():
                for path, label in _labels(folder, labels_below(folder, options)):
                    found.labels.append(path)
                    found._note(label)
        return found

    def holds(self, identifiers: Collection[str]) -> Collection[str]:
        """Those of some LIDs and LIDVIDs that are in those folders."""
        return self._known.intersection(identifiers)

    def _note(self, label: Label) -> None:
        self._known.update((label.lid, f"{label.lid}::{label.version}"))


def _labels(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, Label]]:
    for name in names:
        label = read_label(str(folder / name), folder / name)
        if isinstance(label, Label) and label.product_class.startswith("Product_"):
            yield label.path, label


def _told(folder: Path) -> Message:
    is_there = folder.is_dir()
    words = (
        "its labels count as members, and are not checked"
        if is_there
        else "it is no folder; nothing is looked for there"
    )
    return say(
        "info.validation.general",
        str(folder),
        f"{folder}: {words}",
        severity=Severity.WARNING,
        found="a folder" if is_there else "no folder",
        expected="a folder of labels",
    )
