"""Context products: whether those that a label refers to are registered, under that name and type.

Registries are data and federate: NASA's list, those of other agencies, and the context products
that a delivery brings with it count alike. The product ships none. A list is JSON as NASA's
``registered_context_products.json``: ``{"Product_Context": [{"lidvid", "name", "type"}]}``.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, Unpack

from lxml import etree

from perilune.durable import whole
from perilune.errors import MalformedLabel
from perilune.formats.pds4.grow import PDS
from perilune.validation.facts import Reference, reference_in
from perilune.validation.label import Label, read_label
from perilune.validation.options import Mismatch, Options
from perilune.validation.report import Message, Severity
from perilune.validation.saying import Rest, say

_PREFIX = f"{{{PDS}}}"
_INTERNAL = f"{_PREFIX}Internal_Reference"
_OF_CONTEXT = tuple(
    f"_to_{kind}"
    for kind in (
        *("target", "investigation", "instrument", "instrument_host", "other", "facility"),
        *("telescope", "airborne", "laboratory", "observatory", "context"),
    )
)
"""What a reference_type ends in that names a context product; others begin with ``is_``."""
_COMPONENT = f"{_PREFIX}Observing_System_Component"
"""Its types are of another vocabulary (Host, Instrument) than those of registries."""
_UNKNOWN_TYPE = "n/a"
_PEEKED = 16_384
_MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class ContextProduct:
    """A registered mission, instrument, target and so on, in one version."""

    lid: str
    version: str
    names: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextReference:
    """A label's reference to a context product, with what the label calls it."""

    target: Reference
    names: tuple[str, ...]
    types: tuple[str, ...]
    is_component: bool


class Registry:
    """Context products by their LID."""

    def __init__(self, products: Iterable[ContextProduct] = ()) -> None:
        self._versions: defaultdict[str, list[ContextProduct]] = defaultdict(list)
        self._agencies: set[str] = set()
        for product in products:
            self._versions[product.lid.lower()].append(product)
            self._agencies.add(agency_of(product.lid))
        for versions in self._versions.values():
            versions.sort(key=_rank)

    @classmethod
    def open(cls, *places: Path) -> Self:
        """All lists at ``places``: files, or folders of ``.json``.

        A folder that is not there holds nothing. Raises `MalformedLabel` where a list is none.
        """
        products: list[ContextProduct] = []
        for place in places:
            files = [place] if not place.is_dir() else sorted(place.glob("*.json"))
            for file in files:
                if file.exists() or not file.name.endswith(".json"):
                    products += read_list(file)
        return cls(products)

    def including(self, products: Iterable[ContextProduct]) -> "Registry":
        """These and more, what a delivery brings for instance."""
        known = (each for versions in self._versions.values() for each in versions)
        return Registry([*known, *products])

    def find(self, reference: Reference) -> ContextProduct | None:
        """The product referred to, or else its newest version; None for a version still to come.

        A list need not keep the versions that a registered one has replaced.
        """
        versions = self._versions.get(reference.lid.lower(), ())
        if not versions or reference.version is None:
            return versions[-1] if versions else None
        for each in versions:
            if each.version == reference.version:
                return each
        newest = versions[-1]
        return newest if _parts(reference.version) < _parts(newest.version) else None

    def covers(self, lid: str) -> bool:
        """Whether anything of that agency is registered, so that absence tells something."""
        return agency_of(lid) in self._agencies

    def __len__(self) -> int:
        return len(self._versions)


def agency_of(lid: str) -> str:
    """The first two parts of a LID, ``urn:nasa`` for instance."""
    return ":".join(lid.lower().split(":")[:2])


