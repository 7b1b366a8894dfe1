"""Canonical JSON, the one byte form of everything that is hashed or signed.

Source: RFC 8785 (JSON Canonicalization Scheme), of which the formats use a part that Python's own
encoder writes as it stands: member names in ASCII (so code-point order is the order of section
3.2.3) and no numbers but integers below 2**53 (so section 3.2.2.3 has nothing to say). Reading
is strict: what does not come back as the same bytes is refused, so that one value has one digest.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from perilune.errors import ProofFails

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

_LARGEST = 2**53 - 1
_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def encode(value: Mapping[str, Json]) -> bytes:
    """The canonical UTF-8 bytes of ``value``.

    Raises ValueError on a text that UTF-8 cannot write (a lone surrogate).
    """
    return _encoder.encode(value).encode("utf-8")


def decode(data: bytes) -> dict[str, Any]:
    """The object that ``data`` canonically encodes; raise `ProofFails` on any other bytes."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_int=_integer,
            parse_float=_not_ours,
            parse_constant=_not_ours,
            object_pairs_hook=_members,
        )
        if isinstance(value, dict) and encode(value) == data:
            return value
    except (ValueError, RecursionError) as error:
        raise ProofFails(f"not canonical JSON: {data[:80]!r}") from error
    raise ProofFails(f"not canonical JSON: {data[:80]!r}")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(found := int(text)) > _LARGEST:
        raise ValueError(f"number out of range: {text[:20]}")
    return found


def _not_ours(text: str) -> NoReturn:
    raise ValueError(f"not an integer: {text[:20]}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, _ in pairs:
        if not name.isascii():
            raise ValueError(f"member name outside ASCII: {name!r}")
    return dict(pairs)
