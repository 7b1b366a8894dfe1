"""Documents and media: whether a file is of the standard that its label names.

PDF/A-1, JPEG, PNG, MP4, M4A and WAV are opened; of the others NASA's ``validate`` knows the
extension alone, and of TIFF and GIF we look at the structure too. What is covered of PDF/A is
listed in docs/reference/documents.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from perilune.validation.areas import FileArea, areas_of
from perilune.validation.documents import pdf, pictures, recordings
from perilune.validation.documents.standards import (
    UnknownStandard,
    allowed_extensions,
    expected_extensions,
)
from perilune.validation.files import place_of, regular_size
from perilune.validation.label import Label
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity
from perilune.validation.saying import say

_Judge = Callable[[Path], str]
"""What is wrong with a file, in a few words; empty where nothing is."""


def check_documents(label: Label, options: Options) -> Iterator[Message]:
    """What is wrong with the form of the documents, pictures and recordings of the label."""
    if not options.checks_products:
        return
    for area in areas_of(label, options):
        if area.name and area.kind != "File_Area_External":
            yield from _extension(label, area)
        if area.name and options.checks_content and _is_there(label, area):
            yield from _Document(label, area, options).check()


def _is_there(label: Label, area: FileArea) -> bool:
    return not area.directory.startswith("/") and regular_size(place_of(label, area)) is not None


def _extension(label: Label, area: FileArea) -> Iterator[Message]:
    """The extension against the encoding of what is in the file."""
    if not area.encodings or "." not in area.name:
        return
    encoding = area.encodings[-1]
    try:
        allowed = allowed_extensions(encoding)
    except UnknownStandard:
        yield say(
            "error.validation.internal_error",
            label.path,
            f"{encoding[:100]!r} is no encoding_standard_id that is known here",
            line=area.line,
            lidvid=label.lidvid,
            found=encoding[:100],
            expected="a value of the information model",
        )
        return
    if allowed and area.extension not in allowed:
        yield say(
            "error.validation.file_naming_problem",
            area.path_from(label.path) or label.path,
            f"{area.name} is encoded in {encoding}; its extension is .{area.extension}",
            severity=Severity.WARNING,
            line=area.line,
            lidvid=label.lidvid,
            found=f".{area.extension}",
            expected=" or ".join(f".{each}" for each in sorted(allowed)),
        )


@dataclass(frozen=True, slots=True)
class _Document:
    """A file that is there, and the standard it is said to be of."""

    label: Label
    area: FileArea
    options: Options

    @property
    def place(self) -> Path:
        return place_of(self.label, self.area)

    @property
    def standard(self) -> str:
        """Of a document, else of the first object in the file that is encoded."""
        return self.area.document_standard or next(iter(self.area.encodings), "")

    def check(self) -> Iterator[Message]:
        """What is wrong with it."""
        is_lax = self.options.counts_like_validate
        match self.standard.upper():
            case "PDF" | "PDF/A":
                yield from self._pdf()
            case "JPEG":
                judge = pictures.jpeg_like_validate if is_lax else pictures.jpeg
                yield from self._judged("error.file.not_jpeg_compliant", judge)
            case "PNG":
                judge = pictures.png_by_its_signature if is_lax else pictures.png
                yield from self._judged("error.file.not_png_compliant", judge)
            case "MP4/H.264/AAC":
                yield from self._movie({"soun", "vide"})
            case "MP4/H.264":
                yield from self._movie({"vide"})
            case "M4A/AAC":
                yield from self._sound()
            case "WAV":
                yield from self._wave()
            case _:
                yield from self._by_extension()

    def _pdf(self) -> Iterator[Message]:
        type_ = "error.pdf.file.not_pdfa_compliant"
        if self.area.extension != "pdf":
            yield self._say(
                type_,
                f"{self.area.name} does not end in .pdf",
                found=f".{self.area.extension}",
                expected=".pdf",
            )
        elif self.label.product_class == "Product_Document":
            yield from self._judged(type_, pdf.not_pdfa)

    def _judged(self, type: str, judge: _Judge) -> Iterator[Message]:
        try:
            fault = judge(self.place)
        except OSError as error:
            fault = f"cannot be read: {error.strerror or error}"
        if fault:
            yield self._say(
                type,
                f"{self.area.name} is not {self.standard}: it {fault}",
                found=fault,
                expected=self.standard,
            )

    def _movie(self, wanted: set[str]) -> Iterator[Message]:
        type_ = "error.file.not_mp4_m4a_compliant"
        try:
            tracks = recordings.tracks_of(self.place)
        except (recordings.BrokenBoxes, OSError) as error:
            if self.options.counts_like_validate:
                type_ = "error.validation.internal_error"
            yield self._say(
                type_, f"{self.area.name} is no MP4: it {error}", expected=self.standard
            )
            return
        if not tracks.is_movie:
            yield self._say(
                type_, f"{self.area.name} is no MP4: it has no movie", expected=self.standard
            )
            if not self.options.counts_like_validate:
                return
        for kind, name in (("soun", "sound"), ("vide", "pictures")):
            if (kind in wanted) is not (kind in tracks.kinds):
                has, should = ("no", "a") if kind in wanted else ("a", "no")
                yield self._say(
                    type_,
                    f"{self.area.name} has {has} track of {name}",
                    found=f"{has} track of {name}",
                    expected=f"{should} track of {name}",
                )

    def _sound(self) -> Iterator[Message]:
        """What validate leaves to experts; the container we can judge."""
        if self.options.counts_like_validate:
            yield self._say(
                "warning.validation.content_validation_not_yet_supported",
                f"what {self.area.name} holds as M4A/AAC is not checked",
            )
        else:
            yield from self._movie({"soun"})

    def _wave(self) -> Iterator[Message]:
        try:
            found = recordings.wave(self.place)
            size = self.place.stat().st_size
        except OSError as error:
            found, size = recordings.Wave(f"cannot be read: {error.strerror}", None), 0
        if found.announced is not None and found.announced != size:
            yield self._say(
                "warning.file.not_wav_mimetype",
                f"{self.area.name} has {size} bytes, its header says {found.announced}",
                found=str(size),
                expected=str(found.announced),
            )
        if found.fault:
            yield self._say(
                "error.file.not_wav_compliant",
                f"{self.area.name} is no WAV: it {found.fault}",
                found=found.fault,
                expected="WAV",
            )

    def _by_extension(self) -> Iterator[Message]:
        standard = self.area.document_standard
        expected = expected_extensions(standard) if standard else None
        if expected is None:
            return
        type_, extensions = expected
        if self.area.extension not in extensions:
            yield self._say(
                type_,
                f"{self.area.name} is said to be {standard}; its extension is "
                f".{self.area.extension}",
                found=f".{self.area.extension}",
                expected=" or ".join(f".{each}" for each in extensions),
            )
        elif not self.options.counts_like_validate:
            judge = {"TIFF": pictures.tiff, "GIF": pictures.gif}.get(standard.upper())
            if judge is not None:
                yield from self._judged(type_, judge)

    def _say(self, type: str, message: str, *, found: str = "", expected: str = "") -> Message:
        return say(
            type,
            self.area.path_from(self.label.path) or self.label.path,
            message,
            line=self.area.line,
            lidvid=self.label.lidvid,
            found=found,
            expected=expected,
        )
