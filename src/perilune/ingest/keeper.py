"""Keeper: whom a delivery is for, as far as its check must know: what it asks, and what it holds.

`NodeKeeper` is a node at hand. Another, behind an address, is `perilune.client.keeper`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from perilune import config as settings
from perilune.catalogue.query import Query
from perilune.config import Config
from perilune.errors import MalformedIdentifier, NotFound
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.package import Manifest
from perilune.node import Node
from perilune.validation.context import ContextProduct, Registry
from perilune.validation.schemas import Schemas

CONTEXT = "Product_Context"
_PAGE = 1_000
_NAMES = ("pds:name", "pds:title", "pds:alternate_title")


@dataclass(frozen=True, slots=True)
class Kept:
    """A product that is held already."""

    manifest: Manifest
    index: int
    """Position of its act in the keeper's log."""


class Keeper(Protocol):
    """Whom a delivery is for."""

    @property
    def config(self) -> Config:
        """Its namespaces, and what it asks of a delivery."""
        ...

    @property
    def schemas(self) -> Schemas | None:
        """What labels are held against; None where there are none."""
        ...

    def registry(self) -> Registry:
        """The context products that it knows: its lists, and those that it holds."""
        ...

    def kept(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Kept]:
        """Those of ``ids`` that it holds already."""
        ...

    def holds(self, identifiers: Collection[str]) -> Collection[str]:
        """Those of some LIDs and LIDVIDs, as written, that it holds."""
        ...


@dataclass(frozen=True, slots=True)
class NodeKeeper:
    """A node whose folder is at hand."""

    node: Node

    @property
    def config(self) -> Config:
        """The node's settings."""
        return self.node.config

    @property
    def schemas(self) -> Schemas | None:
        """The node's own; None for one that forgets."""
        if self.node.root is None:
            return None
        hosts = self.node.config.schema_hosts
        return Schemas.open(settings.schemas_folder(self.node.root), hosts=hosts)

    def registry(self) -> Registry:
        """The node's lists, and the context products in its custody."""
        return Registry.open(*self._lists()).including(self._context_products())

    def kept(self, ids: Sequence[Lidvid]) -> Mapping[Lidvid, Kept]:
        """By the node's catalogue, whoever may see them."""
        return {
            name: Kept(holding.manifest, holding.index)
            for name, holding in self.node.catalogue.held(ids).items()
        }

    def holds(self, identifiers: Collection[str]) -> Collection[str]:
        """By the node's catalogue, whoever may see them; a LID in any version."""
        asked = parsed(identifiers)
        versions = [each for each in asked if isinstance(each, Lidvid)]
        held = self.node.catalogue.held(versions)
        return {
            text
            for name, text in asked.items()
            if (name in held if isinstance(name, Lidvid) else self._has(name))
        }

    def _lists(self) -> list[Path]:
        if self.node.root is None:
            return []
        folder = settings.context_folder(self.node.root)
        return [folder] if folder.is_dir() else []

    def _has(self, lid: Lid) -> bool:
        try:
            self.node.catalogue.latest(lid, "own")
        except NotFound:
            return False
        return True

    def _context_products(self) -> Iterator[ContextProduct]:
        query: Query | None = Query(
            facets=(("class", frozenset((CONTEXT,))),), versions="all", scope="own", limit=_PAGE
        )
        while query is not None:
            page = self.node.catalogue.search(query)
            for holding in page.hits:
                yield context_product(holding.product.id, holding.product.properties)
            query = None if page.next is None else replace(query, cursor=page.next)


def context_product(
    name: Lidvid, properties: Iterable[tuple[str, Iterable[str]]]
) -> ContextProduct:
    """A context product in custody, by every name and type that its label gives it."""
    names: list[str] = []
    types: list[str] = []
    for field, values in properties:
        if field.endswith(_NAMES):
            names += values
        elif field.endswith("pds:type"):
            types += values
    return ContextProduct(name.lid.text, name.version, tuple(names), tuple(types))


def parsed(identifiers: Collection[str]) -> dict[Lid | Lidvid, str]:
    """Identifiers as values, each with its text; what is none is left out."""
    found: dict[Lid | Lidvid, str] = {}
    for text in identifiers:
        try:
            found[parse_identifier(text)] = text
        except MalformedIdentifier:
            continue
    return found
