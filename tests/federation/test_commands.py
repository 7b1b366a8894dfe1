"""``perilune peer`` as scripts and operators meet it: exit status, JSON, clear words."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from starlette.responses import Response

from perilune.cli import main
from perilune.errors import WrongUsage
from perilune.federation.description import Description
from perilune.node import Node

from .scene import COPIER, OWNER, Served, hand_in, make, write


def perilune(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], input=typed)


def json_of(*arguments: object, status: int = 0) -> Any:
    result = perilune(*arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a node that knows nobody."""
    make(tmp_path, "copier", COPIER).close()
    return tmp_path / "copier"


def test_a_peer_is_added_copied_from_and_compared(owner: Served, root: Path) -> None:
    told = json_of("peer", "list", "-n", owner.node.root)["self"]["fingerprint"]

    added = json_of("peer", "add", owner.url, "--fingerprint", told, "-n", root)
    listed = json_of("peer", "list", "-n", root)
    [first] = json_of("peer", "sync", "-n", root)["peers"]
    [again] = json_of("peer", "sync", "owner", "-n", root)["peers"]
    [stand] = json_of("peer", "status", "-n", root)["peers"]

    assert (added["name"], added["fingerprint"], added["roster"]) == ("owner", told, 2)
    assert set(added["keys"]) == {"log", "receipt", "witness", "custody", "roster", "request"}
    assert listed["peers"] == [{key: added[key] for key in added if key != "roster"}]
    assert (first["copied"], first["held"], first["excepted"], again["copied"]) == (3, 3, 0, 0)
    assert (first["faults"], first["exceptions"], first["given"]) == ([], [], None)
    assert stand.pop("explained")
    assert [each["held"] for each in stand.pop("sides")] == [3, 0]
    assert set(stand) == {
        *("name", "origin", "url", "seen", "here", "there", "uncovered", "witnessed"),
        *("cosigned", "evidence"),
    }
    assert (stand["here"]["held"], stand["here"]["of"]) == (3, owner.node.config.origin)
    assert stand["there"] is None
    words = perilune("peer", "status", "-n", root).stdout
    assert "Every difference is explained." in words


def test_without_a_fingerprint_the_operator_is_asked_and_may_say_no(
    owner: Served, root: Path
) -> None:
    no = perilune("peer", "add", owner.url, "-n", root, typed="n\n")
    assert (no.exit_code, json_of("peer", "list", "-n", root)["peers"]) == (2, [])
    assert Description.of(owner.node).fingerprint in no.stdout

    yes = perilune("peer", "add", owner.url, "-n", root, typed="y\n")
    assert (yes.exit_code, len(json_of("peer", "list", "-n", root)["peers"])) == (0, 1)

    error = json_of("peer", "add", owner.url, "-n", root, status=2)["error"]
    assert error["code"] == "wrong-usage"


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["add", "{url}", "--fingerprint", "00"], 3, "peer-untrusted"),
        (["add", "http://127.0.0.1:1/", "--fingerprint", "00"], 1, "peer-unreachable"),
        (["add", "http://127.0.0.1/", "--fingerprint", "00"], 3, "outbound-refused"),
        (["add", "ftp://node.example/", "--fingerprint", "00"], 3, "outbound-refused"),
        (["sync", "nobody"], 3, "not-found"),
        (["status", "nobody"], 3, "not-found"),
    ],
    ids=range(6),
)
def test_what_cannot_be_done_is_said_with_a_code(
    owner: Served, root: Path, arguments: list[str], status: int, code: str
) -> None:
    given = [each.format(url=owner.url) for each in arguments]

    error = json_of("peer", *given, "-n", root, status=status)["error"]

    assert error["code"] == code
    assert error["detail"]
    assert error["advice"]


def test_a_contradiction_ends_sync_and_status_with_3(owner: Served, root: Path) -> None:
    told = Description.of(owner.node).fingerprint
    json_of("peer", "add", owner.url, "--fingerprint", told, "-n", root)
    first = owner.node.log.head
    hand_in(owner.node, write(root.parent / "more", ["four"], seed=2))
    json_of("peer", "sync", "-n", root)
    owner.bend = lambda request: Response(first) if request.url.path == "/log/checkpoint" else None

    error = json_of("peer", "sync", "-n", root, status=3)["error"]
    stand = json_of("peer", "status", "-n", root, status=3)["peers"][0]

    assert error["code"] == "peer-untrusted"
    assert "an old checkpoint, or a log that was put back" in error["detail"]
    assert [Path(each).exists() for each in stand["evidence"]] == [True]


def test_what_was_not_given_ends_sync_with_3_and_is_named(owner: Served, root: Path) -> None:
    told = Description.of(owner.node).fingerprint
    json_of("peer", "add", owner.url, "--fingerprint", told, "-n", root)
    refused = ("two.img", "/federation/products")
    owner.bend = lambda request: (
        Response(status_code=404) if request.url.path.endswith(refused) else None
    )

    result = perilune("peer", "sync", "-n", root)

    assert result.exit_code == 3
    assert f"unavailable: {OWNER}:mission:data:two::1.0" in result.stdout
    assert "2 of 3 published are here" in result.stdout


def test_a_node_from_before_there_were_peers_opens_and_says_what_it_lacks(root: Path) -> None:
    (root / "keys" / "witness.pem").unlink()

    node = Node.open(root)
    with pytest.raises(WrongUsage, match="no witness key: perilune keys make"):
        Description.of(node)
    node.close()
    error = json_of("peer", "list", "-n", root, status=2)["error"]
    assert error["code"] == "wrong-usage"
