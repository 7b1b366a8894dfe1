"""PDF/A-1: whether a PDF may be kept for ever, by the rules that can be seen without drawing it.

Source: ISO 19005-1:2005 with its corrigenda; the clause stands before each fault. The file is
opened with qpdf (pikepdf), which executes nothing. What is not looked at is listed in
docs/reference/documents.md.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf

from perilune.validation.documents import pdf_metadata
from perilune.validation.documents.pdf_objects import faults_of_objects

MOST_BYTES = 256 << 20
_TOLD = 3
_HEADER = re.compile(rb"%PDF-1\.[0-7][\r\n]+%[\x80-\xff]{4}")
_END = re.compile(rb"%%EOF(?:\r\n|\r|\n)?\Z")
_XREF_STREAM = re.compile(rb"/Type\s*/XRef\b")


def not_pdfa(place: Path) -> str:
    """Why the file is no PDF/A-1a or 1b, in a few words; empty where nothing was found."""
    size = place.stat().st_size
    if not size:
        return "is empty"
    if size > MOST_BYTES:
        return f"has {size} bytes; {MOST_BYTES} are looked at"
    faults = []
    for fault in _faults(place):
        if fault not in faults:
            faults.append(fault)
        if len(faults) > _TOLD:
            break
    more = " (and more)" if len(faults) > _TOLD else ""
    return "; it ".join(faults[:_TOLD]) + more


def _faults(place: Path) -> Iterator[str]:
    yield from _of_bytes(place.read_bytes())
    try:
        with pikepdf.open(
            place, attempt_recovery=False, suppress_warnings=True, inherit_page_attributes=False
        ) as document:
            yield from _of_trailer(document)
            yield from pdf_metadata.faults_of_metadata(document)
            yield from faults_of_objects(document)
    except pikepdf.PasswordError:
        yield "6.1.3: is encrypted"
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as e:
        yield f"is broken: {str(e).partition(': ')[2][:200] or 'its objects do not fit together'}"
    except RecursionError:
        yield "is broken: its objects are nested too deeply"


def _of_bytes(data: bytes) -> Iterator[str]:
    if _HEADER.match(data) is None:
        yield "6.1.2: lacks the header %PDF-1.n and a comment of four bytes beyond 127"
    if _END.search(data, max(len(data) - 64, 0)) is None:
        yield "6.1.3: has bytes after the last %%EOF"


def _of_trailer(document: pikepdf.Pdf) -> Iterator[str]:
    trailer = document.trailer
    if document.is_encrypted or "/Encrypt" in trailer:
        yield "6.1.3: is encrypted"
    if "/ID" not in trailer:
        yield "6.1.3: has no ID in its trailer"
    if trailer.get("/Type") == pikepdf.Name.XRef:
        yield "6.1.4: has its cross-references in a stream"
    catalog = document.Root
    if "/OCProperties" in catalog:
        yield "6.1.13: has optional content (OCProperties)"
    if "/AA" in catalog:
        yield "6.6.2: has additional actions (AA)"
    names = catalog.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names:
        yield "6.1.11: has embedded files"
    form = catalog.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        if form.get("/NeedAppearances", False) is True:
            yield "6.9: leaves the look of its form to the reader (NeedAppearances)"
        if "/XFA" in form:
            yield "6.9: has an XFA form"
