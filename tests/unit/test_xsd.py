"""Labels against schemas: every fault, and how often Xerces tells each.

Independent reference for the counts: Xerces 2.12.2, over real and mutated labels, in
tests/samples/test_xerces.py; here the same on schemas small enough to be read.
"""

import time
from pathlib import Path

import pytest
from lxml import etree

from perilune.formats import xml
from perilune.validation.schemas import Pinned, Schemas
from perilune.validation.xsd import Fault, XsdGrammar, XsdSet
from perilune.validation.xsd.faults import Kind

CORE = "http://pds.nasa.gov/pds4/pds/v1"
DISP = "http://pds.nasa.gov/pds4/disp/v1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:pds="{CORE}"
  targetNamespace="{CORE}" elementFormDefault="qualified">
<xs:element name="Product" type="pds:Product_X"/>
<xs:complexType name="Product"><xs:sequence>
  <xs:element name="Identification_Area" type="pds:Identification_Area"/>
</xs:sequence></xs:complexType>
<xs:complexType name="Product_X"><xs:complexContent><xs:extension base="pds:Product"><xs:sequence>
  <xs:element name="Mission_Area" type="pds:Mission_Area" minOccurs="0"/>
  <xs:element name="File" type="pds:File" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence></xs:extension></xs:complexContent></xs:complexType>
<xs:complexType name="Identification_Area"><xs:sequence>
  <xs:element name="logical_identifier" type="pds:LID"/>
  <xs:element name="version_id" type="pds:VID"/>
  <xs:element name="title" type="pds:Text"/>
  <xs:element name="comment" type="pds:Text" minOccurs="0"/>
</xs:sequence></xs:complexType>
<xs:complexType name="Mission_Area"><xs:sequence>
  <xs:any namespace="##other" processContents="strict" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence></xs:complexType>
<xs:complexType name="File"><xs:sequence>
  <xs:element name="file_name" type="pds:Text"/>
  <xs:element name="file_size" type="pds:Size"/>
  <xs:choice minOccurs="1"></xs:choice>
</xs:sequence></xs:complexType>
<xs:complexType name="Size"><xs:simpleContent><xs:extension base="pds:Count">
  <xs:attribute name="unit" type="pds:Unit" use="required"/>
</xs:extension></xs:simpleContent></xs:complexType>
<xs:simpleType name="Count"><xs:restriction base="xs:int"><xs:minInclusive value="0"/>
</xs:restriction></xs:simpleType>
<xs:simpleType name="Unit"><xs:restriction base="xs:string"><xs:enumeration value="byte"/>
<xs:enumeration value="kB"/></xs:restriction></xs:simpleType>
<xs:simpleType name="LID"><xs:restriction base="xs:token"><xs:pattern value="urn(:[a-z]+){{3,5}}"/>
<xs:maxLength value="20"/></xs:restriction></xs:simpleType>
<xs:simpleType name="VID"><xs:restriction base="xs:token"><xs:pattern value="[0-9]+\\.[0-9]+"/>
</xs:restriction></xs:simpleType>
<xs:simpleType name="Text"><xs:restriction base="xs:string"><xs:minLength value="1"/>
</xs:restriction></xs:simpleType>
</xs:schema>"""
DICTIONARY = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{DISP}"
  elementFormDefault="qualified"><xs:import namespace="{CORE}" schemaLocation="core.xsd"/>
<xs:element name="angle" type="xs:double"/></xs:schema>"""
IDENTIFICATION = """<Identification_Area>
<logical_identifier>urn:a:b:c</logical_identifier>
<version_id>1.0</version_id>
<title>t</title>
</Identification_Area>"""


@pytest.fixture
def against(tmp_path: Path) -> XsdSet:
    return made(tmp_path, {"core.xsd": SCHEMA, "disp.xsd": DICTIONARY})


def made(tmp_path: Path, files: dict[str, str]) -> XsdSet:
    schemas = Schemas.open(tmp_path / "schemas")
    named = []
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        pinned = schemas.resolve(str(tmp_path / name), None)
        assert isinstance(pinned, Pinned)
        named.append((pinned.namespace, pinned))
    return XsdGrammar(schemas).set_of(named)


