"""What is taken away, of a product, a collection or a search, with the tools that people have."""

import hashlib
import html
import io
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import uvicorn
from starlette.testclient import TestClient

from perilune.access.layout import Placed
from perilune.access.scripts import TOOLS, Tool, script
from perilune.errors import BadQuestion
from perilune.ingest.delivery import Options, deliver
from perilune.mission.simulate import write_bundle
from perilune.model.package import FileEntry
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

COLLECTION = "urn:ros:rssa:luna26_simulated:data_raw"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def node(bundle: Path) -> Node:
    node = Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    assert deliver(bundle, node).is_complete
    return node


@pytest.fixture(scope="module")
def client(node: Node) -> TestClient:
    return TestClient(create_app(node))


def files_of(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as made:
        found = {each.name: made.extractfile(each) for each in made.getmembers()}
        return {name: data.read() for name, data in found.items() if data is not None}


def on_disk(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_search_comes_as_tar_and_zip_with_every_file_and_its_checksum(
    client: TestClient, bundle: Path
) -> None:
    tar, zipped = client.get("/extract/search.tar"), client.get("/extract/search.zip")

    found = files_of(tar.content)
    sums = found.pop("SHA256SUMS").decode().splitlines()
    assert found == on_disk(bundle)
    assert {line.partition("  ")[2]: line[:64] for line in sums} == {
        path: hashlib.sha256(data).hexdigest() for path, data in found.items()
    }
    assert int(tar.headers["content-length"]) == len(tar.content)
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as made:
        assert {name: made.read(name) for name in made.namelist() if name != "SHA256SUMS"} == found


def test_a_collection_comes_with_its_members_and_a_search_with_what_matches(
    client: TestClient, bundle: Path
) -> None:
    alone = files_of(client.get(f"/extract/{COLLECTION}.tar").content)
    members = files_of(client.get(f"/extract/{COLLECTION}.tar?members=true").content)

    raw = {path for path in on_disk(bundle) if path.startswith("data_raw/")}
    assert {path for path in alone if path != "SHA256SUMS"} == {
        path for path in raw if "collection" in path
    }
    assert {path for path in members if path != "SHA256SUMS"} == raw


def test_any_range_of_a_tar_is_that_part_of_the_whole(client: TestClient) -> None:
    whole = client.get("/extract/search.tar")
    size, etag = len(whole.content), whole.headers["etag"]

    for first in (0, 1, 511, 512, 700, size // 3, size - 2_000, size - 1):
        last = min(first + 70_001, size - 1)
        asked = {"Range": f"bytes={first}-{last}", "If-Range": etag}
        part = client.get("/extract/search.tar", headers=asked)
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    changed = {"Range": "bytes=5-", "If-Range": '"another"'}
    assert client.get("/extract/search.tar", headers=changed).content == whole.content
    assert client.get("/extract/search.tar", headers={"If-None-Match": etag}).status_code == 304
    beyond = client.get("/extract/search.tar", headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_tar_has_room_for_any_name_and_is_read_by_tar_itself(tmp_path: Path) -> None:
    files = {
        "data/" + "long/" * 40 + "name.img": b"1",
        "data/été лунный 月.txt": bytes(1_000),
        "data/empty.tab": b"",
    }
    node = Node.in_memory()
    keep(node, build.holding(files=files), contents=files.values())
    reply = TestClient(create_app(node)).get(f"/extract/{build.LIDVID}.tar")
    (tmp_path / "made.tar").write_bytes(reply.content)

    subprocess.run(["tar", "-xf", "made.tar"], cwd=tmp_path, check=True)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=True
    )

    assert {path: (tmp_path / path).read_bytes() for path in files} == files
    assert checked.stdout.count(b": OK") == 4


def test_nobody_takes_out_what_he_may_not_see(bundle: Path) -> None:
    node = Node.in_memory(namespaces=("urn:ros:rssa",))
    deliver(bundle, node, Options(releasability=Releasability.NATIONAL))
    keep(node, build.holding(index=node.log.size, files={"data/x": b"x"}), contents=(b"x",))
    client = TestClient(create_app(node))

    for form in ("tar", "zip", *TOOLS):
        found = client.get(f"/extract/search.{form}")
        assert found.status_code == 200
        assert b"luna26" not in found.content
        assert client.get(f"/extract/{COLLECTION}.{form}?members=true").status_code == 404


@pytest.mark.parametrize("page", ["/?q=raw", f"/products/{COLLECTION}", "/?q=raw&sort=title"])
def test_pages_offer_what_they_show_in_every_form(client: TestClient, page: str) -> None:
    shown = client.get(page, headers={"Accept": "text/html"}).text

    offered = [html.unescape(found) for found in re.findall(r'href="(/extract/[^"]+)"', shown)]
    forms = {re.sub(r"\?.*", "", each).rpartition(".")[2] for each in offered}
    assert forms == {"zip", "tar", *TOOLS}
    for each in offered:
        assert client.get(each).status_code == 200, each
    assert len(files_of(client.get(next(o for o in offered if ".tar" in o)).content)) > 3


def test_a_form_that_is_none_is_not_found(client: TestClient) -> None:
    assert client.get("/extract/search.rar").status_code == 404
    assert client.get(f"/extract/{COLLECTION}.rar").status_code == 404
    assert client.get("/extract/search.tar?q=nothinghasthisword").status_code == 404


@pytest.fixture(scope="module")
def served(node: Node) -> Iterator[str]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(node), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


COMMANDS: dict[Tool, list[str]] = {
    "curl": ["sh", "list"],
    "aria2": ["aria2c", "-q", "-c", "-V", "--auto-file-renaming=false", "-i", "list"],
    "meta4": ["aria2c", "-q", "-V", "-M", "list"],
    "py": [sys.executable, "-W", "error", "list"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_fetches_every_file_and_goes_on_after_it_was_broken_off(
    tool: Tool, served: str, bundle: Path, tmp_path: Path
) -> None:
    if shutil.which(COMMANDS[tool][0]) is None:
        pytest.skip(f"needs {COMMANDS[tool][0]}")
    fetched = subprocess.run(
        ["curl", "-fsS", f"{served}/extract/{COLLECTION}.{tool}?members=true"],
        capture_output=True,
        check=True,
    )
    (tmp_path / "list").write_bytes(fetched.stdout)
    wanted = {path: data for path, data in on_disk(bundle).items() if path.startswith("data_raw/")}
    image = "data_raw/stc_01_raw.img"
    (tmp_path / "data_raw").mkdir()
    if tool in ("curl", "py"):
        (tmp_path / f"{image}.part").write_bytes(wanted[image][:1_000])

    done = subprocess.run(COMMANDS[tool], cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    (tmp_path / "list").unlink()
    assert on_disk(tmp_path) == wanted


def test_a_script_refuses_a_file_that_is_not_what_it_should_be(served: str, tmp_path: Path) -> None:
    for tool in ("curl", "py"):
        address = f"{served}/extract/{COLLECTION}.{tool}"
        made = subprocess.run(["curl", "-fsS", address], capture_output=True, check=True).stdout
        wrong = re.sub(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", b"0" * 64, made)
        (tmp_path / "list").write_bytes(wrong)

        done = subprocess.run(COMMANDS[tool], cwd=tmp_path, capture_output=True, check=False)

        assert done.returncode != 0
        assert b"not what the node says it is" in done.stderr
        assert list(on_disk(tmp_path)) == ["list"]


HOSTILE = ("$(touch pwned).img", "a';touch pwned;'.img", '"""\nimport os', "<file>&.img", "-o.img")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_can_command_no_tool(name: str, tmp_path: Path) -> None:
    digests = {"sha256": hashlib.sha256(b"x").hexdigest()}
    entry = FileEntry(path=name, role="file", size=1, digests=digests)
    placed = Placed(name, entry, build.lidvid())
    nowhere = "http://127.0.0.1:9"
    if not name.isprintable():
        for tool in TOOLS:
            with pytest.raises(BadQuestion, match="cannot be written into a script"):
                script(tool, (placed,), nowhere)
        return
    (tmp_path / name).write_bytes(b"x")

    for tool in ("curl", "py"):
        (tmp_path / "list").write_text(script(tool, (placed,), nowhere), encoding="utf-8")
        done = subprocess.run(COMMANDS[tool], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr  # it is there already, under exactly this name
    [file] = ET.fromstring(script("meta4", (placed,), nowhere))
    assert file.attrib == {"name": name}
    assert script("aria2", (placed,), nowhere).count("\n") == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["list", name])
