"""Lists of files to fetch, for the tools people have: curl, aria2, Metalink clients, Python.

Each names every file with its address, its path and its SHA-256, goes on where it was broken off,
and keeps nothing that is not right. A path that could say something to a shell or a tool
is quoted as that tool wants it, and one that cannot be written on a line is refused.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from perilune.access.layout import Placed
from perilune.errors import BadQuestion
from perilune.model.identifier import Lidvid
from perilune.model.package import piece_size

Mirrors = Mapping[Lidvid, Sequence[str]]
"""Product to addresses of other nodes that hold it."""
Tool = Literal["curl", "aria2", "meta4", "py"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
MEDIA_TYPES: dict[Tool, str] = {
    "curl": "text/x-shellscript; charset=utf-8",
    "aria2": "text/plain; charset=utf-8",
    "meta4": "application/metalink4+xml",
    "py": "text/x-python; charset=utf-8",
}


def script(
    tool: Tool, files: Sequence[Placed], base: str, mirrors: Mirrors = MappingProxyType({})
) -> str:
    """The list of ``files`` of the node at ``base`` for ``tool``.

    Metalink clients fetch from several nodes at once: ``mirrors`` has their addresses.

    Raises `BadQuestion` where a path has characters that no line can hold.
    """
    for placed in files:
        if not placed.path.isprintable():
            raise BadQuestion(f"{placed.path!r} cannot be written into a script; take the tar")
    match tool:
        case "curl":
            return _curl(files, base)
        case "aria2":
            return _aria2(files, base)
        case "meta4":
            return _metalink(files, base, mirrors)
        case "py":
            return _python(files, base)


def _address(placed: Placed, base: str) -> str:
    return f"{base}/objects/{quote(str(placed.of), safe=':')}/{quote(placed.entry.path)}"


_CURL = """\
#!/bin/sh
# Fetches {count} files below the current folder, goes on where it was broken off, checks each.
set -eu
get() {{  # address, path, SHA-256
  if [ -f "$2" ]; then
    sum "$2" "$3" && return 0
    echo "$2: there with other bytes; move it away" >&2; exit 3
  fi
  mkdir -p "$(dirname "$2")"
  curl --fail --silent --show-error --retry 5 -C - -o "$2.part" "$1" || {{
    rm -f "$2.part"; curl --fail --silent --show-error --retry 5 -o "$2.part" "$1"; }}
  sum "$2.part" "$3" || {{ rm -f "$2.part"; echo "$2: not what the node says it is" >&2; exit 3; }}
  mv "$2.part" "$2"
}}
sum() {{ [ "$(sha256sum < "$1" | cut -d' ' -f1)" = "$2" ]; }}
"""


def _curl(files: Sequence[Placed], base: str) -> str:
    lines = [
        f"get {shlex.quote(_address(each, base))} {shlex.quote(f'./{each.path}')} "
        f"{each.entry.sha256}\n"
        for each in files
        if each.entry.size
    ]
    empty = [shlex.quote(f"./{each.path}") for each in files if not each.entry.size]
    lines += [f'mkdir -p "$(dirname {path})" && : > {path}\n' for path in empty]
    return _CURL.format(count=len(files)) + "".join(lines)


def _aria2(files: Sequence[Placed], base: str) -> str:
    """An input file: aria2c -c -V --auto-file-renaming=false -i FILE."""
    return "".join(
        f"{_address(each, base)}\n  out={each.path}\n  checksum=sha-256={each.entry.sha256}\n"
        for each in files
    )


def _metalink(files: Sequence[Placed], base: str, mirrors: Mirrors) -> str:
    """RFC 5854."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    lines.append('<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n')
    for each in files:
        entry = each.entry
        lines.append(f"<file name={quoteattr(each.path)}><size>{entry.size}</size>")
        lines.append(f'<hash type="sha-256">{entry.sha256}</hash>')
        if entry.pieces:
            lines.append(f'<pieces length="{piece_size(entry.size)}" type="sha-256">')
            lines += [f"<hash>{piece}</hash>" for piece in entry.pieces]
            lines.append("</pieces>")
        for place in (base, *mirrors.get(each.of, ())):
            lines.append(f"<url>{escape(_address(each, place))}</url>")
        lines.append("</file>\n")
    return "".join([*lines, "</metalink>\n"])


_PYTHON = """\
# Fetches {count} files below the current folder, goes on where it was broken off, checks each.
import hashlib, json, pathlib, sys, urllib.request

FILES = json.loads({files})

def digest(path):
    found = hashlib.sha256()
    with path.open("rb") as data:
        while run := data.read(1 << 20):
            found.update(run)
    return found.hexdigest()

for address, name, size, sha256 in FILES:
    path = pathlib.Path(name)
    if path.exists():
        if digest(path) != sha256:
            sys.exit(f"{{name}}: there with other bytes; move it away")
        continue
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have < size or not part.exists():
        headers = {{"Range": f"bytes={{have}}-"}} if have else {{}}
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as reply:
            with part.open("ab" if reply.status == 206 else "wb") as data:
                while run := reply.read(1 << 20):
                    data.write(run)
    if digest(part) != sha256:
        part.unlink()
        sys.exit(f"{{name}}: not what the node says it is")
    part.rename(path)
    print(name)
"""


def _python(files: Sequence[Placed], base: str) -> str:
    rows = [[_address(f, base), f.path, f.entry.size, f.entry.sha256] for f in files]
    return _PYTHON.format(count=len(files), files=repr(json.dumps(rows)))
