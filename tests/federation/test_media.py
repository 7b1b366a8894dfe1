"""What is published travels by disk, verified as over the network, and a receipt comes back."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perilune.access.policy import OPERATOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import PeerUnreachable, PeerUntrusted, WrongUsage
from perilune.federation.bagging import export
from perilune.federation.custody import Counts
from perilune.federation.folder import GIVEN, SEEN, Peers
from perilune.federation.importing import import_medium, import_receipt, receipt_for
from perilune.federation.replica import State
from perilune.model.product import Releasability
from perilune.node import Node

from .scene import Served, befriend, hand_in, kept_of, make, pull, served, write


def total(node: Node) -> int:
    return search(Query(limit=0), node, OPERATOR).total


def carried(owner: Served, tmp_path: Path) -> Path:
    export(owner.node, tmp_path / "disk")
    return tmp_path / "disk"


def test_a_disk_brings_what_the_network_would_have_brought(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    hand_in(owner.node, write(tmp_path / "large", ["large"], seed=4, large=9 << 20))
    disk = carried(owner, tmp_path)
    asked = len(owner.asked)

    done = import_medium(disk, copier)

    assert done.counts == Counts(published=4, held=4)
    assert done.is_undisputed
    assert len(owner.asked) == asked, "nobody was asked over the network"
    for theirs in search(Query(limit=10), owner.node, OPERATOR).hits:
        ours = find(str(theirs.product.id), copier, OPERATOR)
        assert (ours.manifest, ours.product) == (theirs.manifest, theirs.product)
    assert kept_of(copier, owner.node).parts() == []
    assert pull(copier, owner).copied == 0


def test_a_bag_is_one_for_other_tools(owner: Served, tmp_path: Path) -> None:
    disk = carried(owner, tmp_path)

    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        command = ["sha256sum", "--check", "--strict", "--quiet", manifest]
        subprocess.run(command, cwd=disk, check=True)
    lines = (disk / "manifest-sha256.txt").read_text().splitlines()
    listed = {line.partition("  ")[2] for line in lines}
    there = {str(path.relative_to(disk)) for path in (disk / "data").rglob("*") if path.is_file()}
    assert listed == there
    assert (disk / "bagit.txt").read_text().startswith("BagIt-Version: 1.0\n")
    count = sum((disk / name).stat().st_size for name in there)
    assert f"Payload-Oxum: {count}.{len(there)}\n" in (disk / "bag-info.txt").read_text()


def test_exporting_and_importing_again_changes_nothing(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    disk = carried(owner, tmp_path)
    import_medium(disk, copier)
    size = copier.log.size
    times = {path: path.stat().st_mtime_ns for path in (disk / "data").rglob("*")}

    export(owner.node, disk)
    again = import_medium(disk, copier)

    assert (again.copied, copier.log.size) == (0, size)
    assert {path: path.stat().st_mtime_ns for path in (disk / "data").rglob("*")} == times


def test_only_what_a_receipt_does_not_cover_is_written(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    import_medium(carried(owner, tmp_path), copier)
    covered = owner.node.log.size
    hand_in(owner.node, write(tmp_path / "second", ["four"], seed=2))

    done = export(owner.node, tmp_path / "next", covered)
    taken = import_medium(tmp_path / "next", copier)

    assert done.products == 1
    assert (taken.copied, taken.counts) == (1, Counts(published=4, held=4))


def test_a_receipt_that_is_carried_back_is_kept(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        import_medium(carried(owner, tmp_path), copier)
        file = tmp_path / "receipt.json"
        file.write_bytes(receipt_for(Peers.of(copier).named("owner"), copier))

        found = import_receipt(file, owner.node)

        assert other.asked == ["/federation/node", "/log/checkpoint"], "pinned, then never asked"
    assert found.counts == Counts(published=3, held=3)
    kept = kept_of(owner.node, copier)
    assert kept.note(GIVEN) is not None
    assert kept.note(SEEN) is not None
    assert import_receipt(file, owner.node) == found


def test_a_false_receipt_is_refused(owner: Served, copier: Node, tmp_path: Path) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
    import_medium(carried(owner, tmp_path), copier)
    file = tmp_path / "receipt.json"
    good = json.loads(receipt_for(Peers.of(copier).named("owner"), copier))

    file.write_text(json.dumps(good | {"custody": good["custody"].replace('"held":3', '"held":4')}))
    with pytest.raises(PeerUntrusted):
        import_receipt(file, owner.node)
    for other_text in ("", "[]", "{}", '{"v":1,"kind":"custody-returned"}', "[" * 60_000):
        file.write_text(other_text)
        with pytest.raises(WrongUsage, match="no receipt"):
            import_receipt(file, owner.node)
    assert kept_of(owner.node, copier).note(GIVEN) is None


def test_what_is_not_public_is_not_on_the_disk(owner: Served, tmp_path: Path) -> None:
    folder = write(tmp_path / "secret", ["kept_at_home"], seed=3)
    hand_in(owner.node, folder, releasability=Releasability.NATIONAL)

    disk = carried(owner, tmp_path)

    for path in disk.rglob("*"):
        assert "kept_at_home" not in path.name
        assert not path.is_file() or b"kept_at_home" not in path.read_bytes(), path


def image(disk: Path, name: str) -> Path:
    [found] = disk.rglob(f"*{name}.img")
    return found


def test_damage_on_the_way_is_an_exception_and_hinders_no_other(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    disk = carried(owner, tmp_path)
    content = bytearray(image(disk, "two").read_bytes())
    content[5] ^= 1
    image(disk, "two").write_bytes(content)
    image(disk, "three").unlink()

    done = import_medium(disk, copier)

    assert {str(each.lidvid).split(":")[5]: each.why for each in done.excepted} == {
        "two": State.WRONG_BYTES,
        "three": State.UNAVAILABLE,
    }
    assert total(copier) == 1
    export(owner.node, disk)
    assert import_medium(disk, copier).counts == Counts(published=3, held=3)


def test_a_hostile_disk_leads_nowhere(owner: Served, copier: Node, tmp_path: Path) -> None:
    disk = carried(owner, tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(image(disk, "one").read_bytes())
    image(disk, "one").unlink()
    shutil.copy(image(disk, "two"), tmp_path / "kept")
    place = next(iter((disk / "data" / "objects").glob("*one*")))
    (place / "data+2Fone.img").symlink_to(secret)
    fifo = image(disk, "two")
    fifo.unlink()
    os.mkfifo(fifo)

    done = import_medium(disk, copier)

    assert {each.why for each in done.excepted} == {State.UNAVAILABLE}
    assert total(copier) == 1


def test_a_log_on_a_disk_that_was_changed_is_refused(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    disk = carried(owner, tmp_path)
    bundle = next((disk / "data" / "log" / "tile" / "entries").rglob("[0-9]"))
    bundle.write_bytes(bundle.read_bytes().replace(b'"files":2', b'"files":3'))

    with pytest.raises(PeerUntrusted):
        import_medium(disk, copier)

    assert total(copier) == 0
    bundle.unlink()
    with pytest.raises((PeerUntrusted, PeerUnreachable)):
        import_medium(disk, copier)


def test_a_disk_of_a_stranger_is_refused(owner: Served, tmp_path: Path) -> None:
    stranger = make(tmp_path, "stranger", "urn:esa:psa")

    with pytest.raises(WrongUsage, match="no peer"):
        import_medium(carried(owner, tmp_path), stranger)
    with pytest.raises(WrongUsage, match="not what perilune export writes"):
        import_medium(tmp_path, stranger)
    stranger.close()
