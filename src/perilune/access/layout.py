"""Where files of holdings lie in an extract, and the list of their checksums.

Paths are those of the delivery, so that labels find their data. A file that holdings share is there
once. A holding of which a file would lie where another one lies is set apart whole, in a folder
named by its LIDVID, colons written as underscores: its label still finds its data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from perilune.access.policy import Asker, may_read
from perilune.access.search import search
from perilune.catalogue.query import Family, Query, Sort
from perilune.errors import BadQuestion, Damaged, NotFound
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node

MOST_PRODUCTS = 20_000
"""Products of one extract: where each file lies has to be known before the first byte."""
SUMS = "SHA256SUMS"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of a holding, and its path in the extract."""

    path: str
    entry: FileEntry
    of: Lidvid


def lay_out(holdings: Sequence[Holding]) -> tuple[Placed, ...]:
    """Every file of ``holdings`` at its path, in their order."""
    files: dict[str, Placed] = {}
    for holding in holdings:
        entries = holding.manifest.files
        clashes = any(
            (there := files.get(entry.path)) is not None and there.entry.sha256 != entry.sha256
            for entry in entries
        )
        folder = f"{str(holding.product.id).replace(':', '_')}/" if clashes else ""
        for entry in entries:
            path = f"{folder}{entry.path}"
            files.setdefault(path, Placed(path, entry, holding.product.id))
    return tuple(files.values())


def matching(query: Query, node: Node, asker: Asker) -> tuple[Holding, ...]:
    """All holdings that match and that ``asker`` may have, in the order of ``query``.

    Raises `BadQuestion` where they are more than `MOST_PRODUCTS`.
    """
    found: list[Holding] = []
    asked = replace(query, limit=_PAGE, count=(), cursor=None)
    while True:
        page = search(asked, node, asker)
        if page.total > MOST_PRODUCTS:
            raise BadQuestion(
                f"{page.total:,} products match; at most {MOST_PRODUCTS:,} are taken out at once"
            )
        found += [hit for hit in page.hits if may_read(hit, asker).allowed]
        if page.next is None or not page.hits:
            return tuple(found)
        asked = replace(asked, cursor=page.next)


def with_members(holding: Holding, node: Node, asker: Asker) -> tuple[Holding, ...]:
    """A collection or bundle, what it lists and what that lists, as far as ``asker`` may."""
    found = {holding.product.id: holding}
    depths: tuple[Literal[1, 2], ...] = (1, 2)
    for depth in depths:
        family = Family(holding.product.id, "members", depth)
        for each in matching(Query(family=family, sort=(Sort("lid"),)), node, asker):
            found.setdefault(each.product.id, each)
    if len(found) > MOST_PRODUCTS:
        raise BadQuestion(f"{len(found):,} products; at most {MOST_PRODUCTS:,} are taken at once")
    return tuple(found.values())


def require_all(files: Iterable[Placed], node: Node) -> None:
    """Raise `Damaged` where the archive lacks one of the files, or has lost a part of it."""
    for placed in files:
        entry = placed.entry
        try:
            size = node.store.size(entry.sha256)
        except NotFound as error:
            raise Damaged(f"{placed.path}: the archive lacks object {entry.sha256}") from error
        if size != entry.size:
            raise Damaged(f"{placed.path}: {size} bytes of {entry.size} are left of {entry.sha256}")


def sums_of(files: Sequence[Placed]) -> tuple[str, bytes]:
    """Name and bytes of the list that `sha256sum -c` reads; a name that no file has."""
    taken = {placed.path for placed in files}
    name = SUMS
    while name in taken:
        name += "_"
    return name, "".join(map(_sum_line, files)).encode()


def _sum_line(placed: Placed) -> str:
    path = placed.path
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{placed.entry.sha256}  {escaped}\n"
