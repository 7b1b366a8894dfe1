"""Rebuild: the catalogue, made again from storage and log alone."""

from dataclasses import dataclass

from perilune.ingest.projection import Progress, catch_up, silent
from perilune.node import Node


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    entries: int
    """Entries of the log that were folded in."""


def rebuild(node: Node, progress: Progress = silent) -> Rebuilt:
    """Make a new catalogue beside the old one and put it in its place.

    The node goes on with it, and so do others that have it open. Raises `Damaged` or `NotFound`
    where storage no longer holds what the log records; the old catalogue then stays.
    """
    with node.writing(), node.rebuilding() as catalogue:
        catch_up(node, catalogue, progress)
        return Rebuilt(node.log.size)
