"""Schematrons run: which asserts fail, where, and what of a hostile one is left out.

Independent reference: ISO 19757-3:2016, 5.4 and 6.5 (first rule of a pattern that matches).
"""

from pathlib import Path

import pytest
from lxml import etree

from perilune.formats import xml
from perilune.validation.label import Label
from perilune.validation.report import Severity
from perilune.validation.schemas import Pinned, Schemas
from perilune.validation.schematron.engine import (
    Compiled,
    Failure,
    Schematrons,
    Stopped,
    failures,
    silence,
)

XSL = "http://www.w3.org/1999/XSL/Transform"
LABEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- before -->
<Product xmlns="http://pds.nasa.gov/pds4/pds/v1">
  <Area>
    <name>one</name>
    <name unit="m">two</name>
  </Area>
  <Area><level>Rw</level></Area>
</Product>
"""


def label(data: bytes = LABEL, place: Path = Path("/tmp/label.xml")) -> Label:
    return Label(path="label.xml", place=place, data=data, root=xml.parse(data))


def ready(tmp_path: Path, inside: str) -> tuple[Schematrons, Compiled]:
    path = tmp_path / "rules.sch"
    path.write_text(
        '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
        '<sch:ns uri="http://pds.nasa.gov/pds4/pds/v1" prefix="pds"/>\n'
        f"{inside}</sch:schema>"
    )
    schemas = Schemas.open(tmp_path / "schemas")
    pinned = schemas.resolve(str(path), None)
    assert isinstance(pinned, Pinned), pinned
    engine = Schematrons(schemas)
    compiled = engine.compiled(pinned)
    assert isinstance(compiled, Compiled), compiled
    return engine, compiled


def told(
    tmp_path: Path, inside: str, *, stops: bool = False, of: Label | None = None
) -> list[Failure] | Stopped:
    engine, compiled = ready(tmp_path, inside)
    about = of or label()
    with silence():
        return failures(compiled, engine.document(about), about, stops=stops)


def failed(tmp_path: Path, inside: str) -> list[Failure]:
    found = told(tmp_path, inside)
    assert isinstance(found, list), found
    return found


def test_a_failed_assert_has_its_message_value_and_line(tmp_path: Path) -> None:
    [failure] = failed(
        tmp_path,
        """<sch:pattern><sch:rule context="pds:Area/pds:level">
             <sch:let name="allowed" value="('Raw', 'Derived')"/>
             <sch:assert test=". = $allowed">The <sch:name/> of
               <sch:value-of select="name(..)"/> is '<sch:value-of select="."/>'.</sch:assert>
           </sch:rule></sch:pattern>""",
    )

    assert failure.message == "The level of Area is 'Rw'."
    assert (failure.line, failure.found, failure.severity) == (8, "Rw", Severity.ERROR)


def test_a_failed_assert_about_an_attribute_names_its_element(tmp_path: Path) -> None:
    [failure] = failed(
        tmp_path,
        """<sch:pattern><sch:rule context="@unit"><sch:assert test=". = 'km'">no</sch:assert>
           </sch:rule></sch:pattern>""",
    )

    assert (failure.line, failure.found) == (6, "m")
    assert etree.QName(failure.tag).localname == "name"


@pytest.mark.parametrize(
    ("role", "severity"),
    [
        ("WARN", Severity.WARNING),
        ("Warning", Severity.WARNING),
        ("info", Severity.INFO),
        ("information", Severity.INFO),
        ("fatal", Severity.ERROR),
        ("", Severity.ERROR),
    ],
)
def test_the_role_of_assert_or_rule_says_how_bad_it_is(
    tmp_path: Path, role: str, severity: Severity
) -> None:
    found = failed(
        tmp_path,
        f"""<sch:pattern>
          <sch:rule context="pds:level" role="{role}"><sch:assert test="false()">a</sch:assert>
          </sch:rule></sch:pattern><sch:pattern>
          <sch:rule context="pds:level" role="warning">
            <sch:assert role="{role}" test="false()">b</sch:assert></sch:rule></sch:pattern>""",
    )

    assert [each.severity for each in found] == [severity, severity if role else Severity.WARNING]


def test_of_a_pattern_the_first_rule_that_matches_applies_alone(tmp_path: Path) -> None:
    found = failed(
        tmp_path,
        """<sch:pattern>
          <sch:rule context="pds:name[@unit]"><sch:assert test="false()">first</sch:assert>
          </sch:rule>
          <sch:rule context="pds:name | pds:level"><sch:assert test="false()">second</sch:assert>
          </sch:rule></sch:pattern>
          <sch:pattern><sch:rule context="/pds:Product/pds:Area/pds:name">
            <sch:assert test="false()">other</sch:assert></sch:rule></sch:pattern>""",
    )

    assert sorted((each.message, each.line) for each in found) == [
        ("first", 6),
        ("other", 5),
        ("other", 6),
        ("second", 5),
        ("second", 8),
    ]


def test_lets_of_schema_pattern_and_rule_are_seen(tmp_path: Path) -> None:
    found = failed(
        tmp_path,
        """<sch:let name="names" value="//pds:name"/>
           <sch:pattern><sch:let name="count" value="count($names)"/>
             <sch:rule context="pds:level"><sch:let name="sum" value="$count + 1"/>
               <sch:assert test="$sum = 4"><sch:value-of select="$sum"/></sch:assert>
             </sch:rule></sch:pattern>
           <sch:pattern><sch:let name="count" value="7"/>
             <sch:rule context="pds:level">
               <sch:assert test="$count = 8"><sch:value-of select="$count"/></sch:assert>
             </sch:rule></sch:pattern>""",
    )

    assert [each.message for each in found] == ["3", "7"]


def test_a_report_is_passed_over(tmp_path: Path) -> None:
    assert (
        failed(
            tmp_path,
            """<sch:pattern><sch:rule context="pds:level"><sch:report test="true()">x</sch:report>
           <sch:assert test="true()">y</sch:assert></sch:rule></sch:pattern>""",
        )
        == []
    )


DIVIDES = """<sch:pattern><sch:rule context="pds:name">
    <sch:assert test="xs:integer(.) gt 0">number</sch:assert>
    <sch:assert test="@unit">unit</sch:assert></sch:rule></sch:pattern>"""


def test_an_error_in_one_assert_hides_no_other(tmp_path: Path) -> None:
    found = failed(tmp_path, DIVIDES)

    assert [(each.is_error, each.line) for each in found] == [(True, 5), (False, 5), (True, 6)]
    assert 'Cannot convert string "one" to an integer' in found[0].message


def test_an_error_stops_a_schematron_where_validate_is_followed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = told(tmp_path, DIVIDES, stops=True)

    assert isinstance(found, Stopped)
    assert "Cannot convert string" in found.reason
    assert capfd.readouterr().err == ""


GOOD = '<sch:pattern><sch:rule context="pds:level"><sch:assert test="false()">good</sch:assert>'
GOOD += "</sch:rule></sch:pattern>"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("<sch:assert test=\"doc('file:///etc/passwd')\">x</sch:assert>", "the function doc()"),
        ('<sch:assert test="unknown(1)">x</sch:assert>', "calls the function unknown()"),
        ('<sch:assert test="$undeclared = 1">x</sch:assert>', "undeclared"),
        ('<sch:assert test="abs(1, 2, 3) = 1">x</sch:assert>', "abs"),
        ('<sch:assert test="1 = = 2">x</sch:assert>', "1 = = 2"),
        (f'<sch:assert test="true()">x<xsl:message xmlns:xsl="{XSL}"/></sch:assert>',
         "<xsl:message>"),
        ("<sch:assert>x</sch:assert>", "lacks its test"),
        ("""<sch:let name="v" value="unparsed-text('x')"/><sch:assert test="$v">x</sch:assert>""",
         "$v, whose value is not run"),
        ("<sch:assert test=\"false()\">x<sch:value-of select=\"doc('x')\"/></sch:assert>", "doc()"),
        ('<sch:extends rule="r"/>', "<sch:extends>"),
    ],
)  # fmt: skip
def test_a_hostile_part_is_named_and_the_rest_is_run(tmp_path: Path, bad: str, reason: str) -> None:
    engine, compiled = ready(
        tmp_path,
        f'<sch:pattern><sch:rule context="pds:name">\n{bad}</sch:rule></sch:pattern>{GOOD}',
    )
    found = failures(compiled, engine.document(label()), label(), stops=False)

    assert any(reason in each.reason for each in compiled.refused), compiled.refused
    assert isinstance(found, list)
    assert "good" in [each.message for each in found]


@pytest.mark.parametrize(
    "inside",
    [
        f'<xsl:include xmlns:xsl="{XSL}" href="file:///etc/passwd"/>',
        f'<xsl:function xmlns:xsl="{XSL}" name="pds:f"/>',
        '<sch:include href="file:///etc/passwd"/>',
        '<sch:ns prefix="xsl" uri="http://www.w3.org/1999/XSL/Transform"/>',
        '<sch:ns prefix="a b" uri="u:x"/>',
        '<sch:ns prefix="xmlns" uri="u:x"/>',
        '<sch:let name="a b" value="1"/>',
        '<sch:pattern abstract="true" id="x"/>',
        '<sch:pattern is-a="x"/>',
        '<sch:pattern><sch:rule context="}{" ><sch:assert test="1"/></sch:rule></sch:pattern>',
        '<sch:pattern><sch:rule context="a | | b"><sch:assert test="1"/></sch:rule></sch:pattern>',
        '<sch:pattern><sch:rule context="pds:a" abstract="true"/></sch:pattern>',
        "<sch:phase id='p'/><sch:title>t</sch:title><sch:p>text</sch:p>",
    ],
)
def test_whatever_stands_in_it_the_good_rule_is_run(tmp_path: Path, inside: str) -> None:
    assert [each.message for each in failed(tmp_path, inside + GOOD)] == ["good"]


def test_the_name_of_the_label_is_known_to_rules(tmp_path: Path) -> None:
    inside = """<sch:pattern><sch:rule context="pds:level"><sch:assert test="false()">
        <sch:value-of select="tokenize(document-uri(/), '/')[last()]"/></sch:assert></sch:rule>
        </sch:pattern>"""

    found = told(tmp_path, inside, of=label(place=Path("/a b/die Röhre.xml")))

    assert isinstance(found, list)
    assert found[0].message == "die%20R%C3%B6hre.xml"


def test_letters_of_every_script_come_through(tmp_path: Path) -> None:
    data = LABEL.replace(b"Rw", "Луна月🌕".encode())
    inside = """<sch:pattern><sch:rule context="pds:level"><sch:assert test="false()">
        <sch:value-of select="."/></sch:assert></sch:rule></sch:pattern>"""

    found = told(tmp_path, inside, of=label(data))

    assert isinstance(found, list)
    assert (found[0].message, found[0].found) == ("Луна月🌕", "Луна月🌕")
