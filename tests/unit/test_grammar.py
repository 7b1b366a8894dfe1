"""A label as a document: what is told of it, by severity, type, line and value."""

from pathlib import Path

import pytest

from perilune.formats import xml
from perilune.validation.grammar import check_grammar
from perilune.validation.label import Label
from perilune.validation.options import Options, Rule
from perilune.validation.report import Message
from perilune.validation.schemas import Schemas

CORE = "http://pds.nasa.gov/pds4/pds/v1"
SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
XSD = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:pds="{CORE}"
  targetNamespace="{CORE}" elementFormDefault="qualified">
<xs:element name="Product_X"><xs:complexType><xs:sequence>
  <xs:element name="title" maxOccurs="9"><xs:simpleType><xs:restriction base="xs:string">
    <xs:minLength value="1"/></xs:restriction></xs:simpleType></xs:element>
  <xs:any minOccurs="0" maxOccurs="9" namespace="##other" processContents="strict"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""
SCH = f"""<sch:schema xmlns:sch="{SCHEMATRON}" queryBinding="xslt2">
<sch:ns uri="{CORE}" prefix="pds"/>
<sch:pattern><sch:rule context="pds:title"><sch:assert test=". = ('Moon', 'Earth')">
  The title must be one of them.</sch:assert></sch:rule></sch:pattern>
<sch:pattern><sch:rule context="pds:title[. = 'x']" role="warning">
  <sch:assert test="xs:integer(.) = 1">number</sch:assert></sch:rule></sch:pattern></sch:schema>"""
MODEL = f'<?xml-model href="PDS.sch" schematypens="{SCHEMATRON}"?>'
LOCATION = f"{CORE} PDS.xsd"
COMPAT = Options(counts_like_validate=True)


@pytest.fixture
def schemas(tmp_path: Path) -> Schemas:
    (tmp_path / "PDS.xsd").write_text(XSD)
    (tmp_path / "PDS.sch").write_text(SCH)
    return Schemas.open(tmp_path / "pinned")


def label(
    place: Path, inside: str = "<title>Moon</title>", *, head: str = MODEL, location: str = LOCATION
) -> Label:
    data = f"""<?xml version="1.0"?>
{head}
<Product_X xmlns="{CORE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="{location}">
{inside}
</Product_X>""".encode()
    return Label(path="a.xml", place=place / "a.xml", data=data, root=xml.parse(data))


def kinds(told: list[Message]) -> list[tuple[str, int]]:
    return [(each.type, each.count) for each in told]


def test_a_right_label_is_told_nothing_of(schemas: Schemas, tmp_path: Path) -> None:
    assert check_grammar(label(tmp_path), schemas, Options()) == []


def test_a_wrong_value_is_told_with_line_value_and_what_is_allowed(
    schemas: Schemas, tmp_path: Path
) -> None:
    [rule] = check_grammar(label(tmp_path, "<title>Mars</title>"), schemas, Options())

    assert (rule.type, rule.line, rule.found) == ("error.label.schematron", 5, "Mars")
    assert rule.message == "The title must be one of them."
    assert rule.expected == "one of: Moon, Earth"


def test_counts_are_those_of_validate_where_it_is_followed(
    schemas: Schemas, tmp_path: Path
) -> None:
    wrong = label(tmp_path, "<title/><other/>\n<another/>")

    ours = check_grammar(wrong, schemas, Options())
    theirs = check_grammar(wrong, schemas, COMPAT)

    assert kinds(ours) == [("error.label.schema", 1)] * 3 + [("error.label.schematron", 1)]
    assert kinds(theirs) == [
        ("error.label.schema", 2),
        ("error.label.schema", 1),
        ("error.label.schematron", 1),
    ]


def test_a_rule_that_cannot_be_told_hides_the_others_only_from_validate(
    schemas: Schemas, tmp_path: Path
) -> None:
    wrong = label(tmp_path, "<title>x</title>")

    ours = check_grammar(wrong, schemas, Options())
    theirs = check_grammar(wrong, schemas, COMPAT)

    rule, error = (each.message for each in ours)
    assert rule == "The title must be one of them."
    assert "cannot be told" in error
    [stopped] = (each.message for each in theirs)
    assert "it stopped" in stopped


