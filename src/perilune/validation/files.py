"""Files that a label names: that each is there, whole, and the one that was meant.

Every byte of a file is read at most once, and only where an MD5 is known for it. Only regular
files are opened, so that a label that names a device or a pipe costs nothing.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Unpack

from perilune.formats.pds4.grow import PDS
from perilune.validation.areas import FileArea, areas_of
from perilune.validation.causes import why_md5_differs
from perilune.validation.label import Label
from perilune.validation.manifest import Manifest, manifest_of
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity
from perilune.validation.saying import Rest, say


def check_files(label: Label, options: Options) -> Iterator[Message]:
    """What is wrong with the files that the label names, and with their names in it."""
    manifest = manifest_of(options)
    told = _Told(label, options)
    if manifest is not None:
        yield from _label_in_manifest(told, manifest)
    if not options.checks_products:
        return
    if options.counts_like_validate and _lid_on_two_lines(label):
        yield told.of(
            None,
            "error.validation.internal_error",
            "the identifier is on two lines; NASA's validate looks at no file then",
            expected="a logical_identifier on one line",
        )
        return
    for area in areas_of(label, options):
        if area.directory.startswith("/"):
            yield told.of(
                area,
                "error.directory.unallowed_name",
                f"{area.directory} is an absolute directory_path_name",
                found=area.directory,
                expected="a folder at or below the label's, in relative form",
            )
            if options.counts_like_validate:
                return  # it looks at no further file of that label
            continue
        if options.checks_content or not options.counts_like_validate:
            yield from _check_area(told, area, manifest)


def _lid_on_two_lines(label: Label) -> bool:
    """Where it is so, and a file is named, ``validate`` fails of itself."""
    area = label.root.find(f"{{{PDS}}}Identification_Area/{{{PDS}}}logical_identifier")
    return area is not None and "\n" in (area.text or "") and any(areas_of(label))


def place_of(label: Label, area: FileArea) -> Path:
    """Where the file should lie."""
    return label.place.parent / area.relative


def regular_size(place: Path) -> int | None:
    """Bytes of a regular file; None where there is none."""
    try:
        status = place.stat()
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _check_area(told: "_Told", area: FileArea, manifest: Manifest | None) -> Iterator[Message]:
    if not area.name:
        yield told.of(
            area,
            "error.validation.unknown_value",
            f"{area.kind} names no file",
            expected="a file_name",
        )
        return
    place = place_of(told.label, area)
    size = regular_size(place)
    if size is None:
        yield _missing(told, area, place)
        return
    if (on_disk := _name_in_other_case(told.label, place)) is not None:
        yield told.of(
            area,
            "warning.label.file_ref_case_mismatch",
            f"the file is named {on_disk} on disk, {place.name} in the label",
            found=place.name,
            expected=on_disk,
        )
    differs = False
    if told.options.checks_content or manifest is not None:
        for message in _check_md5(told, area, place, manifest):
            differs = differs or message.severity is Severity.ERROR
            yield message
    yield _check_size(told, area, size, md5_is_right=bool(area.md5) and not differs)


def _missing(told: "_Told", area: FileArea, place: Path) -> Message:
    cause = ""
    if os.path.exists(place):  # noqa: PTH110 - answers for names that can be none, too
        cause = "it is there, but is no regular file"
    elif similar := _similar(place):
        cause = f"{similar} is there, whose name differs in case"
    return told.of(
        area,
        "error.label.missing_file",
        f"{area.relative} is not there",
        found="no such file",
        expected=area.relative,
        cause=cause,
    )


def _similar(place: Path) -> str | None:
    wanted = place.name.lower()
    return next((each for each in sorted(_names_in(place.parent)) if each.lower() == wanted), None)


def _name_in_other_case(label: Label, place: Path) -> str | None:
    """The name on disk, where the file system finds files whatever their case."""
    if not _ignores_case(label.place) or place.name in _names_in(place.parent):
        return None
    return _similar(place)


def _ignores_case(place: Path) -> bool:
    other = place.name.swapcase()
    return other != place.name and place.with_name(other).exists()


@lru_cache(maxsize=4)
def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names alone
    except OSError:
        return frozenset()


def _label_in_manifest(told: "_Told", manifest: Manifest) -> Iterator[Message]:
    """The label's own bytes; a label that the manifest leaves out is let be."""
    expected = manifest.md5_of(told.label.place)
    if expected is None:
        return
    found = hashlib.md5(told.label.data, usedforsecurity=False).hexdigest()
    yield _compared(told, None, found, expected, "the manifest")


