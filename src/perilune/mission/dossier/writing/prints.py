"""A dossier as a PDF of A4 pages, drawn by reportlab (docs/decisions, 0039).

The font is DejaVu Sans where the machine has it, for Cyrillic; else Vera, which reportlab brings.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, assert_never
from xml.sax.saxutils import escape

from perilune.errors import WrongUsage
from perilune.mission.dossier.dossier import Dossier
from perilune.mission.dossier.figures import Figures
from perilune.mission.dossier.scene import INK, Line, Mark, Picture, Scene, Words, plain
from perilune.mission.dossier.writing import rows

_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
_FONT, _BOLD = "Dossier", "Dossier-Bold"
_INK = "#16181d"
_LINE = "#c8ccd2"
_MARGIN = 42.0
_WIDE = 595.28 - 2 * _MARGIN - 12.0  # reportlab pads its frames by 6
_GAP = 18.0
_LEAST, _MOST = 9, 34
"""Letters that a column has room for at least, and that it asks for at most."""
_KEPT = 15
"""Rows up to which a table is not broken between pages."""


def write(dossier: Dossier, told: Mapping[str, Any], drawn: Figures, path: Path) -> None:
    """Write the pages; raise `WrongUsage` where reportlab is not installed."""
    try:
        from reportlab.lib.pagesizes import A4  # noqa: PLC0415  # an extra
        from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415
    except ImportError:
        raise WrongUsage("a PDF needs reportlab: pip install 'perilune[moon]'") from None
    _register()
    place = dossier.wanted.place
    title = f"Dossier of {place.name}, {place.radius_km:g} km around"
    pages = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        author=dossier.node or "Perilune",
        subject="Landing site dossier, Moon",
        lang="en",
        invariant=1,
    )

    def footer(canvas: Any, _pages: Any) -> None:
        canvas.setFont(_FONT, 7.5)
        canvas.setFillColor(_INK)
        canvas.drawString(_MARGIN, 24.0, title)
        canvas.drawRightString(_MARGIN + _WIDE, 24.0, f"Page {canvas.getPageNumber()}")

    pages.build(_story(dossier, told, drawn, title), onFirstPage=footer, onLaterPages=footer)


def _register() -> None:
    from reportlab.pdfbase.pdfmetrics import registerFont  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    pairs = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    if all((_DEJAVU / name).is_file() for name in pairs):
        plain, bold = (str(_DEJAVU / name) for name in pairs)
    else:
        plain, bold = "Vera.ttf", "VeraBd.ttf"
    registerFont(TTFont(_FONT, plain))
    registerFont(TTFont(_BOLD, bold))


def _story(dossier: Dossier, told: Mapping[str, Any], drawn: Figures, title: str) -> list[Any]:
    from reportlab.platypus import KeepTogether, Paragraph, Spacer  # noqa: PLC0415

    name = f"; node {dossier.node}" if dossier.node else ""
    story: list[Any] = [
        Paragraph(escape(title), _style(15.0, bold=True)),
        Paragraph(
            escape(f"{told['site']['frame']}; light over {told['period']}{name}"), _style(8.5)
        ),
    ]
    notices = list(told["missing"])
    if any(each["simulated"] for each in told["coverage"]["list"]):
        notices.insert(0, "Some products are simulated: no spacecraft has made these observations.")
    story += [Paragraph(escape(words), _style(9.0, bold=True)) for words in notices]
    story.append(Spacer(1, 8))
    first, *others = rows.tables(dossier, told)
    story += [_table(first), Spacer(1, 12)]
    scenes = [*drawn.maps, *([drawn.months] if drawn.months else [])]
    story += _pairs(scenes)
    for table in others:
        head = [Spacer(1, 10), Paragraph(escape(table.title), _style(11.0, bold=True))]
        source = [Paragraph(escape(table.source), _style(7.5))] if table.source else []
        parts = [*head, *source, Spacer(1, 3), _table(table)]
        story += [KeepTogether(parts)] if len(table.rows) <= _KEPT else parts
    story += [Spacer(1, 10), Paragraph("Sources", _style(11.0, bold=True))]
    lines = [*rows.sources(told)]
    if (model := told["model"]) is not None:
        lines.append(("model", f"sha256 {model['sha256']}"))
        known = f"known to {model['terrain_known_to_km']:g} km; beyond, a smooth sphere"
        lines.append(("terrain", known))
    story.append(_table(rows.Table("", ("", ""), tuple(lines))))
    return story


def _style(size: float, *, bold: bool = False) -> Any:
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415

    return ParagraphStyle(
        f"{size}{bold}",
        fontName=_BOLD if bold else _FONT,
        fontSize=size,
        leading=size * 1.35,
        textColor=_INK,
        splitLongWords=True,
        wordWrap="CJK" if size < 7.4 else None,
    )


def _table(table: rows.Table) -> Any:
    """A table as wide as the page; columns as wide as their words ask for."""
    from reportlab.lib.colors import HexColor  # noqa: PLC0415
    from reportlab.platypus import Paragraph, Table  # noqa: PLC0415

    size = 8.5 if len(table.heads) <= 4 else 7.0
    lines = [list(row) for row in table.rows]
    if any(table.heads):
        lines.insert(0, list(table.heads))
    count = len(lines[0])
    wants = [max(_LEAST, *(min(len(line[n]), _MOST) for line in lines)) + 2 for n in range(count)]
    widths = [_WIDE * each / sum(wants) for each in wants]
    cells = [
        [
            Paragraph(escape(words), _style(size, bold=not number and any(table.heads)))
            for words in line
        ]
        for number, line in enumerate(lines)
    ]
    return Table(
        cells,
        colWidths=widths,
        hAlign="LEFT",
        repeatRows=1 if any(table.heads) else 0,
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(_LINE)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ],
    )


def _pairs(scenes: Sequence[Scene]) -> list[Any]:
    """Drawings, two abreast."""
    from reportlab.platypus import Flowable, Table  # noqa: PLC0415

    wide = (_WIDE - _GAP) / 2

    class Drawn(Flowable):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, scene: Scene) -> None:
            super().__init__()
            self._scene, self._scale = scene, wide / scene.width
            self.width, self.height = wide, scene.height * self._scale

        def draw(self) -> None:
            self.canv.scale(self._scale, self._scale)
            _draw(self._scene, self.canv)

    cells: list[Any] = [Drawn(scene) for scene in scenes]
    if len(cells) % 2:
        cells.append("")
    lines = [cells[n : n + 2] for n in range(0, len(cells), 2)]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return [Table(lines, colWidths=[wide + _GAP, wide], style=style, hAlign="LEFT")]


def _draw(scene: Scene, canvas: Any) -> None:
    for mark in scene.marks:
        canvas.saveState()
        if isinstance(mark, Line) and mark.is_cut and scene.window is not None:
            x, y, wide, tall = scene.window
            window = canvas.beginPath()
            window.rect(x, scene.height - y - tall, wide, tall)
            canvas.clipPath(window, stroke=0, fill=0)
        _put(mark, canvas, scene.height)
        canvas.restoreState()


def _put(mark: Mark, canvas: Any, height: float) -> None:
    match mark:
        case Line():
            _put_line(mark, canvas, height)
        case Words():
            _put_words(mark, canvas, height)
        case Picture(at=(x, y), size=(wide, tall)):
            from reportlab.lib.utils import ImageReader  # noqa: PLC0415

            picture = ImageReader(BytesIO(mark.png))
            canvas.drawImage(picture, x, height - y - tall, width=wide, height=tall)
        case _:
            assert_never(mark)


def _put_line(line: Line, canvas: Any, height: float) -> None:
    path = canvas.beginPath()
    for part in line.parts:
        if len(part) < 2:
            continue
        path.moveTo(part[0][0], height - part[0][1])
        for x, y in part[1:]:
            path.lineTo(x, height - y)
        if line.is_closed:
            path.close()
    canvas.setLineWidth(line.width)
    canvas.setDash(*([list(line.dash)] if line.dash else [[]]))
    if line.stroke:
        canvas.setStrokeColor(_colour(line.stroke))
    if line.fill:
        canvas.setFillColor(_colour(line.fill))
        canvas.setFillAlpha(line.fill_opacity)
    canvas.drawPath(path, stroke=int(bool(line.stroke)), fill=int(bool(line.fill)), fillMode=0)


def _put_words(words: Words, canvas: Any, height: float) -> None:
    font, text = _BOLD if words.is_bold else _FONT, plain(words.text, words.values)
    x, y = words.at[0], height - words.at[1]
    if words.anchor != "start":
        wide = canvas.stringWidth(text, font, words.size)
        x -= wide if words.anchor == "end" else wide / 2
    if words.halo:
        canvas.saveState()
        canvas.setStrokeColor(_colour(words.halo))
        canvas.setLineWidth(words.size / 4)
        canvas.setLineJoin(1)
        canvas.setFont(font, words.size)
        canvas.drawString(x, y, text, mode=1)
        canvas.restoreState()
    canvas.setFont(font, words.size)
    canvas.setFillColor(_colour(words.colour))
    canvas.drawString(x, y, text)


def _colour(name: str) -> Any:
    from reportlab.lib.colors import HexColor  # noqa: PLC0415

    return HexColor(_INK if name == INK else name)
