"""HTTP ranges: which bytes of a representation a ``Range`` header asks for.

Source: RFC 9110 section 14. A header that is not of the form is ignored, as the standard wants;
one that is, but asks for nothing that exists, or for more than we serve at once, is refused.
"""

import re
from dataclasses import dataclass

MAX_RANGES = 16
_SPECS = re.compile(r"bytes=[\t ]*([0-9\t ,-]+)", re.IGNORECASE)
_SPEC = re.compile(r"(\d{0,19})-(\d{0,19})")


class Unsatisfiable(Exception):
    """The header asks for no byte that exists, or for too much at once: status 416."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to before ``stop``; never empty."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """The value of ``Content-Range`` for a representation of ``size`` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def read_range(header: str | None, size: int) -> tuple[Span, ...]:
    """Spans asked for, in the order asked; empty where the whole is to be sent.

    Raises `Unsatisfiable`.
    """
    match = _SPECS.fullmatch(header.strip()) if header else None
    if match is None:
        return ()
    specs = [text.strip() for text in match[1].split(",") if text.strip()]
    pairs = [_SPEC.fullmatch(text) for text in specs]
    ends = [(pair[1], pair[2]) for pair in pairs if pair is not None and pair[0] != "-"]
    if not specs or len(ends) != len(specs) or any(_is_backward(*pair) for pair in ends):
        return ()
    if len(specs) > MAX_RANGES:
        raise Unsatisfiable(f"{len(specs)} ranges; {MAX_RANGES} are served at once")
    spans = tuple(span for pair in ends if (span := _span(*pair, size)) is not None)
    if not spans:
        raise Unsatisfiable(f"none of these bytes exist: {header}")
    if len(spans) > 1 and sum(span.size for span in spans) > size:
        raise Unsatisfiable("the ranges together are more than the whole")
    return spans


def _is_backward(first: str, last: str) -> bool:
    return bool(first and last) and int(last) < int(first)


def _span(first: str, last: str, size: int) -> Span | None:
    if first:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, stop = max(size - int(last), 0), size
    return Span(start, stop) if start < stop else None
