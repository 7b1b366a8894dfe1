"""Delivery: receive, check, accession, receipt.

All or nothing by default: one fault refuses the whole, and nothing of it stays. ``partial`` takes
the faultless products. Delivering the same again is safe at any time and finishes what was
interrupted.
"""

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from perilune.config import Validation
from perilune.durable import whole
from perilune.errors import DeliveryRefused
from perilune.ingest.accession import Terms, accession
from perilune.ingest.check import Candidate, Checked, check, keep, message_of
from perilune.ingest.gate import NOTHING, Passage, admitted, let_out
from perilune.ingest.grammar import write_schemas
from perilune.ingest.keeper import NodeKeeper
from perilune.ingest.projection import Progress, silent
from perilune.ingest.receive import Received, received
from perilune.ingest.seal import seal
from perilune.ingest.unpack.limits import Refused
from perilune.ingest.workers import seldom_collecting
from perilune.ledger.receipt import Counts, FaultCount, Receipt, runs
from perilune.model.canonical import Json
from perilune.model.package import Manifest
from perilune.model.product import Embargo, Releasability
from perilune.node import Node
from perilune.validation.findings import report_on
from perilune.validation.report import Examined, Report
from perilune.validation.writing.document import as_document
from perilune.validation.writing.text import as_text

STREAM = "standard input"
"""What a report calls a delivery that came as a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a delivery is to be taken."""

    partial: bool = False
    releasability: Releasability | None = None
    """None: as the node's settings say."""
    embargo: Embargo | None = None
    release_at: datetime | None = None
    """When the embargo is to end; None: when it is said."""
    progress: Progress = field(default=silent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a delivery."""

    report: Report
    accepted: int
    held: int
    refused: int
    receipt: Receipt | None
    """None where the delivery was refused whole."""
    receipt_note: bytes = b""
    """The signed receipt, as it is given to the deliverer."""
    passage: Passage = NOTHING
    """What was cleared by itself, and what waits to be."""

    @property
    def is_complete(self) -> bool:
        """Whether every product of the delivery is in custody."""
        return self.receipt is not None and self.refused == 0

    def document(self) -> dict[str, Json]:
        """The outcome for programs; keys in docs/reference/receipt-and-report.md."""
        return {
            "accepted": self.accepted,
            "held": self.held,
            "refused": self.refused,
            "receipt": self.receipt.document() if self.receipt else None,
            "receipt_note": self.receipt_note.decode() if self.receipt else None,
            "cleared": self.passage.cleared,
            "order": self.passage.order or None,
            "report": as_document(self.report),
        }

    def as_text(self) -> str:
        """The outcome for people: the faults, if any, then what is in custody."""
        lines = [as_text(self.report)] if self.report.groups else []
        if self.receipt is None:
            lines.append("Refused whole: nothing was taken in.")
            products = self.report.summary.products
            if products.failed and products.passed:
                lines.append("With --partial the faultless products would be taken.")
            return "\n".join(lines)
        counts = self.receipt.counts
        lines.append(
            f"{counts.accepted:,} products taken in, {counts.held:,} held before, "
            f"{counts.refused:,} refused; {counts.files:,} files, {counts.bytes:,} bytes "
            f"in custody.\nDelivery {self.receipt.delivery}\n"
            f"Log {self.receipt.origin}, {self.receipt.log_size:,} entries, receipt signed by "
            f"{self.receipt.origin}/receipt"
        )
        if self.passage.cleared:
            lines.append(f"{self.passage.cleared:,} products cleared by standing rules.")
        if self.passage.order:
            lines.append(
                "National until two persons clear it: order "
                f"{self.passage.order[:16]} waits for them (perilune orders sign)."
            )
        return "\n".join(lines)


def deliver(given: Path | BinaryIO, node: Node, options: Options = Options()) -> Outcome:
    """Take in the delivery ``given``: a folder, a label, a container, or a stream that is one.

    A delivery with faults is refused whole (``receipt`` is None) unless ``partial``. Raises
    `DeliveryRefused` where there is no label at all, `NoSpace` where the disk is full, `Unarmed`
    where the node signs nothing; then nothing was taken in and nothing is left behind.
    """
    name = given.absolute().name if isinstance(given, Path) else STREAM
    node.require_armed()
    try:
        with received(given, node.root, options.progress) as found, seldom_collecting():
            if found.labels:
                return _take(found, name, node, options)
            if not found.left_out:
                raise DeliveryRefused(f"no label (.xml, .lblx) in {name}")
            return _refused(name, found.left_out)
    except Refused as fault:
        return _refused(name, (fault,))


def _refused(name: str, faults: Sequence[Refused]) -> Outcome:
    """Of what was handed in nothing could be looked at."""
    return Outcome(report=faulty(name, faults), accepted=0, held=0, refused=0, receipt=None)


def faulty(name: str, faults: Sequence[Refused]) -> Report:
    """The report on a container of which nothing could be looked at."""
    return report_on(name, (), map(message_of, faults))


def _take(received: Received, name: str, node: Node, options: Options) -> Outcome:
    with node.store.batch() as batch:
        checked = check(received, NodeKeeper(node), batch, options.progress)
        takes = options.partial or not checked.has_fault
        keep(checked.accepted if takes else [], checked, batch)
    asked = options.releasability or node.config.releasability
    terms = Terms(
        delivery=checked.delivery,
        lifecycle=node.config.lifecycle,
        releasability=admitted(asked, node),
        embargo=options.embargo,
        release_at=options.release_at,
    )
    positions: list[int] = []
    if takes:
        _hold_schemas(checked, node)
        positions = accession(checked.accepted, terms, node, checked.messages, options.progress)
        if terms.embargo is not None and node.root is not None:
            seal(node, options.progress)
    report = report_of(name, checked)
    if not takes:
        return Outcome(report=report, accepted=0, held=0, refused=checked.labels, receipt=None)
    receipt = _receipt(checked, terms, positions, report, node)
    note = receipt.encode(node.receipt_signer)
    _file_away(receipt, note, node)
    taken = [each.id for each in (*checked.accepted, *checked.held)]
    return Outcome(
        report=report,
        accepted=receipt.counts.accepted,
        held=receipt.counts.held,
        refused=receipt.counts.refused,
        receipt=receipt,
        receipt_note=note,
        passage=let_out(terms.delivery, taken, asked, node),
    )


def _hold_schemas(checked: Checked, node: Node) -> None:
    """Take custody of the schemas that labels name, those that are pinned and not held yet."""
    schemas = NodeKeeper(node).schemas
    if schemas is None or not checked.grammar or not checked.accepted:
        return
    own = replace(node, config=replace(node.config, validation=Validation.CUSTODY))
    with tempfile.TemporaryDirectory(prefix="perilune-") as folder:
        if write_schemas(checked.grammar, schemas, node, Path(folder)):
            deliver(Path(folder), own, Options())


def report_of(name: str, checked: Checked) -> Report:
    """The report on a delivery from what its check found."""
    examined = [Examined(each.label, str(each.id)) for each in checked.candidates]
    examined += [Examined(label, None) for label in checked.unreadable]
    examined.sort(key=lambda each: each.label.encode())
    return report_on(name, examined, checked.messages)


def _receipt(
    checked: Checked, terms: Terms, positions: list[int], report: Report, node: Node
) -> Receipt:
    with node.store.batch() as batch:
        full = batch.put(io.BytesIO(json.dumps(as_document(report)).encode()))
    accepted, held = checked.accepted, checked.held
    in_custody = _manifests([*accepted, *held])
    checkpoint = node.log.checkpoint
    held_at = [each.held.index for each in held if each.held is not None]
    return Receipt(
        t=node.now(),
        node=node.config.name,
        origin=node.config.origin,
        delivery=terms.delivery,
        lifecycle=terms.lifecycle,
        releasability=terms.releasability,
        counts=Counts(
            labels=checked.labels,
            accepted=len(accepted),
            held=len(held),
            refused=checked.refused,
            files=sum(len(manifest.files) for manifest in in_custody),
            bytes=sum(manifest.total_bytes for manifest in in_custody),
        ),
        entries=runs([*positions, *held_at]),
        log_size=checkpoint.size,
        log_root=checkpoint.root,
        faults=_fault_counts(report),
        report=full.sha256,
    )


def _manifests(candidates: Sequence[Candidate]) -> list[Manifest]:
    return [each.manifest for each in candidates if each.manifest is not None]


def _fault_counts(report: Report) -> tuple[FaultCount, ...]:
    return tuple(
        FaultCount(str(each["type"]), str(each["severity"]), int(str(each["count"])))
        for each in report.faults()
    )


def _file_away(receipt: Receipt, note: bytes, node: Node) -> None:
    """Keep a copy of what was given, beside the storage."""
    if node.root is None:
        return
    name = f"{receipt.t:%Y%m%dT%H%M%S%f}-{receipt.delivery[:16]}.receipt"
    with whole(node.root / "receipts" / name) as file:
        file.write(note)
