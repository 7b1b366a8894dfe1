"""Shamir's secret sharing over GF(2^8): any ``threshold`` of the shares give the secret back.

Fewer tell nothing of it. Byte by byte, in the field of AES (x^8 + x^4 + x^3 + x + 1), as in
draft-mcgrew-tss-03 section 3, whose test case is ours. A wrong share gives a wrong secret and not
an error: whoever combines must be able to tell the right one. Source: A. Shamir, "How to share a
secret", Communications of the ACM 22 (1979).
"""

import secrets
from collections.abc import Mapping
from functools import reduce
from operator import xor

from perilune.errors import WrongUsage

MOST_SHARES = 255


def split(secret: bytes, threshold: int, count: int) -> dict[int, bytes]:
    """``count`` shares of ``secret``, by their numbers from 1; any ``threshold`` suffice.

    Raises `WrongUsage` unless 1 <= threshold <= count <= 255.
    """
    if not 1 <= threshold <= count <= MOST_SHARES:
        raise WrongUsage(f"{threshold} of {count} shares cannot be; at most {MOST_SHARES} are made")
    polynomials = [(byte, *secrets.token_bytes(threshold - 1)) for byte in secret]
    return {
        number: bytes(_value(polynomial, number) for polynomial in polynomials)
        for number in range(1, count + 1)
    }


def combine(shares: Mapping[int, bytes]) -> bytes:
    """The secret of which these are shares, at least as many as its threshold.

    Raises `WrongUsage` where numbers or lengths cannot be those of shares of one secret.
    """
    if len({len(share) for share in shares.values()}) != 1:
        raise WrongUsage("these are not shares of one secret: their lengths differ")
    if not all(1 <= number <= MOST_SHARES for number in shares):
        raise WrongUsage(f"the numbers of shares go from 1 to {MOST_SHARES}: {sorted(shares)}")
    weights = {number: _weight(number, shares) for number in shares}
    columns = zip(*shares.values(), strict=True)
    return bytes(reduce(xor, map(_times, weights.values(), column)) for column in columns)


def _value(polynomial: tuple[int, ...], at: int) -> int:
    """Horner's rule, the constant term first in ``polynomial``."""
    return reduce(lambda sum_, term: _times(sum_, at) ^ term, reversed(polynomial), 0)


def _weight(number: int, shares: Mapping[int, bytes]) -> int:
    """Lagrange's basis polynomial of one share at 0."""
    weight = 1
    for other in shares:
        if other != number:
            weight = _times(weight, _times(other, _inverse(other ^ number)))
    return weight


def _times(left: int, right: int) -> int:
    """Product in the field, in as many steps whatever the factors are."""
    product = 0
    for bit in range(8):
        product ^= -(right >> bit & 1) & left
        left = (left << 1) ^ (-(left >> 7) & 0x11B)
    return product


def _inverse(value: int) -> int:
    """The 254th power: what a number has to be multiplied with to give 1."""
    square, power = value, 1
    for _ in range(7):
        square = _times(square, square)
        power = _times(power, square)
    return power
