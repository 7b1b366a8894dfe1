"""Rehearsal: what a node would say of a delivery, without giving it a byte.

It is the check of a delivery itself, put before a batch that keeps nothing: so the report is the
same as that of a delivery that the node refuses.
"""

import hashlib
from pathlib import Path

from perilune.errors import DeliveryRefused, WrongUsage
from perilune.ingest.check import check
from perilune.ingest.delivery import faulty, report_of
from perilune.ingest.keeper import Keeper
from perilune.ingest.projection import Progress, silent
from perilune.ingest.receive import received
from perilune.ingest.unpack.limits import Refused
from perilune.model.package import Digests
from perilune.storage.port import Handed, Source
from perilune.validation.report import Report

_CHUNK = 1 << 20


class _Unkept:
    """A batch that reads what it is given and keeps nothing."""

    @property
    def hand(self) -> None:
        """There is nothing that another process could write to."""
        return

    def take_over(self, handed: Handed) -> Digests:
        """Never asked, as there is no hand; raise `WrongUsage`."""
        raise WrongUsage(f"no hand has put {handed.digests.sha256}")

    def put(self, data: Source) -> Digests:
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        while chunk := data.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
        return Digests(size, sha256.hexdigest(), md5.hexdigest())

    def drop(self, sha256: str) -> None:
        """Nothing was taken that could be dropped."""


def rehearse(path: Path, keeper: Keeper, progress: Progress = silent) -> Report:
    """The report of delivering what is at ``path`` to ``keeper``.

    Raises `DeliveryRefused` where there is no label at all, as a delivery does.
    """
    name = path.absolute().name
    try:
        with received(path, None, progress) as found:
            if found.labels:
                return report_of(name, check(found, keeper, _Unkept(), progress))
            if found.left_out:
                return faulty(name, found.left_out)
            raise DeliveryRefused(f"no label (.xml, .lblx) in {name}")
    except Refused as fault:
        return faulty(name, (fault,))
