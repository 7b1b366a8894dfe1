"""What a program gets of a holding in a list, from the command line and from the portal alike."""

from collections.abc import Iterable
from datetime import datetime

from perilune.model.canonical import Json
from perilune.model.product import ContextName, Holding
from perilune.model.reading import time_text


def listed(holding: Holding) -> dict[str, Json]:
    """The holding as one JSON object; keys in docs/reference/commands.md."""
    product = holding.product
    return {
        "lidvid": str(product.id),
        "title": product.title,
        "class": product.product_class,
        "missions": _names(product.investigations),
        "instruments": _names(product.instruments),
        "targets": _names(product.targets),
        "level": product.processing_level,
        "start": _moment(product.time.start if product.time else None),
        "stop": _moment(product.time.stop if product.time else None),
        "simulated": product.is_simulated,
        "lifecycle": holding.lifecycle.value,
        "releasability": holding.releasability.value,
        "embargo": holding.embargo.value if holding.embargo else None,
        "release_at": _moment(holding.release_at),
        "origin": holding.origin or None,
        "accessioned": time_text(holding.accessioned),
        "files": len(holding.manifest.files),
        "bytes": holding.manifest.total_bytes,
    }


def _names(found: Iterable[ContextName]) -> list[str]:
    return [each.name for each in found]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)
