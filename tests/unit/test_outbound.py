"""Nothing inside the operator's network is reached through a hostile answer, name or redirect.

Every server here is a real one on this machine; addresses that nobody may reach are only named.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import OutboundRefused, PeerUnreachable
from perilune.outbound import (
    AllowList,
    Connections,
    Limits,
    Origin,
    Reply,
    Way,
    fetch,
    post,
    stream,
)

LIMITS = Limits(max_bytes=10_000, connect_s=5, read_s=1, total_s=5)
Answer = Callable[[socket.socket, str], None]


@contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """A port on 127.0.0.1 that answers each request, and the requests it got."""
    got: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain:
                try:
                    talk = tls.wrap_socket(plain, server_side=True) if tls else plain
                    request = talk.recv(65_536).decode("latin-1")
                    got.append(request)
                    answer(talk, request)
                    talk.close()
                except OSError:
                    continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], got
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def says(status: str, body: bytes = b"", **headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return lambda talk, _request: talk.sendall(head + body)


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


def get(url: str, *allowed: str, **resolved: list[str]) -> Reply:
    if not resolved:
        return fetch(url, allowed=AllowList.of(*(allowed or (url,))), limits=LIMITS)
    [found] = resolved.values()
    return fetch(
        url,
        allowed=AllowList.of(*(allowed or (url,))),
        limits=LIMITS,
        way=Way(resolver=lambda _host, _port: found),
    )


def test_an_allowed_address_answers() -> None:
    with serving(says("200 OK", b"regolith", X_Kind="soil")) as (port, got):
        reply = get(f"http://127.0.0.1:{port}/a/b?c=d")

    assert (reply.status, reply.body, reply.headers["x-kind"]) == (200, b"regolith", "soil")
    assert got[0].startswith("GET /a/b?c=d HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n" in got[0]


def test_nothing_is_asked_of_a_host_that_is_not_on_the_list() -> None:
    with serving(says("200 OK")) as (port, got):
        for listed in (f"http://127.0.0.1:{port + 1}/", f"https://127.0.0.1:{port}/"):
            with pytest.raises(OutboundRefused, match="not on the list"):
                get(f"http://127.0.0.1:{port}/", listed)

    assert got == []


def test_an_unlisted_name_is_not_even_resolved() -> None:
    asked = []

    with pytest.raises(OutboundRefused):
        fetch(
            "http://secret.example/",
            allowed=AllowList(),
            limits=LIMITS,
            way=Way(resolver=lambda host, _port: asked.append(host) or []),
        )

    assert asked == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ],
)
def test_a_redirect_leads_nowhere_that_is_not_listed(target: str) -> None:
    with serving(says("302 Found", Location=target)) as (port, got), pytest.raises(OutboundRefused):
        get(f"http://127.0.0.1:{port}/")

    assert len(got) == 1


def test_a_redirect_to_another_port_of_the_same_host_is_refused() -> None:
    with (
        serving(says("200 OK", b"inner")) as (inner, reached),
        serving(says("307 Temporary Redirect", Location=f"http://127.0.0.1:{inner}/")) as (port, _),
        pytest.raises(OutboundRefused, match="not on the list"),
    ):
        get(f"http://127.0.0.1:{port}/")

    assert reached == []


def test_a_redirect_to_a_listed_origin_is_followed() -> None:
    with (
        serving(says("200 OK", b"there")) as (second, _),
        serving(says("301 Moved", Location=f"http://127.0.0.1:{second}/x")) as (first, _),
    ):
        there = f"http://127.0.0.1:{second}/"
        reply = get(f"http://127.0.0.1:{first}/", f"http://127.0.0.1:{first}", there)

    assert (reply.body, reply.url) == (b"there", f"{there}x")


def test_a_post_goes_to_an_allowed_address_and_nowhere_from_there() -> None:
    with (
        serving(says("200 OK", b"there")) as (second, reached),
        serving(says("307 Temporary Redirect", Location=f"http://127.0.0.1:{second}/")) as (
            first,
            got,
        ),
    ):
        both = AllowList.of(url_of(first), url_of(second))
        reply = post(f"{url_of(first)}a?b", b"regolith", allowed=both, limits=LIMITS)
        with pytest.raises(OutboundRefused):
            post(url_of(second), b"regolith", allowed=AllowList.of(url_of(first)), limits=LIMITS)

    assert reply.status == 307
    assert got[0].startswith("POST /a?b HTTP/1.1\r\n")
    assert "Content-Length: 8\r\n" in got[0]
    assert reached == []


def test_redirects_in_a_circle_end() -> None:
    with (
        serving(says("302 Found", Location="/again")) as (port, got),
        pytest.raises(PeerUnreachable, match="too many redirects"),
    ):
        get(f"http://127.0.0.1:{port}/")

    assert len(got) == 6


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"],
)  # fmt: skip
def test_a_listed_name_that_resolves_to_this_machine_is_refused(address: str) -> None:
    with serving(says("200 OK")) as (port, got):
        url = f"http://peer.example:{port}/"
        with pytest.raises(OutboundRefused, match="not to be reached"):
            get(url, found=[address])
        with pytest.raises(OutboundRefused, match="not to be reached"):
            get(url, found=["192.0.9.1", address])

    assert got == []


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.9", "172.16.0.1", "fd00::1"])
def test_a_private_address_needs_the_port_written_in_the_list(address: str) -> None:
    origin = Origin.of("http://peer.example/")

    with pytest.raises(OutboundRefused):
        AllowList.of("http://peer.example/").check(origin, [address])
    AllowList.of("http://peer.example:80/").check(origin, [address])


def test_a_name_that_changes_its_address_is_asked_for_once() -> None:
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    asked = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with serving(says("200 OK", b"first")) as (port, got):
        url = f"http://localhost:{port}/"
        reply = fetch(url, allowed=AllowList.of(url), limits=LIMITS, way=Way(resolver=rebinding))

    assert (reply.body, asked) == (b"first", ["localhost"])
    assert f"Host: localhost:{port}\r\n" in got[0]


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "http://user:pw@a.example/", "http:///x", "http://a.example/\r\nX: y",
     "http://a.example:99999/", "http://[::1/", "http://a .example/", "http://bücher.example/"],
)  # fmt: skip
def test_an_address_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        Origin.of(url)


@given(st.ip_addresses())
def test_an_address_outside_is_the_only_one_reached_without_being_named(
    address: IPv4Address | IPv6Address,
) -> None:
    origin = Origin.of("https://peer.example/")
    try:
        AllowList.of("https://peer.example/").check(origin, [str(address)])
    except OutboundRefused:
        return
    assert address.is_global
    assert not address.is_multicast


def test_more_bytes_than_allowed_are_not_taken() -> None:
    def announced(talk: socket.socket, _request: str) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n")

    def unannounced(talk: socket.socket, _request: str) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_001)

    for answer, words in ((announced, "announces 10001"), (unannounced, "sends more than")):
        with serving(answer) as (port, _), pytest.raises(PeerUnreachable, match=words):
            get(f"http://127.0.0.1:{port}/")


def test_exactly_as_many_bytes_as_allowed_are_taken() -> None:
    with serving(says("200 OK", b"x" * 10_000)) as (port, _):
        assert len(get(f"http://127.0.0.1:{port}/").body) == 10_000


def test_a_body_shorter_than_announced_is_no_reply() -> None:
    def half(talk: socket.socket, _request: str) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with serving(half) as (port, _), pytest.raises(PeerUnreachable, match="broke off"):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_dripping_bytes_are_cut_off(first: bytes) -> None:
    def drip(talk: socket.socket, _request: str) -> None:
        talk.sendall(first)
        for _ in range(100):
            time.sleep(0.2)
            talk.sendall(b"x")

    limits = Limits(max_bytes=10_000, connect_s=5, read_s=10, total_s=1.5)
    started = time.monotonic()
    with serving(drip) as (port, _), pytest.raises(PeerUnreachable, match="longer than"):
        fetch(url_of(port), allowed=AllowList.of(url_of(port)), limits=limits)

    assert time.monotonic() - started < 9.0


def test_silence_is_cut_off() -> None:
    with serving(lambda _talk, _request: time.sleep(2.5)) as (port, _):
        started = time.monotonic()
        with pytest.raises(PeerUnreachable):
            get(f"http://127.0.0.1:{port}/")

        assert time.monotonic() - started < 2.4


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(PeerUnreachable, match="does not answer"):
        get(f"http://127.0.0.1:{port}/")


def test_a_compressed_reply_is_not_unpacked() -> None:
    with (
        serving(says("200 OK", b"\x1f\x8b", Content_Encoding="gzip")) as (port, got),
        pytest.raises(PeerUnreachable, match="encoding"),
    ):
        get(f"http://127.0.0.1:{port}/")

    assert "Accept-Encoding: identity\r\n" in got[0]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("200 OK", b"direct")) as (port, _), serving(says("200 OK")) as (proxy, got):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        reply = get(f"http://127.0.0.1:{port}/")

    assert (reply.body, got) == (b"direct", [])


def test_a_body_can_be_read_piece_by_piece() -> None:
    with serving(says("206 Partial Content", b"x" * 9_000)) as (port, got):
        url = f"http://127.0.0.1:{port}/"
        with stream(
            url, allowed=AllowList.of(url), limits=LIMITS, headers={"Range": "bytes=5-"}
        ) as found:
            total = sum(len(chunk) for chunk in found.chunks)

    assert (found.status, total) == (206, 9_000)
    assert "Range: bytes=5-\r\n" in got[0]


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    tls = _server_tls(tmp_path, "other.example")
    with (
        serving(says("200 OK"), tls) as (port, got),
        pytest.raises(PeerUnreachable, match=r"(?i)certificate"),
    ):
        get(f"https://localhost:{port}/", found=["127.0.0.1"])

    assert got == []


def test_the_name_and_not_the_address_is_what_the_certificate_must_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = _server_tls(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with serving(says("200 OK", b"sealed"), tls) as (port, got):
        reply = get(f"https://localhost:{port}/", found=["127.0.0.1"])

    assert reply.body == b"sealed"
    assert f"Host: localhost:{port}\r\n" in got[0]


def _server_tls(folder: Path, name: str) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@contextmanager
def keeping(*answers: bytes) -> Iterator[tuple[int, list[int]]]:
    """A port that gives ``answers`` over each connection, then closes it; requests over each."""
    counts: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                talk, _ = listener.accept()
            except OSError:
                return
            counts.append(0)
            with talk:
                for answer in answers:
                    if not talk.recv(65_536):
                        break
                    counts[-1] += 1
                    talk.sendall(answer)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], counts
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_a_connection_is_kept_and_one_closed_meanwhile_is_made_again() -> None:
    with keeping(FINE, FINE, FINE) as (port, counts), Connections() as kept:
        url = url_of(port)
        for _ in range(7):
            way = Way(kept=kept)
            reply = fetch(url, allowed=AllowList.of(url), limits=LIMITS, way=way)
            assert reply.body == b"hi"
        posted = post(url, b"x", allowed=AllowList.of(url), limits=LIMITS, way=Way(kept=kept))

    assert posted.body == b"hi"
    assert counts[:2] == [3, 3]
    assert len(counts) == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
    ids=["close", "1.0"],
)
def test_a_connection_whose_other_end_wants_it_closed_is_not_used_again(answer: bytes) -> None:
    with keeping(answer, answer) as (port, counts), Connections() as kept:
        url = url_of(port)
        for _ in range(2):
            way = Way(kept=kept)
            assert fetch(url, allowed=AllowList.of(url), limits=LIMITS, way=way).body == b"hi"
            time.sleep(0.05)

    assert counts == [1, 1]


def test_a_reply_that_nobody_asked_for_is_taken_for_no_other_questions() -> None:
    answer = FINE + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies"
    with keeping(answer, answer, answer) as (port, _), Connections() as kept:
        url = url_of(port)
        way = Way(kept=kept)
        for _ in range(3):
            assert fetch(url, allowed=AllowList.of(url), limits=LIMITS, way=way).body == b"hi"


def test_a_reply_that_was_not_read_to_its_end_ends_its_connection() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"HTTP/1.1 200 OK\r\n\r\n" * 480
    with keeping(long, long) as (port, counts), Connections() as kept:
        url = url_of(port)
        for _ in range(2):
            with stream(url, allowed=AllowList.of(url), limits=LIMITS, way=Way(kept=kept)) as found:
                next(found.chunks)
                found.chunks.close()  # type: ignore[attr-defined]  # a generator

    assert counts == [1, 1]


def test_a_kept_connection_is_no_way_to_an_origin_that_is_not_allowed() -> None:
    with keeping(FINE, FINE) as (port, counts), Connections() as kept:
        url = url_of(port)
        fetch(url, allowed=AllowList.of(url), limits=LIMITS, way=Way(kept=kept))
        with pytest.raises(OutboundRefused, match="not on the list"):
            fetch(url, allowed=AllowList(), limits=LIMITS, way=Way(kept=kept))

    assert counts == [1]
