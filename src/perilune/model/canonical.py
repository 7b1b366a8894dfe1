"""Canonical JSON, the one byte form of everything that is hashed or signed.

Source: RFC 8785 (JSON Canonicalization Scheme). Reading is strict: what does not
come back as the same bytes is refused, so that one value has one digest.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from perilune.errors import ProofFails

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def encode(value: Mapping[str, Json]) -> bytes:
    """The canonical UTF-8 bytes of ``value``."""
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # its JSON type is invariant


def decode(data: bytes) -> dict[str, Any]:
    """The object that ``data`` canonically encodes; raise `ProofFails` on any other bytes."""
    try:
        value = json.loads(data)
        same = isinstance(value, dict) and rfc8785.dumps(value) == data
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise ProofFails(f"not canonical JSON: {data[:80]!r}") from error
    if not same:
        raise ProofFails(f"not canonical JSON: {data[:80]!r}")
    return value  # type: ignore[no-any-return]  # checked above
