"""Faults of data told with the name of the label that describes them."""

from collections.abc import Iterator
from contextlib import contextmanager

from perilune.errors import UnreadableData


@contextmanager
def naming(label: str) -> Iterator[None]:
    """Have every `UnreadableData` raised in it name ``label``; an empty name changes nothing."""
    try:
        yield
    except UnreadableData as error:
        if error.label or not label:
            raise
        raise UnreadableData(error.reason, label=label, line=error.line) from error
