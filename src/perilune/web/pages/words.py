"""What the words of facets, classes and states are called in the language of the reader.

Values of labels that are not listed here (missions, instruments) are names and stay as they are.
"""

from collections.abc import Mapping

from perilune.i18n.language import N_, Language, minute
from perilune.model.ordered import Cause, Standing
from perilune.model.product import Holding, Lifecycle, Releasability
from perilune.orders.order import What

FACETS: Mapping[str, str] = {
    "section": N_("Section of the programme"),
    "mission": N_("Mission"),
    "instrument": N_("Instrument"),
    "host": N_("Spacecraft or site"),
    "target": N_("Target"),
    "level": N_("Processing level"),
    "class": N_("Kind of product"),
    "year": N_("Year of observation"),
    "collection": N_("Collection"),
    "simulated": N_("How it was made"),
}
"""Facets of the search page, in order, and what they are called."""

_SECTIONS: Mapping[str, str] = {
    "moon-and-deep-space": N_("Moon and deep space"),
    "space-science": N_("Space science"),
    "satellites": N_("Satellites and their use"),
    "components-and-materials": N_("Components and materials"),
    "earth-remote-sensing": N_("Earth remote sensing"),
    "space-debris": N_("Space debris"),
}
_CLASSES: Mapping[str, str] = {
    "Product_Ancillary": N_("Ancillary data"),
    "Product_Attribute_Definition": N_("Attribute definition"),
    "Product_Browse": N_("Browse image"),
    "Product_Bundle": N_("Bundle"),
    "Product_Collection": N_("Collection"),
    "Product_Context": N_("Context"),
    "Product_Document": N_("Document"),
    "Product_File_Text": N_("Text file"),
    "Product_Metadata_Supplemental": N_("Supplemental metadata"),
    "Product_Native": N_("Native data"),
    "Product_Observational": N_("Observation"),
    "Product_Software": N_("Software"),
    "Product_SPICE_Kernel": N_("SPICE kernel"),
    "Product_Thumbnail": N_("Thumbnail"),
    "Product_Update": N_("Update"),
    "Product_XML_Schema": N_("XML schema"),
    "Product_Zipped": N_("Zip archive"),
}
_LEVELS: Mapping[str, str] = {
    "Telemetry": N_("Telemetry"),
    "Raw": N_("Raw"),
    "Partially Processed": N_("Partially processed"),
    "Calibrated": N_("Calibrated"),
    "Derived": N_("Derived"),
}
_LIFECYCLES: Mapping[Lifecycle, str] = {
    Lifecycle.NOT_REVIEWED: N_("not reviewed"),
    Lifecycle.IN_INTERNAL_REVIEW: N_("in internal review"),
    Lifecycle.IN_PEER_REVIEW: N_("in peer review"),
    Lifecycle.IN_LIEN_RESOLUTION: N_("in lien resolution"),
    Lifecycle.RELEASED: N_("released"),
    Lifecycle.REJECTED: N_("rejected"),
}
_RELEASABILITIES: Mapping[Releasability, str] = {
    Releasability.NATIONAL: N_("national: not for others"),
    Releasability.PARTNER: N_("for partners only"),
    Releasability.PUBLIC: N_("public"),
}

_CAUSES: Mapping[str, str] = {
    Cause.ERROR: N_("An error in the data."),
    Cause.RIGHTS: N_("Rights of others."),
    Cause.LAW: N_("Required by law."),
    Cause.SECURITY: N_("Security."),
    Cause.REQUEST: N_("Asked for by its provider."),
}


_ACTS: Mapping[str, str] = {
    "clear": N_("cleared"),
    "erratum": N_("erratum"),
    "hold": N_("held"),
    "person": N_("person"),
    "release": N_("released"),
    "revoke": N_("rule ended"),
    "rule": N_("standing rule"),
    "unhold": N_("hold lifted"),
    "withdraw": N_("withdrawn"),
}
_ORDERS: Mapping[str, str] = {
    What.CLEAR: N_("to clear"),
    What.PERSON: N_("about a person"),
    What.REVOKE: N_("to end a rule"),
    What.RULE: N_("to let a rule stand"),
    What.UNHOLD: N_("to lift a hold"),
    What.WITHDRAW: N_("to withdraw"),
}
_STANDINGS: Mapping[str, str] = {
    Standing.KNOWN: N_("may sign"),
    Standing.REMOVED: N_("signs no longer"),
}


def of_act(kind: str, language: Language) -> str:
    """What a kind of act is called."""
    known = _ACTS.get(kind)
    return language.text(known) if known else kind


def of_order(what: What, language: Language) -> str:
    """What a kind of order is called."""
    known = _ORDERS.get(what)
    return language.text(known) if known else what.value


def of_standing(word: str, language: Language) -> str:
    """What became of a person."""
    return language.text(_STANDINGS[word])


def of_circle(word: str, language: Language) -> str:
    """For whom something is cleared."""
    return of_releasability(Releasability(word), language)


def cause(word: str, language: Language) -> str:
    """Why something was withdrawn, in a few words."""
    return language.text(_CAUSES[word])


def of_facet(facet: str, word: str, language: Language) -> str:
    """What a word of a facet is called."""
    match facet:
        case "class":
            return of_class(word, language)
        case "level":
            return of_level(word, language)
        case "section":
            return language.text(_SECTIONS[word]) if word in _SECTIONS else word
        case "simulated":
            return language.text(N_("simulated"))
        case "collection":
            return word.rpartition(":")[2]
        case _:
            return word


def of_class(name: str, language: Language) -> str:
    """What a class of product is called."""
    known = _CLASSES.get(name)
    return language.text(known) if known else name.removeprefix("Product_").replace("_", " ")


def of_level(name: str, language: Language) -> str:
    """What a processing level is called."""
    known = _LEVELS.get(name)
    return language.text(known) if known else name


def of_lifecycle(state: Lifecycle, language: Language) -> str:
    """What a state of review is called."""
    return language.text(_LIFECYCLES[state])


def of_releasability(state: Releasability, language: Language) -> str:
    """What a circle of readers is called."""
    return language.text(_RELEASABILITIES[state])


def embargo(holding: Holding, language: Language) -> str:
    """Until when its bytes are closed."""
    if holding.release_at is None:
        return language.text(N_("closed until it is released"))
    return language.text(N_("closed until %(time)s"), time=minute(holding.release_at))


def states(holding: Holding, language: Language) -> list[dict[str, str]]:
    """The states of a holding, each as ``look`` (a class of the style sheet) and ``text``."""
    shown = [{"look": "ok", "text": language.text(N_("here"))}]
    if holding.product.is_simulated:
        shown.append({"look": "sun plain", "text": language.text(N_("simulated"))})
    if holding.lifecycle is not Lifecycle.RELEASED:
        shown.append({"look": "sun ring", "text": of_lifecycle(holding.lifecycle, language)})
    if holding.embargo is not None:
        shown.append({"look": "sun ring", "text": embargo(holding, language)})
    if holding.releasability is not Releasability.PUBLIC:
        text = of_releasability(holding.releasability, language)
        shown.append({"look": "ice ring", "text": text})
    return shown
