"""Containers as honest tools write them: the same delivery whichever form it comes in."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune import config
from perilune.access.export import zip_of_many
from perilune.access.policy import OPERATOR
from perilune.access.search import search
from perilune.catalogue.query import Query
from perilune.errors import DeliveryRefused, NoSpace, WrongUsage
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.ingest.unpack.container import unpack
from perilune.ingest.unpack.limits import Kind, Limits, Refused
from perilune.ingest.unpack.names import Clash, Names, Unsafe, parts_of
from perilune.mission.simulate import write_bundle
from perilune.model.product import Releasability
from perilune.node import Node

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def as_folder(bundle: Path) -> tuple[Outcome, Node]:
    node = a_node()
    return deliver(bundle, node), node


def a_node() -> Node:
    return Node.in_memory(namespaces=("urn:ros:rssa",), releasability=Releasability.PUBLIC)


def manifests(node: Node) -> dict[str, str]:
    page = search(Query(limit=1_000), node, OPERATOR)
    return {str(hit.product.id): hit.manifest.encode().hex() for hit in page.hits}


def a_tar(bundle: Path, *options: str, top: bool = True) -> bytes:
    where = ["-C", str(bundle.parent), bundle.name] if top else ["-C", str(bundle), "."]
    return subprocess.run(["tar", "-c", *options, *where], check=True, capture_output=True).stdout


def a_zip(bundle: Path) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for path in sorted(bundle.rglob("*")):
            into.write(path, path.relative_to(bundle.parent))
    return made.getvalue()


class _Pipe(io.RawIOBase):
    """Takes bytes, and nobody can go back in it."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | memoryview", /) -> int:  # type: ignore[override]  # narrower
        self.taken += data
        return len(data)


def a_zip_through_a_pipe(bundle: Path) -> bytes:
    """Sizes follow the data, since they cannot be written before them."""
    made = _Pipe()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for path in sorted(bundle.rglob("*.*")):
            into.write(path, path.relative_to(bundle))
    return bytes(made.taken)


def our_own_extract(node: Node) -> bytes:
    _, stream = zip_of_many(search(Query(limit=1_000), node, OPERATOR).hits, node)
    return b"".join(stream)


