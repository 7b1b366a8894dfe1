"""What a served node does by itself, with real servers: begun, shared, cancelled, killed."""

import json
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from lxml import html
from starlette.testclient import TestClient

from perilune.access.policy import OPERATOR
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import walk
from perilune.jobs.board import Board
from perilune.jobs.job import State
from perilune.model.act import FixityAct
from perilune.model.product import Embargo
from perilune.node import Node
from perilune.testing.labels import file_area, label
from perilune.web.app import create_app

from .conftest import PRODUCTS, Pair
from .scene import change_settings, copies, perilune, receipts, serving, start, until

SEED = 20261125
SLOW = """
import perilune.federation.pull as pull, time
accession = pull.accession_copies
pull._RUN_PRODUCTS = 4
def slowly(*arguments):
    time.sleep(0.1)
    return accession(*arguments)
pull.accession_copies = slowly
"""
"""A server whose copying takes its time, in small batches, so that kills find it at work."""
FORGETFUL = """
import perilune.jobs.seats as seats
seats._PREFIX = f"server-{__import__('os').getpid()}-"
"""
"""A server that never finds the seats of others: what it was killed at is never taken up."""


def test_a_running_server_does_what_the_command_line_puts_on_the_board(pair: Pair) -> None:
    with serving(pair.root):
        status, job = perilune(pair.root, "jobs", "run", "pull", "--wait")

        assert (status, job["state"]) == (0, "done")
        [part] = job["parts"]
        assert part["counts"]["copied"] == part["counts"]["held"] == PRODUCTS
        assert perilune(pair.root, "jobs", "show", job["id"]) == (0, job)
        listed = perilune(pair.root, "jobs", "list")[1]
        assert listed["served"]
        assert listed["jobs"] == [job]
    assert copies(pair.root).total() == PRODUCTS


def test_without_a_server_a_job_waits_and_the_next_one_does_it(pair: Pair) -> None:
    status, job = perilune(pair.root, "jobs", "run", "pull")
    assert (status, job["state"]) == (0, "waiting")
    assert perilune(pair.root, "jobs", "run", "pull")[1]["id"] == job["id"], "one stands for both"

    with serving(pair.root):
        until(lambda: state(pair.root, job["id"]) is State.DONE, "the job is done")
    assert copies(pair.root).total() == PRODUCTS


def test_servers_killed_at_random_moments_copy_each_product_once(pair: Pair) -> None:
    random = Random(SEED)
    key = perilune(pair.root, "jobs", "run", "pull")[1]["id"]
    kills = 0
    while state(pair.root, key) is not State.DONE:
        server = start(pair.root, prelude=SLOW)
        until(lambda: state(pair.root, key) in (State.RUNNING, State.DONE), "it is gone on with")
        time.sleep((0.6 + 0.2 * kills) * random.random())  # longer each time: it must end
        server.kill()
        kills += 1
        assert kills < 40, "it gets no further"
    found = copies(pair.root)
    assert kills >= 2
    assert len(found) == PRODUCTS
    assert set(found.values()) == {1}
    assert len(receipts(pair.root)) == len(set(receipts(pair.root)))


def test_a_server_that_cannot_tell_the_dead_leaves_their_job_behind(pair: Pair) -> None:
    key = perilune(pair.root, "jobs", "run", "pull")[1]["id"]
    first = start(pair.root, prelude=SLOW + FORGETFUL)
    until(lambda: state(pair.root, key) is State.RUNNING, "it is begun")
    first.kill()

    with serving(pair.root, prelude=FORGETFUL):
        time.sleep(4)
        assert state(pair.root, key) is State.INTERRUPTED


def test_two_servers_of_one_node_do_nothing_twice(pair: Pair) -> None:
    slower = SLOW.replace("0.1", "1")
    with serving(pair.root, prelude=slower), serving(pair.root, prelude=slower):
        keys = {perilune(pair.root, "jobs", "run", "pull")[1]["id"] for _ in range(2)}
        [key] = keys
        until(lambda: state(pair.root, key) is State.DONE, "it is done")
        assert Board(pair.root).job(key).results[0].counts["copied"] == PRODUCTS
    assert set(copies(pair.root).values()) == {1}
    assert len(receipts(pair.root)) == 1


def test_one_server_goes_on_with_what_another_that_was_killed_left(pair: Pair) -> None:
    first = start(pair.root, prelude=SLOW)
    key = perilune(pair.root, "jobs", "run", "pull")[1]["id"]
    until(lambda: state(pair.root, key) is State.RUNNING, "it is begun")
    with serving(pair.root):
        first.kill()
        until(lambda: state(pair.root, key) is State.DONE, "the other has done it")
    assert set(copies(pair.root).values()) == {1}


