"""Where a product comes from and what it refers to.

The labels of a mission name the same few missions, instruments and context products. So these
values are remembered from label to label: one object of each serves them all, in pickles too.
"""

from dataclasses import dataclass
from functools import lru_cache

from perilune.errors import MalformedIdentifier
from perilune.formats.pds4.tree import Element, Tree, told_by
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.product import ContextName, Reference

_LONGEST = 300
"""Characters; the longest LIDVID has 277. Longer words are not remembered."""
_NO_SYSTEM = frozenset(("literature search", "artificial illumination", "naked eye"))


@dataclass(frozen=True, slots=True)
class ObservingSystems:
    """What observed: instruments, and what carried them."""

    hosts: tuple[ContextName, ...]
    instruments: tuple[ContextName, ...]


def identifier(text: str) -> Lid | Lidvid | None:
    """What ``text`` identifies; None where it is no identifier.

    Nothing can be held under such a name, so a reference to it leads nowhere; its words stay a
    property of the product.
    """
    return _identifier(text) if len(text) <= _LONGEST else None


def reference(text: str, kind: str) -> Reference | None:
    """The reference to what ``text`` identifies; None where it is no identifier."""
    if len(text) > _LONGEST:
        return None
    return (_reference if len(kind) <= _LONGEST else _reference.__wrapped__)(text, kind)


@told_by("pds:Investigation_Area")
def investigations(tree: Tree) -> tuple[ContextName, ...]:
    """Missions and campaigns."""
    return _named(tree.every("pds:Investigation_Area"))


@told_by("pds:Target_Identification")
def targets(tree: Tree) -> tuple[ContextName, ...]:
    """Bodies and other things observed."""
    return _named(tree.every("pds:Target_Identification"))


@told_by("pds:Observing_System_Component")
def observing_systems(tree: Tree) -> ObservingSystems:
    """Instruments and their hosts, told apart by type, else by the context product's LID."""
    hosts: list[Element] = []
    instruments: list[Element] = []
    for component in tree.every("pds:Observing_System_Component"):
        kind = component.value("pds:type").lower()
        if kind in _NO_SYSTEM:
            continue
        lid = _lid(component)
        is_instrument = kind.startswith("instrument") or (
            not kind and lid is not None and ":instrument:" in lid.text
        )
        (instruments if is_instrument else hosts).append(component)
    return ObservingSystems(_named(hosts), _named(instruments))


def processing_level(tree: Tree) -> str:
    """``Raw``, ``Calibrated`` and so on; the name of the attribute before IM 1.2 serves too."""
    summary = tree.first("pds:Primary_Result_Summary")
    if summary is None:
        return ""
    return summary.value("pds:processing_level") or summary.value("pds:processing_level_id")


def _named(elements: list[Element]) -> tuple[ContextName, ...]:
    found: dict[ContextName, None] = {}
    for element in elements:
        if name := element.value("pds:name"):
            kind, lid = element.value("pds:type"), _lid(element)
            is_short = len(name) <= _LONGEST and len(kind) <= _LONGEST
            found[(_context_name if is_short else ContextName)(name, kind, lid)] = None
    return tuple(found)


def _lid(element: Element) -> Lid | None:
    found = element.first("pds:Internal_Reference")
    if found is None:
        return None
    text = found.value("pds:lidvid_reference") or found.value("pds:lid_reference")
    target = identifier(text)
    return target.lid if isinstance(target, Lidvid) else target


@lru_cache(maxsize=4096)
def _identifier(text: str) -> Lid | Lidvid | None:
    try:
        return parse_identifier(text)
    except MalformedIdentifier:
        return None


@lru_cache(maxsize=4096)
def _reference(text: str, kind: str) -> Reference | None:
    target = _identifier(text)
    return None if target is None else Reference(target, kind)


_context_name = lru_cache(maxsize=4096)(ContextName)
