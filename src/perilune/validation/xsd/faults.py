"""What libxml2 says of an element, in the field's words, and how often Xerces says it.

Xerces, which NASA's ``validate`` counts by, tells a value that its type does not take twice: the
facet, then the element or attribute. Everything else it tells once.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from perilune.formats.pds4.grow import PDS
from perilune.formats.xml import line_of

_LONGEST = 200
_REGISTERED = re.compile(r"\{http://pds\.nasa\.gov/pds4/(?:mission/)?([A-Za-z0-9_]+)/v1\}(.+)")
_HEAD = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: (.*)", re.DOTALL)
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.?$", re.DOTALL)
_PATTERN = re.compile(
    r"\[facet 'pattern'\] The value '(.*)' is not accepted by the pattern '(.*)'\.", re.DOTALL
)
_SET = re.compile(
    r"\[facet 'enumeration'\] The value '(.*)' is not an element of the set \{(.*)\}\.", re.DOTALL
)
_FACET = re.compile(r"\[facet '(\w+)'\] The value '(.*)' [^']*?\(?'([^']*)'\)?\.?$", re.DOTALL)
_LENGTH = re.compile(
    r"\[facet '(\w+)'\] The value(?: '.*')? has a length of '(\d+)'; this \w+ the allowed "
    r"(?:\w+ )?length of '(\d+)'\.",
    re.DOTALL,
)
_TYPE = re.compile(
    r"'(.*)' is not a valid value of the (?:local )?\w+ type(?: '([^']*)')?\.", re.DOTALL
)
_ATTRIBUTE = re.compile(r"The attribute '([^']*)' is (required but missing|not allowed)\.")

_BOUNDS = {
    "minInclusive": "{} or more",
    "maxInclusive": "{} or less",
    "minExclusive": "more than {}",
    "maxExclusive": "less than {}",
    "length": "exactly {} characters",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "totalDigits": "at most {} digits",
    "fractionDigits": "at most {} digits after the point",
}


class Kind(StrEnum):
    """What an error is about."""

    VALUE = "value"
    CONTENT = "content"
    """A child element too many, too few, unknown, or in a wrong place."""
    UNDECLARED = "undeclared"
    """An element of a dictionary, or the root, that no schema declares."""
    ATTRIBUTE = "attribute"
    CHILDREN = "children"
    """Elements in an attribute of PDS4."""
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that the schemas do not allow."""

    kind: Kind
    line: int | None
    tag: str
    """The element, ``{namespace}name``."""
    message: str
    found: str = ""
    expected: str = ""
    told: int = 1
    """How often Xerces tells it; 0 for what it passes over."""
    is_ours: bool = True
    """False for what is told only to count like Xerces, since it follows from another fault."""


_KINDS = {
    "SCHEMAV_ELEMENT_CONTENT": Kind.CONTENT,
    "SCHEMAV_CVC_ELT_1": Kind.UNDECLARED,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": Kind.TEXT,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": Kind.TEXT,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": Kind.CHILDREN,
    "SCHEMAV_CVC_TYPE_3_1_2": Kind.CHILDREN,
    "SCHEMAV_CVC_TYPE_3_1_1": Kind.ATTRIBUTE,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": Kind.ATTRIBUTE,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": Kind.ATTRIBUTE,
    "SCHEMAV_CVC_COMPLEX_TYPE_4": Kind.ATTRIBUTE,
}
_OF_VALUES = re.compile(
    r"SCHEMAV_CVC_(DATATYPE_VALID_1_2_[123]|FACET_VALID|ENUMERATION_VALID|PATTERN_VALID"
    r"|(MIN|MAX)?LENGTH_VALID|(MIN|MAX)(IN|EX)CLUSIVE_VALID|(TOTAL|FRACTION)DIGITS_VALID"
    r"|ATTRIBUTE_[34]|AU)"
)


def kind_of(type_name: str) -> Kind:
    """The kind that an error of libxml2 is of."""
    if _OF_VALUES.fullmatch(type_name):
        return Kind.VALUE
    return _KINDS.get(type_name, Kind.OTHER)


