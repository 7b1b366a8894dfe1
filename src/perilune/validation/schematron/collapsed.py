"""A label as a schema leaves it: white space at the ends of values is no part of them.

Nearly every type of the information model collapses white space (XML Schema Part 2, whiteSpace),
so a value that an editor has broken after its last letter is the value all the same, and Schematron
must see it so, as it does in ``validate``. Long values are prose, and stay as they are.
"""

from copy import deepcopy

from lxml import etree

_LONGEST = 255


def collapsed(root: etree._Element) -> etree._Element | None:
    """A copy without white space at the ends of values; None where there is none to take away."""
    loose = [row for row, element in enumerate(root.iter()) if _is_loose(element)]
    if not loose:
        return None
    copy = deepcopy(root)
    rows = list(copy.iter())
    for row in loose:
        element = rows[row]
        element.text = " ".join((element.text or "").split())
    return copy


def _is_loose(element: etree._Element) -> bool:
    text = element.text
    return (
        text is not None
        and len(text) <= _LONGEST
        and (text[-1:].isspace() or text[:1].isspace())
        and not len(element)
    )
