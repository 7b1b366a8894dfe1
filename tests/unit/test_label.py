"""What a label says becomes a product; what it cannot be read without is named."""

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from perilune.errors import MalformedLabel
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Citation, ContextName, Member, NamedFile, Product, Reference
from perilune.testing.labels import TARGET, file_area, label, observation, times

_MD5 = "900150983cd24fb0d6963f7d28e17f72"


def _read(*content: str, **about: str) -> Product:
    return read_label(label(*content, **about))


def _properties(*content: str) -> dict[str, tuple[str, ...]]:
    return dict(_read(*content).properties)


def test_a_product_is_identified_by_its_identification_area() -> None:
    product = _read(lid="urn:nasa:pds:luna:data:image", version="2.10")

    assert product.id == Lidvid(Lid("urn:nasa:pds:luna:data:image"), 2, 10)
    assert product.product_class == "Product_Observational"
    assert product.title == "An image of the Moon"
    assert product.information_model == "1.24.0.0"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<a/>", "root element a is not in"),
        (b'<a xmlns="http://pds.nasa.gov/pds4/pds/v03"/>', "pds/v03"),
        (b'<Ingest_LDD xmlns="http://pds.nasa.gov/pds4/pds/v1"/>', "Ingest_LDD has no Ident"),
        (label(lid="CE4_GRAS_TCAM"), "line 4: not a LID: 'CE4_GRAS_TCAM'"),
        (label(version="1.0.0"), "line 5: not a LIDVID"),
        (label(version=""), "line 3: no version_id"),
        (label().replace(b"<title>An image of the Moon</title>", b""), "line 3: no title"),
        (label(file_area("a.tab", size="1 kB")), "file_size of 'a.tab' is no number"),
        (label(file_area("a.tab", size="9" * 5_000)), "file_size of 'a.tab' is no number"),
    ],
)
def test_what_an_archive_cannot_do_without_is_insisted_on(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedLabel) as refused:
        read_label(data)

    assert reason in str(refused.value)


def test_prefixes_of_the_document_do_not_matter() -> None:
    usual = label(observation(times("2013-10-16", "2013-10-17")), file_area("a.tab"))
    unusual = (
        usual.replace(b"<", b"<x:")
        .replace(b"<x:/", b"</x:")
        .replace(b"<x:?", b"<?")
        .replace(b'xmlns="', b'xmlns:x="')
    )

    assert read_label(unusual) == read_label(usual)


def test_a_foreign_namespace_does_not_pass_for_a_dictionary_of_pds() -> None:
    area = (
        '<pds:File xmlns:pds="http://example.org/pds4/pds/v1">'
        "<pds:file_name>x</pds:file_name></pds:File>"
        '<m:size xmlns:m="http://example.org/mission">3</m:size>'
    )

    product = _read(f"<Mission_Area>{area}</Mission_Area>")

    assert product.files == ()
    assert dict(product.properties)["pds:Mission_Area.m:size"] == ("3",)
    assert "pds:File.pds:file_name" not in dict(product.properties)


def test_every_value_becomes_a_property_in_label_order() -> None:
    found = _properties(
        "<Field><name>one</name><unit>  m \n s </unit><empty/></Field>",
        "<Field><name>two</name><description>",
        "x" * 10_001,
        "</description></Field>",
    )

    assert list(found)[-2:] == ["pds:Field.pds:name", "pds:Field.pds:unit"]
    assert found["pds:Field.pds:name"] == ("one", "two")
    assert found["pds:Field.pds:unit"] == ("m s",)


def test_times_are_read_and_their_words_kept() -> None:
    time = _read(observation(times("2013-10-16T06:00:00.5Z", "2013-10-17Z"))).time

    assert time is not None
    assert time.start == datetime(2013, 10, 16, 6, 0, 0, 500_000, UTC)
    assert time.stop == datetime(2013, 10, 17, tzinfo=UTC)
    assert (time.start_text, time.stop_text) == ("2013-10-16T06:00:00.5Z", "2013-10-17Z")
    assert time.uncertainty_s == 86_400.0


@pytest.mark.parametrize("words", ["UNK", "2013-13-41", "9999-366T24:00:00Z", "10 October 2013"])
def test_words_that_are_no_time_are_kept_as_words(words: str) -> None:
    time = _read(observation(times(words, "2013-10-17Z"))).time

    assert time is not None
    assert (time.start, time.start_text) == (None, words)
    assert time.stop == datetime(2013, 10, 17, tzinfo=UTC)


