"""Every error a caller may meet.

* PeriluneError                  base; has a stable ``code``, an HTTP ``status`` and ``advice``
  - NotAccepted            422   the delivery is at fault; its sender can repair it
    + MalformedIdentifier        text is no LID or LIDVID
    + MalformedLabel             bytes are no PDS4 label
    + MalformedName              text is no file name of GRAS
    + MalformedRaster            a file is no model of heights that can be used
    + DeliveryRefused            the check found faults; the report names them
    + ContentConflict            the LIDVID is held already, with other bytes
  - NotFound               404   nothing by that name, or nothing you may know of
    + Withdrawn            410   it was here, and its owner took it back
  - Embargoed            403   exists, is listed, may not be read yet
  - BadQuestion            400   a query that cannot be read
  - WrongUsage             400   a command or request that cannot be carried out as given
  - NodeMissing            404   the folder holds no node
  - NodeExists             409   the folder holds a node already
  - NodeBusy               503   another process is writing, for longer than we wait
  - ProofFails             422   evidence does not prove what it is shown for
  - AskerRefused           403   a signed question of nobody who is known here, or not valid
  - SignatureRefused       403   a checkpoint that its log's key did not sign
  - CheckpointStale        409   a proof begins elsewhere than at the newest cosigned checkpoint
  - Damaged                500   bytes kept here are not the bytes that were accessioned
    + CatalogueDamaged           the catalogue on disk is not what was written
  - LogInconsistent        500   the log on disk contradicts its checkpoint
  - OrderRefused           403   an order that cannot be carried out: not signed by two, not valid
  - Unarmed                503   the node may have been put back, and signs nothing
  - OutboundRefused        403   a connection that this node does not make
  - PeerUnreachable        502   another machine did not answer, or not as it should
  - PeerUntrusted          502   another node's keys or log contradict what was seen of it before
  - NoSpace                507   the disk is full; nothing was taken in
  - ExtraMissing           501   an optional part of the installation is needed for this
  - UnreadableData         422   a data file does not hold what its label says of it

A code never changes once released: peers compare it, manuals explain it
(docs/reference/errors.md, held equal by tests/unit/test_docs.py).
"""

from datetime import datetime
from typing import ClassVar


class PeriluneError(Exception):
    """Base of all errors raised on purpose."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    advice: ClassVar[str] = "Report this to the operator of the node."


class NotAccepted(PeriluneError):
    """The delivery breaks a rule; log and catalogue know nothing of it."""

    code = "not-accepted"
    status = 422
    advice = "Repair the delivery and send it again."


class MalformedIdentifier(NotAccepted):
    """The text is no LID or LIDVID of PDS4."""

    code = "malformed-identifier"
    advice = "Write urn:agency:authority:bundle[:collection[:product]], lower case, then ::M.m."


class MalformedName(NotAccepted):
    """The text is no file name of the Ground Research and Application System."""

    code = "malformed-name"
    advice = "Give the file the name back that it was published under: it tells times and level."


class MalformedLabel(NotAccepted):
    """The bytes are no PDS4 label that can be read."""

    code = "malformed-label"
    advice = "Open the label at the line named and repair its XML."

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason, self.line = reason, line


class MalformedRaster(NotAccepted):
    """The file is no model of the Moon's heights that can be used."""

    code = "malformed-raster"
    advice = "Give a GeoTIFF or a LOLA image in metres, by longitude and latitude or polar."


class DeliveryRefused(NotAccepted):
    """The check found faults and the whole delivery was refused."""

    code = "delivery-refused"
    advice = "Mend what the report names, or take the faultless products with --partial."


class ContentConflict(NotAccepted):
    """A LIDVID that is held already came with other bytes."""

    code = "content-conflict"
    advice = "A changed product needs a new version_id; the version held is never replaced."


class NotFound(PeriluneError):
    """Nothing by that name, or nothing you may know of."""

    code = "not-found"
    status = 404
    advice = "Check the identifier; search for a part of it."


class Withdrawn(NotFound):
    """It was here, and its owner took it back."""

    code = "withdrawn"
    status = 410
    advice = "Use another version, if there is one."

    def __init__(self, lidvid: str, cause: str, text: str, at: datetime) -> None:
        super().__init__(f"{lidvid} was withdrawn: {text}")
        self.lidvid, self.cause, self.text, self.at = lidvid, cause, text, at


class Embargoed(PeriluneError):
    """It exists and is listed, and its bytes are closed until a release act."""

    code = "embargoed"
    status = 403
    advice = "Ask the node that publishes it, or come back when it is released."


class BadQuestion(PeriluneError):
    """The query cannot be read."""

    code = "bad-question"
    status = 400
    advice = "Correct the query at the place named."


class WrongUsage(PeriluneError):
    """The command or request cannot be carried out as given."""

    code = "wrong-usage"
    status = 400
    advice = "See the command's --help."


