"""Colours of fields: even steps of lightness, told apart by all eyes, and their pictures as PNG.

Ramps after viridis and cividis (van der Walt and Smith 2015; Nunez et al. 2018), as a few anchors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.float32]
Shades = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ramp:
    """Colours from the lowest value to the highest; None takes the field's own extremes."""

    anchors: tuple[str, ...]
    low: float | None
    high: float | None

    def limits(self, field: Field) -> tuple[float, float]:
        """The values that the first and the last colour stand for."""
        known = field[np.isfinite(field)]
        low = float(known.min()) if self.low is None and known.size else self.low or 0.0
        high = float(known.max()) if self.high is None and known.size else self.high or 1.0
        return low, high if high > low else low + 1.0

    def rgb(self, shares: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Colours of shares 0 to 1; shape (..., 3), 0 to 255."""
        anchors = np.array([[int(each[i : i + 2], 16) for i in (1, 3, 5)] for each in self.anchors])
        at = np.linspace(0.0, 1.0, len(anchors))
        place = np.clip(np.asarray(shares, dtype=np.float64), 0.0, 1.0)
        return np.stack([np.interp(place, at, anchors[:, band]) for band in range(3)], axis=-1)

    def colour(self, share: float) -> str:
        """One colour, ``#rrggbb``."""
        return "#" + "".join(f"{round(each):02x}" for each in self.rgb(share).tolist())


_VIRIDIS = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")
_CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
RAMPS: Mapping[str, Ramp] = MappingProxyType(
    {
        "elevation": Ramp(_CIVIDIS, None, None),
        "slope": Ramp(_VIRIDIS, 0.0, 30.0),
        "roughness": Ramp(_VIRIDIS, 0.0, None),
        "sun": Ramp(("#0b0b1e", "#4a2c4f", "#a44a45", "#e88a3a", "#fcd27a", "#fffbe6"), 0.0, 1.0),
        "earth": Ramp(("#0b1220", "#123a5c", "#1f6f95", "#4fa6b8", "#a5d6cf", "#f2fbf5"), 0.0, 1.0),
        "permanent_shadow": Ramp(("#9aa0a8", "#10131c"), 0.0, 1.0),
    }
)
_OVER_RELIEF = 0.72
"""How much of the colour, beside the relief below it."""


def coloured(field: Field, ramp: Ramp, relief: Shades) -> bytes:
    """The field over shaded relief, as a PNG; where it is not known the relief alone."""
    low, high = ramp.limits(field)
    known = np.isfinite(field)
    shares = np.where(known, (field - low) / (high - low), 0.0)
    grey = np.repeat(relief[..., None].astype(np.float64), 3, axis=2)
    shaded = ramp.rgb(shares) * (0.55 + 0.45 * grey / 255.0)
    mixed = _OVER_RELIEF * shaded + (1.0 - _OVER_RELIEF) * grey
    return png(np.where(known[..., None], mixed, grey * 0.75 + 30.0))


def grey(relief: Shades) -> bytes:
    """Relief alone, as a PNG."""
    return png(np.repeat(relief[..., None].astype(np.float64), 3, axis=2))


def png(rgb: npt.NDArray[np.float64]) -> bytes:
    """Colours of shape (rows, columns, 3), 0 to 255, as a PNG."""
    buffer = BytesIO()
    Image.fromarray(np.clip(rgb, 0.0, 255.0).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