def test_times_that_are_nil_are_no_times() -> None:
    assert _read(observation(times("nil", "nil"))).time is None
    assert _read(observation()).time is None


def test_an_end_given_to_the_day_is_not_before_a_start_within_that_day() -> None:
    time = _read(observation(times("2013-10-16T06:00:00Z", "2013-10-16"))).time

    assert time is not None
    assert time.start == time.stop == datetime(2013, 10, 16, 6, tzinfo=UTC)


def test_an_end_before_the_start_is_not_believed() -> None:
    time = _read(observation(times("2013-10-16", "2012-10-16"))).time

    assert time is not None
    assert (time.start, time.stop) == (None, None)
    assert (time.start_text, time.stop_text) == ("2013-10-16", "2012-10-16")


def _component(name: str, kind: str, lid: str) -> str:
    return dedent(f"""
        <Observing_System_Component><name>{name}</name><type>{kind}</type>
        <Internal_Reference><lid_reference>{lid}</lid_reference>
        <reference_type>is_instrument</reference_type></Internal_Reference>
        </Observing_System_Component>""")


def test_context_tells_mission_host_instrument_and_target_apart() -> None:
    host = "urn:nasa:pds:context:instrument_host:spacecraft.luna"
    instrument = "urn:nasa:pds:context:instrument:luna.camera"
    product = _read(
        observation(
            "<Primary_Result_Summary><processing_level>Raw</processing_level>"
            "</Primary_Result_Summary>",
            "<Investigation_Area><name>Luna</name><type>Mission</type></Investigation_Area>",
            "<Observing_System>",
            _component("Orbiter", "Host", host),
            _component("Camera", "Instrument", instrument),
            _component("Camera", "Instrument", instrument),
            _component("Books", "Literature Search", "none"),
            "</Observing_System>",
        )
    )

    assert product.processing_level == "Raw"
    assert product.investigations == (ContextName("Luna", "Mission"),)
    assert product.hosts == (ContextName("Orbiter", "Host", Lid(host)),)
    assert product.instruments == (ContextName("Camera", "Instrument", Lid(instrument)),)
    moon = Lid("urn:nasa:pds:context:target:satellite.earth.moon")
    assert product.targets == (ContextName("Moon", "Satellite", moon),)


def test_references_keep_their_type_and_what_is_no_identifier_is_no_reference() -> None:
    product = _read(
        "<Reference_List>"
        "<Internal_Reference><lidvid_reference>urn:nasa:pds:a:b:c::1.0</lidvid_reference>"
        "<reference_type>data_to_document</reference_type></Internal_Reference>"
        "<Source_Product_Internal><lidvid_reference>urn:nasa:pds:a:b:raw::2.0</lidvid_reference>"
        "<reference_type>data_to_raw_source_product</reference_type></Source_Product_Internal>"
        "<Internal_Reference><lid_reference>see the manual</lid_reference>"
        "<reference_type>data_to_document</reference_type></Internal_Reference>"
        "<Internal_Reference><lid_reference>urn:nasa:pds:a:b:d</lid_reference>"
        "<reference_type>data_to_browse</reference_type></Internal_Reference>"
        "</Reference_List>"
    )

    assert product.references == (
        Reference(Lidvid.parse("urn:nasa:pds:a:b:c::1.0"), "data_to_document"),
        Reference(Lidvid.parse("urn:nasa:pds:a:b:raw::2.0"), "data_to_raw_source_product"),
        Reference(Lid("urn:nasa:pds:a:b:d"), "data_to_browse"),
    )


def test_every_file_is_named_with_what_the_label_says_of_it() -> None:
    document = (
        "<Document><Document_Edition><Document_File><file_name>guide.pdf</file_name>"
        "<directory_path_name>pdf/en/</directory_path_name></Document_File></Document_Edition>"
        "</Document>"
    )

    product = _read(
        file_area("a.tab", size="10", md5=_MD5.upper()),
        document,
        file_area("b.jpg", area="Browse"),
        "<File_Area_Text><File><file_name/></File></File_Area_Text>",
    )

    assert product.files == (
        NamedFile(path="a.tab", size=10, md5=_MD5, line=11),
        NamedFile(path="pdf/en/guide.pdf", line=12),
        NamedFile(path="b.jpg", line=12),
    )


