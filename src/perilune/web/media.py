"""The ``Content-Type`` of a file, and whether a browser may show it."""

from pathlib import PurePosixPath

from perilune.catalogue.fields import media_type

_TEXT = frozenset(
    (
        "asc",
        "cat",
        "fmt",
        "lbl",
        "log",
        "md",
        "md5",
        "sha256",
        "tf",
        "ti",
        "tls",
        "tm",
        "tpc",
        "tsc",
    )
)
_MORE = {
    "gif": "image/gif",
    "gz": "application/gzip",
    "jp2": "image/jp2",
    "lblx": "application/xml",
    "sch": "application/xml",
    "svg": "image/svg+xml",
    "vot": "application/x-votable+xml",
    "xsd": "application/xml",
    "zip": "application/zip",
}
_SHOWN = ("text/plain", "text/csv", "image/png", "image/jpeg", "image/gif", "application/xml")


def content_type(path: str) -> str:
    """The media type of a file, from its name; octets where the name does not tell."""
    suffix = PurePosixPath(path).suffix.removeprefix(".").lower()
    found = "text/plain" if suffix in _TEXT else _MORE.get(suffix, media_type(path))
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def is_shown(kind: str) -> bool:
    """Whether a browser may show content of this type rather than save it: nothing that runs."""
    return kind.startswith(_SHOWN)
