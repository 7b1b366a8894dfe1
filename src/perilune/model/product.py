"""A product as its label describes it, and a holding: the product in the archive's custody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from perilune.model.footprint import Footprint
from perilune.model.identifier import Lid, Lidvid
from perilune.model.package import Manifest
from perilune.model.timespan import TimeSpan


class Lifecycle(StrEnum):
    """PDS4's archive states of a product (Data Dictionary, ``archive_status``)."""

    NOT_REVIEWED = "not-reviewed"
    IN_INTERNAL_REVIEW = "in-internal-review"
    IN_PEER_REVIEW = "in-peer-review"
    IN_LIEN_RESOLUTION = "in-lien-resolution"
    RELEASED = "released"
    REJECTED = "rejected"


class Releasability(StrEnum):
    """Who outside the node may know of a product at all; national unless cleared."""

    NATIONAL = "national"
    PARTNER = "partner"
    PUBLIC = "public"

    @property
    def reach(self) -> int:
        """Of two, the higher one lets more people know; what is cleared only ever rises."""
        return tuple(Releasability).index(self)


class Embargo(StrEnum):
    """How much of a product shows until its release act."""

    CLOSED = "closed"
    """The row is public, the bytes are not."""
    DARK = "dark"
    """Nothing shows."""


@dataclass(frozen=True, slots=True)
class ContextName:
    """A mission, spacecraft, instrument or target that a label names."""

    name: str
    type: str = ""
    lid: Lid | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference from one product to another."""

    target: Lid | Lidvid
    type: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a collection (from its inventory) or of a bundle (from its label)."""

    target: Lid | Lidvid
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """How a product asks to be cited."""

    authors: str = ""
    editors: str = ""
    year: str = ""
    doi: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that a label names, with what it says of it. ``path`` is relative to the label."""

    path: str
    size: int | None = None
    md5: str | None = None
    line: int | None = None
    """Line of the label on which the file is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One version of one product, as its label tells it."""

    id: Lidvid
    product_class: str
    """Name of the label's root element, ``Product_Observational`` for instance."""
    title: str
    information_model: str
    time: TimeSpan | None = None
    processing_level: str = ""
    investigations: tuple[ContextName, ...] = ()
    hosts: tuple[ContextName, ...] = ()
    instruments: tuple[ContextName, ...] = ()
    targets: tuple[ContextName, ...] = ()
    references: tuple[Reference, ...] = ()
    members: tuple[Member, ...] = ()
    citation: Citation = Citation()
    footprints: tuple[Footprint, ...] = ()
    files: tuple[NamedFile, ...] = ()
    properties: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Every value of the label: ``pds:Class.pds:attribute`` to the values, in label order."""
    is_simulated: bool = False
    licence: str = ""
    policy: str = ""
    calibration: str = ""
    pipeline: str = ""
    supersedes_reason: str = ""
    """Why this version replaces the one before: the newest entry of the modification history."""


@dataclass(frozen=True, slots=True)
class Erratum:
    """What its owner says of a product that its label does not."""

    t: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A product in custody: what was accessioned, when, and who may have it."""

    product: Product
    manifest: Manifest
    index: int
    """Position of its publish (or commit) act in the node's log."""
    accessioned: datetime
    """Time of that act: unique and strictly increasing, so it serves as harvest time too."""
    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability
    origin: str = ""
    """Log of the node that published it; empty where that is this node."""
    embargo: Embargo | None = None
    release_at: datetime | None = None
    """When the embargo is to end; an act ends it, never this date by itself."""
    seal: int | None = None
    """Position in the node's log of the act that names its sealed copy."""
    withdrawn: bool = False
    """Whether it is in custody still, and shown and served to nobody."""
    errata: tuple[Erratum, ...] = ()
    """Oldest first."""

    @property
    def standing(self) -> "Standing":
        """What decides who may know of it."""
        return Standing(
            self.lifecycle, self.releasability, self.embargo, self.withdrawn, bool(self.origin)
        )

    @property
    def is_listed(self) -> bool:
        """Whether an anonymous visitor may know of it."""
        return self.standing.is_listed_for("public")

    @property
    def is_public(self) -> bool:
        """Whether an anonymous visitor may know of it and read it."""
        return self.is_listed and self.embargo is None


Scope = Literal["kept", "own", "partner", "public"]
"""What an asker may know of: everything in custody, all of it but what was withdrawn, of this what
is listed and cleared for partners, or what is listed and cleared for everyone."""
SCOPES: tuple[Scope, ...] = ("kept", "own", "partner", "public")
_NEEDED: Mapping[Scope, Releasability] = MappingProxyType(
    {"partner": Releasability.PARTNER, "public": Releasability.PUBLIC}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides who may know of a product."""

    lifecycle: Lifecycle
    releasability: Releasability
    embargo: Embargo | None
    withdrawn: bool
    is_copy: bool

    def is_listed_for(self, scope: Scope) -> bool:
        """Whether an asker of that scope may know of what stands so."""
        if scope == "kept":
            return True
        if scope == "own":
            return not self.withdrawn
        if (needed := _NEEDED.get(scope)) is None:
            return False
        if self.embargo is None:
            is_out = self.lifecycle is Lifecycle.RELEASED
        else:
            is_out = self.embargo is Embargo.CLOSED
        # what another node cleared for its partners is not ours to show to ours
        is_meant = self.releasability is Releasability.PUBLIC or not self.is_copy
        is_cleared = self.releasability.reach >= needed.reach and is_meant
        return is_out and is_cleared and not self.withdrawn
