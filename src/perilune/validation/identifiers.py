"""Identifiers within a label: written on one line, and each local reference with its target."""

from collections.abc import Iterator

from lxml import etree

from perilune.formats.pds4.grow import PDS
from perilune.formats.xml import line_of
from perilune.validation.label import Label
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message, Severity

_LID = f"{{{PDS}}}logical_identifier"
_REFERENCES = (f"{{{PDS}}}lid_reference", f"{{{PDS}}}lidvid_reference")
_LOCAL_REFERENCE = f"{{{PDS}}}local_identifier_reference"
_LOCAL = "{*}local_identifier"


def check_identifiers(label: Label, options: Options) -> Iterator[Message]:
    """Line breaks in identifiers, and local references that lead nowhere.

    References are looked at for line breaks where a bundle or collection is checked, since there
    they are compared with what members call themselves.
    """
    of_package = options.rule in (Rule.BUNDLE, Rule.COLLECTION)
    for each in label.root.iter(_LID, *(_REFERENCES if of_package else ())):
        text = each.text or ""
        if "\n" in text or "\r" in text:
            name = etree.QName(each).localname
            yield _message(
                label,
                each,
                "error.validation.invalid_field_value",
                f"{name} holds a line break: {text.strip()!r}",
                found=text,
                expected=text.strip(),
            )
    yield from _local_references(label)


def _local_references(label: Label) -> Iterator[Message]:
    references = list(label.root.iter(_LOCAL_REFERENCE))
    if not references:
        return
    known = {(each.text or "").strip() for each in label.root.iter(_LOCAL)}
    for each in references:
        name = (each.text or "").strip()
        if name in known:
            yield _message(
                label,
                each,
                "info.label.local_identifier_found",
                f"{name!r} is the local_identifier of an object of this label",
                found=name,
            )
        else:
            yield _message(
                label,
                each,
                "error.label.local_identifier_not_found",
                f"refers to {name!r}, which is the local_identifier of nothing in this label",
                found=name,
                expected=f"one of: {', '.join(sorted(known))}"[:300] if known else "",
            )


def _message(  # noqa: PLR0913
    label: Label,
    element: etree._Element,
    kind: str,
    message: str,
    *,
    found: str,
    expected: str = "",
) -> Message:
    return Message(
        severity=Severity(kind.partition(".")[0]),
        type=kind,
        path=label.path,
        line=line_of(element),
        lidvid=label.lidvid,
        message=message,
        found=found,
        expected=expected,
    )
