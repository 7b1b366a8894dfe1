"""A long, thin, lossy line between two network namespaces, made of two TUN devices and this relay.

For systems whose kernel has no ``netem``. Each direction has its own delay, loss and cap; a queue
of one bandwidth-delay product drops what is over it, as a router does. Run as a program in the
first namespace's parent: ``python wan.py NAME_A NAME_B DELAY_S LOSS BYTES_S SEED``.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from random import Random

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_MTU = 1_500


@dataclass
class Way:
    """One direction: packets that are on it, and when its sender is free again."""

    target: int
    waiting: list[tuple[float, int, bytes]] = field(default_factory=list)
    free_at: float = 0.0
    count: int = 0


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def tun(namespace: str, device: str, address: str) -> int:
    """A TUN device in ``namespace``, and the end that this process holds."""
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN_NO_PI))
    ip("link", "set", device, "netns", namespace)
    inside = ("-n", namespace)
    ip(*inside, "address", "add", address, "dev", device)
    ip(*inside, "link", "set", device, "up", "mtu", str(_MTU))
    return handle


def relay(
    first: int, second: int, *, delay_s: float, loss: float, bytes_s: float, seed: int
) -> None:
    """Carry packets both ways until killed."""
    random = Random(seed)
    most_waiting_s = 2 * delay_s
    ways = {first: Way(second), second: Way(first)}
    while True:
        now = time.monotonic()
        for way in ways.values():
            while way.waiting and way.waiting[0][0] <= now:
                os.write(way.target, heapq.heappop(way.waiting)[2])
        due = [way.waiting[0][0] for way in ways.values() if way.waiting]
        pause = max(min(due) - time.monotonic(), 0.0) if due else 0.1
        for source in select.select(list(ways), [], [], pause)[0]:
            packet = os.read(source, _MTU + 100)
            way, now = ways[source], time.monotonic()
            way.free_at = max(way.free_at, now)
            if random.random() < loss or way.free_at - now > most_waiting_s:
                continue
            way.free_at += len(packet) / bytes_s
            way.count += 1
            heapq.heappush(way.waiting, (way.free_at + delay_s, way.count, packet))


if __name__ == "__main__":
    name_a, name_b, *numbers = sys.argv[1:]
    delay, lost, rate, chosen = map(float, numbers)
    ends = tun(name_a, f"{name_a}t", "10.77.0.1/24"), tun(name_b, f"{name_b}t", "10.77.0.2/24")
    print("up", flush=True)
    relay(*ends, delay_s=delay, loss=lost, bytes_s=rate, seed=int(chosen))