def read_list(place: Path) -> list[ContextProduct]:
    """The context products that a JSON list holds; raise `MalformedLabel` where it is none."""
    try:
        if place.stat().st_size > _MOST_BYTES:
            raise MalformedLabel(f"{place.name}: too large for a list of context products")
        document = json.loads(place.read_bytes())
    except OSError as error:
        raise MalformedLabel(f"{place.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MalformedLabel(f"{place.name} is no JSON: {error}") from error
    entries = document.get("Product_Context") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise MalformedLabel(f"{place.name} has no list Product_Context")
    return [_product(entry, place.name) for entry in entries]


def keep_lists(source: Path, folder: Path) -> list[str]:
    """Keep every list of context products in ``source``, a file or a folder, under ``folder``.

    Gives their names; raises `MalformedLabel` on the first that is none, and keeps none then.
    """
    files = sorted(source.glob("*.json")) if source.is_dir() else [source]
    lists = [file for file in files if file.suffix.lower() == ".json"]
    for file in lists:
        read_list(file)
    for file in lists:
        folder.mkdir(parents=True, exist_ok=True)
        with whole(folder / file.name) as kept:
            kept.write(file.read_bytes())
    return [file.name for file in lists]


def _product(entry: object, where: str) -> ContextProduct:
    if not isinstance(entry, dict) or not isinstance(entry.get("lidvid"), str):
        raise MalformedLabel(f"{where}: a context product without lidvid")
    lid, _, version = entry["lidvid"].partition("::")
    return ContextProduct(
        lid.strip(), version.strip(), _texts(entry.get("name")), _texts(entry.get("type"))
    )


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple([each for each in values if isinstance(each, str)])


def _rank(product: ContextProduct) -> tuple[int, ...]:
    return _parts(product.version)


def _parts(version: str) -> tuple[int, ...]:
    return tuple([int(part[:9]) if part.isdecimal() else 0 for part in version.split(".")])


def delivered_in(base: Path, labels: Iterable[str]) -> Iterator[ContextProduct]:
    """The context products among labels, each looked at by its first bytes before it is read."""
    for path in labels:
        place = base / path
        try:
            with place.open("rb") as data:
                if b"Product_Context" not in data.read(_PEEKED):
                    continue
        except OSError:
            continue
        label = read_label(path, place)
        if isinstance(label, Label) and label.product_class == "Product_Context" and label.lid:
            yield ContextProduct(
                label.lid,
                label.version,
                tuple(_values(label.root, "title", "name", "alternate_title")),
                tuple(_values(label.root, "type")),
            )


def _values(root: etree._Element, *names: str) -> Iterator[str]:
    for element in root.iter(*(f"{_PREFIX}{name}" for name in names)):
        if text := " ".join((element.text or "").split()):
            yield text


def references_of(label: Label) -> Iterator[ContextReference]:
    """Every reference of the label to a context product."""
    for internal in label.root.iter(_INTERNAL):
        kind = (internal.findtext(f"{_PREFIX}reference_type") or "").strip()
        if not kind.startswith("is_") and not kind.endswith(_OF_CONTEXT):
            continue
        parent, target = internal.getparent(), reference_in(internal)
        if parent is not None and target is not None:
            yield ContextReference(
                target,
                _siblings(parent, "name"),
                _siblings(parent, "type"),
                parent.tag == _COMPONENT,
            )


def _siblings(parent: etree._Element, name: str) -> tuple[str, ...]:
    texts = [" ".join((each.text or "").split()) for each in parent.iterfind(f"{_PREFIX}{name}")]
    return tuple([text for text in texts if text])


def check_context(label: Label, registry: Registry, options: Options) -> Iterator[Message]:
    """What is wrong with the label's references to context products.

    Where nothing is registered nothing is said: that the check was not made is for the whole run
    to tell, once.
    """
    if not options.checks_context or not len(registry):
        return
    for reference in references_of(label):
        product = registry.find(reference.target)
        if product is None:
            yield _not_found(label, reference, registry, options)
            continue
        yield _said(
            label,
            reference,
            "info.label.context_ref_found",
            f"{reference.target} is registered",
        )
        if reference.names and reference.types:
            yield from _compared(label, reference, product, options)


def _not_found(
    label: Label, reference: ContextReference, registry: Registry, options: Options
) -> Message:
    severity, cause = Severity.ERROR, ""
    if not options.counts_like_validate and not registry.covers(reference.target.lid):
        severity = Severity.WARNING
        cause = f"no registry of {agency_of(reference.target.lid)} is known here"
    return _said(
        label,
        reference,
        "error.label.context_ref_not_found",
        f"{reference.target} is not a registered context product",
        severity=severity,
        found=str(reference.target),
        expected="a registered context product",
        cause=cause,
    )


def _compared(
    label: Label, reference: ContextReference, product: ContextProduct, options: Options
) -> Iterator[Message]:
    pairs = [("name", reference.names, product.names)]
    if not reference.is_component:
        pairs.append(("type", reference.types, product.types))
    is_quiet = options.context_mismatch is Mismatch.INFO
    severity = Severity.INFO if is_quiet else Severity.WARNING
    for what, written, registered in pairs:
        known = {" ".join(each.split()).lower() for each in registered}
        if what == "type" and not options.counts_like_validate and known <= {_UNKNOWN_TYPE}:
            continue  # the registry does not know it either
        if odd := [each for each in written if each.lower() not in known]:
            yield _said(
                label,
                reference,
                f"{severity}.label.context_ref_mismatch",
                f"{reference.target} is called {odd[0]!r} here, which is no {what} it has",
                found=odd[0],
                expected=" or ".join(registered[:5]),
                cause=f"{what} differs from the registered context product's",
            )


def _said(
    label: Label, reference: ContextReference, type: str, message: str, **rest: Unpack[Rest]
) -> Message:
    rest["line"], rest["lidvid"] = reference.target.line, label.lidvid
    return say(type, label.path, message, **rest)


def not_checked(subject: str) -> Message:
    """That context was not checked, for want of any registry."""
    return say(
        "info.validation.general",
        subject,
        "context products were not checked: no registry is known here",
        expected="a list of registered context products",
    )
