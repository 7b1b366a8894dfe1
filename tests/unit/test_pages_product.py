"""The page of a product: custody, files, label, citation, members, and how to get it."""

import io
from dataclasses import replace

import pytest
from lxml import html
from PIL import Image
from starlette.testclient import TestClient

from perilune.catalogue.port import Fixity, Projection
from perilune.model.footprint import Point
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import Citation, Holding, Member, Reference
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app
from perilune.web.pages import label_tree
from perilune.web.pages.citation import bibtex, citation_text

DATA = "urn:nasa:pds:luna:data"
LIDVID = f"{DATA}:image_1::1.0"
BROWSER = {"Accept": "text/html", "Accept-Language": "en"}
LABEL = b"""<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">
  <Identification_Area><title>A &lt;b&gt; title</title></Identification_Area>
  <File_Area><Array><offset unit="byte">0</offset></Array></File_Area>
</Product_Observational>"""


def labelled(holding: Holding, label: bytes = LABEL) -> Holding:
    """The holding with other bytes as its label."""
    head = holding.manifest.files[0]
    entry = FileEntry.of(head.path, "label", build.digests(label))
    return replace(
        holding, manifest=Manifest(holding.product.id, (entry, *holding.manifest.files[1:]))
    )


def png() -> bytes:
    data = io.BytesIO()
    Image.new("L", (8, 8), 90).save(data, "PNG")
    return data.getvalue()


def served(*holdings: Holding, contents: tuple[bytes, ...] = ()) -> tuple[TestClient, Node]:
    node = Node.in_memory()
    keep(node, *holdings, contents=(LABEL, *contents))
    return TestClient(create_app(node), headers=BROWSER), node


def page(client: TestClient, address: str = f"/products/{LIDVID}") -> html.HtmlElement:
    reply = client.get(address)
    assert reply.status_code == 200, reply.text
    return html.fromstring(reply.text)


def text(tree: html.HtmlElement, path: str) -> str:
    return " ".join(tree.xpath(f"string({path})").split())


def test_custody_tells_entry_head_and_that_nothing_was_read_back_yet() -> None:
    client, node = served(labelled(build.holding(LIDVID, 1)))

    steps = [" ".join(li.itertext()) for li in page(client).xpath("//ol/li")]

    assert steps[0].startswith("Published by Memory entry 1 · 2026-11-22 12:00:01 UTC · 2 files")
    assert f"2 entries · root {node.log.root.hex()[:16]}" in steps[1]
    assert steps[2].startswith("Not read back yet")


def test_custody_tells_when_it_was_read_back_and_what_was_damaged() -> None:
    holding = labelled(build.holding(LIDVID, 1))
    client, node = served(holding)
    sound = Fixity(at=build.NOON, index=2, objects=3, bytes=9, damaged=())
    node.catalogue.apply(Projection(applied=3, fixity=sound))
    equal = text(page(client), "//ol/li[3]")
    broken = replace(sound, index=3, damaged=(holding.manifest.files[1].sha256,))
    node.catalogue.apply(Projection(applied=4, fixity=broken))

    assert equal == "Read back and equal2026-11-22 12:00:00 UTC"  # a line break between
    assert text(page(client), "//ol/li[3]").startswith("Read back, 1 file damaged")
    assert page(client).xpath("//ol/li[3]/@class") == ["bad"]
    document = client.get(f"/products/{LIDVID}.json").json()
    assert document["custody"]["read_back"]["damaged"] == [holding.manifest.files[1].path]


def test_a_reading_back_from_before_its_accession_says_nothing_of_it() -> None:
    client, node = served(build.holding(f"{DATA}:early::1.0", 1), build.holding(LIDVID, 2))
    before = Fixity(at=build.NOON, index=1, objects=1, bytes=1, damaged=())
    node.catalogue.apply(Projection(applied=4, fixity=before))

    assert text(page(client), "//ol/li[3]").startswith("Not read back yet")


def test_files_are_there_with_size_digests_and_a_link_that_gives_their_bytes() -> None:
    client, _ = served(labelled(build.holding(LIDVID, 1)))

    tree = page(client)
    links = tree.xpath("//section[@id='files']//td//a/@href")

    assert [client.get(link).content for link in links] == [LABEL, build.TABLE]
    assert build.digests(build.TABLE).sha256 in text(tree, "//section[@id='files']")
    assert build.digests(build.TABLE).md5 in text(tree, "//section[@id='files']")


