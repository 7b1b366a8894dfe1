"""``perilune peer``: the other nodes."""

from datetime import datetime
from pathlib import Path

import click

from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.federation.custody import Counts, CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import Stranger, meet, pin
from perilune.federation.pull import Synced, sync
from perilune.federation.roster import Member
from perilune.federation.status import Status, Witnessed, status_of
from perilune.ledger.note import to_base64
from perilune.model.reading import time_text
from perilune.model.timetable import Timetable
from perilune.node import Node


@click.group("peer", short_help="The other nodes: trust them, copy from them, compare.")
def command() -> None:
    """Know other nodes, hold copies of what they publish, and receipts for what they hold.

    Exit status of each: 0 done, 3 something contradicts itself or was not given, 2 wrong usage,
    1 anything else.
    """


@command.command("add", short_help="Pin the keys of the node at URL.")
@click.argument("url")
@click.option(
    "--fingerprint",
    metavar="SHA256",
    help="The node's fingerprint, as its operator told it; without it you are asked.",
)
@click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with a further key that signs the roster; may be given again.",
)
@frame.command
def add(
    url: str,
    fingerprint: str | None,
    others: tuple[Path, ...],
    node: str | None,
    *,
    as_json: bool,
) -> None:
    """Show the keys of the node at URL, and trust them from here on.

    Its operator reads the fingerprint from ``perilune peer list`` on the other node. A peer in
    a private network is reached only where URL names its port.

    Exit status: 0 pinned, 3 other keys or another fingerprint, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        stranger = meet(url, opened)
        if not as_json:
            _introduce(stranger)
        told = fingerprint or _asked(stranger, as_json=as_json)
        roster = pin(stranger, told, opened, others)
    if as_json:
        frame.show({**_described(stranger.member), "roster": roster.version})
    else:
        click.echo(f"Pinned in version {roster.version} of the roster.")


@command.command("list", short_help="This node and its peers, with their fingerprints.")
@frame.command
def list_(node: str | None, *, as_json: bool) -> None:
    """Show this node as its peers see it, and the peers that it trusts.

    Exit status: 0 shown, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        who = Description.of(opened)
        peers = Peers.of(opened).members()
    if as_json:
        frame.show({"self": _described(Member(who)), "peers": [_described(each) for each in peers]})
        return
    click.echo(f"{who.name} (this node)\n    log {who.origin}\n    fingerprint {who.fingerprint}")
    for peer in peers:
        click.echo(
            f"{peer.who.name} at {peer.url}\n    log {peer.who.origin}, owns "
            f"{', '.join(peer.who.namespaces)}\n    fingerprint {peer.who.fingerprint}"
        )


@command.command("sync", short_help="Copy what peers publish, and fetch their receipts.")
@click.argument("name", required=False)
@click.option(
    "--limit",
    metavar="RATE",
    help="Bytes/s, as 10M, or a timetable, as '08:00,512k 19:00,off'; else as in node.toml.",
)
@frame.command
def sync_(name: str | None, limit: str | None, node: str | None, *, as_json: bool) -> int:
    """Copy from the peer NAME, or from all: verify its log, fetch what is missing, acknowledge.

    Safe to repeat and to break off; only what a peer publishes openly is asked for.

    Exit status: 0 everything given is here, 3 something contradicts itself, differs or was not
    given, 2 wrong usage, 1 anything else.
    """
    pace = None if limit is None else Timetable.parse(limit)
    with frame.opened(node) as opened:
        rounds = [sync(peer, opened, frame.progress(), pace) for peer in _chosen(name, opened)]
    if as_json:
        frame.show({"peers": [described_round(each) for each in rounds]})
    else:
        for each in rounds:
            tell_round(each)
    return frame.DONE if all(each.is_undisputed for each in rounds) else frame.NOT_RIGHT