def test_a_cancelled_job_ends_and_the_next_one_is_not_kept_waiting(pair: Pair) -> None:
    with serving(pair.root, prelude=SLOW.replace("0.1", "2")):
        key = perilune(pair.root, "jobs", "run", "pull")[1]["id"]
        until(lambda: Board(pair.root).job(key).step is not None, "it tells how far it is")
        status, job = perilune(pair.root, "jobs", "cancel", key)
        assert (status, job["state"]) == (0, "cancelled")
        other = perilune(pair.root, "jobs", "run", "pull")[1]["id"]
        assert other != key
        until(lambda: state(pair.root, other) is State.RUNNING, "the next is begun")


def test_a_peer_that_does_not_answer_is_an_error_in_words(pair: Pair) -> None:
    owner = pair.owner.config.origin
    silent = (
        "import perilune.federation.link as link\n"
        "from perilune.errors import PeerUnreachable\n"
        "def fail(*_): raise PeerUnreachable('nobody is there')\n"
        "link.Link.get = fail"
    )
    with serving(pair.root, prelude=silent):
        status, job = perilune(pair.root, "jobs", "run", "pull", "--wait")

    assert (status, job["state"], job["error"]) == (3, "failed", "nobody is there")
    assert [(each["part"], each["fault"]) for each in job["parts"]] == [(owner, "peer-unreachable")]


def test_what_is_due_is_begun_without_being_told(pair: Pair) -> None:
    change_settings(pair.root, 'pull = "15 min"', 'pull = "2 s"')
    with serving(pair.root):
        until(lambda: len(Board(pair.root).jobs(name="pull")) >= 3, "three rounds")
    assert set(copies(pair.root).values()) == {1}


@pytest.mark.parametrize("arguments", [("show", "x"), ("cancel", "x")])
def test_a_job_that_there_is_not_is_said_so(pair: Pair, arguments: tuple[str, str]) -> None:
    status, document = perilune(pair.root, "jobs", *arguments)

    assert (status, document["error"]["code"]) == (3, "not-found")


def test_the_page_shows_jobs_and_tells_visitors_nothing_of_what_they_found(pair: Pair) -> None:
    node = Node.open(pair.root)
    visitor, operator = TestClient(create_app(node)), TestClient(create_app(node, OPERATOR))
    empty = html.fromstring(visitor.get("/jobs", headers={"Accept": "text/html"}).text)
    assert "No job was run yet." in empty.text_content()
    assert visitor.get("/jobs.json").json() == {"served": False, "jobs": []}

    with serving(pair.root):
        perilune(pair.root, "jobs", "run", "pull", "--wait")
        shown = visitor.get("/jobs", headers={"Accept": "text/html"}).text
        assert visitor.get("/jobs.json").json()["served"]

    tree = html.fromstring(shown)
    assert tree.xpath("string(//tbody/tr/td[1])") == "Copy from peers"
    assert tree.xpath("string(//tbody//span)").strip() == "done"
    assert "products copied" not in shown
    [job] = visitor.get("/jobs.json").json()["jobs"]
    assert set(job) == {"id", "name", "state", "made", "started", "ended", "progress", "fault"}
    [known] = operator.get("/jobs.json").json()["jobs"]
    assert f"{PRODUCTS} products copied" in known["parts"][0]["words"]
    assert "products copied" in operator.get("/jobs", headers={"Accept": "text/html"}).text
    node.close()


GUARD = """
import sys
def look(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        open({place!r}, "a").write(f"{{event}} {{arguments}}\\n")
sys.addaudithook(look)
"""


def test_the_engine_opens_no_connection(tmp_path: Path, pair: Pair) -> None:
    place = tmp_path / "connections"
    quiet = tmp_path / "quiet"
    Node.create(quiet, pair.owner.config).close()
    with serving(quiet, prelude=GUARD.format(place=str(place))):
        assert perilune(quiet, "jobs", "run", "pull", "--wait")[1]["state"] == "done"
        time.sleep(3)
    assert not place.exists(), place.read_text()

    with serving(pair.root, prelude=GUARD.format(place=str(place))):
        assert perilune(pair.root, "jobs", "run", "pull", "--wait")[1]["state"] == "done"
    assert "127.0.0.1" in place.read_text(), "a round with a peer is seen"


def test_importing_jobs_and_the_portal_loads_no_engine() -> None:
    words = "import perilune.web.app, perilune.cli.jobs, sys; print('dbos' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True)

    assert done.stdout == b"False\n"