class NodeMissing(PeriluneError):
    """The folder holds no node."""

    code = "node-missing"
    status = 404
    advice = "Name the node's folder with -n or PERILUNE_NODE, or make one with perilune init."


class NodeExists(PeriluneError):
    """The folder holds a node, or other files, already."""

    code = "node-exists"
    status = 409
    advice = "Choose an empty folder; a node is never made over another."


class NodeBusy(PeriluneError):
    """Another process is writing to the node, for longer than we wait."""

    code = "node-busy"
    status = 503
    advice = "Wait for the other delivery to end, then run the command again."


class ProofFails(PeriluneError):
    """The evidence does not prove what it is shown for."""

    code = "proof-fails"
    status = 422
    advice = "Do not rely on this file; ask its publisher for a new copy and a new proof."


class AskerRefused(PeriluneError):
    """A question is signed by nobody whom this node knows, or not for it, or not now."""

    code = "asker-refused"
    status = 403
    advice = "Pin each other's keys with perilune peer add, and set both clocks; then ask again."


class SignatureRefused(PeriluneError):
    """A checkpoint was submitted that its log's key did not sign."""

    code = "signature-refused"
    status = 403
    advice = "Submit the checkpoint as the log signed it, with the key that the roster pins."


class CheckpointStale(PeriluneError):
    """A proof begins elsewhere than at the newest checkpoint that was cosigned."""

    code = "checkpoint-stale"
    status = 409
    advice = "Prove consistency from the size that the answer tells, and submit again."

    def __init__(self, origin: str, size: int) -> None:
        super().__init__(f"the newest checkpoint of {origin} cosigned here has {size} entries")
        self.size = size


class Damaged(PeriluneError):
    """Bytes kept here are not the bytes that were accessioned."""

    code = "damaged"
    status = 500
    advice = "Run perilune audit --repair, or restore the object from a copy and audit again."


class CatalogueDamaged(Damaged):
    """The catalogue on disk is not what was written; objects and log are another matter."""

    code = "catalogue-damaged"
    advice = "Run perilune rebuild: it makes the catalogue again from storage and log."


class LogInconsistent(PeriluneError):
    """The log on disk contradicts its own checkpoint; nothing is signed any more."""

    code = "log-inconsistent"
    status = 500
    advice = "Stop the node, keep the folder as it is, and restore the log from a copy."


class OrderRefused(PeriluneError):
    """An order cannot be carried out: not signed by two persons, or not valid here and now."""

    code = "order-refused"
    status = 403
    advice = "Have two persons whom the node knows sign a new order: perilune orders sign."


class Unarmed(PeriluneError):
    """The node may have been put back to an older state, and signs nothing until it is known."""

    code = "unarmed"
    status = 503
    advice = (
        "Run perilune peer sync: it fetches what is missing; or perilune keys arm, without peers."
    )


class OutboundRefused(PeriluneError):
    """A connection that this node does not make."""

    code = "outbound-refused"
    status = 403
    advice = "Name the host in the configuration if it is meant to be reached."


class PeerUnreachable(PeriluneError):
    """Another machine did not answer, or not as it should."""

    code = "peer-unreachable"
    status = 502
    advice = "Check the address and that the other node is being served."


class PeerUntrusted(PeriluneError):
    """Another node's keys or log contradict what was pinned or seen of it before."""

    code = "peer-untrusted"
    status = 502
    advice = "Nothing was taken. Keep the evidence in peers/ and call the other node's operator."


class NoSpace(PeriluneError):
    """The disk is full; nothing was taken in."""

    code = "no-space"
    status = 507
    advice = "Free space on the node's disk and run the command again."


class UnreadableData(PeriluneError):
    """A data file does not hold what its label says of it."""

    code = "unreadable-data"
    status = 422
    advice = (
        "Look at the line of the label that is named; perilune validate tells all that is wrong."
    )

    def __init__(self, reason: str, *, label: str = "", line: int | None = None) -> None:
        place = (
            f"{label} line {line}" if label and line else label or (f"line {line}" if line else "")
        )
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason, self.label, self.line = reason, label, line


class ExtraMissing(PeriluneError):
    """An optional part of the installation is needed for this and is not there."""

    code = "extra-missing"
    status = 501
    advice = "Install the extra that the message names, as in: pip install 'perilune[moon]'."

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> "ExtraMissing | None":
        """What lacks where a module of an extra cannot be imported; None for any other module."""
        package = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(package)
        return cls(f"this needs {package}, of the extra {extra!r}") if extra else None


_EXTRAS = {
    "numba": "moon",
    "pandas": "frames",
    "rasterio": "moon",
    "scipy": "simulate",
    "skyfield": "moon",
    "spiceypy": "simulate",
    "xarray": "frames",
}
"""Package to the extra that brings it."""