@command.command("status", short_help="What is here, what is there, verified when.")
@click.argument("name", required=False)
@frame.command
def status(name: str | None, node: str | None, *, as_json: bool) -> int:
    """Compare this node with the peer NAME, or with all, as of the last round; ask nobody.

    Exit status: 0 shown, 3 a peer contradicted itself, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        found = [status_of(peer, opened) for peer in _chosen(name, opened)]
        hours, now = opened.config.witness_hours, opened.now()
    if as_json:
        frame.show({"peers": [_stand(each, hours, now) for each in found]})
    else:
        for each in found:
            _tell_stand(each, hours, now)
    return frame.NOT_RIGHT if any(each.evidence for each in found) else frame.DONE


def _asked(stranger: Stranger, *, as_json: bool) -> str:
    if as_json:
        raise WrongUsage("with --json the fingerprint is given: --fingerprint")
    if not click.confirm("Is this the fingerprint that its operator told you?", err=True):
        raise WrongUsage("not pinned")
    return stranger.who.fingerprint


def _introduce(stranger: Stranger) -> None:
    who = stranger.who
    click.echo(f"{who.name} at {stranger.member.url}")
    click.echo(f"    log          {who.origin}, {stranger.entries:,} entries")
    click.echo(f"    namespaces   {', '.join(who.namespaces)}")
    for use, key in sorted(who.keys.items()):
        click.echo(f"    {use:<12} {key.vkey}")
    click.echo(f"    fingerprint  {who.fingerprint}")


def _chosen(name: str | None, node: Node) -> tuple[Member, ...]:
    peers = Peers.of(node)
    return peers.members() if name is None else (peers.named(name),)


def _described(member: Member) -> dict[str, object]:
    who = member.who
    return {
        "name": who.name,
        "origin": who.origin,
        "url": member.url or None,
        "namespaces": list(who.namespaces),
        "keys": {use: key.vkey for use, key in sorted(who.keys.items())},
        "fingerprint": who.fingerprint,
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "published": counts.published,
        "held": counts.held,
        "excepted": counts.excepted,
        "hidden": counts.hidden,
    }


def described_receipt(receipt: CustodyReceipt | None) -> dict[str, object] | None:
    """A custody receipt as JSON; None where there is none."""
    if receipt is None:
        return None
    return {
        "by": receipt.origin,
        "of": receipt.log.origin,
        "size": receipt.log.size,
        "root": to_base64(receipt.log.root),
        "verified": time_text(receipt.t),
        **_counts(receipt.counts),
        "exceptions": receipt.exceptions,
    }


def described_round(each: Synced) -> dict[str, object]:
    """A round as JSON."""
    return {
        "name": each.peer.who.name,
        "origin": each.peer.who.origin,
        "size": each.size,
        "copied": each.copied,
        "bytes": each.bytes,
        **_counts(each.counts),
        "exceptions": [
            {"index": one.index, "lidvid": str(one.lidvid), "why": one.why.value}
            for one in each.excepted
        ],
        "faults": list(each.faults),
        "given": described_receipt(each.given),
        "recovered": {
            "entries": each.recovered.entries,
            "products": each.recovered.products,
            "bytes": each.recovered.bytes,
            "hidden": each.recovered.hidden,
        },
    }


def _cosigned(found: Witnessed | None, hours: int, now: datetime) -> dict[str, object] | None:
    if found is None:
        return None
    is_old = found.is_older(hours, now)
    return {"size": found.size, "at": time_text(found.at), "frozen": is_old}


def _stand(each: Status, hours: int, now: datetime) -> dict[str, object]:
    return {
        "name": each.peer.who.name,
        "origin": each.peer.who.origin,
        "url": each.peer.url,
        "seen": each.seen,
        "here": described_receipt(each.here),
        "there": described_receipt(each.there),
        "uncovered": each.uncovered,
        "witnessed": _cosigned(each.witnessed, hours, now),
        "cosigned": _cosigned(each.cosigned, hours, now),
        "evidence": list(each.evidence),
    }


def tell_round(each: Synced, *, is_offline: bool = False) -> None:
    """A round in words."""
    counts = each.counts
    if each.recovered.entries or each.recovered.products:
        click.echo(
            f"This node was put back: {each.recovered.entries:,} entries of its own log and "
            f"{each.recovered.products:,} products came back, {each.recovered.bytes:,} bytes; "
            f"{each.recovered.hidden:,} entries are hidden and cannot be opened here."
        )
    click.echo(
        f"{each.peer.who.name}: {each.copied:,} products copied, {each.bytes:,} bytes; "
        f"{counts.held:,} of {counts.published:,} published are here, "
        f"{counts.hidden:,} entries are hidden. Its log has {each.size:,} entries, verified."
    )
    for words in each.faults:
        click.echo(f"    {words}")
    for one in each.excepted[:20]:
        click.echo(f"    {one.why}: {one.lidvid}")
    if len(each.excepted) > 20:
        click.echo(f"    and {len(each.excepted) - 20:,} more")
    if is_offline:
        return
    if each.given is None:
        click.echo("    It has not said yet what it holds of ours.")
    else:
        tell_receipt("    It holds", each.given)


def _tell_stand(each: Status, hours: int, now: datetime) -> None:
    click.echo(f"{each.peer.who.name} at {each.peer.url}, log {each.peer.who.origin}")
    for words, receipt in (("    Here", each.here), ("    There", each.there)):
        if receipt is None:
            click.echo(f"{words}: no custody receipt yet")
        else:
            tell_receipt(words, receipt)
    click.echo(f"    {each.uncovered:,} products of ours are not covered by its receipt")
    for words, found in (
        ("It witnessed of our log", each.witnessed),
        ("We witnessed of its log", each.cosigned),
    ):
        if found is None:
            click.echo(f"    {words} nothing yet")
            continue
        frozen = f": older than {hours} h, frozen?" if found.is_older(hours, now) else ""
        click.echo(
            f"    {words} {found.size:,} entries at {found.at:%Y-%m-%d %H:%M:%S} UTC{frozen}"
        )
    for place in each.evidence:
        click.echo(f"    It contradicted itself: {place}")


def tell_receipt(words: str, receipt: CustodyReceipt) -> None:
    """A custody receipt in words, after ``words``."""
    counts = receipt.counts
    click.echo(
        f"{words}: {counts.held:,} of {counts.published:,} products that the first "
        f"{receipt.log.size:,} entries of {receipt.log.origin} publish, verified "
        f"{receipt.t:%Y-%m-%d %H:%M:%S} UTC"
    )
