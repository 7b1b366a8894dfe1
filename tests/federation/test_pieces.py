"""Large files come in pieces from several sources, and are gone on with after any break."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from perilune.errors import NoSpace, NotFound, PeerUnreachable, PeriluneError, ProofFails
from perilune.federation import pieces
from perilune.federation.pieces import Wanted, complete
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry
from perilune.storage import digest

MIB = 1 << 20
CONTENT = Random(5).randbytes(21 * MIB + 12_345)
FOUND = digest.of_bytes(CONTENT)
ENTRY = FileEntry.of("data/large.img", "file", FOUND)
PRODUCT = Lidvid.parse("urn:ros:rssa:mission:data:large::1.0")


class Served:
    """Gives spans of a content, and remembers which."""

    def __init__(self, name: str, content: bytes = CONTENT, breaks_at: int = 1 << 60) -> None:
        self.name, self.content, self.breaks_at = name, content, breaks_at
        self.given: list[tuple[int, int]] = []
        self.lock = threading.Lock()

    def get(self, path: str, most: int) -> bytes:
        raise NotFound(f"{path} {most}")

    def frames(self, question: bytes, most: int) -> bytes:
        raise NotFound(f"{question!r} {most}")

    @contextmanager
    def span(self, path: str, start: int, stop: int, size: int) -> Iterator[Iterator[bytes]]:
        assert path == "/objects/urn:ros:rssa:mission:data:large::1.0/data%2Flarge.img"
        assert size == len(CONTENT)
        with self.lock:
            self.given.append((start, stop))
        yield self._runs(start, stop)

    def _runs(self, start: int, stop: int) -> Iterator[bytes]:
        for place in range(start, stop, 100_000):
            if place >= self.breaks_at:
                raise PeerUnreachable(f"{self.name} breaks at {place}")
            yield self.content[place : min(place + 100_000, stop)]


def wanted(tmp_path: Path) -> Wanted:
    return Wanted(ENTRY, PRODUCT, tmp_path / "part")


def false_at(place: int) -> bytes:
    return CONTENT[:place] + bytes([CONTENT[place] ^ 1]) + CONTENT[place + 1 :]


def covered(sources: list[Served]) -> int:
    return sum(stop - start for source in sources for start, stop in source.given)


def test_the_whole_is_what_the_manifest_names_and_each_byte_is_asked_for_once(
    tmp_path: Path,
) -> None:
    sources = [Served("owner"), Served("other")]

    found = complete(wanted(tmp_path), sources)

    assert found == FOUND
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert covered(sources) == len(CONTENT)
    assert all(source.given for source in sources)


def test_a_source_with_a_false_piece_is_dropped_and_the_other_gives_what_it_owed(
    tmp_path: Path,
) -> None:
    sources = [Served("owner"), Served("other", false_at(9 * MIB))]

    assert complete(wanted(tmp_path), sources) == FOUND
    assert covered(sources) <= len(CONTENT) + pieces.AT_ONCE * 4 * MIB


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        (Served("owner", false_at(9 * MIB + 1)), ProofFails, f"owner: bytes {9 * MIB} to"),
        (Served("owner", breaks_at=6 * MIB), PeerUnreachable, "owner breaks at"),
        (Served("owner", CONTENT[: 7 * MIB]), PeerUnreachable, "owner broke off data/large.img"),
    ],
    ids=["false", "breaks", "short"],
)
def test_with_no_source_left_the_error_names_it_and_what_came_stays(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: Served,
    error: type[PeriluneError],
    told: str,
) -> None:
    monkeypatch.setattr(pieces, "AT_ONCE", 1)  # else a later range may break before any came
    with pytest.raises(error, match=told):
        complete(wanted(tmp_path), [source])

    second = Served("second")
    assert complete(wanted(tmp_path), [second]) == FOUND
    assert covered([second]) < len(CONTENT)


def test_only_what_is_not_right_is_asked_for_again(tmp_path: Path) -> None:
    kept = bytearray(CONTENT)
    kept[3 * MIB + 7] ^= 1
    kept[20 * MIB :] = b""
    (tmp_path / "part").write_bytes(kept)
    source = Served("owner")

    assert complete(wanted(tmp_path), [source]) == FOUND
    assert sorted(source.given) == [(3 * MIB, 4 * MIB), (20 * MIB, len(CONTENT))]


def test_of_a_piece_that_had_begun_to_come_only_the_rest_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Served("owner", breaks_at=2 * MIB + 300_000)
    monkeypatch.setattr(pieces, "AT_ONCE", 1)  # else a later range breaks before the first
    with pytest.raises(PeerUnreachable):
        complete(wanted(tmp_path), [broken])
    source = Served("owner")

    assert complete(wanted(tmp_path), [source]) == FOUND

    starts = sorted(start for start, _ in source.given)
    assert 2 * MIB < starts[0] <= 2 * MIB + 400_000
    assert covered([source]) < len(CONTENT) - 2 * MIB


def test_a_false_beginning_of_a_piece_is_nobody_elses_fault(tmp_path: Path) -> None:
    with (tmp_path / "part").open("wb") as part:
        part.write(b"x" * 8_192)
    source = Served("owner")

    assert complete(wanted(tmp_path), [source]) == FOUND
    assert {start for start, _ in source.given} >= {0, 8_192}


def test_a_part_that_is_longer_than_the_file_is_cut(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(CONTENT + b"more")
    source = Served("owner")

    assert complete(wanted(tmp_path), [source]) == FOUND
    assert source.given == []
    assert (tmp_path / "part").stat().st_size == len(CONTENT)


def test_what_a_source_gives_beyond_its_range_is_not_written(tmp_path: Path) -> None:
    class Generous(Served):
        def _runs(self, start: int, stop: int) -> Iterator[bytes]:
            yield self.content[start:stop] + bytes(MIB)

    assert complete(wanted(tmp_path), [Generous("owner")]) == FOUND
    assert hashlib.sha256((tmp_path / "part").read_bytes()).hexdigest() == FOUND.sha256


def test_a_full_disk_is_told_and_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pieces.os, "pwrite", full)

    with pytest.raises(NoSpace):
        complete(wanted(tmp_path), [Served("owner"), Served("other")])
