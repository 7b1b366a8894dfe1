"""A collection's inventory: one member a line, ``P`` or ``S`` and an identifier.

Source: PDS4 Standards Reference, section 9D. In practice also with blanks after the comma, padded
to a fixed width, quoted, or with blanks in place of the comma, and with either kind of line ending.
"""

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.model.identifier import parse_identifier
from perilune.model.product import Member


def read_inventory(data: bytes) -> tuple[Member, ...]:
    """The members in the order listed; raise `MalformedLabel` with the line and the value found."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedLabel("inventory: not UTF-8", line=line) from error
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)
    return tuple([_member(line, number) for number, line in lines if line and not line.isspace()])


def _member(line: str, number: int) -> Member:
    words = line.strip()
    status, comma, identifier = words.partition(",")
    if not comma and words[1:2].isspace():
        status, identifier = words[:1], words[1:]
    status = status.strip().strip('"').strip()
    if status not in ("P", "S"):
        reason = f"inventory: member status is P or S, not {words[:80]!r}"
        raise MalformedLabel(reason, line=number)
    try:
        return Member(parse_identifier(identifier.strip().strip('"').strip()), status == "P")
    except MalformedIdentifier as error:
        raise MalformedLabel(f"inventory: {error}", line=number) from error
