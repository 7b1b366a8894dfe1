"""A checksum manifest: MD5 and path on each line, as ``md5sum`` writes it."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from perilune.errors import WrongUsage
from perilune.validation.options import Options

_LINE = re.compile(r"([0-9A-Fa-f]{32})\s+\*?(.+?)\s*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """MD5s by the whole path of each file."""

    digests: dict[str, bytes]

    def md5_of(self, place: Path) -> str | None:
        """The MD5 announced of the file; None where the manifest leaves it out."""
        digest = self.digests.get(os.path.abspath(place))  # noqa: PTH100 - keeps links
        return None if digest is None else digest.hex()


def read_manifest(place: Path, base: Path) -> Manifest:
    """The manifest at ``place``, its relative paths from ``base``.

    Raises `WrongUsage` with the line that is neither blank nor an MD5 and a path.
    """
    root = os.path.abspath(base)  # noqa: PTH100 - keeps links
    digests: dict[str, bytes] = {}
    try:
        with place.open(encoding="utf-8", errors="surrogateescape") as lines:
            for number, line in enumerate(lines, 1):
                if (match := _LINE.fullmatch(line.rstrip("\r\n"))) is not None:
                    path = os.path.normpath(os.path.join(root, match[2]))  # noqa: PTH118
                    digests[path] = bytes.fromhex(match[1])
                elif line.strip():
                    raise WrongUsage(f"{place}, line {number}: not an MD5 and a path")
    except OSError as error:
        raise WrongUsage(f"{place} cannot be read: {error.strerror}") from error
    return Manifest(digests)


def manifest_of(options: Options) -> Manifest | None:
    """The manifest asked for, read once in each process."""
    if options.manifest is None:
        return None
    return _read_once(options.manifest, options.manifest_base or options.manifest.parent)


_read_once = lru_cache(maxsize=1)(read_manifest)
