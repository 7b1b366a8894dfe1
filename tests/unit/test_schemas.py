"""Pinned schemas: imported whole or refused, kept apart by content, found by address.

Independent reference for catalogs: OASIS XML Catalogs 1.1, sections 7.1.2 and 7.2.2.
"""

import hashlib
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from perilune import config
from perilune.cli import main
from perilune.errors import Damaged, OutboundRefused, WrongUsage
from perilune.validation.schemas import Kind, Pinned, Schemas, Unresolved, archive
from perilune.validation.schemas.store import Store

ADDRESS = "https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1Q00.xsd"
SCHEMATRON = b'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"/>'


def xsd(namespace: str = "http://pds.nasa.gov/pds4/pds/v1", version: str = "1.26.0.0") -> bytes:
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{namespace}"'
        f' version="{version}"/>'
    ).encode()


def tar(path: Path, files: dict[str, bytes], mode: str = "w:xz") -> Path:
    with tarfile.open(path, mode) as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def schemas(tmp_path: Path) -> Schemas:
    return Schemas.open(tmp_path / "schemas")


def found(told: Pinned | Unresolved) -> Pinned:
    assert isinstance(told, Pinned), told
    return told


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_is_imported_as_it_is(schemas: Schemas, tmp_path: Path, mode: str) -> None:
    source = tar(
        tmp_path / "a.tar", {"./pds/A.xsd": xsd(), "./pds/A.sch": SCHEMATRON, "R.md": b"#"}, mode
    )

    imported = schemas.add(source)

    assert [(each.name, each.kind) for each in imported.added] == [
        ("A.xsd", Kind.XSD),
        ("A.sch", Kind.SCHEMATRON),
    ]
    assert imported.added[0].origin == "a.tar:pds/A.xsd"
    assert imported.added[0].version == "1.26.0.0"


