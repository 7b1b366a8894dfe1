"""Walk: from the paths that were given to the labels to be looked at, and why others are not.

The whole run has one base folder; every path in its report is relative to that. Links to folders
are not followed.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from perilune.errors import WrongUsage
from perilune.validation.membership import Chosen, bundle_meant, collections_meant
from perilune.validation.options import Options, Rule
from perilune.validation.paths import Paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something to be checked: a label, or a folder taken for what the rule says."""

    place: Path
    rule: Rule
    root: str
    """Its folder, relative to the base; empty for the base itself."""
    labels: Collection[str]
    """Files that may be labels, relative to the base, in the order of their names."""
    files: Collection[str] = ()
    """Every file below, relative to the base, those of a folder together; of a label none."""
    folders: Collection[str] = ()
    """Every folder below."""
    skipped: Collection[str] = ()
    """Labels of other versions than the one meant: not looked at."""
    passed_over: Collection[str] = ()
    """Labels that are not among the nth ones asked for: they count as members alone."""
    strangers: Sequence[str] = ()
    """Labels of collections that the bundle does not name: looked at all the same."""

    @property
    def is_joint(self) -> bool:
        """Whether products are checked together: members, inventories, names of files."""
        return self.rule in (Rule.BUNDLE, Rule.COLLECTION)


@dataclass(frozen=True, slots=True)
class Walk(Collection[str]):
    """Everything to be looked at: the labels of all targets, each once."""

    base: Path
    targets: tuple[Target, ...]

    def __iter__(self) -> Iterator[str]:
        for label, _ in self._placed():
            yield label

    def __len__(self) -> int:
        if len(self.targets) == 1:
            return len(self.targets[0].labels)
        return sum(1 for _ in self)

    def __contains__(self, label: object) -> bool:
        return any(label in target.labels for target in self.targets)

    def targets_of_labels(self) -> Iterator[int]:
        """The number of the target that each label belongs to, in the order of the labels."""
        for _, number in self._placed():
            yield number

    def _placed(self) -> Iterator[tuple[str, int]]:
        seen: set[str] = set()
        for number, target in enumerate(self.targets):
            for label in target.labels:
                if len(self.targets) == 1:
                    yield label, number
                elif label not in seen:
                    seen.add(label)
                    yield label, number


@dataclass(slots=True)
class _Found:
    """What lies in a folder."""

    files: Paths = field(default_factory=Paths)
    folders: Paths = field(default_factory=Paths)


def walk(paths: Sequence[Path], options: Options) -> Walk:
    """What is to be looked at; raise `WrongUsage` on a path that is not there."""
    places = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - keeps links
    for path, place in zip(paths, places, strict=True):
        if not place.exists():
            raise WrongUsage(f"nothing is at {path}")
    if not places:
        raise WrongUsage("nothing to check is named")
    folders = [place if place.is_dir() else place.parent for place in places]
    base = Path(os.path.commonpath(folders))
    return Walk(base, tuple(_target(place, base, options) for place in places))


def labels_below(folder: Path, options: Options) -> Iterator[str]:
    """Every label in and below a folder, relative to it, in the order of their names."""
    for path in _below(folder, folder, is_recursive=True).files:
        if _is_named_like_label(path, options.extensions):
            yield path


def _target(place: Path, base: Path, options: Options) -> Target:
    is_folder = place.is_dir()
    rule = options.rule or (Rule.FOLDER if is_folder else Rule.LABEL)
    if is_folder and rule is Rule.LABEL:
        rule = Rule.FOLDER
    if not is_folder and rule in (Rule.LABEL, Rule.FOLDER):
        label = _relative(place, base)
        return Target(
            place=place, rule=Rule.LABEL, root=_relative(place.parent, base), labels=(label,)
        )
    folder = place if is_folder else place.parent
    found = _below(folder, base, is_recursive=options.is_recursive)
    labels = Paths.of(
        path for path in found.files if _is_named_like_label(path, options.extensions)
    )
    given = None if is_folder else _relative(place, base)
    chosen = Chosen()
    if rule is Rule.BUNDLE:
        chosen = bundle_meant(base, _relative(folder, base), labels, given)
    elif rule is Rule.COLLECTION:
        chosen = collections_meant(base, _relative(folder, base), labels, given)
    meant: Collection[str] = labels
    if chosen.others:
        left_out = set(chosen.others)
        meant = Paths.of(path for path in labels if path not in left_out)
    every = options.every_label
    return Target(
        place=place,
        rule=rule,
        root=_relative(folder, base),
        labels=meant if every == 1 else Paths.of(islice(meant, 0, None, every)),
        passed_over=Paths.of(path for row, path in enumerate(meant) if row % every),
        files=found.files,
        folders=found.folders,
        skipped=chosen.others,
        strangers=chosen.strangers,
    )


def _below(folder: Path, base: Path, *, is_recursive: bool) -> _Found:
    found = _Found()
    waiting = [_relative(folder, base)]
    while waiting:
        here = waiting.pop()
        files, folders = _names_in(base / here)
        found.files.put(here, files)
        found.folders.put(here, folders)
        if is_recursive:
            waiting += [f"{here}/{name}" if here else name for name in reversed(folders)]
    return found


def _names_in(folder: Path) -> tuple[list[str], list[str]]:
    """Names of files and of folders, in order."""
    files, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif _is_file(entry):
                    files.append(entry.name)
    except OSError as error:
        raise WrongUsage(f"{folder} cannot be read: {error.strerror}") from error
    return sorted(files), sorted(folders)


def _is_file(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a file, or a link that leads to one; a link to itself leads nowhere."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _relative(place: Path, base: Path) -> str:
    relative = place.relative_to(base).as_posix()
    return "" if relative == "." else relative


def _is_named_like_label(path: str, extensions: Iterable[str]) -> bool:
    _, dot, extension = path.rpartition(".")
    return bool(dot) and extension.lower() in extensions
