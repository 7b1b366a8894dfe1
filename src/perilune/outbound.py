"""The only door to other machines. Nothing else in this package opens a connection.

Order matters: the origin is looked up in the allow-list, its name is resolved once, every address
found is checked, and the connection goes to exactly an address that was checked, under the name
that was asked for. A redirect is a new question and goes through all of it again. So neither a
hostile reply nor a name that changes its address in between leads into the operator's own network.
A connection that is kept open goes where it went, and only to the origin it was opened for.
Proxies and credentials of the environment are not used; compressed replies are not asked for and
not taken.
"""

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPException
from itertools import chain
from typing import Literal, Self
from urllib.parse import urljoin, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from perilune.errors import OutboundRefused, PeerUnreachable

Resolve = Callable[[str, int], list[str]]
"""Host and port to the addresses found, as text."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CHUNK = 1 << 16
_MOST_KEPT = 64

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes: scheme, host in lower case, port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a URL; raise `OutboundRefused` on one that is not plain http(s)."""
        if not url.isascii() or not url.isprintable() or " " in url:
            raise OutboundRefused(f"not a plain address: {url!r}")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise OutboundRefused(f"not an address: {url!r}") from error
        if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
            raise OutboundRefused(f"neither http nor https, or with a user name: {url!r}")
        return cls(parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port)

    @property
    def names_an_address(self) -> bool:
        """Whether the host is written as an address, or as ``localhost``."""
        return self.host == "localhost" or _address(self.host) is not None

    @property
    def authority(self) -> str:
        """The ``Host`` of a request."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class AllowList:
    """Origins that may be reached. Empty, it allows nothing."""

    origins: frozenset[Origin] = frozenset()
    inward: frozenset[Origin] = frozenset()
    """Those whose URL wrote the port: they may lie in a private network."""

    @classmethod
    def of(cls, *urls: str) -> Self:
        """Allow the origins of these URLs."""
        written = frozenset(Origin.of(url) for url in urls if urlsplit(url).port is not None)
        return cls(frozenset(map(Origin.of, urls)), written)

    def check(self, origin: Origin, found: list[str]) -> None:
        """Raise `OutboundRefused` unless every address found for ``origin`` may be reached.

        Loopback and link-local addresses only where the list names the address itself and
        its port; private ones where it names host and port; multicast and the like never.
        """
        if origin not in self.origins:
            raise OutboundRefused(f"not on the list of machines to be reached: {origin}")
        for text in found:
            address = _address(text)
            if address is None or not self._may_reach(origin, address):
                raise OutboundRefused(f"{origin} lies at {text}, which is not to be reached")

    def _may_reach(self, origin: Origin, address: Address) -> bool:
        match _place(address):
            case "outside":
                return True
            case "private":
                return origin in self.inward
            case "own":
                return origin in self.inward and origin.names_an_address
            case "never":
                return False


def resolve(host: str, port: int) -> list[str]:
    """Addresses of a host by the operating system; raise `PeerUnreachable` if it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerUnreachable(f"{host} has no address: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how long. What is over is cut off with `PeerUnreachable`."""

    max_bytes: int
    connect_s: float = 10.0
    read_s: float = 20.0
    """Longest silence."""
    total_s: float = 60.0
    """From the request to the last byte: so that dripping bytes do not hold us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole reply."""

    url: str
    """Where it came from, after redirects."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A reply whose body is yet to be read, once, through ``chunks``."""

    url: str
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes] = field(repr=False)


class Connections:
    """Connections kept open between questions, for any thread; close it when done."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            for connection in chain.from_iterable(self._idle.values()):
                connection.close()
            self._idle.clear()

    def take(self, origin: Origin) -> HTTPConnection | None:
        """One to ``origin`` over which nothing has come since its last reply; None if none is."""
        while True:
            with self._lock:
                waiting = self._idle.get(origin)
                connection = waiting.pop() if waiting else None
            if connection is None or connection.is_connected:
                return connection
            connection.close()

    def give(self, origin: Origin, connection: HTTPConnection) -> None:
        """Have ``connection``, whose reply was read to its end, ready for the next question."""
        with self._lock:
            waiting = self._idle.setdefault(origin, [])
            if len(waiting) < _MOST_KEPT:
                waiting.append(connection)
                return
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How connections are come by: as it is, anew for each question."""

    resolver: Resolve = resolve
    kept: Connections | None = None
    pace: Callable[[Iterator[bytes]], Iterator[bytes]] = iter
    """Hands on what comes, when it may have come."""


