"""Messages as checks say them: as severe as their type's name, unless it is said otherwise."""

from typing import TypedDict, Unpack

from perilune.validation.report import Message, Severity


class Rest(TypedDict, total=False):
    """What a message may say beside its type, its file and its sentence."""

    severity: Severity
    line: int | None
    lidvid: str | None
    found: str
    expected: str
    cause: str
    count: int


def say(type: str, path: str, message: str, **rest: Unpack[Rest]) -> Message:
    """A message of that type about that file."""
    rest.setdefault("severity", Severity(type.partition(".")[0]))
    return Message(type=type, path=path, message=message, **rest)