def label(inside: str, head: str = "") -> etree._Element:
    return xml.parse(
        f'<Product xmlns="{CORE}" xmlns:disp="{DISP}" xmlns:xsi="{XSI}"{head}>{inside}'
        "</Product>".encode()
    )


def told(faults: list[Fault]) -> list[tuple[str, int]]:
    return [(fault.message, fault.told) for fault in faults]


def test_a_right_label_has_no_fault(against: XsdSet) -> None:
    right = label(
        f"{IDENTIFICATION}<Mission_Area><disp:angle>1</disp:angle></Mission_Area>"
        '<File><file_name>a</file_name><file_size unit="kB">1</file_size></File>'
    )

    assert against.faults(right) == []


@pytest.mark.parametrize(
    ("old", "new", "message", "found", "expected"),
    [
        ("urn:a:b:c", "urn:A", "'urn:A' has not the form asked for", "urn:A",
         "a value of the pattern urn(:[a-z]+){3,5}"),
        ("urn:a:b:c", "urn:a:b:" + "c" * 20, "has 28 characters", "urn:a:b:" + "c" * 20,
         "at most 20 characters"),
        (">t<", "><", "an empty value has 0 characters", "", "at least 1 characters"),
        (">7<", ">-7<", "'-7' is out of bounds", "-7", "0 or more"),
        (">7<", ">x<", "'x' is no value of", "x", "a value of"),
        ('"byte"', '"bit"', "unit of file_size: 'bit' is not among its values", "bit",
         "one of: byte, kB"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_is_allowed(
    against: XsdSet, *, old: str, new: str, message: str, found: str, expected: str
) -> None:
    file = '<File><file_name>a</file_name><file_size unit="byte">7</file_size></File>'
    right = f"{IDENTIFICATION}{file}"

    [fault] = against.faults(label(right.replace(old, new)))

    assert message in fault.message
    assert (fault.kind, fault.told, fault.found) == (Kind.VALUE, 2, found)
    assert expected in fault.expected
    assert fault.line is not None


@pytest.mark.parametrize(
    ("inside", "faults"),
    [
        (
            IDENTIFICATION.replace("<version_id>1.0</version_id>", ""),
            [("title is not expected at this place in Identification_Area", 1)],
        ),
        (
            IDENTIFICATION.replace("<title>t</title>", ""),
            [("Identification_Area is not complete: title is missing", 1)],
        ),
        (
            IDENTIFICATION.replace("<title>", "<titel>x</titel><title>"),
            [("titel is not expected at this place in Identification_Area", 1)],
        ),
        (
            f"{IDENTIFICATION}<File><file_name>a</file_name><file_size>1</file_size></File>",
            [("file_size lacks its attribute unit", 1)],
        ),
        (
            IDENTIFICATION.replace("<title>", '<title a="b">'),
            [("title has no attribute a", 1)],
        ),
        (
            IDENTIFICATION.replace("<title>t", "<title>t<b/>"),
            [
                ("title holds elements where a value is meant", 1),
                ("title: an empty value has 0 characters", 2),  # as Xerces goes on to tell
            ],
        ),
        (
            IDENTIFICATION.replace("<version_id>", "and<version_id>").replace(
                "<title>", "so<title>"
            ),
            [("Identification_Area holds text beside the elements in it", 1)],
        ),
        (
            f"{IDENTIFICATION}<Mission_Area><disp:no/><disp:angle>x</disp:angle></Mission_Area>",
            [
                ("disp:no is declared by none of the schemas that were given", 1),
                ("disp:angle: 'x' is no value of double", 2),
            ],
        ),
    ],
)
def test_what_is_wrong_with_elements_is_told_once(
    against: XsdSet, inside: str, faults: list[tuple[str, int]]
) -> None:
    assert told(against.faults(label(inside))) == faults


def test_after_an_unknown_child_all_others_are_looked_at(against: XsdSet) -> None:
    wrong = label(
        """<Identification_Area>
        <other>1</other>
        <logical_identifier>X</logical_identifier>
        <another/>
        <version_id>1</version_id>
        </Identification_Area>
        <File><file_name/></File>"""
    )

    assert told(against.faults(wrong)) == [
        ("Identification_Area is not complete: title is missing", 0),
        ("other is not expected at this place in Identification_Area", 1),
        ("logical_identifier: 'X' has not the form asked for", 2),
        ("another is not expected at this place in Identification_Area", 0),
        ("version_id: '1' has not the form asked for", 2),
        ("file_name: an empty value has 0 characters", 2),
        ("File is not complete: file_size is missing", 1),
    ]


def test_children_in_the_wrong_order_are_named_without_those_that_follow(against: XsdSet) -> None:
    wrong = label(
        """<Identification_Area><title>t</title>
        <logical_identifier>urn:a:b:c</logical_identifier><version_id>x</version_id>
        </Identification_Area>"""
    )

    assert told(against.faults(wrong)) == [
        ("title is not expected at this place in Identification_Area", 1),
        ("version_id: 'x' has not the form asked for", 2),
    ]


def test_a_child_too_many_is_named(against: XsdSet) -> None:
    wrong = label(IDENTIFICATION.replace("<title>t</title>", "<title>t</title>" * 3))

    assert told(against.faults(wrong)) == [
        ("title is not expected at this place in Identification_Area", 1),
        ("title is not expected at this place in Identification_Area", 0),
    ]


def test_a_root_that_no_schema_declares_is_told_alone(against: XsdSet) -> None:
    root = xml.parse(f'<Other xmlns="{CORE}"><x/></Other>'.encode())

    assert told(against.faults(root)) == [
        ("Other is declared by none of the schemas that were given", 1)
    ]


def test_a_schema_location_of_the_label_is_never_followed(against: XsdSet, tmp_path: Path) -> None:
    planted = tmp_path / "planted.xsd"
    planted.write_text(DICTIONARY.replace("disp/v1", "evil/v1").replace("core.xsd", ""))
    evil = "http://pds.nasa.gov/pds4/evil/v1"
    location = f' xsi:schemaLocation="{evil} {planted.as_uri()}"'
    child = f'<e:angle xmlns:e="{evil}"{location}>1</e:angle>'

    for wrong in (
        label(
            f'{IDENTIFICATION}<Mission_Area><e:angle xmlns:e="{evil}"/></Mission_Area>', location
        ),
        label(f"{IDENTIFICATION}<Mission_Area>{child}</Mission_Area>"),
    ):
        before = etree.tostring(wrong)
        assert [fault.kind for fault in against.faults(wrong)] == [Kind.UNDECLARED]
        assert etree.tostring(wrong) == before


def test_imports_lead_nowhere_but_to_pinned_schemas(tmp_path: Path) -> None:
    remote = DICTIONARY.replace("core.xsd", "http://192.0.2.1/core.xsd")
    local = DICTIONARY.replace("core.xsd", "file:///etc/passwd").replace("disp/v1", "img/v1")

    against = made(tmp_path, {"core.xsd": SCHEMA, "disp.xsd": remote, "img.xsd": local})

    assert against.unloadable == ()
    assert against.faults(label(IDENTIFICATION)) == []


def test_a_schema_that_cannot_be_used_is_named_and_the_others_are(tmp_path: Path) -> None:
    broken = DICTIONARY.replace("xs:double", "xs:no_such_type")

    against = made(tmp_path, {"core.xsd": SCHEMA, "disp.xsd": broken})

    assert [each.address.rpartition("/")[2] for each in against.unloadable] == ["disp.xsd"]
    assert "no_such_type" in against.unloadable[0].reason
    assert told(against.faults(label(IDENTIFICATION.replace("1.0", "x")))) == [
        ("version_id: 'x' has not the form asked for", 2)
    ]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("many unknown", "<x/>" * 60_000),
        ("many of different names", "".join(f"<x{n}/>" for n in range(20_000))),
        ("many wrong values", "<File><file_name/></File>" * 30_000),
        ("a long attribute", f'<File a="{"x" * 5_000_000}"/>'),
        (
            "a long value",
            f"<File><file_name>a</file_name><file_size>{'9' * 5_000_000}</file_size></File>",
        ),
        ("deep", "<x>" * 250 + "</x>" * 250),
        ("deep and wide", "<File><x>" * 120 + "</x></File>" * 120),
    ],
)
def test_absurd_labels_are_told_of_within_five_seconds(
    against: XsdSet, name: str, inside: str
) -> None:
    root = label(f"{IDENTIFICATION}{inside}")
    start = time.process_time()

    faults = against.faults(root)

    assert faults, name
    assert time.process_time() - start < 5
    assert all(len(fault.message) < 1_000 for fault in faults)
