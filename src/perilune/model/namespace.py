"""Namespaces of agencies, as data.

The PDS4 core Schematron allows the prefixes marked ``standard``. PDS4 names none for CNSA;
``urn:cnsa:`` is provisional here, and an alias act can rename what was published under it.
"""

from dataclasses import dataclass

from perilune.model.identifier import Lid


@dataclass(frozen=True, slots=True)
class Namespace:
    """A LID prefix and the agency that publishes under it."""

    prefix: str
    agency: str
    standard: bool


NAMESPACES = (
    Namespace("urn:nasa:pds", "NASA Planetary Data System", standard=True),
    Namespace("urn:esa:psa", "ESA Planetary Science Archive", standard=True),
    Namespace("urn:jaxa:darts", "JAXA DARTS", standard=True),
    Namespace("urn:isro:isda", "ISRO Science Data Archive", standard=True),
    Namespace("urn:kari:kpds", "KARI Planetary Data System", standard=True),
    Namespace("urn:ros:rssa", "Roscosmos, Russian Space Science Archive", standard=True),
    Namespace("urn:cnsa", "CNSA (provisional)", standard=False),
)


def agency_of(lid: Lid) -> Namespace | None:
    """The agency whose namespace holds ``lid``; None where no agency is known."""
    return next((space for space in NAMESPACES if lid.within(space.prefix)), None)
