"""The command line as scripts meet it: exit status, JSON alone on standard output, clear words."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from perilune.cli import COMMANDS, main
from perilune.mission.simulate import write_bundle

STRIP = "urn:ros:rssa:luna26_simulated:data_raw:stc_01_raw"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "bundle"
    write_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def node(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "node"
    assert init(root, "--releasability", "public").exit_code == 0
    assert perilune("deliver", bundle, "-n", root).exit_code == 0
    return root


def perilune(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def init(root: Path, *options: str) -> Result:
    return perilune("init", root, "--name", "A", "--namespace", "urn:ros:rssa", *options)


def json_of(*arguments: object) -> Any:
    result = perilune(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def error_of(*arguments: object) -> tuple[int, Any]:
    result = perilune(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)["error"]


def test_help_tells_every_command_as_the_command_tells_itself() -> None:
    text = perilune("--help").output

    for name, line in COMMANDS.items():
        assert line in text
        command = main.get_command(None, name)  # type: ignore[arg-type]  # needs no context
        assert command is not None
        assert command.get_short_help_str(100).rstrip(".") == line.rstrip(".")
        assert "Exit status" in perilune(name, "--help").output


def test_the_node_is_named_before_or_after_the_verb_or_by_the_environment(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = json_of("search", "-n", node, "--limit", 1)
    before = json.loads(perilune("-n", node, "search", "--limit", 1, "--json").stdout)
    monkeypatch.setenv("PERILUNE_NODE", str(node))

    assert after == before == json_of("search", "--limit", 1)


def test_search_answers_in_pages_that_neither_lose_nor_double(node: Path) -> None:
    seen: list[str] = []
    page = json_of("search", "-n", node, "--limit", 7)
    while True:
        seen += [each["lidvid"] for each in page["products"]]
        if page["next"] is None:
            break
        page = json_of("search", "-n", node, "--limit", 7, "--after", page["next"])

    assert page["total"] == len(seen) == len(set(seen)) == 38


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["strip"], 30),
        (["strip", "--level", "Raw"], 10),
        (["--lid", STRIP], 1),
        (["--lid", f"{STRIP}::1.0"], 1),
        (["--instrument", "Stereo Camera (simulated)", "--level", "Raw", "strip"], 10),
        (["--target", "Mars"], 0),
        (["--time", "2028-10-03T06:07/2028-10-03T06:08", "--level", "Raw", "strip"], 1),
        (["--time", "2029/"], 0),
        (["--site", "-89.9,0,5", "--level", "Raw"], 2),
        (["--site", "-80.5,-120,1"], 0),
        (["--all-versions"], 38),
    ],
)
def test_each_option_narrows(node: Path, options: list[str], found: int) -> None:
    assert json_of("search", "-n", node, "--limit", 0, *options)["total"] == found


def test_a_product_is_taken_out_proved_and_a_changed_byte_is_noticed(
    node: Path, bundle: Path, tmp_path: Path
) -> None:
    files = json_of("get", STRIP, "-n", node, "-o", tmp_path / "out")["files"]
    proof, policy = tmp_path / "p.tlog-proof", tmp_path / "policy"
    json_of("proof", STRIP, "-n", node, "-o", proof, "--policy", policy)
    evidence = ["--proof", proof, "--policy", policy]

    assert {Path(each).name for each in files} == {"stc_01_raw.xml", "stc_01_raw.img"}
    for each in files:
        source = bundle / Path(each).relative_to(tmp_path / "out")
        assert Path(each).read_bytes() == source.read_bytes()
    verified = json_of("verify", tmp_path / "out", *evidence)
    assert verified["lidvid"] == f"{STRIP}::1.0"
    assert json_of("verify", files[1], *evidence)["files"] == ["data_raw/stc_01_raw.img"]

    image = Path(files[1])
    image.write_bytes(image.read_bytes()[:-1] + b"\x00\x00")
    status, error = error_of("verify", image, *evidence)
    assert (status, error["code"]) == (3, "proof-fails")
    status, error = error_of("get", STRIP, "-n", node, "-o", tmp_path / "out")
    assert (status, error["code"]) == (2, "wrong-usage")
    assert "other bytes" in error["detail"]


def test_a_delivery_with_a_fault_ends_with_3_and_a_report(
    bundle: Path, node: Path, tmp_path: Path
) -> None:
    label = tmp_path / "stc_01_raw.xml"
    label.write_bytes((bundle / "data_raw" / "stc_01_raw.xml").read_bytes())
    report, receipt = tmp_path / "report.json", tmp_path / "receipt"

    result = perilune(
        "deliver", tmp_path, "-n", node, "--report", report, "--receipt", receipt, "--json"
    )

    assert result.exit_code == 3
    outcome = json.loads(result.stdout)
    assert outcome["receipt"] is None
    assert (outcome["accepted"], outcome["refused"]) == (0, 1)
    assert outcome["report"] == json.loads(report.read_text())
    found = outcome["report"]["summary"]["messageTypes"]
    assert [each for each in found if each["messageType"].startswith("error")] == [
        {"messageType": "error.label.missing_file", "total": 1}
    ]
    assert not receipt.exists()


def test_a_receipt_has_the_keys_that_the_manual_explains(
    bundle: Path, node: Path, tmp_path: Path
) -> None:
    outcome = json_of("deliver", bundle, "-n", node, "--receipt", tmp_path / "receipt")

    assert (outcome["accepted"], outcome["held"], outcome["refused"]) == (0, 38, 0)
    assert (tmp_path / "receipt").read_text() == outcome["receipt_note"]
    assert set(outcome) == {
        *("accepted", "held", "refused", "receipt", "receipt_note", "cleared", "order", "report"),
    }
    assert set(outcome["receipt"]) == {
        *("v", "receipt", "t", "node", "origin", "delivery", "lifecycle", "releasability"),
        *("counts", "entries", "log", "faults", "report"),
    }


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["search", "-n", "/nowhere/at/all"], 2, "node-missing"),
        (["get", "urn:ros:rssa:absent"], 3, "not-found"),
        (["get", "STC-01"], 2, "malformed-identifier"),
        (["search", "--site", "pole"], 2, "bad-question"),
        (["search", "--site", "-91,0,5"], 2, "bad-question"),
        (["search", "--time", "yesterday"], 2, "bad-question"),
        (["search", "--after", "!!"], 2, "bad-question"),
        (["search", "--sort", "taste"], 2, "bad-question"),
        (["deliver", "/nowhere/at/all"], 2, "wrong-usage"),
        (["release", "no-such-delivery"], 3, "not-found"),
        (["audit", "-n", "http://127.0.0.1:1/"], 2, "wrong-usage"),
        (["search", "-n", "http://127.0.0.1:1/"], 1, "peer-unreachable"),
    ],
)
def test_what_cannot_be_done_is_said_once_with_a_code_and_advice(
    node: Path, arguments: list[str], status: int, code: str
) -> None:
    named = [] if "-n" in arguments else ["-n", str(node)]

    found, error = error_of(*arguments, *named)

    assert (found, error["code"]) == (status, code)
    assert error["detail"]
    assert error["advice"]
    in_words = perilune(*arguments, *named)
    assert error["detail"] in in_words.stderr
    assert in_words.stdout == ""


def test_no_node_named_at_all_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERILUNE_NODE", raising=False)

    status, error = error_of("search")

    assert (status, error["code"]) == (2, "node-missing")
    assert "PERILUNE_NODE" in error["advice"]


def test_a_node_is_not_made_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    status, error = error_of("init", tmp_path, "--name", "A", "--namespace", "urn:ros:rssa")

    assert (status, error["code"]) == (2, "node-exists")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_delivery_is_national_unless_something_is_said(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "node"
    assert init(root).exit_code == 0

    outcome = json_of("deliver", bundle / "document", "-n", root)

    assert outcome["receipt"]["releasability"] == "national"
    assert b"luna26" not in b"".join(
        path.read_bytes() for path in (root / "log").rglob("*") if path.is_file()
    )


def test_doctor_audit_and_rebuild_speak_json(node: Path) -> None:
    assert json_of("audit", "-n", node)["damage"] == []
    assert all(each["well"] for each in json_of("doctor", "-n", node)["findings"])
    assert json_of("rebuild", "-n", node)["entries"] > 38
    assert json_of("search", "-n", node, "--limit", 0)["total"] == 38


def search_total(node: Path) -> int:
    total: int = json_of("search", "-n", node, "--limit", 0)["total"]
    return total


def test_the_demo_checks_itself_and_leaves_both_nodes_if_asked(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    result = subprocess.run(
        [sys.executable, "-m", "perilune", "demo", "--check", "--json", "--keep", str(kept)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    found = json.loads(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert found["ok"]
    assert [each["ok"] for each in found["checks"]] == [True] * 11
    assert found["joint"] == {
        "replicated": 68,
        "custody_receipts": 2,
        "repaired": 1,
        "sealed_hits_before_release": 0,
        "found_after_release": 5,
    }
    assert [Path(each["path"]) for each in found["nodes"]] == [kept / "node-a", kept / "node-b"]
    assert search_total(kept / "node-a") == search_total(kept / "node-b") == 73
    quarantine = list((kept / "node-b" / "objects" / "quarantine").iterdir())
    assert len(quarantine) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
