"""Products as zip files, checked with the zip reader of Python and with ``sha256sum``."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from perilune.access.export import zip_of_many
from perilune.errors import Damaged
from perilune.model.product import Holding
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep

IMAGE = bytes(range(256)) * 9000  # three pieces
FILES = {"data/image_1.img": IMAGE, "data/ünï code.txt": b"", "data/sub/SHA256SUMS": b"x\n"}


def kept(*holdings: Holding) -> Node:
    node = Node.in_memory()
    keep(node, *holdings, contents=(*FILES.values(), b"other"))
    return node


def test_the_zip_has_the_size_announced_and_every_file_at_its_path() -> None:
    holding = build.holding(files=FILES)

    size, stream = zip_of_many((holding,), kept(holding))
    data = b"".join(stream)

    assert len(data) == size
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        assert made.testzip() is None
        assert [info.filename for info in made.infolist()] == [
            *(entry.path for entry in holding.manifest.files),
            "SHA256SUMS",
        ]
        assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}
        assert {path: made.read(path) for path in FILES} == FILES


def test_sha256sum_confirms_every_file_of_the_zip(tmp_path: Path) -> None:
    holding = build.holding(files=FILES)
    _, stream = zip_of_many((holding,), kept(holding))
    with zipfile.ZipFile(io.BytesIO(b"".join(stream))) as made:
        made.extractall(tmp_path)

    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert checked.stdout.count(": OK") == len(holding.manifest.files)


def test_a_file_of_two_products_is_there_once_and_a_clash_is_set_apart() -> None:
    first = build.holding("urn:nasa:pds:luna:data:a::1.0", 1, files={"x.txt": b"x\n"})
    same = build.holding("urn:nasa:pds:luna:data:b::1.0", 2, files={"x.txt": b"x\n"})
    other = build.holding("urn:nasa:pds:luna:data:c::1.0", 3, files={"x.txt": b"other"})

    size, stream = zip_of_many((first, same, other), kept(first, same, other))
    data = b"".join(stream)

    assert len(data) == size
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        assert made.namelist() == [
            "data/a.xml",
            "x.txt",
            "data/b.xml",
            "urn_nasa_pds_luna_data_c__1.0/data/c.xml",
            "urn_nasa_pds_luna_data_c__1.0/x.txt",
            "SHA256SUMS",
        ]
        assert made.read("urn_nasa_pds_luna_data_c__1.0/x.txt") == b"other"


def test_a_product_that_lacks_a_file_gives_no_zip_at_all() -> None:
    holding = build.holding(files={"data/gone.img": b"never stored"})

    with pytest.raises(Damaged, match=r"data/gone.img: the archive lacks object"):
        zip_of_many((holding,), kept(holding))
