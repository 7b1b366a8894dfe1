"""A run of bytes in a format of its own, opened for reading: headers, texts, kernels, pictures."""

from perilune.errors import UnreadableData
from perilune.formats.pds4.objects import Stream
from perilune.formats.source import Source


class OpenStream:
    """A Header, Stream_Text, Encoded object, manifest or SPICE kernel."""

    def __init__(self, description: Stream, source: Source, label: str = "") -> None:
        self.description, self._source, self._label = description, source, label
        self.name = description.name
        self.class_name = description.class_name
        self.standard = description.standard
        self._start = description.offset or 0
        length = description.object_length
        self.size = max(source.size - self._start, 0) if length is None else length

    def __repr__(self) -> str:
        return f"<{self.class_name} {self.name!r}: {self.size} bytes, {self.standard}>"

    def __len__(self) -> int:
        return self.size

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes ``start`` to before ``stop`` of it, all if not said."""
        end = self._start + self.size
        if end > self._source.size:
            reason = (
                f"{self.class_name} {self.name!r} ends at byte {end}, {self._source.name} has "
                f"{self._source.size}"
            )
            raise UnreadableData(reason, label=self._label, line=self.description.line)
        first, last, _ = slice(start, stop).indices(self.size)
        return bytes(self._source.read(self._start + first, self._start + max(first, last)))

    def text(self) -> str:
        """All of it as UTF-8; what is none of that is read as Latin-1."""
        data = self.read()
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")
