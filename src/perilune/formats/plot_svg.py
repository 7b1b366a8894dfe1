"""A plot as SVG: a drawing that needs no script, light or dark as the reader has it."""

import math
from collections.abc import Iterator
from html import escape

import numpy as np
import numpy.typing as npt

from perilune.formats.plot import Curve, Plot

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 30, 40
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#444}line{stroke:#ccc}"
    "path{fill:none;stroke-width:1.3}.a{stroke:#1f6fb5}.b{stroke:#c2571a}.c{stroke:#3b8a4e}"
    "text.a{fill:#1f6fb5;stroke:none}text.b{fill:#c2571a;stroke:none}text.c{fill:#3b8a4e;stroke:none}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}line{stroke:#444}.a{stroke:#6db3f2}"
    ".b{stroke:#f0955b}.c{stroke:#7cc98d}text.a{fill:#6db3f2}text.b{fill:#f0955b}"
    "text.c{fill:#7cc98d}}"
)


def svg(plot: Plot) -> str:
    """The drawing, ``WIDTH`` by ``HEIGHT``; curves of different units share the axis."""
    x = _Axis.over([curve.x for curve in plot.curves], _LEFT, WIDTH - _RIGHT)
    y = _Axis.over(
        [part for curve in plot.curves for part in (curve.low, curve.high)], HEIGHT - _BOTTOM, _TOP
    )
    parts = [*_grid(x, y), *_legend(plot), *_axis_name(plot)]
    parts += [
        f'<path class="{name}" d="{_line(curve, x, y)}"/>'
        for name, curve in zip("abc", plot.curves, strict=False)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img"><title>{escape(plot.title)}</title>'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


class _Axis:
    """From values to pixels."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high, self.begin, self.end = low, high, begin, end

    @classmethod
    def over(cls, parts: list[npt.NDArray[np.float64]], begin: float, end: float) -> "_Axis":
        finite = [part[np.isfinite(part)] for part in parts]
        known = np.concatenate(finite) if finite else np.zeros(0)
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        return cls(low, high, begin, end)

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self, about: int) -> Iterator[float]:
        """Round numbers within the axis."""
        rough = (self.high - self.low) / about
        if not rough > 0 or not math.isfinite(rough):
            return
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        number = math.ceil(self.low / step)
        while number * step <= self.high + step * 1e-9:
            yield number * step
            number += 1


def _grid(x: _Axis, y: _Axis) -> Iterator[str]:
    for value in y.ticks(4):
        place = y.place(value)
        yield f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{place:.1f}" y2="{place:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{place + 4:.1f}" text-anchor="end">{value:.6g}</text>'
    for value in x.ticks(6):
        place, base = x.place(value), HEIGHT - _BOTTOM
        yield f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{base}" y2="{base + 4}"/>'
        yield f'<text x="{place:.1f}" y="{base + 17}" text-anchor="middle">{value:.7g}</text>'


def _legend(plot: Plot) -> Iterator[str]:
    place = _LEFT
    for name, curve in zip("abc", plot.curves, strict=False):
        words = f"{curve.name} ({curve.unit})" if curve.unit else curve.name
        shown = words if len(words) <= 32 else f"{words[:31]}…"
        yield f'<text class="{name}" x="{place}" y="18">{escape(shown)}</text>'
        place += 7 * len(shown) + 20


def _axis_name(plot: Plot) -> Iterator[str]:
    words = f"{plot.x_name} ({plot.x_unit})" if plot.x_unit else plot.x_name
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(words)}</text>'


def _line(curve: Curve, x: _Axis, y: _Axis) -> str:
    """A path through least and most of each bin; a gap lifts the pen."""
    parts, is_down = [], False
    for at, low, high in zip(
        curve.x.tolist(), curve.low.tolist(), curve.high.tolist(), strict=True
    ):
        if not (math.isfinite(at) and math.isfinite(low)):
            is_down = False
            continue
        place = x.place(at)
        parts.append(f"{'L' if is_down else 'M'}{place:.1f} {y.place(low):.1f}")
        if high != low:
            parts.append(f"L{place:.1f} {y.place(high):.1f}")
        is_down = True
    return "".join(parts)