def test_a_zip_archive_a_folder_and_a_file_are_imported_too(
    schemas: Schemas, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("x/A.xsd", xsd(version="1"))
    folder = tmp_path / "folder" / "deep"
    folder.mkdir(parents=True)
    (folder / "B.xsd").write_bytes(xsd(version="2"))
    (folder / "linked.xsd").symlink_to(folder / "B.xsd")
    (tmp_path / "C.XSD").write_bytes(xsd(version="3"))

    for source in (tmp_path / "a.zip", tmp_path / "folder", tmp_path / "C.XSD"):
        schemas.add(source)

    assert [each.name for each in schemas.entries] == ["A.xsd", "B.xsd", "C.XSD"]


def test_importing_again_adds_nothing(schemas: Schemas, tmp_path: Path) -> None:
    source = tar(tmp_path / "a.tar", {"A.xsd": xsd()})
    schemas.add(source)

    again = schemas.add(source)

    assert (again.added, again.known) == ((), 1)
    assert Store(schemas.folder).entries == schemas.entries


def test_what_is_no_schema_is_refused_and_named(schemas: Schemas, tmp_path: Path) -> None:
    source = tar(
        tmp_path / "a.tar",
        {
            "bad.xsd": b"<a",
            "other.sch": b"<html/>",
            "dtd.xsd": b"<!DOCTYPE a><a/>",
            "ok.xsd": xsd(),
        },
    )

    imported = schemas.add(source)

    assert [path for path, _ in imported.refused] == [
        "a.tar:bad.xsd",
        "a.tar:other.sch",
        "a.tar:dtd.xsd",
    ]
    assert [each.name for each in schemas.entries] == ["ok.xsd"]


def test_links_and_devices_of_an_archive_are_left_alone(schemas: Schemas, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as made:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo("a.xsd")
            member.type, member.linkname = kind, "/etc/passwd"
            made.addfile(member)

    assert schemas.add(path).added == ()


def test_a_bomb_is_refused(
    schemas: Schemas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1 << 20)
    path = tar(tmp_path / "a.tar", {"zeros.bin": bytes(2 << 20), "A.xsd": xsd()})

    with pytest.raises(WrongUsage, match="unpacks to more than"):
        schemas.add(path)


def test_a_header_that_claims_gigabytes_is_refused(schemas: Schemas, tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 4 << 30
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20)))

    with pytest.raises(WrongUsage, match="cannot be read as an archive"):
        schemas.add(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04garbage", b"\xfd7zXZ\x00\x00", b"\x1f\x8bxx"])
def test_an_archive_that_is_none_is_named(schemas: Schemas, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(data)

    with pytest.raises(WrongUsage, match=r"a\.tar cannot be read"):
        schemas.add(path)


def test_spellings_of_an_address_lead_to_one_content(schemas: Schemas, tmp_path: Path) -> None:
    schemas.add(tar(tmp_path / "a.tar", {"PDS4_PDS_1Q00.xsd": xsd()}))

    for address in (ADDRESS, ADDRESS.replace("https", "http"), "pds4_pds_1q00.XSD"):
        pinned = found(schemas.resolve(address, None))
        assert pinned.sha256 == hashlib.sha256(xsd()).hexdigest()
        assert pinned.why == "pinned under this file name"


def test_of_several_contents_the_namespace_decides_then_the_first(
    schemas: Schemas, tmp_path: Path
) -> None:
    files = {"a/X.xsd": xsd("u:a"), "b/X.xsd": xsd("u:b"), "c/X.xsd": xsd("u:b", "2")}
    schemas.add(tar(tmp_path / "a.tar", files))

    of_b = found(schemas.resolve("X.xsd", None, namespace="u:b"))
    of_none = found(schemas.resolve("X.xsd", None, namespace="u:c"))

    assert schemas.read(of_b) == files["b/X.xsd"]
    assert (
        of_b.why == "3 contents are pinned under this file name; this one is of the namespace u:b"
    )
    assert schemas.read(of_none) == files["a/X.xsd"]
    assert of_none.why == "3 contents are pinned under this file name; this one was pinned first"


def test_a_file_beside_the_label_comes_before_the_store(schemas: Schemas, tmp_path: Path) -> None:
    schemas.add(tar(tmp_path / "a.tar", {"X.xsd": xsd("u:a")}))
    label = tmp_path / "bundle" / "label.xml"
    label.parent.mkdir()
    (label.parent / "X.xsd").write_bytes(xsd("u:b"))

    for address in ("X.xsd", "./X.xsd", (label.parent / "X.xsd").as_uri()):
        assert found(schemas.resolve(address, label)).namespace == "u:b"
    assert found(schemas.resolve("https://a.b/X.xsd", label)).namespace == "u:a"


def test_a_file_that_is_no_schema_is_never_quoted(schemas: Schemas, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:x:0:0")
    (tmp_path / "secret.xsd").write_text("root:x:0:0")

    for name in ("secret", "secret.xsd"):
        told = schemas.resolve(name, tmp_path / "label.xml")
        assert isinstance(told, Unresolved)
        assert "root" not in told.reason


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "\x00",
        "https://",
        "http://[::1",
        "file://host/x.xsd",
        "data:,x",
        "a" * 10_000 + ".xsd",
    ],
)
def test_what_is_no_address_leads_nowhere(schemas: Schemas, tmp_path: Path, address: str) -> None:
    assert isinstance(schemas.resolve(address, tmp_path / "label.xml"), Unresolved)


def catalog(path: Path, inside: str, base: str = "") -> Path:
    path.write_text(
        '<!DOCTYPE catalog PUBLIC "-//OASIS//DTD XML Catalogs V1.1//EN" "http://x.y/catalog.dtd">'
        f'<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"{base}>{inside}</catalog>'
    )
    return path


@pytest.mark.parametrize(
    "entry",
    [
        '<uri name="{address}" uri="in/X.xsd"/>',
        '<system systemId="{address}" uri="in/X.xsd"/>',
        '<system systemId="http://pds.nasa.gov/pds4//pds/v1/PDS4_PDS_1Q00.xsd" uri="in/X.xsd"/>',
        '<group xml:base="in/"><uri name="{address}" uri="X.xsd"/></group>',
        """<rewriteURI uriStartString="https://pds.nasa.gov/" rewritePrefix="no/"/>
           <rewriteURI uriStartString="https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_"
                       rewritePrefix="in/Y_"/>""",
        """<rewriteSystem systemIdStartString="https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_"
                          rewritePrefix="in/Y_"/>""",
        '<uriSuffix uriSuffix="PDS4_PDS_1Q00.xsd" uri="in/X.xsd"/>',
        '<delegateURI uriStartString="https://pds" catalog="other.xml"/>',
        '<nextCatalog catalog="this.xml"/><nextCatalog catalog="other.xml"/>',
    ],
)
def test_catalogs_map_addresses_to_files(schemas: Schemas, tmp_path: Path, entry: str) -> None:
    (tmp_path / "in").mkdir()
    for name in ("X.xsd", "Y_1Q00.xsd"):
        (tmp_path / "in" / name).write_bytes(xsd("u:in"))
    catalog(tmp_path / "other.xml", f'<uri name="{ADDRESS}" uri="in/X.xsd"/>')
    first = catalog(tmp_path / "this.xml", entry.format(address=ADDRESS))

    assert found(schemas.resolve(ADDRESS, None, catalogs=(first,))).namespace == "u:in"


def test_a_catalog_leads_to_no_other_machine(schemas: Schemas, tmp_path: Path) -> None:
    path = catalog(tmp_path / "c.xml", f'<uri name="{ADDRESS}" uri="http://10.0.0.1/X.xsd"/>')

    told = schemas.resolve(ADDRESS, None, catalogs=(path,))

    assert isinstance(told, Unresolved)
    assert "http://10.0.0.1/X.xsd" in told.reason


def test_a_catalog_that_cannot_be_read_is_named(schemas: Schemas, tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_text("<catalog")

    for name in ("c.xml", "absent.xml"):
        with pytest.raises(WrongUsage, match=name):
            schemas.resolve(ADDRESS, None, catalogs=(tmp_path / name,))


def fetching(folder: Path, answer: Callable[[str], bytes]) -> Schemas:
    return Schemas(Store(folder), ("pds.nasa.gov",), answer)


def test_what_is_not_pinned_is_fetched_once_and_by_https(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(address: str) -> bytes:
        asked.append(address)
        return xsd()

    plain = ADDRESS.replace("https", "http")
    first = found(fetching(tmp_path, answer).resolve(plain, None))
    again = found(Schemas.open(tmp_path).resolve(ADDRESS, None))

    assert asked == [ADDRESS]
    assert first.why == "fetched from this address"
    assert again.why == "pinned from this address"
    assert first.sha256 == again.sha256


def test_what_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    def refuse(address: str) -> bytes:
        raise OutboundRefused(f"not on the list of machines to be reached: {address}")

    told = fetching(tmp_path, refuse).resolve(ADDRESS, None)
    page = fetching(tmp_path, lambda _: b"<html/>").resolve(ADDRESS, None)

    assert isinstance(told, Unresolved)
    assert "not on the list" in told.reason
    assert isinstance(page, Unresolved)
    assert Schemas.open(tmp_path).entries == []


def test_without_hosts_nothing_is_asked_for(schemas: Schemas) -> None:
    told = schemas.resolve(ADDRESS, None)

    assert told == Unresolved(ADDRESS, "it is not among the pinned schemas")


def test_another_process_opens_its_own(tmp_path: Path) -> None:
    schemas = Schemas.open(tmp_path, hosts=("pds.nasa.gov",))
    schemas.add(tar(tmp_path / "a.tar", {"A.xsd": xsd()}))

    opened = pickle.loads(pickle.dumps(schemas))

    assert opened.folder == schemas.folder
    assert found(opened.resolve("A.xsd", None)).name == "A.xsd"


def test_a_content_that_changed_is_not_used(schemas: Schemas, tmp_path: Path) -> None:
    schemas.add(tar(tmp_path / "a.tar", {"A.xsd": xsd()}))
    pinned = found(schemas.resolve("A.xsd", None))
    pinned.place.write_bytes(xsd(version="9"))

    with pytest.raises(Damaged, match=r"is not the A\.xsd that was pinned"):
        schemas.read(pinned)


def test_an_index_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("[{}]")

    with pytest.raises(Damaged, match=r"index\.json"):
        Schemas.open(tmp_path)


def test_the_command_adds_and_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERILUNE_NODE", raising=False)
    monkeypatch.setenv("PERILUNE_SCHEMAS", str(tmp_path / "mine"))
    source = tar(tmp_path / "a.tar", {"A.xsd": xsd(), "bad.sch": b"<a/>"})
    run = CliRunner().invoke

    added = run(main, ["schemas", "add", str(source), "--json"])
    listed = run(main, ["schemas", "list", "--json"])
    told = run(main, ["schemas", "list"])
    nothing = run(main, ["schemas", "add", str(tmp_path / "absent")])

    assert added.exit_code == 3
    assert [each["name"] for each in json.loads(added.stdout)["added"]] == ["A.xsd"]
    assert json.loads(added.stdout)["refused"][0]["path"] == "a.tar:bad.sch"
    assert listed.exit_code == 0
    assert json.loads(listed.stdout)["schemas"][0]["version"] == "1.26.0.0"
    assert "1 pinned in" in told.stdout
    assert nothing.exit_code == 2


def test_a_node_has_schemas_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "node"
    run = CliRunner().invoke
    run(main, ["init", str(node), "--name", "N", "--namespace", "urn:ros:rssa"])
    source = tar(tmp_path / "a.tar", {"A.xsd": xsd()})

    done = run(main, ["-n", str(node), "schemas", "add", str(source)])

    assert done.exit_code == 0
    assert Schemas.open(config.schemas_folder(node)).entries[0].name == "A.xsd"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.delenv("PERILUNE_SCHEMAS", raising=False)
    assert config.schemas_folder(None) == Path("/data/perilune/schemas")


def test_hosts_are_names_of_machines(tmp_path: Path) -> None:
    made = config.make("N", ("urn:ros:rssa",))
    config.save(made, tmp_path)
    text = (tmp_path / config.FILE).read_text()
    place = tmp_path / config.FILE

    place.write_text(text.replace("schema_hosts = []", 'schema_hosts = ["pds.nasa.gov"]'))
    assert config.load(tmp_path).schema_hosts == ("pds.nasa.gov",)
    place.write_text(text.replace("schema_hosts = []", 'schema_hosts = ["http://x/"]'))
    with pytest.raises(WrongUsage, match="schema_hosts"):
        config.load(tmp_path)
