"""What a node serves goes out with BBR where the system has it, and doctor says so where not."""

import socket
from pathlib import Path

import pytest

from perilune import config
from perilune.cli.serve import listen
from perilune.node import Node
from perilune.preservation import health
from perilune.preservation.health import examine
from perilune.sending import congestion_control

ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
HAS_BBR = ALLOWED.exists() and "bbr" in ALLOWED.read_text().split()


@pytest.mark.skipif(not HAS_BBR, reason="this system has no BBR to be had")
def test_connections_to_a_served_node_are_sent_with_bbr() -> None:
    with listen("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert congestion_control(accepted) == "bbr"


@pytest.mark.parametrize(("control", "is_well"), [("bbr", True), ("cubic", False), ("", True)])
def test_doctor_tells_what_the_node_sends_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control: str, *, is_well: bool
) -> None:
    node = Node.create(tmp_path / "node", config.make("A", ("urn:ros:rssa",)))
    monkeypatch.setattr(health, "congestion_control", lambda _socket: control)

    [found] = [each for each in examine(node) if each.what == "sending"]
    node.close()

    assert found.is_well is is_well
    assert control in found.detail
