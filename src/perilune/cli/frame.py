"""What every command does alike: naming the node, JSON, progress, errors and exit status."""

import errno
import functools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec

import click

from perilune import config
from perilune.errors import (
    BadQuestion,
    ExtraMissing,
    MalformedIdentifier,
    NodeExists,
    NodeMissing,
    NoSpace,
    PeriluneError,
    WrongUsage,
)
from perilune.node import Node

P = ParamSpec("P")

DONE, OUR_FAULT, WRONG_USAGE, NOT_RIGHT = 0, 1, 2, 3
_NOT_RIGHT_STATUS = (403, 404, 410, 422)
_NOT_RIGHT = ("damaged", "peer-untrusted")
_USAGE = (BadQuestion, MalformedIdentifier, NodeExists, NodeMissing, WrongUsage)


class _Moment(click.ParamType[datetime]):
    """An instant, written as ISO 8601 with its offset from UTC."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2027-01-31T12:00:00Z", param, ctx)
        if found.tzinfo is None:
            self.fail(f"{value!r} does not say its offset from UTC; end it with Z", param, ctx)
        return found.astimezone(UTC)


MOMENT = _Moment()
"""A parameter that is an instant."""


def command(function: Callable[P, int | None]) -> Callable[P, None]:
    """Add ``-n`` and ``--json``; turn what is returned or raised into an exit status."""

    @click.option("-n", "--node", "node", metavar="DIR|URL", help="The node.")
    @click.option("--json", "as_json", is_flag=True, help="JSON alone on standard output.")
    @click.pass_context
    @functools.wraps(function)
    def run(context: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if not kwargs["node"]:
            kwargs["node"] = context.obj
        try:
            status = function(*args, **kwargs)
        except PeriluneError as error:
            _tell(error, as_json=bool(kwargs["as_json"]))
            status = status_of(error)
        except ModuleNotFoundError as error:
            if (missing := ExtraMissing.of(error)) is None:
                raise
            _tell(missing, as_json=bool(kwargs["as_json"]))
            status = OUR_FAULT
        except OSError as error:
            _tell(_named(error), as_json=bool(kwargs["as_json"]))
            status = OUR_FAULT
        sys.exit(status or DONE)

    return run


def status_of(error: PeriluneError) -> int:
    """The exit status that an error ends a command with."""
    if isinstance(error, _USAGE):
        return WRONG_USAGE
    is_not_right = error.status in _NOT_RIGHT_STATUS or error.code in _NOT_RIGHT
    return NOT_RIGHT if is_not_right else OUR_FAULT


def _named(error: OSError) -> PeriluneError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(str(error))
    return PeriluneError(f"the disk or the system: {error}")


def _tell(error: PeriluneError, *, as_json: bool) -> None:
    if as_json:
        document = {"code": error.code, "detail": str(error), "advice": error.advice}
        show({"error": document})
    else:
        click.echo(f"perilune: {error}\n{error.advice}", err=True)


def show(document: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


@contextmanager
def opened(name: str | None, open_: Callable[[Path], Node] = Node.open) -> Iterator[Node]:
    """The node in the folder ``name`` (else ``PERILUNE_NODE``); raise `WrongUsage` on a URL.

    One that may have been put back is armed where its peers or its mark allow it; where they do
    not, it can be read all the same, and whatever would sign raises `Unarmed`.
    """
    given = config.node_named(name)
    if is_url(given):
        raise WrongUsage(f"this command works on a node's own folder, not on {given}")
    node = open_(Path(given))
    try:
        if not node.is_armed:
            _arm(node)
        if node.is_armed and node.has_next_keys:
            _finish_rotation(node)
            node.close()
            node = open_(Path(given))
        yield node
    finally:
        node.close()


def _finish_rotation(node: Node) -> None:
    from perilune.federation.rotation import finish  # noqa: PLC0415  # as `_arm`

    finish(node)


def _arm(node: Node) -> None:
    from perilune.federation.arming import arm  # noqa: PLC0415  # few commands find it unarmed

    try:
        arm(node)
    except PeriluneError as error:
        click.echo(f"perilune: {error}", err=True)


def share(text: str | None) -> tuple[int | None, float] | None:
    """Read ``200`` or ``5%``: a number, or none and a share of 1; None for no text.

    Raises `WrongUsage` on anything else.
    """
    if text is None:
        return None
    if re.fullmatch(r"\d{1,3}(\.\d+)?%", text) and 0 < float(text[:-1]) <= 100:
        return None, float(text[:-1]) / 100
    if re.fullmatch(r"[1-9]\d{0,9}", text):
        return int(text), 1.0
    raise WrongUsage(f"neither a number nor a share such as 5%: {text!r}")


def is_url(name: str) -> bool:
    """Whether a node is named by address."""
    return name.startswith(("http://", "https://"))


def progress(*, quiet: bool = False) -> Callable[[str, int, int], None]:
    """A Progress on standard error: a line that is rewritten on a terminal, else one in 10 s."""
    terminal = sys.stderr.isatty()
    pause = 0.1 if terminal else 10.0
    started = last = time.monotonic()
    stage = ""

    def tell(what: str, done: int, total: int) -> None:
        nonlocal started, last, stage
        now = time.monotonic()
        if what != stage:
            stage, started = what, now
        if now - last < pause and not (terminal and done == total):
            return
        last = now
        rate = done / max(now - started, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if rate and done < total else ""
        share = f" of {total:,}" if total else ""
        line = f"{what}: {done:,}{share} ({rate:,.0f}/s{left})"
        click.echo(f"\r\033[K{line}" if terminal else line, err=True, nl=not terminal)
        if terminal and done == total:
            click.echo("", err=True)

    return (lambda _what, _done, _total: None) if quiet else tell