_ANEW = Way()


def fetch(
    url: str,
    *,
    allowed: AllowList,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
    way: Way = _ANEW,
) -> Reply:
    """The reply to a GET, whatever its status.

    Raises `OutboundRefused` where the address or a redirect leads where we do not go, and
    `PeerUnreachable` on silence, slowness or more bytes than ``limits.max_bytes``.
    """
    with stream(url, allowed=allowed, limits=limits, headers=headers, way=way) as found:
        return _read(found)


def post(  # noqa: PLR0913 - each is said by name
    url: str,
    body: bytes,
    *,
    allowed: AllowList,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
    way: Way = _ANEW,
) -> Reply:
    """The reply to a POST of ``body``, whatever its status; a redirect is not followed.

    Over a kept connection that turns out to be closed it is sent again: to be asked only what may
    be asked twice. Raises as `fetch` does.
    """
    with _one(_Question(url, headers or {}, body), allowed, limits, way) as found:
        return _read(found)


def _read(found: Stream) -> Reply:
    body = b"".join(found.chunks)
    return Reply(url=found.url, status=found.status, headers=found.headers, body=body)


@contextmanager
def stream(
    url: str,
    *,
    allowed: AllowList,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
    way: Way = _ANEW,
) -> Iterator[Stream]:
    """Like `fetch`, for a body that is read piece by piece."""
    deadline = time.monotonic() + limits.total_s
    for _ in range(_MOST_REDIRECTS + 1):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        question = _Question(url, headers or {})
        with _one(question, allowed, replace(limits, total_s=left), way) as found:
            target = found.headers.get("location")
            if found.status not in _REDIRECTS or target is None:
                yield found
                return
        url = _redirected(url, target)
    raise PeerUnreachable(f"too many redirects, or too slow: {url}")


def _redirected(url: str, target: str) -> str:
    following = urljoin(url, target)
    if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
        raise OutboundRefused(f"{url} redirects away from https: {following}")
    return following


@dataclass(frozen=True, slots=True)
class _Question:
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@contextmanager
def _one(question: _Question, allowed: AllowList, limits: Limits, way: Way) -> Iterator[Stream]:
    url = question.url
    origin = Origin.of(url)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {
        "Host": origin.authority,
        "User-Agent": "perilune",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close" if way.kept is None else "keep-alive",
        **question.headers,
    }
    allowed.check(origin, [])  # before anything is said to a name server
    reach = partial(_reached, origin, allowed, limits, way)
    connection, watch, reply = _answered(reach, path, replace(question, headers=sent))
    body = _Body(reply, limits.max_bytes, watch, url)
    try:
        with contextlib.closing(reply):
            lower = {name.lower(): value for name, value in reply.headers.items()}
            if lower.get("content-encoding", "identity") != "identity":
                raise PeerUnreachable(f"{url} sends an encoding that was not asked for")
            yield Stream(
                url=url, status=reply.status, headers=lower, chunks=way.pace(body.chunks())
            )
    finally:
        watch.cancel()
        if way.kept is not None and body.is_read and connection.sock is not None:
            way.kept.give(origin, connection)
        else:
            connection.close()


def _reached(
    origin: Origin, allowed: AllowList, limits: Limits, way: Way
) -> tuple[HTTPConnection, "_Watch", bool]:
    """A connection, its cutting-off, and whether it was used before."""
    connection = None if way.kept is None else way.kept.take(origin)
    if connection is not None:
        watch = _Watch(connection, limits.total_s)
        watch.socket = connection.sock
        return connection, watch, True
    found = way.resolver(origin.host, origin.port)
    allowed.check(origin, found)
    connection, watch = _connected(origin, found, limits)
    connection.timeout = limits.read_s
    return connection, watch, False