def test_what_is_kept_is_json(pair: Pair) -> None:
    with serving(pair.root):
        perilune(pair.root, "jobs", "run", "pull", "--wait")
    with sqlite3.connect(pair.root / "jobs" / "jobs.sqlite") as file:
        rows = file.execute("SELECT inputs, output, serialization FROM workflow_status").fetchall()
        rows += file.execute("SELECT '', output, serialization FROM operation_outputs").fetchall()
    assert len(rows) >= 3
    for inputs, output, serialization in rows:
        assert serialization == "portable_json"
        assert all(json.loads(text) is not None for text in (inputs, output) if text)


def state(root: Path, key: str) -> State:
    return Board(root).job(key).state


def flip(path: Path) -> bytes:
    """Change one bit of a file; what it was."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return data


def fixity_acts(root: Path) -> int:
    node = Node.open(root)
    found = sum(isinstance(act, FixityAct) for _, act in walk(node))
    node.close()
    return found


def test_a_scrub_repairs_from_the_peer_goes_on_after_kills_and_is_recorded_once(
    pair: Pair,
) -> None:
    random = Random(SEED)
    with serving(pair.root):
        perilune(pair.root, "jobs", "run", "pull", "--wait")
    objects = sorted((pair.root / "objects").glob("??/*"))
    good = {path: flip(path) for path in random.sample(objects, 5)}
    key = perilune(pair.root, "jobs", "run", "scrub")[1]["id"]
    slow = (
        "import perilune.preservation.fixity as fixity, time\n"
        "fixity.Throttle.took = lambda *_: time.sleep(0.01)"
    )
    for _ in range(3):
        server = start(pair.root, prelude=slow)
        until(lambda: state(pair.root, key) in (State.RUNNING, State.DONE), "it is gone on with")
        time.sleep(0.5 * random.random())
        server.kill()
    with serving(pair.root):
        until(lambda: state(pair.root, key) is State.DONE, "it is done")

    assert {path: path.read_bytes() for path in good} == good
    assert fixity_acts(pair.root) == 1
    job = Board(pair.root).job(key)
    assert [each.part for each in job.results][:2] == ["log", "objects all"]
    assert all(not each.names for each in job.results)


def test_a_scrub_that_finds_what_nobody_has_is_not_right_and_says_what(pair: Pair) -> None:
    with serving(pair.root):
        perilune(pair.root, "jobs", "run", "pull", "--wait")
    [name] = [
        path for path in (pair.root / "objects").glob("??/*") if path.stat().st_size == 40_000
    ][:1]
    flip(name)
    assert pair.owner.root
    flip(pair.owner.root / "objects" / name.name[:2] / name.name)

    with serving(pair.root):
        status, job = perilune(pair.root, "jobs", "run", "scrub", "--wait")

    assert (status, job["state"]) == (3, "not right")
    assert [each["names"] for each in job["parts"] if each["names"]] == [[name.name]]


def test_a_paced_scrub_waits_before_each_part_and_does_not_hold_up_one_that_is_told_to(
    pair: Pair,
) -> None:
    change_settings(pair.root, 'scrub = "never"', 'scrub = "whole in 30 days"')
    with serving(pair.root):
        until(lambda: bool(Board(pair.root).jobs(name="scrub")), "the first is due at once")
        [paced] = Board(pair.root).jobs(name="scrub")
        status, job = perilune(pair.root, "jobs", "run", "scrub", "--wait")
        assert (status, job["state"]) == (0, "done")
        assert job["id"] != paced.id
        assert state(pair.root, paced.id) is State.RUNNING
        assert fixity_acts(pair.root) == 1


def test_what_is_due_to_be_released_is_and_what_was_cosigned_is_anchored_once(
    pair: Pair, tmp_path: Path
) -> None:
    node = Node.open(pair.root)
    options = Options(embargo=Embargo.CLOSED, release_at=node.now() + timedelta(seconds=1))
    folder = tmp_path / "embargoed"
    (folder / "data").mkdir(parents=True)
    lid = f"{node.config.namespaces[0]}:mission:data:due"
    area = file_area("due.img", size="3")
    (folder / "data" / "due.img").write_bytes(b"abc")
    (folder / "data" / "due.xml").write_bytes(label(area, lid=lid))
    outcome = deliver(folder, node, options)
    assert outcome.is_complete, outcome.as_text()
    assert len(list(node.catalogue.embargoed())) == 1

    with serving(pair.root):
        perilune(pair.root, "jobs", "run", "pull", "--wait")
        anchored = [perilune(pair.root, "jobs", "run", "anchor", "--wait")[1] for _ in range(2)]
        until(lambda: bool(Board(pair.root).jobs(name="release")), "it is found to be due")
        until(lambda: not list(node.catalogue.embargoed()), "it is released")

    assert [each["parts"][0]["counts"]["anchored"] for each in anchored] == [1, 0]
    node.close()