def test_citation_comes_from_plain_lists_or_from_persons_one_by_one() -> None:
    plain = _read(
        identification="<Citation_Information><author_list>Luna, A.; Selene, B.</author_list>"
        "<publication_year>2026</publication_year><doi>10.17189/1</doi><keyword>Moon</keyword>"
        "<keyword>Simulated</keyword><description>An image.</description></Citation_Information>"
    )
    single = _read(
        identification="<Citation_Information><publication_year>2026</publication_year>"
        "<List_Author><Organization><organization_name>IKI</organization_name>"
        "<sequence_number>2</sequence_number></Organization>"
        "<Person><given_name>Anna</given_name><family_name>Luna</family_name>"
        "<sequence_number>1</sequence_number></Person></List_Author></Citation_Information>"
    )

    assert plain.citation == Citation(
        authors="Luna, A.; Selene, B.",
        year="2026",
        doi="10.17189/1",
        description="An image.",
        keywords=("Moon", "Simulated"),
    )
    assert plain.is_simulated
    assert single.citation.authors == "Luna, Anna; IKI"
    assert not single.is_simulated


def _history(*entries: tuple[str, str, str]) -> str:
    details = "".join(
        f"<Modification_Detail><modification_date>{date}</modification_date>"
        f"<version_id>{version}</version_id><description>{words}</description>"
        "</Modification_Detail>"
        for date, version, words in entries
    )
    return f"<Modification_History>{details}</Modification_History>"


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_reason_of_a_new_version_is_the_newest_entry_in_either_order(
    is_reversed: bool,  # noqa: FBT001
) -> None:
    entries = [("2013", "1.0", "first"), ("2015", "2.9", "typing"), ("2015", "2.10", "geometry")]
    history = _history(*(reversed(entries) if is_reversed else entries))

    assert _read(identification=history, version="2.10").supersedes_reason == "geometry"
    assert _read(identification=history, version="3.0").supersedes_reason == "geometry"
    assert _read(identification=history, version="2.9").supersedes_reason == "typing"
    assert _read(identification=history, version="1.0").supersedes_reason == ""


def test_licence_and_software_are_told() -> None:
    product = _read(
        "<Discipline_Area><proc:Processing_Information><proc:Process>"
        "<proc:Software><proc:name>CALIB</proc:name>"
        "<proc:software_version_id>3.1</proc:software_version_id></proc:Software>"
        "<proc:Software><proc:Software_Program><proc:name>mosaic</proc:name>"
        "<proc:program_version>2</proc:program_version></proc:Software_Program></proc:Software>"
        "</proc:Process></proc:Processing_Information></Discipline_Area>",
        identification="<License_Information><name>CC0</name><Internal_Reference>"
        "<lid_reference>urn:nasa:pds:system_bundle:document_pds4_standards:creative_commons"
        "</lid_reference></Internal_Reference></License_Information>",
    )

    assert product.licence == "CC0"
    assert product.policy.endswith(":creative_commons")
    assert product.calibration == "CALIB 3.1"
    assert product.pipeline == "mosaic 2"


def test_a_bundle_lists_its_members() -> None:
    product = _read(
        "<Bundle_Member_Entry><lid_reference>urn:nasa:pds:luna:data</lid_reference>"
        "<member_status>Primary</member_status></Bundle_Member_Entry>",
        "<Bundle_Member_Entry><lidvid_reference>urn:nasa:pds:luna:doc::1.2</lidvid_reference>"
        "<member_status>Secondary</member_status></Bundle_Member_Entry>",
        product_class="Product_Bundle",
        lid="urn:nasa:pds:luna",
    )

    assert product.members == (
        Member(Lid("urn:nasa:pds:luna:data"), is_primary=True),
        Member(Lidvid.parse("urn:nasa:pds:luna:doc::1.2"), is_primary=False),
    )


def test_a_bundle_member_that_is_no_identifier_is_refused() -> None:
    data = label("<Bundle_Member_Entry><lid_reference>data</lid_reference></Bundle_Member_Entry>")

    with pytest.raises(MalformedLabel, match="line 11: Bundle_Member_Entry: not a LID: 'data'"):
        read_label(data)


def test_a_collection_names_its_inventory_and_takes_members_from_it() -> None:
    data = label(
        observation(target=TARGET),
        file_area("inventory.csv", area="Inventory"),
        product_class="Product_Collection",
        lid="urn:nasa:pds:luna:data",
    )

    assert inventory_file(read_label(data)) == "inventory.csv"
    assert read_label(data).members == ()
    assert read_label(data, inventory=b"P,urn:nasa:pds:luna:data:image::1.0\r\n").members == (
        Member(Lidvid.parse("urn:nasa:pds:luna:data:image::1.0"), is_primary=True),
    )
    assert inventory_file(_read(file_area("inventory.csv"))) is None
