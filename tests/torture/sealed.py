"""A process from which no connection is made and no datagram sent: the kernel ends whoever tries.

A filter of system calls (Linux seccomp) sees what native libraries do, too, which a replaced
``socket.connect`` does not. Making a socket is let be: Saxon's runtime makes one to see what the
machine can do, and sends nothing.
"""

import ctypes
import platform
import struct

_CALLS = {"x86_64": (42, 44, 46, 307), "aarch64": (203, 206, 211, 269)}
"""Numbers of connect, sendto, sendmsg, sendmmsg."""
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06


def can_seal() -> bool:
    """Whether this machine is one for which the filter is written."""
    return platform.system() == "Linux" and platform.machine() in _CALLS


def seal() -> None:
    """From here on this process is ended with SIGSYS by what would send something."""
    calls = _CALLS[platform.machine()]
    program = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_EQUAL, 0, len(calls) + 1, _ARCHITECTURE[platform.machine()]),
        (_LOAD, 0, 0, 0),  # the number of the call
        *((_EQUAL, len(calls) - row, 0, call) for row, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _KILL),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    held = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        (_SET_SECCOMP, _FILTER, ctypes.addressof(held), 0, 0),
    ):
        if libc.prctl(*map(ctypes.c_ulong, call)) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no filter")
