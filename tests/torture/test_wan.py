"""A line of 200 ms, 1 % loss and a cap, with ``kill -9`` of the copier every few seconds.

Two network namespaces, joined by `wan`, which counts on nothing but TUN. What has come stays:
of a large file nothing is fetched twice but what was in the sockets at the kill, and the copy is
whole in the end. How much of the line is used is told in the long run alone, since it wants a
machine that does nothing else.
"""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from perilune import config
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.roster import Member
from perilune.ingest.delivery import Options, deliver
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing.labels import file_area, label

from .conftest import IS_LONG, SEED


def has_namespaces() -> bool:
    """Whether this user may make network namespaces and TUN devices here."""
    if shutil.which("ip") is None or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return False
    name = f"pl{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode == 0:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return made.returncode == 0


pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not has_namespaces(), reason="needs network namespaces and TUN"),
]

OWNER = "urn:ros:rssa"
DELAY_S, LOSS = 0.1, 0.01
BYTES_S = 6_250_000 if IS_LONG else 1_500_000
LARGE = (96 if IS_LONG else 10) << 20
KILL_EVERY_S = 3.0
"""Of copying: how long a process takes to start is another matter."""
PATIENCE_S = 900.0 if IS_LONG else 300.0
_BEGUN_BYTES = 50_000
IN_SOCKETS = 16 << 20 if IS_LONG else 4 << 20
"""What one kill may cost: what was on the line and in the buffers of its sockets."""


@contextmanager
def line() -> Iterator[tuple[str, str]]:
    """Two namespaces joined by a bad line."""
    names = tuple(f"pl{secrets.token_hex(3)}" for _ in range(2))
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    numbers = [str(number) for number in (DELAY_S, LOSS, BYTES_S, SEED)]
    command = [sys.executable, str(Path(__file__).with_name("wan.py")), *names, *numbers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
        try:
            assert relay.stdout is not None
            assert relay.stdout.readline() == "up\n"
            yield names[0], names[1]
        finally:
            relay.kill()
            for name in names:
                subprocess.run(["ip", "netns", "delete", name], check=False)


def large_delivery(folder: Path) -> Path:
    """One product with one large file."""
    folder.mkdir()
    data = Random(SEED).randbytes(LARGE)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    (folder / "large.img").write_bytes(data)
    area = file_area("large.img", size=str(LARGE), md5=md5)
    (folder / "large.xml").write_bytes(label(area, lid=f"{OWNER}:mission:data:large"))
    return folder


def within(namespace: str, *arguments: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, sys.executable, "-m", "perilune", *arguments]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A copier, the namespace it lives in, and the one whose device counts what is sent."""
    owner = Node.create(tmp_path / "owner", config.make("owner", (OWNER,)))
    delivery = large_delivery(tmp_path / "delivery")
    outcome = deliver(delivery, owner, Options(releasability=Releasability.PUBLIC))
    assert outcome.is_complete, outcome.as_text()
    copier = Node.create(tmp_path / "copier", config.make("copier", ("urn:esa:psa",)))
    with ExitStack() as stack:
        there, here = stack.enter_context(line())
        serve = within(there, "serve", "-n", str(tmp_path / "owner"), "--host", "10.77.0.1")
        server = stack.enter_context(
            subprocess.Popen([*serve, "--port", "8700", "--json"], stdout=subprocess.PIPE)
        )
        stack.callback(server.kill)
        assert server.stdout is not None
        server.stdout.readline()
        Peers.of(copier).pin(Member(Description.of(owner), "http://10.77.0.1:8700"))
        owner.close()
        copier.close()
        yield tmp_path / "copier", here, there


def sent(namespace: str) -> int:
    """Bytes that left the owner's device."""
    shown = subprocess.run(
        ["ip", "-n", namespace, "-s", "-j", "link"], capture_output=True, check=True
    )
    links = json.loads(shown.stdout)
    return sum(each["stats64"]["tx"]["bytes"] for each in links if each["ifname"] != "lo")


def synced_unless_killed(root: Path, here: str, there: str) -> bytes | None:
    """What a round tells that ends within a few seconds of its first bytes; None if killed."""
    before, begun = sent(there), None
    command = within(here, "peer", "sync", "-n", str(root), "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        while process.poll() is None:
            time.sleep(0.05)
            if begun is None and sent(there) > before + _BEGUN_BYTES:
                begun = time.monotonic()
            if begun is not None and time.monotonic() - begun > KILL_EVERY_S:
                os.killpg(process.pid, SIGKILL)
                return None
        assert process.stdout is not None
        return process.stdout.read()


def test_a_large_file_comes_over_a_bad_line_in_spite_of_kills(
    pair: tuple[Path, str, str],
) -> None:
    root, here, there = pair
    kills, start = 0, time.monotonic()
    while (told := synced_unless_killed(root, here, there)) is None:
        kills += 1
        assert time.monotonic() - start < PATIENCE_S, f"{kills} kills"
    took = time.monotonic() - start

    [found] = json.loads(told)["peers"]
    assert (found["held"], found["excepted"]) == (1, 0)
    refetched = sent(there) / (1 + 2 * LOSS) * 0.96 - LARGE  # less headers and what was lost
    assert refetched < (kills + 1) * IN_SOCKETS
    print(f"{kills} kills, {LARGE / took / BYTES_S:.0%} of the line, {refetched / 1e6:.1f} MB more")
