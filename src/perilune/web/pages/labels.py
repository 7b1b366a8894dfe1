"""Where texts stand on a map, and from which width of the map on they have room."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

WIDTHS = (0, 480, 640, 900)
"""Widths in pixels from which a text may appear; the style sheet knows them too."""
_NARROWEST = 320.0
_LINE_PX = 15.0
_LETTER_PX, _IDEOGRAPH_PX = 7.0, 13.0
_GAP_PX = 4.0


@dataclass(frozen=True, slots=True)
class Text:
    """A text that wants to stand at a place, given as shares of the map's width and height."""

    x: float
    y: float
    text: str
    look: Literal["name", "degrees"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text that has room. ``x`` and ``y`` are per cent from the upper left."""

    x: float
    y: float
    text: str
    look: str
    """Classes of the style sheet."""
    anchor: Literal["start", "middle", "end"]


@lru_cache(256)  # the same for everybody who looks at the same part of the Moon
def placed(texts: tuple[Text, ...], aspect: float) -> tuple[Label, ...]:
    """Those of ``texts`` that have room at some width; the first ones go first.

    ``aspect`` is width over height.
    """
    labels: list[Label] = []
    shown: list[Text] = []
    waiting = list(texts)
    for least, width in zip(WIDTHS, (_NARROWEST, *map(float, WIDTHS[1:])), strict=True):
        boxes = [_box(text, width, width / aspect) for text in shown]
        still: list[Text] = []
        for text in waiting:
            box = _box(text, width, width / aspect)
            if any(_meet(box, other) for other in boxes):
                still.append(text)
                continue
            boxes.append(box)
            shown.append(text)
            labels.append(_label(text, least))
        waiting = still
    return tuple(labels)


def _label(text: Text, least: int) -> Label:
    look = " ".join(part for part in (text.look, f"from-{least}" if least else "") if part)
    return Label(round(text.x * 100, 2), round(text.y * 100, 2), text.text, look, _anchor(text))


def _anchor(text: Text) -> Literal["start", "middle", "end"]:
    """Texts near an edge grow inwards."""
    return "start" if text.x < 0.12 else "end" if text.x > 0.88 else "middle"


def _box(text: Text, width: float, height: float) -> tuple[float, float, float, float]:
    length = sum(
        _IDEOGRAPH_PX if unicodedata.east_asian_width(mark) in "WF" else _LETTER_PX
        for mark in text.text
    )
    x, y = text.x * width, text.y * height
    match _anchor(text):
        case "start":
            left = x
        case "end":
            left = x - length
        case _:
            left = x - length / 2
    return left - _GAP_PX, y - _LINE_PX, left + length + _GAP_PX, y + _GAP_PX


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