def test_every_link_of_the_page_to_this_node_leads_somewhere() -> None:
    client, _ = served(labelled(build.holding(LIDVID, 1)))

    links = {link.split("#")[0] for link in page(client).xpath("//a/@href")}
    local = sorted(link for link in links if link.startswith("/") and "LICENSES" not in link)

    assert len(local) > 10
    assert {link: client.get(link).status_code for link in local} == dict.fromkeys(local, 200)


def test_the_label_is_a_tree_whose_text_stays_text() -> None:
    client, _ = served(labelled(build.holding(LIDVID, 1)))

    tree = page(client).xpath("//div[@class='tree']")[0]

    assert text(tree, ".//code[.='title']/..") == "title A <b> title"
    assert text(tree, ".//code[.='offset']/..") == "offset unit=byte 0"
    assert not tree.xpath(".//b")


def test_a_hostile_label_is_not_shown_as_a_tree() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    client, _ = served(labelled(build.holding(LIDVID, 1), bomb), contents=(bomb,))

    assert "too large, or not of a form" in text(page(client), "//section[@id='label']")
    assert label_tree.tree_of(b"<a>" * 5 + b"</a>" * 4) is None
    assert label_tree.tree_of(b"<a>" + b"<b/>" * 6000 + b"</a>") is None


def test_a_lid_shows_the_latest_version_and_links_the_others() -> None:
    newer = f"{DATA}:image_1::1.10"
    client, _ = served(
        build.holding(f"{DATA}:image_1::1.9", 1),
        build.holding(newer, 2),
        build.holding(LIDVID, 3),
    )

    tree = page(client, f"/products/{DATA}:image_1")
    versions = tree.xpath("//dt[.='Versions']/following-sibling::dd[1]//text()")

    assert text(tree, "//*[@id='lidvid']") == newer
    assert [each for each in versions if each.strip(", ")] == ["1.10", "1.9", "1.0"]


def test_an_unknown_product_is_a_page_that_says_so() -> None:
    client, _ = served(build.holding(LIDVID, 1))

    for name in (f"{DATA}:image_2", f"{DATA}:image_1::2.0", "nonsense", f"{DATA}:image_2.json"):
        reply = client.get(f"/products/{name}")
        assert reply.status_code == 404
        assert "Nothing is here by that name" in reply.text


def test_a_lid_that_ends_in_json_is_found_too() -> None:
    client, _ = served(build.holding(f"{DATA}:notes.json::1.0", 1))

    assert client.get(f"/products/{DATA}:notes.json.json").json()["title"]
    assert client.get(f"/products/{DATA}:notes.json::1.0").status_code == 200


def test_a_picture_among_the_files_is_shown() -> None:
    path = "data/look.png"
    holding = build.holding(LIDVID, 1, files={path: png()})
    client, _ = served(labelled(holding), contents=(png(),))

    source = page(client).xpath("//figure//img/@src")

    assert source == [f"/objects/{LIDVID}/{path}"]
    assert client.get(source[0]).content == png()


def test_the_picture_of_a_browse_product_stands_for_data_without_one() -> None:
    browse = build.holding(f"{DATA}:look::1.0", 1, files={"data/look.png": png()})
    data = build.product(LIDVID, references=(Reference(browse.product.id.lid, "data_to_browse"),))
    client, _ = served(browse, build.holding(data, 2), contents=(png(),))

    assert page(client).xpath("//figure//img/@src") == [f"/objects/{DATA}:look::1.0/data/look.png"]


