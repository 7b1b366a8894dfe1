"""The settings of a node: ``node.toml`` and the environment, read here and nowhere else."""

import os
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from perilune.errors import NodeMissing, WrongUsage
from perilune.model.pace import NEVER, Pace, interval_text, read_interval
from perilune.model.product import Lifecycle, Releasability
from perilune.model.timetable import Timetable

FILE = "node.toml"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8700
DEFAULT_WITNESS_HOURS = 72
DEFAULT_PULL = timedelta(minutes=15)
DEFAULT_SCRUB = Pace("whole in 30 days", whole=timedelta(days=30))
_NAMESPACE = re.compile(r"urn(:[a-z0-9][a-z0-9._-]*){1,5}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_ORIGIN = re.compile(r"[^\s+\x00-\x1f]+")


class Validation(StrEnum):
    """How much of ``perilune validate`` a delivery goes through."""

    FULL = "full"
    """All of it, the content of tables, arrays and documents too."""
    LABELS = "labels"
    """All but the content of files."""
    CUSTODY = "custody"
    """None of it: identifiers, files, sizes and MD5s alone."""


class Refusal(StrEnum):
    """What a validation must find for a product to be refused."""

    ERRORS = "errors"
    WARNINGS = "warnings"
    """Warnings are told as errors."""
    NOTHING = "nothing"
    """Errors are told as warnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a node is told about itself; docs/reference/settings.md explains every setting."""

    name: str
    """What people call the node."""
    origin: str
    """Name of its log, for ever: the first line of every checkpoint."""
    namespaces: tuple[str, ...]
    """LID prefixes that this node owns: it takes nothing else in."""
    releasability: Releasability = Releasability.NATIONAL
    """What a delivery is unless it says otherwise."""
    lifecycle: Lifecycle = Lifecycle.RELEASED
    """State in which a delivery is accessioned; ``released`` serves it at once."""
    host: str = DEFAULT_HOST
    """Address that ``perilune serve`` listens on."""
    port: int = DEFAULT_PORT
    """Port that ``perilune serve`` listens on; 0 takes a free one."""
    schema_hosts: tuple[str, ...] = ()
    """Machines that schemas which labels name may be fetched from, once; none: never."""
    two_persons: bool = False
    """Whether orders need two persons even while fewer than two are known."""
    validation: Validation = Validation.FULL
    """What a delivery is checked for beside what custody needs."""
    refuses: Refusal = Refusal.ERRORS
    """What that must find for a product to be refused."""
    schemas_required: bool = False
    """Whether a label is refused whose schemas cannot be had; else the receipt says so."""
    witness_hours: int = DEFAULT_WITNESS_HOURS
    """How old the newest cosignature of a log may be before it counts as frozen."""
    high_water: str = ""
    """Folder, outside its backups, in which its newest head is noted; if empty the user's own."""
    elevation_model: str = ""
    """LID or LIDVID of the model of heights that dossiers in the portal are made with."""
    pull: timedelta | None = DEFAULT_PULL
    """How often a served node copies from its peers; None: only when it is told to."""
    transfer_limit: str = ""
    """How fast it copies, as `perilune.model.timetable` has it; if empty without limit."""
    transfer_first: tuple[str, ...] = ()
    """LIDs, in which ``*`` stands for anything, of what is copied before all else, in order."""
    scrub: Pace | None = DEFAULT_SCRUB
    """How fast a served node reads everything back; None: only when it is told to."""

    def owns(self, lid: str) -> bool:
        """Whether ``lid`` lies in one of the namespaces."""
        return any(lid == space or lid.startswith(space + ":") for space in self.namespaces)


def node_named(given: str | None) -> str:
    """The folder or address of the node meant: ``given``, else ``PERILUNE_NODE``.

    Raises `NodeMissing` where neither is there.
    """
    name = given or os.environ.get("PERILUNE_NODE", "")
    if not name:
        raise NodeMissing("no node is named")
    return name


def node_if_named(given: str | None) -> str | None:
    """The folder or address of the node meant, as `node_named`; None where none is named."""
    return given or os.environ.get("PERILUNE_NODE") or None


def schemas_folder(root: Path | None) -> Path:
    """Where pinned schemas lie: in the node under ``root``, else in a folder of the user's own."""
    if root is not None:
        return root / "schemas"
    if named := os.environ.get("PERILUNE_SCHEMAS"):
        return Path(named)
    return _of_user("XDG_DATA_HOME", ".local/share") / "schemas"


def high_water_folder(config: Config, root: Path) -> Path:
    """Where the newest head of the node is noted; a relative setting begins at ``root``."""
    if config.high_water:
        return root / config.high_water
    if named := os.environ.get("PERILUNE_STATE"):
        return Path(named)
    return _of_user("XDG_STATE_HOME", ".local/state") / "high-water"


def _of_user(variable: str, usual: str) -> Path:
    given = os.environ.get(variable, "")
    return (Path(given) if given.startswith("/") else Path.home() / usual) / "perilune"


def context_folder(root: Path | None) -> Path:
    """Where lists of registered context products lie: beside the pinned schemas."""
    return schemas_folder(root).parent / "context"


def make(
    name: str,
    namespaces: tuple[str, ...],
    *,
    origin: str | None = None,
    releasability: Releasability = Releasability.NATIONAL,
    lifecycle: Lifecycle = Lifecycle.RELEASED,
) -> Config:
    """A checked Config; raise `WrongUsage` with the value that cannot be."""
    for space in namespaces:
        if not _NAMESPACE.fullmatch(space):
            raise WrongUsage(f"not a namespace (urn:agency:authority...): {space!r}")
    if not namespaces:
        raise WrongUsage("a node owns at least one namespace")
    if not name.strip() or not name.isprintable():
        raise WrongUsage(f"not a name for a node: {name!r}")
    chosen = origin or f"{_slug(name) or _slug(namespaces[0])}/log"
    if not _ORIGIN.fullmatch(chosen):
        raise WrongUsage(f"an origin has neither blanks nor plus signs: {chosen!r}")
    return Config(
        name=name.strip(),
        origin=chosen,
        namespaces=namespaces,
        releasability=releasability,
        lifecycle=lifecycle,
    )


def load(root: Path) -> Config:
    """The settings of the node under ``root``; raise `NodeMissing` where there is none."""
    path = root / FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise NodeMissing(f"no node in {root}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path}: {error}") from error
    return _from_document(document, path)


def save(config: Config, root: Path) -> None:
    """Write ``node.toml`` under ``root``."""
    spaces = ", ".join(_quoted(space) for space in config.namespaces)
    text = (
        "# Settings of this node; see the manual, reference/settings.\n"
        f"name = {_quoted(config.name)}\n"
        f"origin = {_quoted(config.origin)}\n"
        f"namespaces = [{spaces}]\n"
        f"releasability = {_quoted(config.releasability.value)}\n"
        f"lifecycle = {_quoted(config.lifecycle.value)}\n"
        f"host = {_quoted(config.host)}\n"
        f"port = {config.port}\n"
        f"schema_hosts = [{', '.join(_quoted(host) for host in config.schema_hosts)}]\n"
        f"two_persons = {str(config.two_persons).lower()}\n"
        f"validation = {_quoted(config.validation.value)}\n"
        f"refuses = {_quoted(config.refuses.value)}\n"
        f"schemas_required = {str(config.schemas_required).lower()}\n"
        f"witness_hours = {config.witness_hours}\n"
        f"high_water = {_quoted(config.high_water)}\n"
        f"elevation_model = {_quoted(config.elevation_model)}\n"
        f"pull = {_quoted(interval_text(config.pull))}\n"
        f"transfer_limit = {_quoted(config.transfer_limit)}\n"
        f"transfer_first = [{', '.join(map(_quoted, config.transfer_first))}]\n"
        f"scrub = {_quoted(config.scrub.text if config.scrub else NEVER)}\n"
    )
    (root / FILE).write_text(text, encoding="utf-8")


def _from_document(document: Mapping[str, Any], path: Path) -> Config:
    known = set(Config.__dataclass_fields__)
    if unknown := sorted(set(document) - known):
        raise WrongUsage(f"{path}: no such setting: {', '.join(unknown)}")
    try:
        base = make(
            document["name"],
            tuple(document["namespaces"]),
            origin=document["origin"],
            releasability=Releasability(document.get("releasability", "national")),
            lifecycle=Lifecycle(document.get("lifecycle", "released")),
        )
        host, port = document.get("host", DEFAULT_HOST), document.get("port", DEFAULT_PORT)
        validation = Validation(document.get("validation", "full"))
        refuses = Refusal(document.get("refuses", "errors"))
        pull = read_interval(document.get("pull", interval_text(DEFAULT_PULL)))
        scrub = Pace.read(document.get("scrub", DEFAULT_SCRUB.text))
    except KeyError as error:
        raise WrongUsage(f"{path}: lacks the setting {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise WrongUsage(f"{path}: {error}") from error
    if not isinstance(host, str) or not isinstance(port, int) or not 0 <= port <= 65_535:
        raise WrongUsage(f"{path}: host is a text and port a number to 65535: {host!r}, {port!r}")
    hosts = document.get("schema_hosts", [])
    if not isinstance(hosts, list) or not all(_is_host(host) for host in hosts):
        raise WrongUsage(f"{path}: schema_hosts is a list of names of machines: {hosts!r}")
    two_persons = document.get("two_persons", False)
    if not isinstance(two_persons, bool):
        raise WrongUsage(f"{path}: two_persons is true or false: {two_persons!r}")
    required = document.get("schemas_required", False)
    if not isinstance(required, bool):
        raise WrongUsage(f"{path}: schemas_required is true or false: {required!r}")
    hours = document.get("witness_hours", DEFAULT_WITNESS_HOURS)
    if not isinstance(hours, int) or isinstance(hours, bool) or hours < 1:
        raise WrongUsage(f"{path}: witness_hours is a number of hours from 1 on: {hours!r}")
    limit, first = _transfer(document, path)
    return Config(
        name=base.name,
        origin=base.origin,
        namespaces=base.namespaces,
        releasability=base.releasability,
        lifecycle=base.lifecycle,
        host=host,
        port=port,
        schema_hosts=tuple(hosts),
        two_persons=two_persons,
        validation=validation,
        refuses=refuses,
        schemas_required=required,
        witness_hours=hours,
        high_water=_text(document, "high_water", "the path of a folder", path),
        elevation_model=_text(document, "elevation_model", "a LID or LIDVID", path),
        pull=pull,
        transfer_limit=limit,
        transfer_first=first,
        scrub=scrub,
    )


def _text(document: Mapping[str, Any], name: str, kind: str, path: Path) -> str:
    text = document.get(name, "")
    if not isinstance(text, str):
        raise WrongUsage(f"{path}: {name} is {kind}: {text!r}")
    return text


def _transfer(document: Mapping[str, Any], path: Path) -> tuple[str, tuple[str, ...]]:
    limit, first = document.get("transfer_limit", ""), document.get("transfer_first", [])
    if not isinstance(limit, str):
        raise WrongUsage(f"{path}: transfer_limit is a rate or a timetable: {limit!r}")
    Timetable.parse(limit)
    if not isinstance(first, list) or not all(isinstance(each, str) for each in first):
        raise WrongUsage(f"{path}: transfer_first is a list of LIDs: {first!r}")
    return limit, tuple(first)


def _is_host(text: object) -> bool:
    return isinstance(text, str) and _HOST.fullmatch(text) is not None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
