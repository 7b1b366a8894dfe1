"""How ``perilune peer status`` shows two logs side by side."""

from datetime import datetime

import click

from perilune.federation.custody import Counts, CustodyReceipt
from perilune.federation.reconcile import Reconciled, Side
from perilune.federation.status import Witnessed
from perilune.ledger.note import to_base64
from perilune.model.reading import time_text

WHY = {
    "not-released": "published, not served by its owner yet",
    "not-fetched": "published, not fetched yet",
    "unavailable": "published, and not given when it was asked for",
    "wrong-bytes": "given with other bytes than its log says",
    "conflict": "here under the same name with other bytes",
    "foreign-namespace": "in a namespace that its publisher does not own",
    "not-public": "published openly, and not cleared for the public",
    "withdrawn": "withdrawn by its owner",
    "wrong-key": "released with a key that does not open its copy",
}
"""Reason in a custody receipt to the same in words."""


def document(found: Reconciled, hours: int, now: datetime) -> dict[str, object]:
    """For programs."""
    status = found.status
    return {
        "name": status.peer.who.name,
        "origin": status.peer.who.origin,
        "url": status.peer.url,
        "seen": status.seen,
        "here": described_receipt(status.here),
        "there": described_receipt(status.there),
        "uncovered": status.uncovered,
        "witnessed": _cosigned(status.witnessed, hours, now),
        "cosigned": _cosigned(status.cosigned, hours, now),
        "evidence": list(status.evidence),
        "sides": [side(each) for each in (found.here, found.there)],
        "explained": found.is_explained,
    }


def _cosigned(found: Witnessed | None, hours: int, now: datetime) -> dict[str, object] | None:
    if found is None:
        return None
    is_old = found.is_older(hours, now)
    return {"size": found.size, "at": time_text(found.at), "frozen": is_old}


def side(each: Side) -> dict[str, object]:
    """One side for programs."""
    return {
        "owner": each.owner,
        "holder": each.holder,
        "log": each.log,
        "entries": each.entries,
        "acts": dict(each.acts),
        "covered": each.receipt.log.size if each.receipt else 0,
        "published": each.published,
        "held": each.held,
        "excepted": dict(each.excepted),
        "opened": each.opened if each.receipt else 0,
        "hidden": each.hidden,
        "uncovered": each.uncovered,
        "uncovered_hidden": each.uncovered_hidden,
        "contradictions": list(each.contradictions),
    }


def tell(found: Reconciled, hours: int, now: datetime) -> None:
    """In words."""
    status = found.status
    click.echo(f"{status.peer.who.name} at {status.peer.url}, log {status.peer.who.origin}")
    for each in (found.here, found.there):
        _tell_side(each)
    for words, cosigned in (
        ("It witnessed of our log", status.witnessed),
        ("We witnessed of its log", status.cosigned),
    ):
        if cosigned is None:
            click.echo(f"    {words} nothing yet")
            continue
        frozen = f": older than {hours} h, frozen?" if cosigned.is_older(hours, now) else ""
        click.echo(
            f"    {words} {cosigned.size:,} entries at {cosigned.at:%Y-%m-%d %H:%M:%S} UTC{frozen}"
        )
    for place in status.evidence:
        click.echo(f"    It contradicted itself: {place}")
    if found.is_explained:
        click.echo("    Every difference is explained.")


def _tell_side(each: Side) -> None:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in each.acts.items())
    click.echo(
        f"    Log of {each.owner}, held by {each.holder}: {each.entries:,} entries ({kinds})"
    )
    if each.receipt is None:
        click.echo(f"        no custody receipt yet; {each.uncovered:,} products published")
        return
    tell_receipt("       ", each.receipt)
    for reason, count in each.excepted.items():
        click.echo(f"        {count:,} not held: {WHY.get(reason, reason)}")
    if each.hidden or each.opened:
        click.echo(
            f"        {each.hidden:,} entries hidden in commitments; {each.opened:,} told since"
        )
    if each.uncovered or each.uncovered_hidden:
        click.echo(
            f"        after the receipt: {each.uncovered:,} products published, "
            f"{each.uncovered_hidden:,} entries hidden"
        )
    for words in each.contradictions:
        click.echo(f"        not explained: {words}")


def described_counts(counts: Counts) -> dict[str, int]:
    """Counts for programs."""
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
        **described_counts(receipt.counts),
        "exceptions": receipt.exceptions,
    }


def tell_receipt(words: str, receipt: CustodyReceipt) -> None:
    """A custody receipt in words, after ``words``."""
    counts = receipt.counts
    click.echo(
        f"{words}: {counts.held:,} of {counts.published:,} products that the first "
        f"{receipt.log.size:,} entries of {receipt.log.origin} publish, verified "
        f"{receipt.t:%Y-%m-%d %H:%M:%S} UTC"
    )
