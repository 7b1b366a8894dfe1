"""Who made a product, how to cite it, under what terms, with what software, and why anew."""

from perilune.formats.pds4.tree import Element, Tree, told_by
from perilune.model.identifier import Lidvid
from perilune.model.product import Citation


@told_by("pds:Citation_Information")
def citation(tree: Tree) -> Citation:
    """What Citation_Information says; people and organisations listed singly, joined by ``;``."""
    found = tree.root.below("pds:Identification_Area", "pds:Citation_Information")
    if found is None:
        return Citation()
    return Citation(
        authors=found.value("pds:author_list") or _people(found.first("pds:List_Author")),
        editors=found.value("pds:editor_list") or _people(found.first("pds:List_Editor")),
        year=found.value("pds:publication_year"),
        doi=found.value("pds:doi"),
        description=found.value("pds:description"),
        keywords=found.values("pds:keyword"),
    )


def licence(area: Element) -> str:
    """Name of the licence; empty where the label gives none."""
    found = area.first("pds:License_Information")
    return "" if found is None else found.value("pds:name")


def policy(area: Element) -> str:
    """Identifier of the product that states the licence; empty where the label gives none."""
    found = area.below("pds:License_Information", "pds:Internal_Reference")
    if found is None:
        return ""
    return found.value("pds:lidvid_reference") or found.value("pds:lid_reference")


def supersedes_reason(area: Element, id: Lidvid) -> str:
    """The newest entry of the modification history; empty for a first version."""
    history = area.first("pds:Modification_History")
    if history is None or (id.major, id.minor) <= (1, 0):
        return ""
    entries = history.every("pds:Modification_Detail")
    newest = max(entries, key=lambda entry: _age(entry, id), default=None)
    return "" if newest is None else newest.value("pds:description")


def software(tree: Tree, *, calibrates: bool) -> str:
    """Names and versions of the software: that for calibration, or all other."""
    found: dict[str, None] = {}
    for process in tree.every("proc:Process"):
        for element in process.every("proc:Software"):
            words = _software(element)
            about = f"{process.value('proc:name')} {words}".lower()
            if words and ("calib" in about) == calibrates:
                found[words] = None
    return "; ".join(found)


def _software(element: Element) -> str:
    own = f"{element.value('proc:name')} {element.value('proc:software_version_id')}".strip()
    programs = [
        f"{program.value('proc:name')} {program.value('proc:program_version')}".strip()
        for program in element.every("proc:Software_Program")
    ]
    return ", ".join(part for part in (own, *programs) if part)


def _people(element: Element | None) -> str:
    if element is None:
        return ""
    named = [(_place(each), _name(each)) for each in element.classes]
    return "; ".join(name for _, name in sorted(named, key=lambda pair: pair[0]) if name)


def _name(element: Element) -> str:
    if element.name == "pds:Organization":
        return element.value("pds:organization_name")
    family, given = element.value("pds:family_name"), element.value("pds:given_name")
    return f"{family}, {given}" if family and given else family or given


def _place(element: Element) -> int:
    number = element.value("pds:sequence_number")
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def _age(entry: Element, id: Lidvid) -> tuple[bool, tuple[int, ...], str]:
    version = entry.value("pds:version_id")
    parts = [part for part in version.split(".") if part.isdecimal() and len(part) < 10]
    numbers = tuple(int(part) for part in parts)
    return version == id.version, numbers, entry.value("pds:modification_date")
