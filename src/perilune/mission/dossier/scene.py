"""A drawing as a list of marks, and its two forms: SVG for pages, and (`pdf`) print.

Lengths are points, x to the right and y down. Colours are ``#rrggbb``; the colour ``ink`` is that
of the text around the drawing, so that one drawing serves a light page and a dark one.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, assert_never

XY = tuple[float, float]
INK = "ink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A polyline, or an area where it is filled; several parts are filled by the even-odd rule."""

    parts: Sequence[Sequence[XY]]
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    fill: str = ""
    fill_opacity: float = 1.0
    is_closed: bool = False
    is_cut: bool = False
    """Whether it is cut to the scene's window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A line of text; ``halo`` is the colour of its outline."""

    at: XY
    text: str
    values: tuple[tuple[str, str], ...] = ()
    """What ``%(name)s`` in the text stands for."""
    size: float = 9.0
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = INK
    is_bold: bool = False
    halo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG in a rectangle."""

    png: bytes
    at: XY
    size: XY


Mark = Line | Words | Picture


@dataclass(slots=True)
class Scene:
    """A drawing."""

    name: str
    """Of its own on a page."""
    width: float
    height: float
    title: str
    """What it shows, for those who cannot see it."""
    values: tuple[tuple[str, str], ...] = ()
    """What ``%(name)s`` in the title stands for."""
    marks: list[Mark] = field(default_factory=list)
    window: tuple[float, float, float, float] | None = None
    """Left, top, width and height to which lines of a map are cut."""


def plain(message: str, values: tuple[tuple[str, str], ...] = ()) -> str:
    """The message as it is written in the program."""
    return message % dict(values) if values else message


Say = Callable[[str, tuple[tuple[str, str], ...]], str]
"""How a text is put in the reader's language."""


def svg(scene: Scene, say: Say = plain) -> str:
    """The drawing as an SVG element, with no style but attributes."""
    width, height = scene.width, scene.height
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"'
            ' font-family="system-ui, Noto Sans, DejaVu Sans, sans-serif"'
            f' aria-label="{escape(say(scene.title, scene.values))}">'
        )
    ]
    if scene.window is not None:
        x, y, wide, tall = scene.window
        parts.append(
            f'<clipPath id="in-{scene.name}">'
            f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}"/></clipPath>'
        )
    parts += [_element(mark, scene.name, say) for mark in scene.marks]
    return "".join(parts) + "</svg>"


def _element(mark: Mark, name: str, say: Say) -> str:
    match mark:
        case Line():
            return _path(mark, name)
        case Words(at=(x, y)):
            halo = (
                f' stroke="{mark.halo}" stroke-width="{mark.size / 4:g}" paint-order="stroke"'
                ' stroke-linejoin="round"'
                if mark.halo
                else ""
            )
            weight = ' font-weight="600"' if mark.is_bold else ""
            return (
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{mark.size:g}"'
                f' fill="{_svg(mark.colour)}" text-anchor="{mark.anchor}"{weight}{halo}>'
                f"{escape(say(mark.text, mark.values))}</text>"
            )
        case Picture(at=(x, y), size=(wide, tall)):
            data = b64encode(mark.png).decode()
            return (
                f'<image x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}"'
                f' preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
            )
        case _:
            assert_never(mark)


def _path(line: Line, name: str) -> str:
    end = "Z" if line.is_closed else ""
    d = "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in part) + end
        for part in line.parts
        if len(part) > 1
    )
    dash = f' stroke-dasharray="{" ".join(f"{each:g}" for each in line.dash)}"' if line.dash else ""
    fill = (
        f' fill="{_svg(line.fill)}" fill-opacity="{line.fill_opacity:g}" fill-rule="evenodd"'
        if line.fill
        else ' fill="none"'
    )
    stroke = f' stroke="{_svg(line.stroke)}" stroke-width="{line.width:g}"' if line.stroke else ""
    clip = f' clip-path="url(#in-{name})"' if line.is_cut else ""
    return f'<path d="{d}"{fill}{stroke}{dash}{clip}/>'


def _svg(colour: str) -> str:
    return "currentColor" if colour == INK else colour
