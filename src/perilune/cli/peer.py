"""``perilune peer``: the other nodes."""

import secrets
from pathlib import Path

import click

from perilune.cli import frame
from perilune.cli.peer_status import (
    described_counts,
    described_receipt,
    document,
    tell,
    tell_receipt,
)
from perilune.errors import WrongUsage
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import Stranger, meet, pin
from perilune.federation.possession import Choice, Possession
from perilune.federation.possession import challenge as challenge_
from perilune.federation.pull import Synced, sync
from perilune.federation.reconcile import reconcile
from perilune.federation.roster import Member
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


@command.command("status", short_help="Two logs side by side, every difference explained.")
@click.argument("name", required=False)
@click.option(
    "--challenge",
    metavar="N|P%",
    help="Have the peer prove now that it has so many of the products that its receipt names.",
)
@click.option("--seed", type=int, help="Which ones --challenge chooses; else others each time.")
@frame.command
def status(
    name: str | None, challenge: str | None, seed: int | None, node: str | None, *, as_json: bool
) -> int:
    """Compare this node with the peer NAME, or with all, as of the last round, and ask nobody.

    Every entry of both logs is counted, and every product of one that the other has not, by
    reason. With --challenge the peer is asked to prove that it has what it says.

    Exit status: 0 shown, 3 a difference is not explained, a peer contradicted itself or did not
    prove what it has, 2 wrong usage, 1 anything else.
    """
    asked = frame.share(challenge)
    proved: list[Possession] = []
    with frame.opened(node) as opened:
        hours, now = opened.config.witness_hours, opened.now()
        found = [reconcile(peer, opened) for peer in _chosen(name, opened)]
        if asked is not None:
            choice = Choice(*asked, secrets.randbits(32) if seed is None else seed)
            proved = [
                challenge_(each.status.peer, opened, choice, frame.progress()) for each in found
            ]
    if as_json:
        told = [document(each, hours, now) for each in found]
        for one, possession in zip(told, proved, strict=False):
            one["possession"] = _possession(possession)
        frame.show({"peers": told})
    else:
        for number, each in enumerate(found):
            tell(each, hours, now)
            if proved:
                _tell_possession(proved[number])
    is_right = all(each.is_explained for each in found) and all(each.is_proved for each in proved)
    return frame.DONE if is_right else frame.NOT_RIGHT


def _possession(found: Possession) -> dict[str, object]:
    return {
        "seed": found.seed,
        "products": found.products,
        "pieces": found.pieces,
        "bytes": found.bytes,
        "missing": [{"lidvid": name, "why": why} for name, why in found.missing.items()],
    }


def _tell_possession(found: Possession) -> None:
    proved = found.products - len(found.missing)
    click.echo(
        f"    It proved to have {proved:,} of {found.products:,} products asked for "
        f"({found.pieces:,} pieces, {found.bytes:,} bytes, seed {found.seed})"
    )
    for name, why in found.missing.items():
        click.echo(f"    not proved: {name}: {why}")


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


def described_round(each: Synced) -> dict[str, object]:
    """A round as JSON."""
    return {
        "name": each.peer.who.name,
        "origin": each.peer.who.origin,
        "size": each.size,
        "copied": each.copied,
        "for_partners": each.for_partners,
        "bytes": each.bytes,
        **described_counts(each.counts),
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
