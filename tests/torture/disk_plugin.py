"""A disk in memory that writes down every write and flush: a plugin of nbdkit.

Parameters: ``image``, the file with its first content, and ``record``, the file to write to. A
record is one byte of kind (S: flush, W: write, F: write and flush), offset and length big-endian in
8 and 4 bytes, and the data.
"""

import struct
from pathlib import Path
from typing import Any

import nbdkit  # type: ignore[import-not-found]  # nbdkit itself provides it

API_VERSION = 2
_parameters: dict[str, str] = {}
_content = bytearray()
_record: Any = None


def config(key: str, value: str) -> None:
    _parameters[key] = value


def config_complete() -> None:
    global _record  # noqa: PLW0603  # nbdkit calls functions of a module
    _content[:] = Path(_parameters["image"]).read_bytes()
    _record = Path(_parameters["record"]).open("wb", buffering=0)  # noqa: SIM115  # nbdkit closes


def thread_model() -> int:
    return int(nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS)


def open(readonly: int) -> int:  # noqa: A001, ARG001  # the name that nbdkit calls
    return 1


def get_size(_handle: int) -> int:
    return len(_content)


def can_flush(_handle: int) -> bool:
    return True


def can_fua(_handle: int) -> int:
    return int(nbdkit.FUA_NATIVE)


def pread(_handle: int, buffer: bytearray, offset: int, _flags: int) -> None:
    buffer[:] = _content[offset : offset + len(buffer)]


def pwrite(_handle: int, buffer: bytes, offset: int, flags: int) -> None:
    _content[offset : offset + len(buffer)] = buffer
    _write_down(b"F" if flags & nbdkit.FLAG_FUA else b"W", offset, bytes(buffer))


def zero(_handle: int, count: int, offset: int, _flags: int) -> None:
    _content[offset : offset + count] = bytes(count)
    _write_down(b"W", offset, bytes(count))


def flush(_handle: int, _flags: int) -> None:
    _write_down(b"S", 0, b"")


def _write_down(kind: bytes, offset: int, data: bytes) -> None:
    _record.write(struct.pack(">cQI", kind, offset, len(data)) + data)
