"""A log that is shown in an old state as if it were the newest: the age of cosignatures tells."""

import json
import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.cli import main
from perilune.durable import sweep_parts
from perilune.errors import ProofFails
from perilune.federation.evidence import witnessed_proof_of
from perilune.federation.folder import Peers
from perilune.federation.status import status_of
from perilune.ledger.policy import Policy
from perilune.ledger.proof import verify_path
from perilune.node import Node
from perilune.preservation.health import examine

from .scene import OWNER, Served, befriend, pull, served


@pytest.mark.parametrize(("hours", "is_frozen"), [(71, False), (73, True)])
def test_both_sides_tell_when_nothing_newer_was_cosigned(
    owner: Served, copier: Node, hours: int, *, is_frozen: bool
) -> None:
    with served(copier) as other:
        pull(copier, owner)
        befriend(owner.node, other)
        pull(owner.node, other)
    later = owner.node.now() + timedelta(hours=hours)

    for node, name in ((owner.node, "copier"), (copier, "owner")):
        stand = status_of(Peers.of(node).named(name), node)
        told = [each for each in (stand.witnessed, stand.cosigned) if each is not None]
        assert [each.is_older(72, later) for each in told] == [is_frozen] * len(told)
        findings = {each.what: each for each in examine(replace(node, now=lambda: later))}
        assert findings[f"log of {name}"].is_well is not is_frozen
    assert findings["our log at owner"].detail == "never cosigned"
    found = {each.what: each for each in examine(replace(owner.node, now=lambda: later))}
    assert found["our log at copier"].is_well is not is_frozen


def test_the_command_says_frozen(owner: Served, copier: Node) -> None:
    pull(copier, owner)
    settings = copier.root / "node.toml"  # type: ignore[operator]
    assert "witness_hours = 72\n" in settings.read_text()
    note = Peers.of(copier).folder(owner.node.config.origin)
    old = copier.signer("witness").cosignature(
        owner.node.log.checkpoint.text, copier.now() - timedelta(hours=100)
    )
    note.keep("witnessed", owner.node.log.head + old.encode())

    done = CliRunner().invoke(main, ["-n", str(copier.root), "peer", "status", "--json"])

    [peer] = json.loads(done.stdout)["peers"]
    assert (peer["witnessed"], peer["cosigned"]["frozen"]) == (None, True)
    words = CliRunner().invoke(main, ["-n", str(copier.root), "peer", "status"]).stdout
    assert "older than 72 h, frozen?" in words


def test_a_third_party_refuses_a_proof_whose_witness_saw_the_log_too_long_ago(
    owner: Served, copier: Node, tmp_path: Path
) -> None:
    with served(copier) as other:
        befriend(owner.node, other)
        pull(copier, owner)
        pull(owner.node, other)
    holding = find(f"{OWNER}:mission:data:one", owner.node, OPERATOR)
    evidence, text = witnessed_proof_of(holding, owner.node)
    file = tmp_path / "one.xml"
    with owner.node.store.open(holding.manifest.label.sha256) as data:
        file.write_bytes(data.read())
    policy, now = Policy.parse(text), owner.node.now()

    assert verify_path(file, evidence, replace(policy, since=now - timedelta(hours=1))).files
    with pytest.raises(ProofFails, match="quorum peers is not reached: witnessed by nobody since"):
        verify_path(file, evidence, replace(policy, since=now + timedelta(hours=1)))

    (tmp_path / "proof").write_bytes(evidence)
    (tmp_path / "policy").write_text(text)
    (tmp_path / "alone").write_text((owner.node.root / "policy").read_text())  # type: ignore[operator]

    def verified(policy: str) -> int:
        words = ["verify", str(file), "--proof", str(tmp_path / "proof"), "--max-age", "2"]
        done = CliRunner().invoke(main, [*words, "--policy", str(tmp_path / policy)])
        return done.exit_code

    assert (verified("policy"), verified("alone")) == (0, 2)


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_stays(
    tmp_path: Path,
) -> None:
    old, new, kept = (
        tmp_path / name for name in (".a.receipt.part-00", ".b.receipt.part-11", "c.receipt")
    )
    for path in (old, new, kept):
        path.touch()
    for path in (old, kept):
        os.utime(path, (time.time() - 7200,) * 2)

    assert sweep_parts(tmp_path, older_s=3600) == 1

    assert sorted(tmp_path.iterdir()) == sorted([new, kept])
