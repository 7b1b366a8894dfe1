"""What of a stranger's XPath is run.

Independent reference: XPath 2.0 (W3C, 2010) for what is an expression; elementpath 5 parses each
that is let through.
"""

import contextlib

import pytest
from elementpath import XPath2Parser
from hypothesis import example, given
from hypothesis import strategies as st

from perilune.validation.schematron.xpath import Refused, checked, union_parts

PREFIXES = {"pds": "http://pds.nasa.gov/pds4/pds/v1", "disp": "http://pds.nasa.gov/pds4/disp/v1"}

RUN = [
    "true()",
    ". = ('Calibrated', 'Raw')",
    "if (pds:unit) then pds:unit = ('m', 'km') else true()",
    "every $x in //pds:File satisfies string-length($x/pds:file_name) le 255",
    "count(//pds:Array[pds:axes eq 2]) > 0 and not(../@xsi)",
    "some $x in ancestor::*[1]/child::pds:name satisfies matches($x, '^[a-z]+$')",
    "xs:integer(pds:axes) eq count(pds:Axis_Array)",
    "pds:axes castable as xs:integer?",
    "(: a (: nested :) comment :) name() != ''",
    "*:name | pds:* | @unit | self::node() | //processing-instruction()",
    "distinct-values(tokenize(., '\\s+')[position() lt last()])",
    "pds:to/pds:if/pds:doc",
    "-1.5e3 + .5 idiv 2 mod 3",
    '\'it\'\'s\' = "say ""so"""',
]

CODEPOINT = "http://www.w3.org/2005/xpath-functions/collation/codepoint"
"""Whatever locale the process runs in."""


@pytest.mark.parametrize("text", RUN)
def test_what_computes_from_the_label_is_run(text: str) -> None:
    assert checked(text, PREFIXES).text == text
    names = {**PREFIXES, "xs": "http://www.w3.org/2001/XMLSchema"}
    XPath2Parser(namespaces=names, default_collation=CODEPOINT).parse(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("doc('file:///etc/passwd')", "doc()"),
        ("doc ('x')", "doc()"),
        ("doc(: hidden :)('x')", "doc()"),
        ("fn:doc('x')", "fn:doc()"),
        ("collection()", "collection()"),
        ("unparsed-text('/etc/passwd')", "unparsed-text()"),
        ("document('x')", "document()"),
        ("environment-variable('HOME')", "environment-variable()"),
        ("available-environment-variables()", "available-environment-variables()"),
        ("system-property('xsl:vendor')", "system-property()"),
        ("function-available('x')", "function-available()"),
        ("xs:NOTATION('x')", "xs:NOTATION()"),
        ("saxon:parse('x')", "saxon:parse()"),
        ("transform(map{})", "'{})'"),
        ("error()", "error()"),
        ("trace(1, 'x')", "trace()"),
        ("count(1 to 1000000000)", "range"),
        ("doc#1('x')", "#1"),
        ("Q{http://www.w3.org/2005/xpath-functions}doc('x')", "'{http"),
        ("let $f := doc return $f('x')", ":= doc"),
        ("'x' => doc()", "doc()"),
        ("(1, 2)!doc('x')", "!doc"),
        ("namespace::*", "axis"),
        ("other:thing", "prefix other"),
        ("for $a in //*, $b in //*, $c in //*, $d in //* return 1", "more than 3"),
        ("(" * 61 + "1" + ")" * 61, "nested"),
        ("(1", "whole"),
        ("", "whole"),
        ("'open", "'open"),
        ("(: open", "without end"),
        ("a" * 20_001, "20001 characters"),
    ],
)
def test_what_reaches_beyond_the_label_is_refused(text: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(text, PREFIXES)

    assert told in str(refused.value)


FORBIDDEN = ["doc", "unparsed-text", "collection", "environment-variable", "document", "json-doc"]
AROUND = st.sampled_from(["", " ", "\n\t", "(: x :)", " (:(::):) "])


@given(
    name=st.sampled_from(FORBIDDEN),
    before=st.sampled_from(["", "not(", ". = ", "pds:a[", "if (", "-", "//pds:a/", "@* | ", "1,"]),
    gap=AROUND,
)
def test_no_spelling_hides_a_function(name: str, before: str, gap: str) -> None:
    with pytest.raises(Refused):
        checked(f"{before}{name}{gap}('x'){')' * before.count('(')}{']' * before.count('[')}", {})


@given(st.text(alphabet="()[]$/|,'\":.*@=<> \nado1{}#!?:-", max_size=60))
@example("((((")
def test_any_text_is_let_through_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert checked(text, PREFIXES).text == text


def test_a_union_is_parted_outside_brackets_and_literals() -> None:
    parts = union_parts("pds:a[x | y] | //b['|'] |(: | :) pds:c")

    assert parts == ["pds:a[x | y]", "//b['|']", "(: | :) pds:c"]