def _answered(
    reach: Callable[[], tuple[HTTPConnection, "_Watch", bool]], path: str, question: _Question
) -> tuple[HTTPConnection, "_Watch", BaseHTTPResponse]:
    """The reply, over a connection that the other end has not closed meanwhile."""
    while True:
        connection, watch, was_used = reach()
        try:
            return connection, watch, _asked(connection, path, question, watch)
        except BaseException as error:
            watch.cancel()
            connection.close()
            if not (was_used and isinstance(error.__cause__, ConnectionError)):
                raise


def _connected(origin: Origin, found: list[str], limits: Limits) -> tuple[HTTPConnection, "_Watch"]:
    """A connection to the first of the checked addresses that answers, and its cutting-off."""
    fault: Exception | None = None
    for address in found:
        connection = _connection(origin, address, min(limits.connect_s, limits.total_s))
        watch = _Watch(connection, limits.total_s)
        try:
            connection.connect()
        except (HTTPError, OSError) as error:
            watch.cancel()
            connection.close()
            fault = error
        else:
            watch.socket = connection.sock
            return connection, watch
    raise PeerUnreachable(f"{origin} does not answer: {fault}") from fault


def _connection(origin: Origin, address: str, timeout_s: float) -> HTTPConnection:
    if origin.scheme == "http":
        return HTTPConnection(address, origin.port, timeout=timeout_s)
    return HTTPSConnection(address, origin.port, timeout=timeout_s, server_hostname=origin.host)


def _asked(
    connection: HTTPConnection,
    path: str,
    question: _Question,
    watch: "_Watch",
) -> BaseHTTPResponse:
    url = question.url
    try:
        connection.request(
            "GET" if question.body is None else "POST",
            path,
            body=question.body,
            headers=question.headers,
            preload_content=False,
            decode_content=False,
        )
        reply = connection.getresponse()
    except (HTTPError, HTTPException, OSError) as error:
        watch.check()
        raise PeerUnreachable(f"{url} does not answer as it should: {error!r}") from error
    watch.check()
    return reply


class _Body:
    """The body of a reply, cut off where it is more than was allowed."""

    def __init__(self, reply: BaseHTTPResponse, max_bytes: int, watch: "_Watch", url: str) -> None:
        self._reply, self._max_bytes, self._watch, self._url = reply, max_bytes, watch, url
        self.is_read = False
        """Whether it was read to its end, as its sender meant it."""

    def chunks(self) -> Iterator[bytes]:
        reply, most, url = self._reply, self._max_bytes, self._url
        taken = 0
        announced = reply.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > most:
            raise PeerUnreachable(f"{url} announces {announced} bytes, more than {most}")
        try:
            while chunk := reply.read(min(_CHUNK, most - taken + 1)):
                taken += len(chunk)
                if taken > most:
                    raise PeerUnreachable(f"{url} sends more than {most} bytes")
                yield chunk
        except (HTTPError, HTTPException, OSError) as error:
            self._watch.check()
            raise PeerUnreachable(f"{url} broke off after {taken} bytes: {error!r}") from error
        self._watch.check()
        if announced.isdigit() and taken < int(announced):
            raise PeerUnreachable(f"{url} broke off after {taken} of {announced} bytes")
        self.is_read = True


class _Watch:
    """Cuts a connection when its time is over.

    A cut looks to the reader like the end of the reply, so whoever has read must `check`.
    """

    def __init__(self, connection: HTTPConnection, total_s: float) -> None:
        self._connection = connection
        self.socket: socket.socket | None = None
        """Kept once there is one: the connection forgets it while the body is still read."""
        self._is_over = False
        self._total_s = total_s
        self._timer = threading.Timer(total_s, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def check(self) -> None:
        """Raise `PeerUnreachable` if the connection was cut."""
        if self._is_over:
            raise PeerUnreachable(f"{self._connection.host} took longer than {self._total_s:.0f} s")

    def cancel(self) -> None:
        """Let the connection be."""
        self._timer.cancel()

    def _cut(self) -> None:
        self._is_over = True
        connected = self.socket or self._connection.sock
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _place(address: Address) -> Literal["outside", "private", "own", "never"]:
    address = _embedded(address) or address
    if address.is_loopback or address.is_link_local:
        return "own"
    if address.is_unspecified or address.is_multicast or address.is_reserved:
        return "never"
    return "outside" if address.is_global else "private"


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
