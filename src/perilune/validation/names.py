"""Names of files and folders.

Source: PDS4 Standards Reference, sections 6C.1 and 6C.2: letters, digits, dash, full stop and
underscore, a letter or digit first, at most 255 characters; folders without full stop; names that
an operating system takes for something else; names that are equal but for case; names that are
kept for bundles and collections.
"""

import re
from collections.abc import Iterable, Iterator

from perilune.validation.areas import areas_of
from perilune.validation.label import Label
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message
from perilune.validation.saying import say

_MAX_LENGTH = 255
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DEVICES = frozenset(
    (
        *("aux", "con", "core", "nul", "prn"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
    )
)
_OF_BUNDLES = frozenset(
    (
        *("browse", "calibration", "context", "data", "document", "geometry", "miscellaneous"),
        *("spice_kernels", "xml_schema"),
    )
)
"""Folders at the root of a bundle; not inside a collection."""
_KEPT_FOR = (("collection_", "Product_Collection"), ("bundle_", "Product_Bundle"))
_OF_TABLES = frozenset(
    (
        "File_Area_Observational",
        "File_Area_SIP_Deep_Archive",
        "File_Area_Transfer_Manifest",
        "File_Area_Inventory",
        "File_Area_Ancillary",
        "File_Area_Browse",
    )
)
"""Areas whose files' names are judged with the label."""
_LEGAL = "letters, digits, dash, full stop and underscore, a letter or digit first"


def check_label_names(label: Label, options: Options) -> Iterator[Message]:
    """The names of a label and of its data files, where its folder is not looked at as a whole.

    With ``counts_like_validate`` also where it is, so that a name counts twice.
    """
    for prefix, kept_for in _KEPT_FOR:
        stem = label.place.stem.lower()
        if stem.startswith(prefix) and label.product_class != kept_for:
            yield say(
                "warning.file.reserved_name_mismatch",
                label.path,
                f"names that begin with {prefix} are kept for {kept_for}",
                found=label.product_class,
                expected=kept_for,
                lidvid=label.lidvid,
            )
            break
    if options.rule in (Rule.BUNDLE, Rule.COLLECTION) and not options.counts_like_validate:
        return
    yield from _first_fault(label.path, label.place.name, label.lidvid)
    for area in areas_of(label, options):
        if area.kind in _OF_TABLES and area.name:
            path = area.path_from(label.path) or label.path
            yield from _first_fault(path, area.name, label.lidvid)


def check_names(
    rule: Rule, root: str, files: Iterable[str], folders: Iterable[str], options: Options
) -> Iterator[Message]:
    """The names of everything in a bundle or collection at ``root``, a folder's names together.

    With ``counts_like_validate`` only down to the folders of collections.
    """
    deepest = 1 if rule is Rule.COLLECTION else 2
    start = len(root) + 1 if root else 0
    beside = _by_folder(folders)
    for is_folder, paths in ((False, files), (True, folders)):
        here, spelt = None, dict[str, str]()
        for path in paths:
            depth = path.count("/", start) + 1
            if options.counts_like_validate and depth > deepest:
                continue
            parent, _, name = path.rpartition("/")
            faults = _faults(path, name, is_folder=is_folder)
            yield from faults if options.counts_like_validate else faults[:1]
            if parent != here:
                here, spelt = parent, {}
            yield from _equal_but_for_case(spelt, path, name)
            if not is_folder and (folder := beside.get((parent, name.lower()))) is not None:
                yield from _equal_but_for_case({name.lower(): name}, f"{parent}/{folder}", folder)
            if is_folder and depth == deepest and name in _OF_BUNDLES:
                yield say(
                    "warning.sub_directory.unallowed_name",
                    path,
                    f"{name} is kept for folders at the root of a bundle",
                    found=name,
                    expected="another name, or a place at the bundle's root",
                )


def _by_folder(folders: Iterable[str]) -> dict[tuple[str, str], str]:
    """The name of each folder by the folder it is in and its name in small letters."""
    parted = (path.rpartition("/")[::2] for path in folders)
    return {(parent, name.lower()): name for parent, name in parted}


def _first_fault(path: str, name: str, lidvid: str | None) -> Iterator[Message]:
    yield from _faults(path, name, is_folder=False, lidvid=lidvid)[:1]


def _equal_but_for_case(spelt: dict[str, str], path: str, name: str) -> Iterator[Message]:
    first = spelt.setdefault(name.lower(), name)
    if first != name:
        yield say(
            "error.validation.file_naming_problem",
            path,
            f"{name} and {first} in one folder differ in case alone",
            found=name,
            expected="names that differ in more than case",
        )


def _faults(path: str, name: str, *, is_folder: bool, lidvid: str | None = None) -> list[Message]:
    kind, what = ("directory", "folder") if is_folder else ("file", "file")
    found = []
    if len(name) > _MAX_LENGTH:
        found.append(
            (f"error.{kind}.name_too_long", f"has {len(name)} characters", "255 characters at most")
        )
    if _NAME.fullmatch(name) is None:
        odd = sorted(set(re.sub(r"[A-Za-z0-9_.-]", "", name))) or [name[:1]]
        words = "has " + " ".join(repr(each) for each in odd[:5])
        found.append((f"error.{kind}.name_has_invalid_characters", words, _LEGAL))
    if is_folder and "." in name:
        found.append(
            (f"error.{kind}.name_has_invalid_characters", "has a full stop", "a name without one")
        )
    if not is_folder and name.lower() == "a.out":
        found.append(("error.file.unallowed_name", "is what compilers write", "another name"))
    if name in _DEVICES:
        type_ = f"error.{kind}.unallowed_name" if is_folder else "error.file.unallowed_base_name"
        found.append((type_, "is a device or a dump for some operating systems", "another name"))
    return [
        say(
            type_,
            path,
            f"the name of {what} {name[:100]!r} {words}",
            found=name[:300],
            expected=expected,
            lidvid=lidvid,
        )
        for type_, words, expected in found
    ]
