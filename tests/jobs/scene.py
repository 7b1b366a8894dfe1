"""Servers as processes of their own, which can be killed, and what they leave in the log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perilune import config
from perilune.federation.description import Description
from perilune.federation.joining import meet, pin
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import walk
from perilune.model.act import CopyAct, ReceiveAct
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.testing.labels import file_area, label

OWNER, COPIER = "urn:ros:rssa", "urn:cnsa:grss"
PATIENCE_S = 60.0


@dataclass
class Server:
    """``perilune serve`` of one node."""

    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


def start(root: Path, *, prelude: str = "") -> Server:
    """A server of the node in ``root``, after the statements of ``prelude``."""
    program = f"{prelude}\nfrom perilune.cli import main\nmain()"
    words = ["-n", str(root), "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )
    assert process.stdout
    return Server(process, json.loads(process.stdout.readline())["url"])


@contextmanager
def serving(root: Path, *, prelude: str = "") -> Iterator[Server]:
    """A server that is ended by SIGTERM at last, and ends well."""
    server = start(root, prelude=prelude)
    try:
        yield server
    finally:
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) in (-signal.SIGTERM, -signal.SIGKILL)
        assert server.process.stdout
        server.process.stdout.close()


def perilune(root: Path, *arguments: str) -> tuple[int, Any]:
    """Exit status and JSON of a command."""
    command = [sys.executable, "-m", "perilune", "-n", str(root), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    return done.returncode, json.loads(done.stdout)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until ``holds``; fail where it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def make(root: Path, name: str, namespace: str) -> Node:
    """A node that publishes openly."""
    return Node.create(
        root / name, config.make(name, (namespace,), releasability=Releasability.PUBLIC)
    )


def change_settings(root: Path, old: str, new: str) -> None:
    """Write ``new`` in the place of ``old`` in the node's settings."""
    settings = root / "node.toml"
    text = settings.read_text()
    assert old in text
    settings.write_text(text.replace(old, new))


def publish(node: Node, folder: Path, count: int) -> None:
    """Deliver ``count`` products."""
    (folder / "data").mkdir(parents=True)
    for number in range(count):
        data = bytes([number % 251]) * 40_000
        (folder / "data" / f"p{number}.img").write_bytes(data)
        lid = f"{node.config.namespaces[0]}:mission:data:p{number}"
        area = file_area(f"p{number}.img", size=str(len(data)))
        (folder / "data" / f"p{number}.xml").write_bytes(label(area, lid=lid))
    outcome = deliver(folder, node, Options())
    assert outcome.is_complete, outcome.as_text()


def trust(node: Node, url: str, owner: Path) -> None:
    """Have ``node`` trust the node in ``owner``, served at ``url``."""
    other = Node.open(owner)
    pin(meet(url, node), Description.of(other).fingerprint, node)
    other.close()


def copies(root: Path) -> Counter[str]:
    """How often the log says of each product that it was copied."""
    node = Node.open(root)
    found = Counter(str(act.lidvid) for _, act in walk(node) if isinstance(act, CopyAct))
    node.close()
    return found


def receipts(root: Path) -> list[tuple[int, str]]:
    """Size and exceptions of every custody receipt in the log."""
    node = Node.open(root)
    found = [(act.size, act.exception_list) for _, act in walk(node) if isinstance(act, ReceiveAct)]
    node.close()
    return found
