"""Profiles of agencies: which deviations of their labels are errors, warnings, or tolerated.

They are data, one TOML file each beside this module; a label's identifier says whose it is. What
is not known of an agency's practice is not claimed: then the standard holds. NASA's ``validate``
knows no profiles, so none is applied where its counts are asked for.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from perilune.validation.options import Options
from perilune.validation.report import Message, Severity

_TOLERATED = "tolerated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A departure from the standard that is known of an agency's labels."""

    type: str
    cause: str
    """What the message or its cause holds; empty for any."""
    severity: Severity | None
    """None where it is tolerated: nothing is said."""
    reason: str

    def is_of(self, message: Message) -> bool:
        """Whether the message tells of this deviation."""
        told = f"{message.message}\n{message.cause}"
        return message.type == self.type and self.cause in told


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of the labels of one agency."""

    name: str
    agency: str
    prefixes: tuple[str, ...]
    """What its identifiers begin with."""
    dictionaries: tuple[str, ...]
    """Prefixes of the dictionaries it uses beside the common ones."""
    deviations: tuple[Deviation, ...]


def profile_of(lid: str) -> Profile | None:
    """The profile of the agency whose identifier it is, the longest prefix first."""
    fitting = [
        (len(prefix), profile)
        for profile in profiles()
        for prefix in profile.prefixes
        if lid.startswith(prefix)
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def tempered(messages: Iterable[Message], lid: str, options: Options) -> Iterator[Message]:
    """Messages about a label as severe as the profile of its agency has them."""
    profile = None if options.counts_like_validate else profile_of(lid)
    for message in messages:
        known = next((each for each in _deviations(profile) if each.is_of(message)), None)
        if known is None:
            yield message
        elif known.severity is not None:
            cause = f"{message.cause}; " if message.cause else ""
            yield replace(message, severity=known.severity, cause=f"{cause}{known.reason}")


def _deviations(profile: Profile | None) -> tuple[Deviation, ...]:
    return () if profile is None else profile.deviations


@cache
def profiles() -> tuple[Profile, ...]:
    """All profiles, by name."""
    folder = resources.files(__name__)
    files = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")),
        key=lambda each: each.name,
    )
    return tuple([_read(each.name, each.read_text("utf-8")) for each in files])


def _read(name: str, text: str) -> Profile:
    document = tomllib.loads(text)
    return Profile(
        name=name.removesuffix(".toml"),
        agency=document["agency"],
        prefixes=tuple(document["prefixes"]),
        dictionaries=tuple(document.get("dictionaries", ())),
        deviations=tuple(
            [
                Deviation(
                    type=each["type"],
                    cause=each.get("cause", ""),
                    severity=(
                        None if each["severity"] == _TOLERATED else Severity(each["severity"])
                    ),
                    reason=each["reason"],
                )
                for each in document.get("deviation", ())
            ]
        ),
    )
