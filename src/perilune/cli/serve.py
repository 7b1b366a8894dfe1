"""``perilune serve``: the portal and all interfaces."""

import importlib
import json
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import click
import uvicorn

from perilune.access.basemap import base_map
from perilune.cli import frame
from perilune.durable import sweep_parts
from perilune.errors import WrongUsage
from perilune.ingest.projection import catch_up
from perilune.jobs.board import Board
from perilune.moon.projection import VIEWS
from perilune.node import Node
from perilune.sending import prefer_bbr
from perilune.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

_STALE_S = 3600.0
"""Age of a part of a receipt after which nobody writes it any more."""


@click.command("serve", short_help="Serve the portal and all interfaces.")
@click.option("--host", help="Address to listen on; else as in node.toml (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.")
@frame.command
def command(host: str | None, port: int | None, node: str | None, *, as_json: bool) -> None:
    """Serve the node to anonymous visitors: what is released and public. Run its jobs.

    Prints one line when ready (with --json: {"url": ...}). Ends on SIGINT or SIGTERM.

    Exit status: 0 stopped, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        with opened.writing():
            catch_up(opened, progress=frame.progress())
        if opened.root is not None:
            sweep_parts(opened.root / "receipts", older_s=_STALE_S)
        listener = listen(host or opened.config.host, _port(port, opened))
        jobs = _Jobs(opened)
        try:
            serve(opened, listener, as_json=as_json)
        finally:
            jobs.end()


class _Jobs:
    """The node's jobs, in threads of their own, so that the portal answers without them."""

    def __init__(self, node: Node) -> None:
        self._stop: Callable[[], bool] = lambda: True
        threading.Thread(target=self._run, args=(node,), daemon=True).start()

    def _run(self, node: Node) -> None:
        # loaded here: half a second that the first visitor need not wait
        engine = importlib.import_module("perilune.jobs.engine").Engine(node, Board.of(node))
        self._stop = engine.stop
        engine.run()

    def end(self) -> None:
        """Let go; where a part is being done, end as a kill does: it is begun again next time."""
        if not self._stop():
            sys.stdout.flush()
            os._exit(frame.DONE)


def _port(port: int | None, node: Node) -> int:
    return node.config.port if port is None else port


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raise `WrongUsage` where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named because asyncio sets TCP_NODELAY only where it is
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise WrongUsage(f"cannot listen on {host}:{port}: {error.strerror}") from error
    prefer_bbr(listener)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds ``listener``."""
    host, port = listener.getsockname()[:2]
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  # shown, not bound
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(node: Node, listener: socket.socket, *, as_json: bool = False) -> None:
    """Serve ``node`` on ``listener`` until a signal ends it."""
    settings = uvicorn.Config(
        create_app(node), log_level="warning", server_header=False, timeout_keep_alive=30
    )
    threading.Thread(target=_draw_base_maps, daemon=True).start()
    server = _Announcing(settings, url_of(listener), node.config.name, as_json=as_json)
    server.run(sockets=[listener])


def _draw_base_maps() -> None:
    """Draw them before the first visitor asks: each takes a second, once."""
    for view in VIEWS:
        base_map(view)


class _Announcing(uvicorn.Server):
    """A server that says one line when it answers."""

    def __init__(self, config: uvicorn.Config, url: str, name: str, *, as_json: bool) -> None:
        super().__init__(config)
        self._line = json.dumps({"url": url}) if as_json else f"{name} is served at {url}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(self._line)
