"""Addresses of schemas: when two of them mean the same, and which file one names."""

import posixpath
import re
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def canonical(address: str) -> str:
    """The address in the form that all its spellings share: https, one slash at a time."""
    parts = _split(address.strip())
    scheme = "https" if parts.scheme in ("http", "https") else parts.scheme
    path = posixpath.normpath(parts.path) if parts.path else ""
    return f"{scheme}://{parts.netloc.lower()}/{path.lstrip('/')}" + (
        f"?{parts.query}" if parts.query else ""
    )


def _split(address: str) -> SplitResult:
    """The parts of an address; all of it is path where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", address, "", "")


def is_web(address: str) -> bool:
    """Whether it is an http or https address."""
    return address.strip().lower().startswith(("http://", "https://"))


def file_name(address: str) -> str:
    """Last part of the path."""
    path = _split(address.strip()).path if _SCHEME.match(address.strip()) else address.strip()
    return unquote(path.replace("\\", "/").rsplit("/", 1)[-1])


def local_file(address: str, base: Path | None) -> Path | None:
    """The file that an address names by itself or relative to the file ``base``.

    None for web addresses, and for what can be no path. ``file:`` addresses of other hosts too.
    """
    text = address.strip()
    if text.lower().startswith("file:"):
        parts = _split(text)
        found = unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    else:
        found = "" if _SCHEME.match(text) else unquote(text)
    if not found or "\x00" in found:
        return None
    return Path(found) if base is None else base.parent / found


def joined(base: str, address: str) -> str:
    """An address as seen from the place ``base``, itself an address."""
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return address


def address_of(path: Path) -> str:
    """The ``file:`` address of a local file or folder."""
    return "file://" + quote(str(path.absolute()))
