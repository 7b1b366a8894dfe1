"""Proofs: one file from which a stranger sees what a node took in, and what deceives nobody."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perilune.errors import NotFound, ProofFails
from perilune.ledger.log import Log
from perilune.ledger.note import Signer
from perilune.ledger.policy import Policy, policy_text
from perilune.ledger.proof import CheckedFile, check_files, make_proof, read_proof, verify_path
from perilune.ledger.tiles import MemoryTiles
from perilune.model import act
from perilune.model.act import CommitAct, Opening, PublishAct, ReleaseAct
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import Lifecycle, Releasability
from perilune.storage.digest import of_bytes

T = datetime(2026, 11, 22, 10, 27, 33, 42, UTC)
ID = Lidvid.parse("urn:ros:rssa:luna26:data:image::1.0")
SIGNER = Signer.generate("node.example/log")
POLICY = Policy.parse(policy_text(SIGNER.vkey))
LABEL, IMAGE = b"<Product_Observational/>", bytes(range(256)) * 10
MANIFEST = Manifest(
    ID,
    (
        FileEntry.of("data/image.xml", "label", of_bytes(LABEL)),
        FileEntry.of("data/raw/image.img", "file", of_bytes(IMAGE)),
    ),
)


def publish(manifest: Manifest = MANIFEST) -> PublishAct:
    return PublishAct(
        t=T,
        lidvid=ID,
        manifest=manifest.sha256,
        manifest_size=len(manifest.encode()),
        files=len(manifest.files),
        bytes=sum(entry.size for entry in manifest.files),
        delivery="cd" * 32,
        lifecycle=Lifecycle.RELEASED,
        releasability=Releasability.PUBLIC,
    )


def log_with(entry: bytes, *, before: int = 300, after: int = 20) -> Log:
    log = Log.create(MemoryTiles(), SIGNER, b"{}")
    log.append([b"{}"] * (before - 1))
    log.append([entry])
    log.append([b"{}"] * after)
    return log


def proof_of(
    entry: bytes | None = None,
    *,
    manifest: bytes = MANIFEST.encode(),
    opening: bytes | None = None,
) -> bytes:
    log = log_with(act.encode(publish()) if entry is None else entry)
    return make_proof(300, log, manifest=manifest, opening=opening)


def file_of(data: bytes, name: str = "image.img") -> CheckedFile:
    return CheckedFile(name, len(data), hashlib.sha256(data).hexdigest())


class TestOpenAct:
    def test_a_file_of_the_product_is_proved(self) -> None:
        proved = check_files(read_proof(proof_of()), POLICY, [file_of(IMAGE)])

        assert proved.act == publish()
        assert proved.manifest == MANIFEST
        assert proved.files == ("data/raw/image.img",)
        assert proved.index == 300
        assert proved.checkpoint.size == 321
        assert proved.signed_by == ("node.example/log",)

    def test_the_file_has_the_lines_of_the_format(self) -> None:
        log = log_with(act.encode(publish()))

        data = make_proof(300, log, manifest=MANIFEST.encode(), opening=None)

        head, _, checkpoint = data.decode().partition("\n\n")
        first, extra, index, *path = head.split("\n")
        assert first == "c2sp.org/tlog-proof@v1"
        assert json.loads(base64.b64decode(extra.removeprefix("extra "))) == {
            "entry": base64.b64encode(act.encode(publish())).decode(),
            "manifest": base64.b64encode(MANIFEST.encode()).decode(),
            "v": 1,
        }
        assert index == "index 300"
        assert [base64.b64decode(line) for line in path] == log.inclusion(300)
        assert checkpoint.encode() == log.head

    def test_the_only_entry_of_a_log_is_proved(self) -> None:
        log = Log.create(MemoryTiles(), SIGNER, act.encode(publish()))

        proof = read_proof(make_proof(0, log, manifest=MANIFEST.encode(), opening=None))

        assert proof.path == ()
        assert proof.verify(POLICY).act == publish()

    def test_reading_and_writing_give_the_same_bytes(self) -> None:
        data = proof_of()

        assert read_proof(data).encode() == data

    def test_there_is_no_proof_of_what_the_log_does_not_have(self) -> None:
        with pytest.raises(NotFound):
            make_proof(321, log_with(b"{}"), manifest=b"", opening=None)


class TestHiddenAct:
    OPENING = Opening("ef" * 32, publish())

    def commit(self, t: datetime = T) -> bytes:
        return act.encode(CommitAct(t=t, commitment=self.OPENING.commitment))

    def test_a_commitment_is_proved_with_its_opening(self) -> None:
        data = proof_of(self.commit(), opening=self.OPENING.encode())

        assert read_proof(data).encode() == data
        assert check_files(read_proof(data), POLICY, [file_of(IMAGE)]).act == publish()

    def test_a_commitment_proves_nothing_without_its_opening(self) -> None:
        with pytest.raises(ProofFails, match=r"step 3 of 5.*does not open it"):
            read_proof(proof_of(self.commit())).verify(POLICY)

    def test_an_opening_of_something_else_is_refused(self) -> None:
        other = Opening("00" * 32, publish()).encode()

        with pytest.raises(ProofFails, match=r"step 3 of 5.*committed"):
            read_proof(proof_of(self.commit(), opening=other)).verify(POLICY)

    def test_an_opening_of_another_time_is_refused(self) -> None:
        entry = self.commit(t=T + timedelta(microseconds=1))

        with pytest.raises(ProofFails, match=r"step 3 of 5.*10:27:33\.000042Z"):
            read_proof(proof_of(entry, opening=self.OPENING.encode())).verify(POLICY)

    def test_an_opening_beside_an_open_act_is_refused(self) -> None:
        with pytest.raises(ProofFails, match=r"step 3 of 5.*hides nothing"):
            read_proof(proof_of(opening=self.OPENING.encode())).verify(POLICY)

    def test_an_opening_of_another_kind_of_act_is_refused(self) -> None:
        opening = Opening("ef" * 32, ReleaseAct(t=T, delivery="cd" * 32))
        entry = act.encode(CommitAct(t=T, commitment=opening.commitment))

        with pytest.raises(ProofFails, match="step 3 of 5"):
            read_proof(proof_of(entry, opening=opening.encode())).verify(POLICY)


class TestDeceit:
    """Each step of docs/reference/formats.md, "Proof", fails alone, and says so."""

    def test_step_1_a_checkpoint_of_a_log_that_is_not_trusted(self) -> None:
        other = Policy.parse(policy_text(Signer.generate(SIGNER.name).vkey))

        with pytest.raises(ProofFails, match="step 1 of 5, the checkpoint: no signature"):
            read_proof(proof_of()).verify(other)

    def test_step_2_another_index(self) -> None:
        proof = replace(read_proof(proof_of()), index=301)

        with pytest.raises(ProofFails, match=r"step 2 of 5.*not entry 301 of the 321"):
            proof.verify(POLICY)

    def test_step_2_another_entry(self) -> None:
        other = act.encode(replace(publish(), delivery="ce" * 32))
        proof = replace(read_proof(proof_of()), entry=other)

        with pytest.raises(ProofFails, match="step 2 of 5"):
            proof.verify(POLICY)

    def test_step_3_an_entry_that_publishes_nothing(self) -> None:
        entry = act.encode(ReleaseAct(t=T, delivery="cd" * 32))

        with pytest.raises(ProofFails, match=r"step 3 of 5.*something else"):
            read_proof(proof_of(entry)).verify(POLICY)

    def test_step_3_an_act_whose_lidvid_is_none(self) -> None:
        entry = act.encode(publish()).replace(b"luna26", b"LUNA+6")

        with pytest.raises(ProofFails, match="step 3 of 5"):
            read_proof(proof_of(entry)).verify(POLICY)

    def test_step_4_another_manifest(self) -> None:
        other = Manifest(ID, MANIFEST.files[:1])
        proof = replace(read_proof(proof_of()), manifest=other.encode())

        with pytest.raises(ProofFails, match=f"step 4 of 5.*{other.sha256}"):
            proof.verify(POLICY)

    def test_step_4_a_manifest_of_another_product(self) -> None:
        other = Manifest(Lidvid.parse("urn:ros:rssa:luna26:data:other::1.0"), MANIFEST.files)
        data = proof_of(act.encode(publish(other)), manifest=other.encode())

        with pytest.raises(ProofFails, match=r"step 4 of 5.*manifest is of urn.*other::1\.0"):
            read_proof(data).verify(POLICY)

    @pytest.mark.parametrize("data", [b"", IMAGE[:-1], IMAGE + b"\0", b"\1" + IMAGE[1:]])
    def test_step_5_a_file_with_other_bytes(self, data: bytes) -> None:
        with pytest.raises(ProofFails, match=r"step 5 of 5.*image\.img has .* taken in: .*2,560"):
            check_files(read_proof(proof_of()), POLICY, [file_of(data)])

    def test_step_5_a_size_that_does_not_fit_its_digest(self) -> None:
        with pytest.raises(ProofFails, match="step 5 of 5"):
            check_files(read_proof(proof_of()), POLICY, [replace(file_of(IMAGE), size=1)])

    def test_no_bit_of_a_proof_can_be_turned_unseen(self) -> None:
        data = proof_of()
        seen = 0

        for place in range(0, len(data), 7):
            bent = data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]
            with pytest.raises(ProofFails):
                check_files(read_proof(bent), POLICY, [file_of(IMAGE)])
            seen += 1

        assert seen > 250

    def test_no_proof_can_be_cut_short_unseen(self) -> None:
        data = proof_of()

        for length in range(0, len(data), 11):
            with pytest.raises(ProofFails):
                check_files(read_proof(data[:length]), POLICY, [file_of(IMAGE)])


def extra_line(**members: object) -> str:
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return "extra " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "c2sp.org/tlog-proof@v2\nextra e30=\nindex 0\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=2, entry='', manifest='')}\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='')}\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='', manifest=1)}\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='', manifest='', opening=1)}\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='?', manifest='')}\nindex 0\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='', manifest='')}\nindex 00\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='', manifest='')}\nindex -1\n",
        f"c2sp.org/tlog-proof@v1\n{extra_line(v=1, entry='', manifest='')}\nindex 0\nAAAA\n",
    ],
)
def test_what_is_no_proof_is_refused(lines: str) -> None:
    with pytest.raises(ProofFails):
        read_proof(f"{lines}\ncheckpoint".encode())


class TestOnDisk:
    @pytest.fixture
    def delivery(self, tmp_path: Path) -> Path:
        (tmp_path / "data" / "raw").mkdir(parents=True)
        (tmp_path / "data" / "image.xml").write_bytes(LABEL)
        (tmp_path / "data" / "raw" / "image.img").write_bytes(IMAGE)
        return tmp_path

    def test_a_file_is_proved_whatever_its_name(self, delivery: Path) -> None:
        renamed = (delivery / "data/raw/image.img").rename(delivery / "renamed")

        assert verify_path(renamed, proof_of(), POLICY).files == ("data/raw/image.img",)

    def test_a_delivery_is_proved_with_all_files(self, delivery: Path) -> None:
        both = ("data/image.xml", "data/raw/image.img")

        assert verify_path(delivery, proof_of(), POLICY).files == both

    def test_a_flat_folder_is_proved_with_all_files(self, tmp_path: Path) -> None:
        (tmp_path / "image.xml").write_bytes(LABEL)
        (tmp_path / "image.img").write_bytes(IMAGE)

        assert len(verify_path(tmp_path, proof_of(), POLICY).files) == 2

    def test_a_folder_that_lacks_a_file_is_refused(self, delivery: Path) -> None:
        (delivery / "data/raw/image.img").unlink()

        with pytest.raises(ProofFails, match=r"step 5 of 5.*data/raw/image\.img"):
            verify_path(delivery, proof_of(), POLICY)

    def test_a_folder_with_a_changed_file_is_refused(self, delivery: Path) -> None:
        (delivery / "data/image.xml").write_bytes(LABEL + b"\n")

        with pytest.raises(ProofFails, match=r"step 5 of 5.*data/image\.xml has 25 bytes"):
            verify_path(delivery, proof_of(), POLICY)
