"""Binary numbers of PDS4 as NumPy types.

Source: PDS4 Standards Reference, sections 5A to 5C, and the enumerations of data_type.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np


def _types() -> dict[str, np.dtype[np.number]]:
    found: dict[str, np.dtype[np.number]] = {
        "SignedByte": np.dtype("i1"),
        "UnsignedByte": np.dtype("u1"),
    }
    for order, sign in (("LSB", "<"), ("MSB", ">")):
        for size in (2, 4, 8):
            found[f"Signed{order}{size}"] = np.dtype(f"{sign}i{size}")
            found[f"Unsigned{order}{size}"] = np.dtype(f"{sign}u{size}")
        found[f"IEEE754{order}Single"] = np.dtype(f"{sign}f4")
        found[f"IEEE754{order}Double"] = np.dtype(f"{sign}f8")
        found[f"Complex{order}8"] = np.dtype(f"{sign}c8")
        found[f"Complex{order}16"] = np.dtype(f"{sign}c16")
    return found


NUMBER_TYPES: Mapping[str, np.dtype[np.number]] = MappingProxyType(_types())
"""By data_type."""
BIT_STRINGS = frozenset(("SignedBitString", "UnsignedBitString"))
