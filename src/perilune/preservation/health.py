"""Health: what an operator would look at first when something seems wrong. Changes nothing."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import apsw

from perilune.federation.folder import Peers
from perilune.federation.status import status_of
from perilune.model import act
from perilune.node import Node
from perilune.sending import congestion_control, prefer_bbr

_LOW_DISK = 0.05
_AUDIT_EVERY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    is_well: bool
    detail: str
    advice: str = ""


def examine(node: Node) -> list[Finding]:
    """Look at everything, most urgent first. Only for a node on disk."""
    assert node.root is not None
    return [
        *_keys(node.root),
        _disk(node.root),
        _log(node),
        _clock(node),
        _catalogue(node),
        _audit(node),
        *_witnesses(node),
        _sending(),
    ]


def _keys(root: Path) -> Iterator[Finding]:
    for path in sorted((root / "keys").glob("*.pem")):
        mode = path.stat().st_mode & 0o777
        advice = "" if mode == 0o600 else f"chmod 600 {path}"
        yield Finding(f"key {path.stem}", mode == 0o600, f"mode {mode:03o}", advice)


def _witnesses(node: Node) -> Iterator[Finding]:
    """Whether each log was cosigned lately: a frozen one is not."""
    hours, now = node.config.witness_hours, node.now()
    for peer in Peers.of(node).members():
        stand = status_of(peer, node)
        name = peer.who.name
        for what, found in (
            (f"our log at {name}", stand.witnessed),
            (f"log of {name}", stand.cosigned),
        ):
            is_well = found is not None and not found.is_older(hours, now)
            detail = (
                f"{found.size:,} entries cosigned {found.at:%Y-%m-%d %H:%M} UTC"
                if found
                else "never cosigned"
            )
            advice = f"Nothing newer than {hours} h: perilune peer sync, or call its operator."
            yield Finding(what, is_well, detail, "" if is_well else advice)


def _disk(root: Path) -> Finding:
    usage = shutil.disk_usage(root)
    share = usage.free / usage.total
    detail = f"{usage.free:,} bytes free, {share:.0%} of {root}"
    return Finding("disk", share > _LOW_DISK, detail, "Free space, or move the node.")


def _log(node: Node) -> Finding:
    detail = f"{node.log.origin}, {node.log.size:,} entries, head signed by its key"
    return Finding("log", is_well=True, detail=detail)


def _clock(node: Node) -> Finding:
    newest = act.time_of(node.log.last_entry)
    behind = newest - node.now()
    detail = f"newest act {newest:%Y-%m-%d %H:%M:%S} UTC"
    if behind > timedelta(minutes=1):
        return Finding(
            "clock",
            is_well=False,
            detail=f"{detail}, which is {behind} ahead of this machine's clock",
            advice="Set the clock; until then acts are a microsecond apart, after the newest.",
        )
    return Finding("clock", is_well=True, detail=detail)


def _catalogue(node: Node) -> Finding:
    behind = node.log.size - node.catalogue.applied
    detail = f"SQLite {apsw.sqlite_lib_version()}, {node.catalogue.applied:,} log entries folded in"
    if behind:
        return Finding(
            "catalogue",
            is_well=False,
            detail=f"{detail}, {behind:,} not yet",
            advice="The next delivery or `perilune serve` folds them in.",
        )
    return Finding("catalogue", is_well=True, detail=detail)


def _sending() -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as probe:
        prefer_bbr(probe)
        found = congestion_control(probe)
    return Finding(
        "sending",
        found in ("bbr", ""),
        f"what this node sends goes out with {found or 'the congestion control of this system'}",
        "Long, lossy lines will be slow: have the system load tcp_bbr and list it in "
        "net.ipv4.tcp_allowed_congestion_control.",
    )


def _audit(node: Node) -> Finding:
    last = node.catalogue.fixity()
    if last is None:
        return Finding("audit", is_well=True, detail="nothing has been read back yet")
    detail = f"{last.objects:,} objects read back {last.at:%Y-%m-%d %H:%M} UTC"
    if last.damaged:
        return Finding(
            "audit",
            is_well=False,
            detail=f"{detail}, {len(last.damaged)} damaged",
            advice="Run perilune audit --repair, or restore what it names from a copy.",
        )
    is_recent = node.now() - last.at < _AUDIT_EVERY
    return Finding(
        "audit", is_recent, detail, f"Run perilune audit every {_AUDIT_EVERY.days} days."
    )
