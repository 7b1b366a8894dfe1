"""``perilune serve``: the portal and all interfaces."""

import json
import socket
import threading

import click
import uvicorn

from perilune.access.basemap import base_map
from perilune.cli import frame
from perilune.errors import WrongUsage
from perilune.ingest.projection import catch_up
from perilune.moon.projection import VIEWS
from perilune.node import Node
from perilune.web.app import create_app


@click.command("serve", short_help="Serve the portal and all interfaces.")
@click.option("--host", help="Address to listen on; else as in node.toml (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.")
@frame.command
def command(host: str | None, port: int | None, node: str | None, *, as_json: bool) -> None:
    """Serve the node to anonymous visitors: what is released and public.

    Prints one line when ready (with --json: {"url": ...}). Ends on SIGINT or SIGTERM.

    Exit status: 0 stopped, 2 wrong usage, 1 anything else.
    """
    with frame.opened(node) as opened:
        with opened.writing():
            catch_up(opened, progress=frame.progress())
        listener = listen(host or opened.config.host, _port(port, opened))
        serve(opened, listener, as_json=as_json)


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