def spoken(tag: str) -> str:
    """The element as people name it: without the prefix of the core, else with its dictionary's."""
    if tag.startswith(f"{{{PDS}}}"):
        return tag[len(PDS) + 2 :]
    match = _REGISTERED.fullmatch(tag)
    if match is not None:
        return f"{match[1]}:{match[2]}"
    return tag.rpartition("}")[2]


def read(type_name: str, text: str, element: etree._Element) -> Fault:
    """The fault that an error of libxml2 tells of an element."""
    head = _HEAD.match(text)
    attribute, words = (head[2] or "", head[3]) if head else ("", text)
    kind = kind_of(type_name)
    message, found, expected = _told(kind, element, attribute, words.strip())
    return Fault(
        kind=kind,
        line=line_of(element),
        tag=str(element.tag),
        message=message,
        found=_short(found),
        expected=_short(expected, 2000),
        told=2 if kind is Kind.VALUE else 1,
    )


def _told(kind: Kind, element: etree._Element, attribute: str, words: str) -> tuple[str, str, str]:
    """Message, value found, value expected."""
    tag, outer = str(element.tag), element.getparent()
    name = spoken(tag)
    match kind:
        case Kind.VALUE:
            value = (element.get(attribute) if attribute else element.text) or ""
            told = _of_value(f"{spoken(attribute)} of {name}" if attribute else name, value, words)
        case Kind.CONTENT:
            told = _of_content(name, "" if outer is None else spoken(str(outer.tag)), words)
        case Kind.UNDECLARED:
            namespace = tag.partition("}")[0].lstrip("{")
            message = f"{name} is declared by none of the schemas that were given"
            told = message, name, f"an element that a schema of {namespace or 'it'} declares"
        case Kind.ATTRIBUTE:
            told = _of_attribute(name, words)
        case Kind.CHILDREN:
            told = f"{name} holds elements where a value is meant", "elements", "a value"
        case Kind.TEXT:
            message = f"{name} holds text beside the elements in it"
            told = message, "text", "elements, without text between them"
        case Kind.OTHER:
            told = f"{name}: {_short(words)}" if name else _short(words), "", ""
    return told


def _of_value(subject: str, value: str, words: str) -> tuple[str, str, str]:
    """What is wrong with a value; its subject is an element or an attribute of one."""
    if match := _SET.fullmatch(words):
        wrong = "is not among its values"
        values = ", ".join(each.strip("' ") for each in match[2].split("', '"))
        allowed = f"one of: {values}"
    elif match := _PATTERN.fullmatch(words):
        wrong = "has not the form asked for"
        allowed = f"a value of the pattern {match[2]}"
    elif match := _LENGTH.fullmatch(words):
        wrong = f"has {match[2]} characters"
        allowed = _BOUNDS.get(match[1], "{}").format(match[3])
    elif match := _FACET.fullmatch(words):
        wrong = "is out of bounds"
        allowed = _BOUNDS.get(match[1], "{}").format(match[3])
    elif match := _TYPE.fullmatch(words):
        kind = spoken(match[2] or "").removeprefix("xs:") or "the type of its schema"
        wrong, allowed = f"is no value of {kind}", f"a value of {kind}"
    else:
        return f"{subject}: {_short(words)}", value, ""
    return f"{subject}: {_quoted(value)} {wrong}", value, allowed


def _of_content(name: str, parent: str, words: str) -> tuple[str, str, str]:
    match = _EXPECTED.search(words)
    names = [spoken(each.strip()) for each in match[1].split(", ")] if match else []
    expected = (names[0] if len(names) == 1 else f"one of: {', '.join(names)}") if names else ""
    if words.startswith("Missing child element"):
        return f"{name} is not complete: {expected} is missing", "the end", expected
    where = f" in {parent}" if parent else ""
    return f"{name} is not expected at this place{where}", name, expected or "no further element"


def _of_attribute(name: str, words: str) -> tuple[str, str, str]:
    match = _ATTRIBUTE.match(words)
    if match is None:
        return f"{name}: {_short(words)}", "", ""
    attribute = spoken(match[1])
    if match[2] == "not allowed":
        return f"{name} has no attribute {attribute}", attribute, "no such attribute"
    return f"{name} lacks its attribute {attribute}", "nothing", f"the attribute {attribute}"


def _quoted(text: str) -> str:
    return f"'{_short(text)}'" if text else "an empty value"


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."
