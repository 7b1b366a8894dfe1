"""Documents, pictures and recordings: each fault told, and its neighbour that has none.

Right ones are written by others: Pillow, the standard library's ``wave``, qpdf. That PDFs are right
by veraPDF is known of those of NASA's ``validate`` suite and of the LADEE bundle.
"""

import contextlib
import io
import struct
import time
import tracemalloc
import wave
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from perilune.testing.labels import label
from perilune.validation.documents import check_documents, pictures, recordings
from perilune.validation.documents.pdf import not_pdfa
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options


def _encoded(name: str, encoding: str, kind: str = "Browse") -> str:
    return (
        f"<File_Area_{kind}><File><file_name>{name}</file_name></File><Encoded_Image>"
        f"<encoding_standard_id>{encoding}</encoding_standard_id></Encoded_Image>"
        f"</File_Area_{kind}>"
    )


def _document(name: str, standard: str) -> str:
    return (
        f"<Document><Document_Edition><Document_File><file_name>{name}</file_name>"
        f"<document_standard_id>{standard}</document_standard_id></Document_File>"
        "</Document_Edition></Document>"
    )


def _types(
    folder: Path, content: str, product_class: str = "Product_Document", **options: bool
) -> list[str]:
    (folder / "a.xml").write_bytes(label(content, product_class=product_class))
    read = read_label("a.xml", folder / "a.xml")
    assert isinstance(read, Label)
    return [each.type for each in check_documents(read, Options(**options))]  # type: ignore[arg-type]


def _picture(form: str) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((40, 30), 60.0).save(data, form)
    return data.getvalue()


JPEG, PNG, GIF, TIFF = (_picture(form) for form in ("JPEG", "PNG", "GIF", "TIFF"))


@pytest.mark.parametrize(
    ("name", "standard", "right", "type_"),
    [
        ("a.jpg", "JPEG", JPEG, "error.file.not_jpeg_compliant"),
        ("a.png", "PNG", PNG, "error.file.not_png_compliant"),
        ("a.gif", "GIF", GIF, "warning.file.not_gif_mimetype"),
        ("a.tif", "TIFF", TIFF, "warning.file.not_tiff_mimetype"),
    ],
)
def test_a_picture_is_what_it_is_said_to_be(
    tmp_path: Path, name: str, standard: str, right: bytes, type_: str
) -> None:
    place, content = tmp_path / name, _document(name, standard)

    place.write_bytes(right)
    assert _types(tmp_path, content) == []
    for wrong in (b"", b"no picture", right[:10], right[1:]):
        place.write_bytes(wrong)
        assert _types(tmp_path, content) == [type_]
    place.unlink()
    assert _types(tmp_path, content) == []


def test_a_jpeg_with_padding_after_its_end_is_one(tmp_path: Path) -> None:
    place = tmp_path / "a.jpg"
    place.write_bytes(JPEG + b"\xff" * 5000)

    assert pictures.jpeg(place) == ""
    assert pictures.jpeg_like_validate(place) == ""


def test_validate_asks_a_jpeg_for_its_ends_alone(tmp_path: Path) -> None:
    place = tmp_path / "a.jpg"
    place.write_bytes(b"\xff\xd8 nothing in between \xff\xd9")

    assert pictures.jpeg(place) == "has no frame header (SOF)"
    assert pictures.jpeg_like_validate(place) == ""