def _check_md5(
    told: "_Told", area: FileArea, place: Path, manifest: Manifest | None
) -> Iterator[Message]:
    announced = manifest.md5_of(place) if manifest is not None else None
    is_lax = told.options.counts_like_validate
    if manifest is not None and announced is None and (area.md5 or not is_lax):
        yield told.of(
            area,
            "error.label.missing_checksum",
            f"the manifest has no MD5 of {area.relative}",
            expected="a line in the checksum manifest",
        )
    if announced is None and not area.md5:
        if not is_lax:
            yield _no_md5(told, area)
        return
    try:
        with place.open("rb") as data:
            found = hashlib.file_digest(data, _md5).hexdigest()
    except OSError as error:
        yield told.of(
            area,
            "error.label.missing_file",
            f"{area.relative} cannot be read: {error.strerror}",
            found=str(error.strerror),
            expected="a file that can be read",
        )
        return
    if announced is not None:
        yield _compared(told, area, found, announced, "the manifest")
    if area.md5:
        written = area.md5 if is_lax else area.md5.lower()
        yield _compared(told, area, found, written, "the label")
    else:
        yield _no_md5(told, area)


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)


def _no_md5(told: "_Told", area: FileArea) -> Message:
    return told.of(
        area,
        "info.label.missing_checksum",
        f"the label gives no MD5 of {area.relative}",
        expected="md5_checksum",
    )


def _compared(
    told: "_Told", area: FileArea | None, found: str, expected: str, source: str
) -> Message:
    place = told.label.place if area is None else place_of(told.label, area)
    name = place.name if area is None else area.relative
    if found == expected:
        return told.of(
            area, "info.label.checksum_matches", f"the MD5 of {name} is that of {source}"
        )
    if found == expected.lower():
        cause = "the label writes it in capitals"
    else:
        size = area.size if area is not None else ""
        is_size = size.isascii() and size.isdecimal()
        cause = why_md5_differs(place, expected, int(size) if is_size else None)
    return told.of(
        area,
        "error.label.checksum_mismatch",
        f"MD5 of {name} is {found}, {source} says {expected}",
        found=found,
        expected=expected,
        cause=cause,
    )


def _check_size(told: "_Told", area: FileArea, size: int, *, md5_is_right: bool) -> Message:
    if not area.size:
        return told.of(
            area,
            "info.label.missing_filesize",
            f"the label gives no size of {area.relative}",
            expected="file_size",
        )
    if _is_size(area.size, size, as_text=told.options.counts_like_validate):
        return told.of(
            area,
            "info.label.filesize_matches",
            f"the size of {area.relative} is that of the label",
        )
    return told.of(
        area,
        "error.label.filesize_mismatch",
        f"{area.relative} has {size} bytes, the label says {area.size}",
        found=str(size),
        expected=area.size,
        cause="the MD5 is right, so the label's file_size is wrong" if md5_is_right else "",
    )


def _is_size(written: str, size: int, *, as_text: bool) -> bool:
    if as_text:
        return written == str(size)
    return (
        written.isascii() and written.isdecimal() and written.lstrip("0") == str(size).lstrip("0")
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What messages about files of one label have in common."""

    label: Label
    options: Options

    def of(self, area: FileArea | None, type: str, message: str, **rest: Unpack[Rest]) -> Message:
        """A message about a file; of the label itself where ``area`` is None."""
        path = self.label.path
        rest["lidvid"] = self.label.lidvid
        if area is not None:
            rest["line"] = area.line
            path = (area.path_from(path) if area.name else None) or path
        return say(type, path, message, **rest)
