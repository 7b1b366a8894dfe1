"""The files that a label names, and what it says of each: its file areas and document files.

A file area is taken as it stands, right or wrong; what is odd in it is for the checks to tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from lxml import etree

from perilune.formats.pds4.grow import PDS
from perilune.formats.xml import line_of
from perilune.validation.label import Label
from perilune.validation.options import Options

_PREFIX = f"{{{PDS}}}"
_FILE = f"{_PREFIX}File"
_DOCUMENT = f"{_PREFIX}Document_File"
_AREA = f"{_PREFIX}File_Area"
_ENCODING = f"{_PREFIX}encoding_standard_id"
_OBSERVED = frozenset(("File_Area_Observational", "File_Area_Observational_Supplemental"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileArea:
    """One file that a label names; what the label lacks is empty."""

    kind: str
    """``File_Area_Observational``, ``Document_File`` and so on."""
    name: str
    directory: str
    """Relative to the label, as written."""
    md5: str
    size: str
    document_standard: str
    encodings: tuple[str, ...]
    """Of the objects in the file, in the order of the label."""
    is_observational: bool
    """Whether no other product may hold the same file."""
    line: int | None

    @property
    def relative(self) -> str:
        """Path from the label's folder, as the label writes it."""
        return f"{self.directory.rstrip('/')}/{self.name}" if self.directory else self.name

    @property
    def extension(self) -> str:
        """What the name ends in, without the dot, in small letters; empty where it has no dot."""
        _, dot, extension = self.name.rpartition(".")
        return extension.lower() if dot else ""

    def path_from(self, label: str) -> str | None:
        """The file's path where the label lies at ``label``; None where it leaves every folder."""
        parts: list[str] = []
        for part in (*PurePosixPath(label).parent.parts, *self.relative.split("/")):
            if part == "..":
                if not parts:
                    return None
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)


def areas_of(label: Label, options: Options = Options()) -> Iterator[FileArea]:  # noqa: B008
    """Every file that the label names, in its order.

    With ``counts_like_validate`` names are taken for parts of a URL: ``%20`` is a blank.
    """
    for area in _written(label):
        yield replace(area, name=unquote(area.name)) if options.counts_like_validate else area


def _written(label: Label) -> Iterator[FileArea]:
    is_observational = label.product_class == "Product_Observational"
    for element in label.root.iter(_FILE, _DOCUMENT):
        area = element.getparent()
        if element.tag == _DOCUMENT:
            yield _area("Document_File", element, (), is_observational=is_observational)
        elif area is not None and str(area.tag).startswith(_AREA):
            kind = str(area.tag).removeprefix(_PREFIX)
            encodings = tuple(
                [
                    text
                    for child in area
                    if child is not element and (text := _text(child, _ENCODING))
                ]
            )
            yield _area(
                kind, element, encodings, is_observational=is_observational or kind in _OBSERVED
            )


def _area(
    kind: str, element: etree._Element, encodings: tuple[str, ...], *, is_observational: bool
) -> FileArea:
    return FileArea(
        kind=kind,
        name=_text(element, f"{_PREFIX}file_name"),
        directory=_text(element, f"{_PREFIX}directory_path_name"),
        md5=_text(element, f"{_PREFIX}md5_checksum"),
        size=_text(element, f"{_PREFIX}file_size"),
        document_standard=_text(element, f"{_PREFIX}document_standard_id"),
        encodings=encodings,
        is_observational=is_observational,
        line=line_of(element),
    )


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
