"""A Schematron as XSLT 3: one loop for each rule, without modes or recursion over the label.

The skeleton of ISO 19757-3 walks a label once for each pattern, which takes a hundred times
longer and finds the same asserts. The careful form puts every rule and assert into a try of its
own, so that one that fails hides no other; the plain form is quicker, and stops at the first.
"""

from lxml import etree

from perilune.validation.schematron.rules import Assert, Let, Pattern, Rule, Schematron
from perilune.validation.schematron.xpath import Expression

_XSL = "http://www.w3.org/1999/XSL/Transform"
_XS = "http://www.w3.org/2001/XMLSchema"
_ERR = "http://www.w3.org/2005/xqt-errors"
_OWN = "perilune-x"
_LONGEST_VALUE = 200


def stylesheet(schematron: Schematron, *, is_careful: bool, without: frozenset[int]) -> str:
    """The stylesheet of all asserts but those whose numbers are in ``without``.

    It gives ``<r>`` with an ``<f>`` for each failed assert (number ``n``, path ``p``, value
    ``v`` of a node without elements in it, message) and an ``<e>`` for each that cannot be told.
    """
    names = {"xs": _XS, **schematron.prefixes, f"{_OWN}sl": _XSL, f"{_OWN}err": _ERR}
    root = etree.Element(f"{{{_XSL}}}stylesheet", version="3.0", nsmap=names)
    root.set("exclude-result-prefixes", "#all")
    _add(root, "output", method="xml", **{"omit-xml-declaration": "yes", "indent": "no"})
    for let in schematron.lets:
        _variable(root, let)
    template = _add(root, "template", match="/")
    result = etree.SubElement(template, "r")
    for pattern in schematron.patterns:
        _pattern(result, pattern, is_careful=is_careful, without=without)
    return etree.tostring(root, encoding="unicode")


def _add(parent: etree._Element, element: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XSL}}}{element}", attributes)


def _variable(parent: etree._Element, let: Let) -> None:
    _add(parent, "variable", name=let.name, select=let.value.text)


def _pattern(
    result: etree._Element, pattern: Pattern, *, is_careful: bool, without: frozenset[int]
) -> None:
    for let in pattern.lets:
        _variable(result, let)
    earlier: list[str] = []
    for rule in pattern.rules:
        selected = rule.context.text
        if earlier:
            selected = f"({selected}) except ({' | '.join(earlier)})"
        earlier.append(rule.context.text)
        asserts = [each for each in rule.asserts if each.number not in without]
        if asserts:
            _rule(result, rule, selected, asserts, is_careful=is_careful)


def _rule(
    result: etree._Element, rule: Rule, selected: str, asserts: list[Assert], *, is_careful: bool
) -> None:
    inner = _tried(result, asserts[0]) if is_careful else result
    loop = _add(inner, "for-each", select=selected)
    if is_careful:
        _caught(inner, asserts[0])
    for let in rule.lets:
        _variable(loop, let)
    for each in asserts:
        inner = _tried(loop, each) if is_careful else loop
        condition = _add(inner, "if", test=f"not({each.test.text}\n)")
        _failure(condition, each)
        if is_careful:
            _caught(inner, each)


def _tried(parent: etree._Element, _of: Assert) -> etree._Element:
    return _add(parent, "try")


def _caught(tried: etree._Element, of: Assert) -> None:
    """The error of an assert, or, around a loop, of the rule whose first assert it is."""
    caught = _add(tried, "catch")
    error = etree.SubElement(caught, "e", n=str(of.number), p="{path()}")
    _add(error, "value-of", select=f"${_OWN}err:description")


def _failure(parent: etree._Element, of: Assert) -> None:
    failure = etree.SubElement(
        parent,
        "f",
        n=str(of.number),
        p="{path()}",
        v=f"{{if (*) then '' else substring(string(.), 1, {_LONGEST_VALUE})}}",
    )
    for part in of.message:
        if isinstance(part, Expression):
            _add(failure, "value-of", select=part.text)
        elif part:
            _add(failure, "text").text = part
