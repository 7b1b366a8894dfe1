"""Data types and special constants of PDS3, by the names that PDS4 has for them.

Source: PDS3 Standards Reference, appendix C; Planetary Science Data Dictionary.
"""

from perilune.errors import MalformedLabel
from perilune.formats.heritage.odl import Block

_MSB = ("", "MSB_", "SUN_", "MAC_")
_LSB = ("LSB_", "PC_", "VAX_")
_KINDS = {"INTEGER": "Signed", "UNSIGNED_INTEGER": "Unsigned"}
_REALS = {
    **dict.fromkeys(("IEEE_REAL", "REAL", "FLOAT", "SUN_REAL", "MAC_REAL"), "MSB"),
    "PC_REAL": "LSB",
}
_COMPLEX = {
    **dict.fromkeys(("IEEE_COMPLEX", "COMPLEX", "SUN_COMPLEX", "MAC_COMPLEX"), "MSB"),
    "PC_COMPLEX": "LSB",
}
_UNSIGNED_BYTES = ("LRO-L-LROC-2-EDR",)
"""Data sets whose labels say LSB_INTEGER of bytes that are unsigned.

LROC EDR: the SIS (section 5.1) and ISIS read them as 0 to 255; a label would have -128 to 127.
"""
_CONSTANTS = (
    ("missing_constant", ("MISSING_CONSTANT", "MISSING", "NULL", "CORE_NULL", "DUMMY")),
    ("invalid_constant", ("INVALID_CONSTANT", "INVALID", "CORE_INVALID")),
    ("not_applicable_constant", ("NOT_APPLICABLE_CONSTANT",)),
    ("unknown_constant", ("UNKNOWN_CONSTANT",)),
    ("low_instrument_saturation", ("LOW_INSTR_SATURATION", "CORE_LOW_INSTR_SATURATION")),
    ("high_instrument_saturation", ("HIGH_INSTR_SATURATION", "CORE_HIGH_INSTR_SATURATION")),
    ("low_representation_saturation", ("LOW_REPR_SATURATION", "CORE_LOW_REPR_SATURATION")),
    ("high_representation_saturation", ("HIGH_REPR_SATURATION", "CORE_HIGH_REPR_SATURATION")),
)


def number_type(block: Block, told: str, bits: int | None, data_set: str = "") -> str:
    """PDS4's data_type of binary numbers; raise `MalformedLabel` where it has none."""
    name = told.upper().replace(" ", "_")
    if bits == 8 and name.endswith("INTEGER") and data_set.startswith(_UNSIGNED_BYTES):
        return "UnsignedByte"
    sizes = {8: 1, 16: 2, 32: 4, 64: 8}
    if name in _REALS and bits in (32, 64):
        return f"IEEE754{_REALS[name]}{'Single' if bits == 32 else 'Double'}"
    if name in _COMPLEX and bits in (64, 128):
        return f"Complex{_COMPLEX[name]}{bits // 8}"
    for order, prefixes in (("MSB", _MSB), ("LSB", _LSB)):
        for prefix in prefixes:
            kind = _KINDS.get(name.removeprefix(prefix) if name.startswith(prefix) else "")
            if kind is not None and bits in sizes:
                return f"{kind}Byte" if bits == 8 else f"{kind}{order}{sizes[bits]}"
    reason = f"{told[:40] or 'no type'} of {bits} bits in {block.name} has no data type in PDS4"
    raise MalformedLabel(f"PDS3: {reason}", line=block.line)


def constants(block: Block) -> dict[str, str]:
    """Special constants of an object, by PDS4's names."""
    found = {}
    for name, keywords in _CONSTANTS:
        text = block.text(*keywords)
        if text and text.upper() not in ("N/A", "UNK", "NULL"):
            found[name] = text
    return found
