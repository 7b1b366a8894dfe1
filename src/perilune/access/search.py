"""Finding holdings, always as somebody: no question reaches the catalogue without its scope."""

from perilune.access.policy import Asker, may_read, narrow
from perilune.catalogue.port import Page
from perilune.catalogue.query import Query
from perilune.errors import NotFound
from perilune.model.identifier import Lidvid, parse_identifier
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node


def search(query: Query, node: Node, asker: Asker) -> Page:
    """The page of holdings that match and that ``asker`` may see, with exact counts."""
    return node.catalogue.search(narrow(query, asker))


def find(text: str, node: Node, asker: Asker) -> Holding:
    """The holding named by a LIDVID, or the latest visible version of a LID.

    Raises `NotFound` for what is not held and, just so, for what ``asker`` may not see;
    `MalformedIdentifier` for a text that names nothing.
    """
    identifier = parse_identifier(text)
    if isinstance(identifier, Lidvid):
        holding = node.catalogue.get(identifier, asker.scope)
    else:
        holding = node.catalogue.latest(identifier, asker.scope)
    if not may_read(holding, asker).allowed:
        raise NotFound(text)
    return holding


def file_of(holding: Holding, path: str) -> FileEntry:
    """The file of ``holding`` that lies at ``path``; raise `NotFound` if there is none."""
    for entry in holding.manifest.files:
        if entry.path == path:
            return entry
    raise NotFound(f"{holding.product.id} has no file {path!r}")
