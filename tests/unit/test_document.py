"""The bytes of a product in the catalogue's file: whole, or named as damaged."""

from perilune.catalogue.sqlite import document
from perilune.errors import CatalogueDamaged
from perilune.testing import build


def test_a_changed_bit_is_named_as_damage_or_still_reads() -> None:
    """Every bit, one after the other, ends in no other error; most are seen."""
    holding = build.holding()
    body = document.encode(holding.product, holding.manifest)
    seen = 0
    for bit in range(len(body) * 8):
        changed = bytearray(body)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            document.decode(bytes(changed))
        except CatalogueDamaged:
            seen += 1

    assert document.decode(body) == (holding.product, holding.manifest, "")
    assert seen > len(body) * 4


def test_bytes_cut_short_are_named_as_damage() -> None:
    holding = build.holding()
    body = document.encode(holding.product, holding.manifest)

    for size in range(len(body) - 1):
        try:
            document.decode(body[:size])
        except CatalogueDamaged:
            continue
        raise AssertionError(f"{size} of {len(body)} bytes were read as a product")