def test_a_flipped_byte_of_a_png_is_found(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    for position in range(0, len(PNG), 97):
        data = bytearray(PNG)
        data[position] ^= 0x10
        place.write_bytes(data)
        assert pictures.png(place) != ""


def _box(kind: str, content: bytes = b"", *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind.encode(), len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, kind.encode()) + content


def _movie(*kinds: str, wide: bool = False) -> bytes:
    tracks = b"".join(
        _box(
            "trak", _box("mdia", _box("mdhd") + _box("hdlr", bytes(8) + kind.encode() + bytes(12)))
        )
        for kind in kinds
    )
    return _box("ftyp", b"isom" + bytes(4)) + _box("moov", _box("mvhd") + tracks, wide=wide)


@pytest.mark.parametrize(
    ("standard", "data", "faults", "like_validate"),
    [
        ("MP4/H.264/AAC", _movie("soun", "vide"), 0, 0),
        ("MP4/H.264/AAC", _movie("vide", wide=True), 1, 1),
        ("MP4/H.264", _movie("vide"), 0, 0),
        ("MP4/H.264", _movie("soun", "vide"), 1, 1),
        ("MP4/H.264", _box("ftyp"), 1, 2),
        ("M4A/AAC", _movie("soun"), 0, 1),
        ("M4A/AAC", _movie("vide"), 2, 1),
        ("MP4/H.264", _movie("vide")[:-3], 1, 1),
    ],
)
def test_a_movie_has_the_tracks_of_its_standard(
    tmp_path: Path, standard: str, data: bytes, faults: int, like_validate: int
) -> None:
    name = "a.m4a" if standard.startswith("M4A") else "a.mp4"
    (tmp_path / name).write_bytes(data)

    assert len(_types(tmp_path, _encoded(name, standard))) == faults
    found = _types(tmp_path, _encoded(name, standard), counts_like_validate=True)
    assert len(found) == like_validate


def test_a_wave_has_its_header_and_its_length(tmp_path: Path) -> None:
    place, content = tmp_path / "a.wav", _encoded("a.wav", "WAV")
    with wave.open(str(place), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(100))
    right = place.read_bytes()

    assert _types(tmp_path, content) == []
    place.write_bytes(right[:-2])
    assert _types(tmp_path, content) == ["warning.file.not_wav_mimetype"]
    place.write_bytes(b"RIFX" + right[4:])
    assert _types(tmp_path, content) == ["error.file.not_wav_compliant"]
    place.write_bytes(b"")
    assert _types(tmp_path, content) == ["error.file.not_wav_compliant"]


@pytest.mark.parametrize(
    ("standard", "right", "type_"),
    [
        ("HTML", "htm", "warning.file.not_html_mimetype"),
        ("Microsoft Word", "docx", "warning.file.not_msword_mimetype"),
        ("Microsoft Excel", "xls", "warning.file.not_msexcel_mimetype"),
        ("LaTEX", "tex", "warning.file.not_latex_mimetype"),
        ("Postscript", "ps", "warning.file.not_postscript_mimetype"),
        ("Encapsulated Postscript", "eps", "warning.file.not_encapsulated_postscript_mimetype"),
        ("MPEG-4", "mp4", "warning.file.not_mp4_mimetype"),
    ],
)
def test_a_document_has_the_extension_of_its_standard(
    tmp_path: Path, standard: str, right: str, type_: str
) -> None:
    for extension, faults in ((right, []), (right.upper(), []), ("txt", [type_])):
        (tmp_path / f"a.{extension}").write_bytes(b"x")
        assert _types(tmp_path, _document(f"a.{extension}", standard)) == faults
    assert _types(tmp_path, _document("a.txt", "UTF-8 Text")) == []


def test_an_encoding_is_known_and_fits_the_extension(tmp_path: Path) -> None:
    odd = ["error.validation.file_naming_problem"]
    content = _encoded("a.dat", "PNG")

    assert _types(tmp_path, content, checks_content=False) == odd
    assert _types(tmp_path, _encoded("a.png", "PNG"), checks_content=False) == []
    assert _types(tmp_path, _encoded("a.mseed", "SEED 2.4")) == []
    assert _types(tmp_path, _encoded("a.dat", "no such")) == ["error.validation.internal_error"]
    assert _types(tmp_path, _encoded("a.dat", "PNG", "External")) == []


_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 pdfaid:part="{part}" pdfaid:conformance="{level}" xmp:CreateDate="2026-11-25T08:00:00+02:00">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">The Moon</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def _pdf(
    place: Path,
    change: Callable[[pikepdf.Pdf], None] = lambda _document: None,
    *,
    part: str = "1",
    level: str = "B",
    **saving: object,
) -> Path:
    """A page of PDF/A-1b without text, changed in one way."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(100, 100))
    document.Root.Metadata = document.make_stream(_XMP.format(part=part, level=level).encode())
    document.Root.Metadata.Type, document.Root.Metadata.Subtype = (
        pikepdf.Name.Metadata,
        pikepdf.Name.XML,
    )
    document.trailer.Info = document.make_indirect(
        pikepdf.Dictionary(Title="The Moon", CreationDate="D:20261125060000Z")
    )
    change(document)
    document.save(
        place,
        fix_metadata_version=False,
        **{
            "compress_streams": False,
            "force_version": "1.4",
            "object_stream_mode": pikepdf.ObjectStreamMode.disable,
            **saving,
        },  # type: ignore[arg-type]
    )
    return place


def _page(document: pikepdf.Pdf) -> pikepdf.Dictionary:
    page: pikepdf.Dictionary = document.pages[0].obj
    return page


def _content(document: pikepdf.Pdf, content: bytes) -> None:
    _page(document).Contents = document.make_stream(content)


def _state(document: pikepdf.Pdf, **entries: object) -> None:
    state = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, **entries)
    _page(document).Resources = pikepdf.Dictionary(ExtGState=pikepdf.Dictionary(A=state))


def _set(name: str, value: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        document.Root[name] = value

    return change


_ACTION = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
_FONT = pikepdf.Dictionary(
    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
)


def _font(document: pikepdf.Pdf) -> None:
    _page(document).Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=_FONT))


def _lzw(document: pikepdf.Pdf) -> None:
    _page(document).Contents = document.make_stream(b"\x80\x0b\x60\x50")
    _page(document).Contents.Filter = pikepdf.Name.LZWDecode


def _external(document: pikepdf.Pdf) -> None:
    _content(document, b"")
    _page(document).Contents.F = "other.bin"


def _group(document: pikepdf.Pdf) -> None:
    _page(document).Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency)


def _annotation(document: pikepdf.Pdf, **entries: object) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 1, 1], **entries)
    _page(document).Annots = pikepdf.Array([note])


def test_a_right_pdfa_is_one(tmp_path: Path) -> None:
    assert not_pdfa(_pdf(tmp_path / "a.pdf")) == ""


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("6.1.11", _set("/Names", pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary()))),
        ("6.1.13", _set("/OCProperties", pikepdf.Dictionary())),
        ("6.6.2", _set("/AA", pikepdf.Dictionary())),
        ("6.6.1", _set("/OpenAction", _ACTION)),
        ("6.9", _set("/AcroForm", pikepdf.Dictionary(NeedAppearances=True))),
        ("6.1.10", _lzw),
        ("6.1.7", _external),
        ("6.2.3", lambda document: _content(document, b"1 0 0 rg 0 0 9 9 re f")),
        ("6.2.8", lambda document: _state(document, TR=pikepdf.Name.Identity)),
        ("6.3.4", _font),
        ("6.4: has objects", lambda document: _state(document, ca=0.5)),
        ("6.4: has the blend", lambda document: _state(document, BM=pikepdf.Name.Multiply)),
        ("6.4", _group),
        ("6.5.2", lambda document: _annotation(document, Subtype=pikepdf.Name.Sound, F=4)),
        ("6.5.3", lambda document: _annotation(document, Subtype=pikepdf.Name.Text, F=2)),
        ("6.7.2", lambda document: document.Root.__delitem__("/Metadata")),
        ("6.7.3", lambda document: document.trailer.Info.__setitem__("/Title", "The Sun")),
    ],
)
def test_what_pdfa_forbids_is_told_with_its_clause(
    tmp_path: Path, clause: str, change: Callable[[pikepdf.Pdf], None]
) -> None:
    assert clause in not_pdfa(_pdf(tmp_path / "a.pdf", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda document: _content(document, b"BT (1 0 0 rg) Tj ET"),
        lambda document: _state(document, ca=1, CA=1.0, BM=pikepdf.Name.Normal, TR2="/Default"),
        lambda document: _annotation(document, Subtype=pikepdf.Name.Link, F=4),
    ],
    ids=["text", "state", "link"],
)
def test_its_neighbour_is_allowed(tmp_path: Path, change: Callable[[pikepdf.Pdf], None]) -> None:
    assert not_pdfa(_pdf(tmp_path / "a.pdf", change)) == ""


def test_the_claim_must_be_pdfa_1(tmp_path: Path) -> None:
    assert "it is PDF/A-2b" in not_pdfa(_pdf(tmp_path / "a.pdf", part="2"))
    assert "is not tagged" in not_pdfa(_pdf(tmp_path / "a.pdf", level="A"))


def test_the_form_of_the_file_counts(tmp_path: Path) -> None:
    place = _pdf(tmp_path / "a.pdf")
    right = place.read_bytes()

    for wrong, clause in (
        (right + b"more", "6.1.3"),
        (right.replace(b"%PDF", b"%XYZ", 1), "6.1.2"),
        (b"", "is empty"),
        (b"no PDF", "is broken"),
        (right[: len(right) // 2], "is broken"),
    ):
        place.write_bytes(wrong)
        assert clause in not_pdfa(place)
    streams = _pdf(
        tmp_path / "b.pdf",
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        force_version="1.5",
    )
    assert "6.1.4" in not_pdfa(streams)
    secret = _pdf(
        tmp_path / "c.pdf", encryption=pikepdf.Encryption(owner="a", user="b"), force_version=""
    )
    assert "is encrypted" in not_pdfa(secret)


def test_a_pdf_of_another_product_than_a_document_need_not_be_pdfa(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no PDF")
    (tmp_path / "a.doc").write_bytes(b"no PDF")
    told = ["error.pdf.file.not_pdfa_compliant"]

    assert _types(tmp_path, _document("a.pdf", "PDF/A")) == told
    assert _types(tmp_path, _document("a.pdf", "PDF/A"), "Product_Browse") == []
    assert _types(tmp_path, _document("a.doc", "PDF"), "Product_Browse") == told
    assert _types(tmp_path, _document("a.pdf", "PDF/A"), checks_content=False) == []


@given(data=st.data())
def test_a_damaged_pdf_ends_in_words(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = _pdf(tmp_path_factory.mktemp("pdf") / "a.pdf")
    content = bytearray(place.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    place.write_bytes(content)

    assert isinstance(not_pdfa(place), str)


@pytest.mark.parametrize(
    "content",
    [b"(\\" * 1_000_000, b"(" * 2_000_000, b"1 " * 1_000_000, b"1" * 2_000_000],
    ids=["escapes", "parentheses", "numbers", "digits"],
)
def test_content_made_to_be_slow_is_not(tmp_path: Path, content: bytes) -> None:
    place = _pdf(tmp_path / "a.pdf", lambda document: _content(document, content))
    started = time.process_time()

    assert not_pdfa(place) == ""
    assert time.process_time() - started < 5


def test_what_unpacks_to_very_much_is_unpacked_to_a_limit(tmp_path: Path) -> None:
    def bomb(document: pikepdf.Pdf) -> None:
        document.Root.Metadata.write(bytes(5 << 20))
        packed = zlib.compress(bytes(256 << 20), 9)
        _page(document).Contents = document.make_stream(packed)
        _page(document).Contents.Filter = pikepdf.Name.FlateDecode

    place = _pdf(tmp_path / "a.pdf", bomb, compress_streams=True)
    tracemalloc.start()

    told = not_pdfa(place)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "more XMP metadata than is looked at" in told
    assert peak < 128 << 20


@given(rubbish=st.binary(max_size=400))
def test_rubbish_is_no_picture_and_no_recording(
    rubbish: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("rubbish") / "a"
    place.write_bytes(rubbish)

    assert all(
        judge(place) for judge in (pictures.jpeg, pictures.png, pictures.png_by_its_signature)
    )
    assert recordings.wave(place).fault
    with contextlib.suppress(recordings.BrokenBoxes):
        assert not recordings.tracks_of(place).kinds


@pytest.mark.parametrize(
    "path",
    [
        "validate-cases/resources/github164/valid/test1_pdfa.pdf",
        "validate-cases/resources/github429/e.pdf",
        "samples/ladee-mission-bundle/mission_bundle/document/ladee_mission_rev1_5.pdf",
        "samples/ladee-mission-bundle/mission_bundle/document/ladee_spacecraft_rev1_2.pdf",
    ],
)
def test_documents_that_archives_took_as_pdfa_pass(
    shared: Callable[[str], Path], path: str
) -> None:
    assert not_pdfa(shared(f"data/pds4/{path}")) == ""
