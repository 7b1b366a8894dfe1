"""The command line of NASA's ``validate``, read as it reads it itself.

Its options are those of version 4.2 and its grammar is that of Apache Commons CLI: long options
with one or two dashes and by any beginning that is theirs alone (``-schema``, ``--alternate``),
values attached to short ones (``-v1``), some options with as many values as follow, and commas
between values. Nothing is done here: what comes out is what to check and where to write the report.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perilune.errors import WrongUsage
from perilune.validation.options import Mismatch, Options, Rule
from perilune.validation.report import Severity

MOST_ERRORS = 100_000
_LEVELS = {"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR}
_STYLES = ("full", "json", "xml")
_NUMBER = re.compile(r"-\d+(\.\d+)?")
_PROPERTY = re.compile(r"\s*([^\s=:#!]+)\s*[=:\s]\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class _Switch:
    """An option of ``validate``."""

    long: str
    short: str = ""
    values: int = 0
    """How many it takes; -1 for all that follow."""

    @property
    def takes_values(self) -> bool:
        return self.values != 0


_ALL = -1
_SWITCHES = (
    _Switch("target", "t", _ALL),
    _Switch("target-manifest", "", 1),
    _Switch("rule", "R", 1),
    _Switch("report-file", "r", 1),
    _Switch("report-style", "s", 1),
    _Switch("verbose", "v", 1),
    _Switch("label-extension", "e", 1),
    _Switch("schema", "x", _ALL),
    _Switch("schematron", "S", _ALL),
    _Switch("catalog", "C", _ALL),
    _Switch("config", "c", 1),
    _Switch("checksum-manifest", "M", 1),
    _Switch("base-path", "B", 1),
    _Switch("max-errors", "E", 1),
    _Switch("local", "L"),
    _Switch("skip-content-validation", "D"),
    _Switch("no-data-check"),
    _Switch("skip-product-validation"),
    _Switch("skip-context-validation"),
    _Switch("skip-context-reference-check"),
    _Switch("disable-context-mismatch-warnings"),
    _Switch("add-context-products", "", _ALL),
    _Switch("update-context-products", "u"),
    _Switch("allow-unlabeled-files"),
    _Switch("skip-strict-collection-membership"),
    _Switch("strict-field-checks"),
    _Switch("complete-descriptions"),
    _Switch("spot-check-data", "", 1),
    _Switch("everyN", "", 1),
    _Switch("progressN", "", 1),
    _Switch("pdf-error-dir", "", 1),
    _Switch("alternate_file_paths", "", _ALL),
    _Switch("debug-mode"),
    _Switch("force", "f"),
    _Switch("model-version", "m", 1),
    _Switch("version", "V"),
    _Switch("help", "h"),
)
_BY_LONG = {each.long: each for each in _SWITCHES}
_BY_SHORT = {each.short: each for each in _SWITCHES if each.short}
WITHOUT_EFFECT = frozenset(
    (
        "update-context-products",
        "progressN",
        "pdf-error-dir",
        "debug-mode",
        "force",
        "model-version",
    )
)
"""Taken and not acted on: registries are data here, progress is always told, and the deprecated
ones do nothing in ``validate`` either."""
_ONCE = {"regexp": "label-extension", "report": "report-file", "checksum": "checksum-manifest"}
"""Names in a configuration file that are not those of options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What an old command line asks for."""

    targets: tuple[str, ...]
    options: Options
    report_file: Path | None = None
    style: str = "full"
    most_errors: int = MOST_ERRORS
    wants_help: bool = False
    wants_version: bool = False
    without_effect: tuple[str, ...] = ()


def read_command_line(
    arguments: Sequence[str], read_text: Callable[[str], str] | None = None
) -> CommandLine:
    """What ``validate`` would be asked by ``arguments``; raise `WrongUsage` where it would not run.

    ``read_text`` reads the files that arguments name (a configuration, a list of targets).
    """
    reader = read_text or _read_text
    given = _Given()
    given.read(arguments)
    if name := given.last("config"):
        given.fill(_properties(reader(name)))
    return _asked(given, reader)


@dataclass(slots=True)
class _Given:
    """Options with their values, and what is no option."""

    values: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def read(self, arguments: Sequence[str]) -> None:
        open_: _Switch | None = None
        room = 0
        tokens = iter(arguments)
        for token in tokens:
            if token == "--":  # noqa: S105 - no password
                self.rest += tokens
                break
            if open_ is not None and room and not _is_option(token):
                self._add(open_, token)
                room -= 1
                continue
            self._complete(open_)
            open_, room = None, 0
            if not _is_option(token):
                self.rest.append(token)
                continue
            for switch, value in _switches_of(token):
                self.values.setdefault(switch.long, [])
                open_, room = switch, switch.values
                if value is not None:
                    if not switch.takes_values:
                        raise WrongUsage(f"--{switch.long} takes no value: {token}")
                    self._add(switch, value)
                    room -= 1
        self._complete(open_)

    def fill(self, properties: Mapping[str, str]) -> None:
        """Take from a configuration file what the command line does not say."""
        for long, value in properties.items():
            if long in self.values:
                continue
            switch = _BY_LONG[long]
            if switch.takes_values:
                self.values[long] = _split(switch, value)
            elif value.lower() in ("true", "yes", "1", ""):
                self.values[long] = []

    def has(self, long: str) -> bool:
        return long in self.values

    def all(self, long: str) -> tuple[str, ...]:
        return tuple(self.values.get(long, ()))

    def last(self, long: str) -> str:
        return (self.values.get(long) or [""])[-1]

    def _add(self, switch: _Switch, value: str) -> None:
        self.values.setdefault(switch.long, []).extend(_split(switch, value))

    def _complete(self, switch: _Switch | None) -> None:
        if switch is not None and switch.takes_values and not self.values[switch.long]:
            raise WrongUsage(f"--{switch.long} needs a value")


def _split(switch: _Switch, value: str) -> list[str]:
    if switch.values != _ALL:
        return [value]
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_option(token: str) -> bool:
    return token.startswith("-") and token != "-" and not _NUMBER.fullmatch(token)  # noqa: S105


def _switches_of(token: str) -> Iterator[tuple[_Switch, str | None]]:
    """The options in one word, each with the value that is in the word too."""
    name, equals, value = token.lstrip("-").partition("=")
    attached = value if equals else None
    if not token.startswith("--") and name in _BY_SHORT:
        yield _BY_SHORT[name], attached
    elif (switch := _long(name, token)) is not None:
        yield switch, attached
    elif token.startswith("--"):
        raise WrongUsage(f"validate has no option {token}")
    else:
        yield from _joined(token)


def _long(name: str, token: str) -> _Switch | None:
    if name in _BY_LONG:
        return _BY_LONG[name]
    found = [switch for long, switch in _BY_LONG.items() if name and long.startswith(name)]
    if len(found) > 1:
        names = ", ".join(f"--{each.long}" for each in found)
        raise WrongUsage(f"{token} may be any of {names}")
    return found[0] if found else None


def _joined(token: str) -> Iterator[tuple[_Switch, str | None]]:
    """Short options in one word: ``-LD``, ``-v1``."""
    letters = token[1:]
    for place, letter in enumerate(letters):
        switch = _BY_SHORT.get(letter)
        if switch is None:
            raise WrongUsage(f"validate has no option {token}")
        following = letters[place + 1 :]
        if switch.takes_values and following:
            yield switch, following.removeprefix("=")
            return
        yield switch, None


def _properties(text: str) -> dict[str, str]:
    """Settings of a Java properties file under the names of the options they stand for."""
    by_plain_name = {_plain(each.long): each.long for each in _SWITCHES}
    found = {}
    for line in re.sub(r"\\\r?\n\s*", "", text).splitlines():
        if (match := _PROPERTY.fullmatch(line)) is None:
            continue
        name = _plain(match[1].removeprefix("validate."))
        long = by_plain_name.get(name) or _ONCE.get(name)
        if long is None:
            raise WrongUsage(f"the configuration sets {match[1]!r}, which validate does not know")
        found[long] = match[2].strip("\"'")
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _asked(given: _Given, reader: Callable[[str], str]) -> CommandLine:
    targets = [*given.all("target"), *(part for each in given.rest for part in each.split(","))]
    if manifest := given.last("target-manifest"):
        targets += [line.strip() for line in reader(manifest).splitlines() if line.strip()]
    style = given.last("report-style") or "full"
    if style not in _STYLES:
        raise WrongUsage(f"--report-style is full, json or xml, not {style!r}")
    return CommandLine(
        targets=tuple(dict.fromkeys(_plain_path(each) for each in targets if each)),
        options=_options(given),
        report_file=Path(name) if (name := given.last("report-file")) else None,
        style=style,
        most_errors=_count(given, "max-errors", MOST_ERRORS),
        wants_help=given.has("help"),
        wants_version=given.has("version"),
        without_effect=tuple(sorted(WITHOUT_EFFECT & given.values.keys())),
    )


def _options(given: _Given) -> Options:
    level = given.last("verbose") or "2"
    if level not in _LEVELS:
        raise WrongUsage(f"-v is 1, 2 or 3, not {level!r}")
    is_quiet = given.has("disable-context-mismatch-warnings")
    extension = given.last("label-extension") or "xml"
    skips_content = given.has("skip-content-validation") or given.has("no-data-check")
    return Options(
        rule=_rule(given.last("rule")),
        is_recursive=not given.has("local"),
        extensions=(extension.lower().removeprefix("*").removeprefix("."),),
        alternates=_paths(given, "alternate_file_paths"),
        every_label=_count(given, "everyN", 1),
        least=_LEVELS[level],
        checks_products=not given.has("skip-product-validation"),
        checks_content=not skips_content,
        checks_context=not given.has("skip-context-validation"),
        checks_references=not given.has("skip-context-reference-check"),
        context_mismatch=Mismatch.INFO if is_quiet else Mismatch.WARNING,
        registries=_paths(given, "add-context-products"),
        is_strict_of_members=not given.has("skip-strict-collection-membership"),
        allows_unlabelled=given.has("allow-unlabeled-files"),
        every_record=_count(given, "spot-check-data", 1),
        is_strict_of_fields=given.has("strict-field-checks"),
        wants_all_described=given.has("complete-descriptions"),
        schemas=_paths(given, "schema"),
        schematrons=_paths(given, "schematron"),
        catalogs=_paths(given, "catalog"),
        manifest=Path(name) if (name := given.last("checksum-manifest")) else None,
        manifest_base=Path(name) if (name := given.last("base-path")) else None,
        counts_like_validate=True,
    )


def _rule(name: str) -> Rule | None:
    if not name:
        return None
    try:
        return Rule(name.lower().removeprefix("pds4."))
    except ValueError:
        rules = ", ".join(f"pds4.{rule}" for rule in Rule)
        raise WrongUsage(f"-R is {rules}, not {name!r}") from None


def _count(given: _Given, long: str, default: int) -> int:
    text = given.last(long)
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 10**12:
        raise WrongUsage(f"--{long} is a number from 1, not {text!r}")
    return int(text)


def _paths(given: _Given, long: str) -> tuple[Path, ...]:
    return tuple(Path(_plain_path(name)) for name in given.all(long))


def _plain_path(name: str) -> str:
    """A path, where an address of a file (``file:///data``) may be given too."""
    return re.sub(r"^file:(//)?(?=/)", "", name)


def _read_text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise WrongUsage(f"{name} cannot be read: {error.strerror}") from error
