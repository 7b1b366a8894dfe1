"""How fast a listening socket sends: congestion control.

With loss-based control (cubic) one stream over a long, lossy line gets next to nothing; with BBR
(Cardwell et al., ACM Queue 14(5), 2016) it gets most of the line. It is the sender's choice, and
accepted connections inherit it. An unprivileged process may choose it where the system lists it in
``net.ipv4.tcp_allowed_congestion_control``.
"""

import contextlib
import socket

_OPTION = getattr(socket, "TCP_CONGESTION", None)


def prefer_bbr(listener: socket.socket) -> None:
    """Have what ``listener`` accepts sent with BBR, where the system lets us."""
    if _OPTION is not None:
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, _OPTION, b"bbr")


def congestion_control(listener: socket.socket) -> str:
    """What connections of ``listener`` are sent with; empty where the system does not say."""
    if _OPTION is None:
        return ""
    return listener.getsockopt(socket.IPPROTO_TCP, _OPTION, 16).rstrip(b"\0").decode()