FORMS: dict[str, Callable[[Path], bytes]] = {
    "tar": a_tar,
    "tar without a top folder": lambda bundle: a_tar(bundle, top=False),
    "v7 tar": lambda bundle: a_tar(bundle, "--format=v7"),
    "GNU tar": lambda bundle: a_tar(bundle, "--format=gnu"),
    "pax tar": lambda bundle: a_tar(bundle, "--format=pax"),
    "tar.gz": lambda bundle: gzip.compress(a_tar(bundle)),
    "tar.bz2": lambda bundle: bz2.compress(a_tar(bundle)),
    "tar.xz": lambda bundle: lzma.compress(a_tar(bundle)),
    "tar.zst": lambda bundle: zstd.compress(a_tar(bundle)),
    "zip": a_zip,
    "zip through a pipe": a_zip_through_a_pipe,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_bundle_is_the_same_delivery_in_every_form(
    form: str, bundle: Path, as_folder: tuple[Outcome, Node], tmp_path: Path
) -> None:
    first, node = as_folder
    container = tmp_path / "a name that tells nothing"
    container.write_bytes(FORMS[form](bundle))

    second = deliver(container, as_container := a_node())

    assert second.is_complete
    assert first.receipt is not None
    assert second.receipt is not None
    assert second.receipt.delivery == first.receipt.delivery
    assert second.receipt.counts == first.receipt.counts
    assert manifests(as_container) == manifests(node)


def test_what_was_taken_out_of_a_node_can_be_handed_in_again(
    as_folder: tuple[Outcome, Node],
) -> None:
    first, node = as_folder

    again = deliver(io.BytesIO(our_own_extract(node)), node)

    assert (again.held, again.refused) == (first.accepted, 0)


def test_a_container_is_read_from_a_stream_that_cannot_go_back(
    bundle: Path, tmp_path: Path
) -> None:
    for made in (a_zip(bundle), zstd.compress(a_tar(bundle))):
        (tmp_path / "made").write_bytes(made)
        with subprocess.Popen(["cat", tmp_path / "made"], stdout=subprocess.PIPE) as cat:
            assert isinstance(cat.stdout, io.BufferedReader)
            outcome = deliver(cat.stdout, a_node())

        assert outcome.is_complete, outcome.as_text()
        assert outcome.report.subject == "standard input"


def test_nothing_of_a_container_stays_in_quarantine_and_a_dead_one_is_swept(
    bundle: Path, tmp_path: Path
) -> None:
    settings = config.make("Here", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    node = Node.create(tmp_path / "node", settings)
    left = tmp_path / "node" / "quarantine" / "of-one-that-was-killed"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "data.img").touch()
    seen: list[list[str]] = []

    def looking(stage: str, _done: int, _total: int) -> None:
        if stage.startswith("unpacking"):
            seen.append(sorted(path.name for path in left.parent.iterdir()))

    outcome = deliver(io.BytesIO(a_tar(bundle)), node, Options(progress=looking))
    node.close()

    assert outcome.is_complete
    assert seen
    assert all(left.name not in names and len(names) == 2 for names in seen)
    assert [path.name for path in left.parent.iterdir()] == ["lock"]


def test_with_partial_the_files_beside_a_link_are_taken(bundle: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as into:
        into.add(bundle, "b")
        link = tarfile.TarInfo("b/data_raw/newest.img")
        link.type, link.linkname = tarfile.SYMTYPE, "stc_01_raw.img"
        into.addfile(link)
    node = a_node()

    refused = deliver(io.BytesIO(made.getvalue()), node)
    taken = deliver(io.BytesIO(made.getvalue()), node, Options(partial=True))

    assert refused.receipt is None
    [fault] = [each for each in refused.report.messages if each.severity == "error"]
    assert (fault.type, fault.path) == (Kind.NO_FILE, "data_raw/newest.img")
    assert "symbolic link" in fault.message
    assert taken.receipt is not None
    assert (taken.accepted, taken.refused) == (taken.receipt.counts.labels, 0)


def test_a_container_without_labels_and_a_file_that_is_none_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no label, no container")
    made = zstd.compress(a_tar(tmp_path))

    with pytest.raises(DeliveryRefused, match=r"no label .* in standard input"):
        deliver(io.BytesIO(made), a_node())
    with pytest.raises(WrongUsage, match="nor a tar or zip"):
        deliver(tmp_path / "notes.txt", a_node())
    unknown = deliver(io.BytesIO(b"no label, no container"), a_node())
    assert types(unknown) == [Kind.BROKEN]


def types(outcome: Outcome) -> list[str]:
    return [each.type for each in outcome.report.messages]


def refusal(made: bytes, tmp_path: Path, limits: Limits) -> Refused:
    with pytest.raises(Refused) as caught:
        unpack(io.BytesIO(made), tmp_path, lambda _size: None, limits)
    shutil.rmtree(tmp_path / "content")
    return caught.value


def test_each_limit_is_held(tmp_path: Path, bundle: Path) -> None:
    for made in (a_tar(bundle), zstd.compress(a_tar(bundle)), a_zip(bundle)):
        for limits, word in (
            (Limits(bytes=4_000_000), "bytes in the container"),
            (Limits(files=20), "files and folders"),
            (Limits(names=300), "bytes of names"),
        ):
            fault = refusal(made, tmp_path, limits)
            assert (fault.kind, word in fault.message) == (Kind.TOO_LARGE, True), fault.message


def test_growth_is_held_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(3 << 20))
    made = a_tar(tmp_path)
    into = tmp_path / "into"
    into.mkdir()

    few = Limits(ratio=20, ratio_from=1 << 20)
    for packed in (gzip.compress(made), zstd.compress(made), lzma.compress(made), a_zip(tmp_path)):
        assert "grows" in refusal(packed, into, few).message
    unpack(io.BytesIO(gzip.compress(made)), into, lambda _size: None, Limits(ratio=20))


def test_unpacking_leaves_room_on_the_disk(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(NoSpace, match="would fill the disk"):
        unpack(io.BytesIO(a_tar(bundle)), tmp_path, lambda _size: None, Limits(reserve=1 << 60))


def test_streams_packed_in_parts_are_one(tmp_path: Path, bundle: Path) -> None:
    made = a_tar(bundle)
    cut = len(made) // 3

    for pack in (gzip.compress, bz2.compress, lzma.compress, zstd.compress):
        skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00note" if pack is zstd.compress else b""
        parts = skippable + pack(made[:cut]) + pack(made[cut:])
        unpacked = unpack(io.BytesIO(parts), tmp_path, lambda _size: None, Limits())
        assert sorted(each.name for each in unpacked.root.iterdir()) == sorted(
            each.name for each in bundle.iterdir()
        )
        shutil.rmtree(tmp_path / "content")


@given(st.text(max_size=40))
def test_a_name_that_is_taken_stays_below_its_root(name: str) -> None:
    try:
        parts = parts_of(name.encode(errors="surrogatepass"), 32)
    except Unsafe:
        return

    root = Path("/a/root")
    assert Path(os.path.normpath(root.joinpath(*parts))) == root.joinpath(*parts)
    assert root.joinpath(*parts).is_relative_to(root)
    assert all(part.isprintable() and part not in ("", ".", "..") for part in parts)


@given(st.lists(st.text("aAéÉßs\u0301e/", min_size=1, max_size=5), max_size=12))
def test_of_names_that_some_system_takes_for_one_only_the_first_is_taken(names: list[str]) -> None:
    """As macOS folds them: in any case, in any normal form."""
    taken, kept = Names(), []
    for name in names:
        try:
            kept.append(taken.take_file(parts_of(name.encode(), 32)))
        except (Unsafe, Clash):
            continue

    folded = {
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", each).casefold()) for each in kept
    }
    assert len(folded) == len(kept)
    assert not any(other.startswith(f"{each}/") for each in kept for other in kept)
