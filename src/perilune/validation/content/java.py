"""How NASA's ``validate`` compares the elements of an array with Object_Statistics.

It writes both numbers as Java does, cuts the element's text to the length of the bound's, and
compares what is left as decimals. Kept to give the same counts where that is asked for.
"""

from decimal import Decimal, InvalidOperation

import numpy as np


def java_text(value: float | np.generic) -> str:
    """A number as Java's ``Double.toString`` (of a float32, ``Float.toString``) writes it."""
    text = str(value)
    number = Decimal(text)
    sign = "-" if number.is_signed() else ""
    magnitude = abs(number)
    if not magnitude:
        return f"{sign}0.0"
    if Decimal("1e-3") <= magnitude < Decimal("1e7"):
        plain = f"{magnitude.normalize():f}"
        return f"{sign}{plain}" if "." in plain else f"{sign}{plain}.0"
    digits = "".join(map(str, magnitude.normalize().as_tuple().digits))
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{magnitude.adjusted()}"


def is_beyond_like_validate(value: np.generic, bound: str, is_low: bool) -> bool:  # noqa: FBT001
    """Whether ``validate`` reports ``value``, which lies beyond ``bound``."""
    limit = java_text(float(bound))
    try:
        cut = Decimal(java_text(value)[: len(limit)])
        written = Decimal(limit)
    except InvalidOperation:
        return True
    return cut < written if is_low else cut > written
