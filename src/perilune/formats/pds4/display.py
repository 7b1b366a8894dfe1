"""How an array is to be shown: which axes are vertical and horizontal, where they begin, colours.

The file's order tells nothing of that: the first line of many lunar images is their bottom. Where
a label says nothing, lines go down and samples to the right. Source: Display Discipline Dictionary
(DISP), Display_Direction and Color_Display_Settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from perilune.formats.pds4.objects import Array
from perilune.formats.pds4.tree import Element, Tree

_UP, _LEFT = "bottom to top", "right to left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """Numbers of axes count from 0."""

    vertical: int
    horizontal: int
    begins_at_bottom: bool
    begins_at_right: bool
    colours: tuple[int, int, int] | None
    """Bands of red, green and blue, from 0."""
    colour_axis: int | None
    is_said: bool
    """Whether the label says so; else it is what is usual."""

    def turned(self, values: Any) -> Any:
        """A picture of shape (vertical, horizontal, ...) as it is seen: top first, left first."""
        rows = slice(None, None, -1) if self.begins_at_bottom else slice(None)
        columns = slice(None, None, -1) if self.begins_at_right else slice(None)
        return values[rows, columns]


def orientation(array: Array, tree: Tree) -> Orientation | None:
    """How ``array`` is shown; None where it is no picture: fewer than two axes."""
    names = [name.lower() for name in array.axis_names]
    if len(names) < 2:
        return None
    settings = next(_settings_of(array, tree), None)
    direction = None if settings is None else settings.first("disp:Display_Direction")
    vertical = _axis(direction, "disp:vertical_display_axis", names)
    horizontal = _axis(direction, "disp:horizontal_display_axis", names)
    is_said = vertical is not None and horizontal is not None and vertical != horizontal
    if vertical is None or horizontal is None or vertical == horizontal:
        vertical, horizontal = _usual(names)
    colours = None if settings is None else settings.first("disp:Color_Display_Settings")
    return Orientation(
        vertical=vertical,
        horizontal=horizontal,
        begins_at_bottom=is_said and _says(direction, "disp:vertical_display_direction", _UP),
        begins_at_right=is_said and _says(direction, "disp:horizontal_display_direction", _LEFT),
        colours=_channels(colours),
        colour_axis=_axis(colours, "disp:color_display_axis", names),
        is_said=is_said,
    )


def _settings_of(array: Array, tree: Tree) -> Iterator[Element]:
    """Display_Settings that name the array, else those that name none."""
    found = tree.every("disp:Display_Settings")
    named = [(_references(each), each) for each in found]
    yield from (each for names, each in named if array.local_identifier in names)
    yield from (each for names, each in named if not names)


def _references(settings: Element) -> set[str]:
    return {
        value
        for each in settings.classes
        for name, value in each.attributes
        if name.endswith(":local_identifier_reference")
    }


def _axis(of: Element | None, name: str, names: list[str]) -> int | None:
    asked = "" if of is None else of.value(name).lower()
    return names.index(asked) if asked in names else None


def _says(direction: Element | None, name: str, words: str) -> bool:
    return direction is not None and direction.value(name).lower() == words


def _usual(names: list[str]) -> tuple[int, int]:
    if "line" in names and "sample" in names:
        return names.index("line"), names.index("sample")
    return len(names) - 2, len(names) - 1


def _channels(colours: Element | None) -> tuple[int, int, int] | None:
    if colours is None:
        return None
    texts = [colours.value(f"disp:{name}_channel_band") for name in ("red", "green", "blue")]
    if not all(text.isdigit() and int(text) for text in texts):
        return None
    red, green, blue = (int(text) - 1 for text in texts)
    return red, green, blue


def pixels_of(values: np.ma.MaskedArray[Any, Any], shown: Orientation) -> Any:
    """A window whose other axes are gone, of shape (vertical, horizontal), turned to be seen."""
    ordered = values if shown.vertical < shown.horizontal else values.T
    return shown.turned(ordered)