def test_members_turn_page_by_page_and_say_how_many_are_listed() -> None:
    parts = [build.holding(f"{DATA}:part_{number:02d}::1.0", number) for number in range(1, 26)]
    absent = Member(build.lidvid(f"{DATA}:absent::1.0"), is_primary=True)
    members = (*(Member(part.product.id, is_primary=True) for part in parts), absent)
    collection = build.product(f"{DATA}::1.0", product_class="Product_Collection", members=members)
    client, _ = served(*parts, build.holding(collection, 26))

    first = page(client, f"/products/{DATA}")
    rest = page(client, first.xpath("//section[@id='members']//a[.='Next']/@href")[0])

    found = [
        code.text_content()
        for tree in (first, rest)
        for code in tree.xpath("//section[@id='members']//code")
    ]
    assert text(first, "//section[@id='members']/h2") == "25 members are here · 26 listed"
    assert found == [str(part.product.id) for part in parts]
    assert text(
        page(client, f"/products/{DATA}:part_03"), "//dt[.='Member of']/following-sibling::dd[1]"
    ).startswith("Observation data")


def test_simulated_products_say_so_first() -> None:
    client, _ = served(build.holding(build.product(LIDVID, is_simulated=True), 1))

    tree = page(client)

    assert text(tree, "//p[@class='notice']").startswith("Simulated. No instrument measured this")
    assert "[Simulated data set]" in text(tree, "//*[@id='as-text']")


def test_where_it_lies_is_drawn_close_up_and_told_in_words() -> None:
    product = build.product(LIDVID, footprints=(build.footprint(Point(123.4, -88.8)),))
    client, _ = served(build.holding(product, 1))

    tree = page(client)

    assert tree.xpath("//section[@id='where']//a[@aria-current]/text()") == ["South pole"]
    assert text(tree, "//section[@id='where']").endswith("88.8° S 123.4° E")
    assert tree.xpath("//section[@id='where']//path[contains(@class, 'print')]")


def test_a_product_of_another_body_has_no_map_of_the_moon() -> None:
    footprint = replace(build.footprint(), body="Mars")
    client, _ = served(build.holding(build.product(LIDVID, footprints=(footprint,)), 1))

    assert not page(client).xpath("//section[@id='where']")
    assert "Mars" in text(page(client), "//section[@id='facts']")


def test_a_citation_names_people_year_version_and_identifier() -> None:
    cited = Citation(authors="Ivanov, I. I.; Wang, L.", year="2028", doi="10.5072/x_1")
    holding = build.holding(build.product(LIDVID, title="Rim & floor", citation=cited))

    assert citation_text(holding, "IKI") == (
        "Ivanov, I. I.; Wang, L. (2028). Rim & floor [Data set]. Version 1.0. IKI. "
        f"{LIDVID}. https://doi.org/10.5072/x_1"
    )
    assert bibtex(holding, "IKI").splitlines() == [
        "@misc{luna-data-image-1-1-0,",
        "  author = {Ivanov, I. I. and Wang, L.},",
        r"  title = {Rim \& floor},",
        "  year = {2028},",
        "  version = {1.0},",
        "  publisher = {IKI},",
        r"  doi = {10.5072/x\_1},",
        r"  note = {urn:nasa:pds:luna:data:image\_1::1.0},",
        "}",
    ]


def test_the_json_twin_has_what_a_program_needs() -> None:
    client, node = served(labelled(build.holding(LIDVID, 1)))

    document = client.get(f"/products/{LIDVID}", headers={"Accept": "application/json"}).json()

    assert document["lidvid"] == LIDVID
    assert document["custody"]["index"] == 1
    assert document["custody"]["log"]["root"] == node.log.root.hex()
    assert [entry["path"] for entry in document["contents"]] == [
        "data/image_1.xml",
        "data/image_1.csv",
    ]
    assert client.get(document["extract"]).status_code == 200
    assert client.get(document["custody"]["proof"]).status_code == 200


@pytest.mark.parametrize("name", ["Accept", "json"])
def test_headings_follow_the_language_but_the_document_does_not(name: str) -> None:
    product = build.product(LIDVID, footprints=(build.footprint(Point(123.4, -88.8)),))
    client, _ = served(build.holding(product, 1))
    suffix = ".json" if name == "json" else ""
    headers = {"Accept": "application/json"} if name == "Accept" else {}

    russian = client.get(f"/products/{LIDVID}{suffix}?lang=ru", headers=headers).json()
    english = client.get(f"/products/{LIDVID}{suffix}", headers=headers).json()

    assert russian == english
    assert english["footprints"][0]["shape"] == {"type": "point", "lon": 123.4, "lat": -88.8}
    assert "Хранение" in client.get(f"/products/{LIDVID}?lang=ru").text
