"""`perilune.open`: from whatever names a product to its numbers, never without the label.

A path is a label, a data file beside its label, or a folder with one label; files of PDS3 and FITS
get a label of PDS4 made for them (`perilune.formats.heritage.wrapper`). An address is a page
or a file of a served node. An identifier, a file name and a row of a search are looked for in the
node that is named, its folder or its address, else in ``PERILUNE_NODE``.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from perilune.access.holding import open_holding
from perilune.access.policy import OPERATOR
from perilune.access.search import find, search
from perilune.catalogue.query import Comparison, Op, Or, Query
from perilune.client.ranges import open_remote
from perilune.client.remote import FILE_NAMES, RemoteNode
from perilune.config import node_named
from perilune.errors import MalformedIdentifier, MalformedLabel, NotFound, WrongUsage
from perilune.formats import xml
from perilune.formats.heritage.beside import FilesBeside
from perilune.formats.heritage.odl import MOST_BYTES
from perilune.formats.heritage.wrapper import is_heritage, wrap
from perilune.formats.pds4.objects import data_files
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pds4.writing import element
from perilune.formats.source import MappedFile
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.product import Holding
from perilune.node import Node

_LABELS = (".xml", ".lblx")
_MARK = b"<"
_NAMESPACE = "urn:local:heritage"
"""Of identifiers in labels that are made to be read by and never kept."""
_PLACES = ("products", "objects", "manifests")
_MOST_NAMED = 5
"""Products that are named where several have a file of the name asked for."""
_MOST_LABELS = 10_000
"""Labels of a folder that are looked through for the one that names a data file."""

Named = str | Path | Lid | Lidvid | Holding | Mapping[str, Any]


def open_product(what: Named, *, node: str | Path | Node | None = None) -> OpenProduct:
    """What is in the product that ``what`` names.

    Raises `NotFound` where there is none, `WrongUsage` where ``what`` names several or nothing that
    can be opened, `MalformedLabel` and `UnreadableData` with the line of the label.
    """
    if isinstance(what, Holding):
        return _from_node(str(what.product.id), node)
    if isinstance(what, Mapping):
        if "lidvid" not in what:
            raise WrongUsage("a row of a search names its product in 'lidvid'")
        return _from_node(str(what["lidvid"]), node)
    if isinstance(what, (Lid, Lidvid)):
        return _from_node(str(what), node)
    text = str(what)
    if text.startswith(("http://", "https://")):
        return _from_address(text)
    place = Path(what)
    if place.exists():
        return open_path(place)
    if isinstance(what, Path) or "/" in text:
        raise NotFound(f"there is no file {text}")
    return _from_node(text, node)


def open_path(place: Path) -> OpenProduct:
    """What is in the product whose label, data file or folder ``place`` is."""
    label = _label_for(place)
    if not _is_label(label):
        return _wrapped(label)
    data = label.read_bytes()
    try:
        return OpenProduct(data, label.name, lambda name: MappedFile(label.parent / name))
    except MalformedLabel as error:
        raise MalformedLabel(f"{label.name}: {error.reason}", line=error.line) from error


def _wrapped(place: Path) -> OpenProduct:
    """What is in a product of an earlier format, by the label that is made for it."""
    beside = FilesBeside(place)

    def told(name: str) -> ET.Element:
        found = beside.open(name)
        size = 0 if found is None else found.size
        return element(
            "File", element("file_name", name), element("file_size", str(size), unit="byte")
        )

    def source(name: str) -> MappedFile:
        found = beside.open(name)
        if found is None:
            raise FileNotFoundError(name)
        return found

    try:
        made = wrap(MappedFile(place), _NAMESPACE, beside.open, told)
    except MalformedLabel as error:
        raise MalformedLabel(f"{place.name}: {error.reason}", line=error.line) from error
    return OpenProduct(made.label, f"label made for {place.name}", source)


def _label_for(place: Path) -> Path:
    if place.is_dir():
        labels = [each for each in sorted(place.iterdir()) if each.suffix.lower() in _LABELS]
        if len(labels) != 1:
            raise WrongUsage(f"{place} holds {len(labels)} labels; name one of them")
        return labels[0]
    if _is_label(place):
        return place
    for label in _neighbours(place):
        if _names(label, place.name):
            return label
    if is_heritage(_begin(place)):
        return place
    for label in _neighbours(place, (".lbl",)):
        if is_heritage(_begin(label)) and _mentions(label, place.name):
            return label
    raise NotFound(f"no label beside {place} names it; data are not opened without their label")


def _is_label(place: Path) -> bool:
    if place.suffix.lower() in _LABELS:
        return True
    begin = _begin(place).removeprefix(b"\xef\xbb\xbf").lstrip()
    return begin.startswith(_MARK) and b"Product_" in begin


def _begin(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(4096)


def _mentions(label: Path, name: str) -> bool:
    with label.open("rb") as file:
        return name.lower().encode() in file.read(MOST_BYTES).lower()


def _neighbours(place: Path, suffixes: tuple[str, ...] = _LABELS) -> Iterator[Path]:
    """Labels in the folder of a data file, those of its own name first."""
    labels = [
        each
        for each in sorted(place.parent.iterdir())
        if each != place and (each.suffix.lower() in suffixes or each.name == f"{place.name}L")
    ]
    labels.sort(key=lambda each: each.stem.lower() != place.stem.lower())
    yield from labels[:_MOST_LABELS]


def _names(label: Path, name: str) -> bool:
    try:
        data = label.read_bytes()
        if name.encode() not in data:
            return False
        return any(file.name == name for file in data_files(xml.parse(data)))
    except (MalformedLabel, OSError):
        return False


def _from_address(address: str) -> OpenProduct:
    """A page or file of a served node: ``.../products/LIDVID`` and the like."""
    parts = urlsplit(address)
    words = [unquote(word) for word in parts.path.split("/")]
    for number, word in enumerate(words[:-1]):
        if word in _PLACES and words[number + 1].startswith("urn:"):
            base = f"{parts.scheme}://{parts.netloc}{'/'.join(words[:number])}"
            return open_remote(RemoteNode(base), words[number + 1].removesuffix(".json"))
    raise WrongUsage(f"{address} is no product of a node: {'/'.join(_PLACES)} and an identifier")


def _from_node(text: str, node: str | Path | Node | None) -> OpenProduct:
    if isinstance(node, Node):
        return open_holding(find(_identifier(text, _in_folder(node)), node, OPERATOR), node)
    given = node_named(None if node is None else str(node))
    if given.startswith(("http://", "https://")):
        remote = RemoteNode(given)
        return open_remote(remote, _identifier(text, remote.with_file))
    opened = Node.open(Path(given))
    return open_holding(find(_identifier(text, _in_folder(opened)), opened, OPERATOR), opened)


def _identifier(text: str, with_file: Callable[[str], list[str]]) -> str:
    """``text`` where it is an identifier, else that of the one product with a file of that name."""
    try:
        parse_identifier(text)
    except MalformedIdentifier:
        if text.startswith("urn:"):
            raise
    else:
        return text
    found = with_file(text)
    if not found:
        raise NotFound(
            f"no file here is called {text[:200]!r}, and the node holds none of that name"
        )
    if len(found) > 1:
        several = ", ".join(found)
        raise WrongUsage(f"several products have a file {text[:200]!r}, name one: {several}")
    return found[0]


def _in_folder(node: Node) -> Callable[[str], list[str]]:
    def with_file(name: str) -> list[str]:
        terms = tuple(Comparison(field, Op.EQ, name) for field in FILE_NAMES)
        page = search(Query(where=Or(terms), limit=_MOST_NAMED), node, OPERATOR)
        return [str(hit.product.id) for hit in page.hits]

    return with_file
