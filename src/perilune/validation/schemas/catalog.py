"""OASIS XML Catalogs 1.1, as far as they map addresses to local files.

Read: system, uri, rewriteSystem, rewriteURI, systemSuffix, uriSuffix, delegateSystem,
delegateURI, nextCatalog, group and xml:base. A label's addresses are looked up as system
identifiers and as URIs alike, since users write either. Catalogs are files that the user names,
or that these name; nothing is fetched. Sections are those of the standard.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from perilune.errors import WrongUsage
from perilune.validation.schemas.address import address_of, canonical, joined, local_file

_NS = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
MAX_BYTES = 16 << 20
MAX_CATALOGS = 100
"""Of one question; catalogs may name each other in a ring."""

_EXACT = {"system": "systemId", "uri": "name"}
_REWRITE = {"rewriteSystem": "systemIdStartString", "rewriteURI": "uriStartString"}
_SUFFIX = {"systemSuffix": "systemIdSuffix", "uriSuffix": "uriSuffix"}
_DELEGATE = {"delegateSystem": "systemIdStartString", "delegateURI": "uriStartString"}


@dataclass(slots=True)
class Catalog:
    """The entries of one file, in their order; targets are addresses."""

    exact: dict[str, str] = field(default_factory=dict)
    rewrites: list[tuple[str, str]] = field(default_factory=list)
    suffixes: list[tuple[str, str]] = field(default_factory=list)
    delegates: list[tuple[str, str]] = field(default_factory=list)
    following: list[str] = field(default_factory=list)


class Catalogs:
    """Catalogs that a user named, each read once."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self._read: dict[Path, Catalog] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def resolve(self, address: str) -> str | None:
        """Where the catalogs send ``address``; None if none of them knows it.

        Raises `WrongUsage` on a catalog that cannot be read.
        """
        waiting = list(self._paths)
        seen: set[Path] = set()
        while waiting and len(seen) < MAX_CATALOGS:
            path = waiting.pop(0)
            if path in seen:
                continue
            seen.add(path)
            catalog = self._catalog(path)
            if (target := _mapped(catalog, address)) is not None:
                return target
            if delegates := _delegated(catalog, address):
                waiting = [each for each in map(_path, delegates) if each is not None]
            else:
                following = [each for each in map(_path, catalog.following) if each is not None]
                waiting = [*following, *waiting]
        return None

    def _catalog(self, path: Path) -> Catalog:
        if path not in self._read:
            self._read[path] = read_catalog(path)
        return self._read[path]


def read_catalog(path: Path) -> Catalog:
    """The entries of a catalog; raise `WrongUsage` on one that cannot be read.

    A document type is let be, since catalogs often have one: it is neither loaded nor expanded.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        root = etree.fromstring(data, parser)
    except OSError as error:
        raise WrongUsage(f"the catalog {path} cannot be read: {error.strerror}") from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise WrongUsage(f"the catalog {path} cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise WrongUsage(f"the catalog {path} has more than {MAX_BYTES} bytes")
    catalog = Catalog()
    for element, base in _entries(root, address_of(path)):
        _take(catalog, element, base)
    return catalog


def _entries(root: etree._Element, base: str) -> Iterator[tuple[etree._Element, str]]:
    """Elements with the base that holds for each: xml:base of it and what it is in."""
    waiting = [(root, base)]
    while waiting:
        element, outer = waiting.pop()
        inner = joined(outer, element.get(_BASE, ""))
        yield element, inner
        inside = [each for each in element if isinstance(each.tag, str)]
        waiting.extend((each, inner) for each in reversed(inside))


def _take(catalog: Catalog, element: etree._Element, base: str) -> None:
    name = element.tag.removeprefix(_NS)

    def told(start: str, target: str) -> tuple[str, str] | None:
        begin, end = element.get(start), element.get(target)
        return None if begin is None or end is None else (begin, joined(base, end))

    if name in _EXACT and (pair := told(_EXACT[name], "uri")):
        catalog.exact.setdefault(canonical(pair[0]), pair[1])
    elif name in _REWRITE and (pair := told(_REWRITE[name], "rewritePrefix")):
        catalog.rewrites.append(pair)
    elif name in _SUFFIX and (pair := told(_SUFFIX[name], "uri")):
        catalog.suffixes.append(pair)
    elif name in _DELEGATE and (pair := told(_DELEGATE[name], "catalog")):
        catalog.delegates.append(pair)
    elif name == "nextCatalog" and (following := element.get("catalog")) is not None:
        catalog.following.append(joined(base, following))


def _mapped(catalog: Catalog, address: str) -> str | None:
    """By the rules of sections 7.1.2 and 7.2.2: exact, longest start, longest suffix."""
    if (exact := catalog.exact.get(canonical(address))) is not None:
        return exact
    starts = [(start, target) for start, target in catalog.rewrites if address.startswith(start)]
    if starts:
        start, target = max(starts, key=lambda pair: len(pair[0]))
        return target + address[len(start) :]
    ends = [(end, target) for end, target in catalog.suffixes if address.endswith(end)]
    return max(ends, key=lambda pair: len(pair[0]))[1] if ends else None


def _delegated(catalog: Catalog, address: str) -> list[str]:
    found = [(start, to) for start, to in catalog.delegates if address.startswith(start)]
    return [to for _, to in sorted(found, key=lambda pair: -len(pair[0]))]


def _path(address: str) -> Path | None:
    return local_file(address, None)