def test_what_cannot_be_had_is_not_checked_and_the_rest_is(
    schemas: Schemas, tmp_path: Path
) -> None:
    location = f"{LOCATION} http://pds.nasa.gov/pds4/disp/v1 https://a.b/DISP.xsd"
    inside = '<title>Mars</title><d:x xmlns:d="http://pds.nasa.gov/pds4/disp/v1"/>'
    wrong = label(tmp_path, inside, location=location)

    ours = check_grammar(wrong, schemas, Options())
    theirs = check_grammar(wrong, schemas, COMPAT)

    assert kinds(ours) == [
        ("warning.label.schema", 1),
        ("error.label.unresolvable_resource", 1),
        ("error.label.schematron", 1),
    ]
    assert "schema not checked: https://a.b/DISP.xsd" in ours[1].message
    assert kinds(theirs) == [
        ("warning.label.schema", 1),
        ("error.label.unresolvable_resource", 1),
        ("error.label.schema", 1),
    ]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("", ["warning.label.missing_schematron_spec"]),
        (
            '<?xml-model href="PDS.sch"?>',
            ["warning.label.missing_schematypens", "warning.label.missing_schematron_spec"],
        ),
        (
            MODEL.replace("schematypens", "schemtatypens"),
            ["warning.label.bad_schematypens", "warning.label.missing_schematron_spec"],
        ),
        (
            '<?xml-model href="PDS.sch" schematypens="http://other"?>',
            ["warning.label.bad_schematypens", "warning.label.missing_schematron_spec"],
        ),
        (
            f'{MODEL}<?xml-model href="x.rng" schematypens="http://relaxng.org/ns/structure/1.0"?>',
            [],
        ),
    ],
)
def test_a_schematron_named_badly_is_a_warning(
    schemas: Schemas, tmp_path: Path, head: str, told: list[str]
) -> None:
    found = check_grammar(label(tmp_path, head=head), schemas, Options())

    assert [each.type for each in found] == told


@pytest.mark.parametrize(
    ("location", "href", "ours", "theirs"),
    [
        ("PDS.xsd", "PDS.sch", 0, 0),
        ("PDS.xsd", "PDT.sch", 1, 1),
        ("https://a/v1/PDS.xsd", "http://a//v1/PDS.sch", 0, 1),
    ],
)
def test_schema_and_schematron_are_of_one_version(  # noqa: PLR0917
    tmp_path: Path, schemas: Schemas, location: str, href: str, ours: int, theirs: int
) -> None:
    found = label(tmp_path, head=MODEL.replace("PDS.sch", href), location=f"{CORE} {location}")

    def count(options: Options) -> int:
        told = check_grammar(found, schemas, options)
        return sum(each.type == "warning.label.schema" for each in told)

    assert (count(Options()), count(COMPAT)) == (ours, theirs)


def test_a_label_that_names_no_schema_is_not_passed(schemas: Schemas, tmp_path: Path) -> None:
    found = label(tmp_path, location="")

    [ours], [theirs] = (check_grammar(found, schemas, each) for each in (Options(), COMPAT))

    assert (ours.type, ours.severity) == ("error.label.missing_schema", "error")
    assert (theirs.type, theirs.severity) == ("error.label.missing_schema", "warning")


def test_what_the_user_gives_takes_the_place_of_what_the_label_names(
    schemas: Schemas, tmp_path: Path
) -> None:
    (tmp_path / "mine.xsd").write_text(XSD.replace('"title"', '"name"'))
    wrong = label(tmp_path, "<title>Mars</title>", head="")

    by_schema = check_grammar(wrong, schemas, Options(schemas=(tmp_path / "mine.xsd",)))
    by_rules = check_grammar(wrong, schemas, Options(schematrons=(tmp_path / "PDS.sch",)))

    assert [each.message for each in by_schema] == [
        "Product_X is not complete: name is missing",
        "title is not expected at this place in Product_X",
    ]
    assert kinds(by_rules) == [("error.label.schematron", 1)]


def test_a_line_break_in_an_identifier_is_told(schemas: Schemas, tmp_path: Path) -> None:
    inside = """<title>Moon</title><logical_identifier>urn:a
        </logical_identifier><lid_reference>urn:b
        </lid_reference>"""
    found = label(tmp_path, inside)

    def lines(options: Options) -> list[str]:
        told = check_grammar(found, schemas, options)
        return [each.expected for each in told if each.type.endswith("invalid_field_value")]

    assert lines(Options()) == ["urn:a"]
    assert lines(Options(rule=Rule.BUNDLE)) == ["urn:a", "urn:b"]


def test_a_local_reference_has_its_target(schemas: Schemas, tmp_path: Path) -> None:
    inside = """<title>Moon</title><local_identifier>image</local_identifier>
        <local_identifier_reference>image</local_identifier_reference>
        <local_identifier_reference>table</local_identifier_reference>"""

    told = check_grammar(label(tmp_path, inside), schemas, Options())

    assert [(each.type, each.found) for each in told if "local" in each.type] == [
        ("info.label.local_identifier_found", "image"),
        ("error.label.local_identifier_not_found", "table"),
    ]


def test_a_hostile_schematron_is_named_and_the_rest_is_run(
    schemas: Schemas, tmp_path: Path
) -> None:
    (tmp_path / "PDS.sch").write_text(SCH.replace("xs:integer(.)", "doc('file:///etc/passwd')"))

    told = check_grammar(label(tmp_path, "<title>Mars</title>"), schemas, Options())

    assert kinds(told) == [("error.label.schematron", 1)] * 2
    assert "not checked against PDS.sch: a part of it is not run: line" in told[0].message
    assert "calls the function doc()" in told[0].message
    assert told[1].message == "The title must be one of them."


def test_a_label_that_names_schematrons_without_end_is_told_so(
    schemas: Schemas, tmp_path: Path
) -> None:
    told = check_grammar(label(tmp_path, head=MODEL * 10_000), schemas, Options())

    assert kinds(told) == [("error.label.unresolvable_resource", 1)]
    assert "a label may name 40; this one names 10000" in told[0].message
