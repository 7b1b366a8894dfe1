"""Finding holdings, always as somebody: no question reaches the catalogue without its scope."""

from dataclasses import replace

from perilune.access.policy import Asker, may_list, may_read, narrow
from perilune.catalogue.port import Page
from perilune.catalogue.query import Query
from perilune.errors import Embargoed, NotFound, Withdrawn
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.ordered import WithdrawAct
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node


def search(query: Query, node: Node, asker: Asker) -> Page:
    """The page of holdings that match and that ``asker`` may see, with exact counts."""
    return node.catalogue.search(narrow(query, asker))


def find(text: str, node: Node, asker: Asker) -> Holding:
    """The holding named by a LIDVID, or the latest visible version of a LID, to be read.

    Raises `Embargoed` for what ``asker`` may know of and not read; `Withdrawn` for what was taken
    back, if ``asker`` might know of it; `NotFound` for what is not held and, just so, for what
    ``asker`` may not see; `MalformedIdentifier` for a text that names nothing.
    """
    holding = find_listed(text, node, asker)
    decision = may_read(holding, asker)
    if not decision.allowed:
        publisher = holding.origin.partition("/")[0] or node.config.name
        raise Embargoed(f"{holding.product.id}: {decision.reason} Ask {publisher}.")
    return holding


def find_listed(text: str, node: Node, asker: Asker) -> Holding:
    """The same, to be known of and not read: what is under a closed embargo is given, too."""
    identifier = parse_identifier(text)
    try:
        if isinstance(identifier, Lidvid):
            holding = node.catalogue.get(identifier, asker.scope)
        else:
            holding = node.catalogue.latest(identifier, asker.scope)
    except NotFound:
        _require_no_tombstone(identifier, node, asker)
        raise
    if not may_list(holding, asker):
        raise NotFound(text)
    return holding


def _require_no_tombstone(identifier: Lid | Lidvid, node: Node, asker: Asker) -> None:
    """Raise `Withdrawn` where ``identifier`` names what ``asker`` saw until it was withdrawn."""
    try:
        if isinstance(identifier, Lidvid):
            gone = node.catalogue.get(identifier, "kept")
        else:
            gone = node.catalogue.latest(identifier, "kept")
    except NotFound:
        return
    knew = replace(gone, withdrawn=False).standing.is_listed_for(asker.scope)
    if not gone.withdrawn or not knew:
        return
    for each in node.catalogue.recorded(["withdraw"], of=gone.product.id):
        assert isinstance(each.act, WithdrawAct)
        raise Withdrawn(str(gone.product.id), each.act.cause, each.act.text, each.act.t)


def file_of(holding: Holding, path: str) -> FileEntry:
    """The file of ``holding`` that lies at ``path``; raise `NotFound` if there is none."""
    for entry in holding.manifest.files:
        if entry.path == path:
            return entry
    raise NotFound(f"{holding.product.id} has no file {path!r}")
