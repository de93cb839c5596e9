"""A program of its own, which becomes a server: it changes the user, gives up every capability for good, and then runs
the server in its place, with the same process id.

A change of user alone may leave capabilities: a root that has ambient ones and is told to keep them, or a user who was
given some (in a container, say), would hand them on to PostgreSQL, whose superuser could then read any file.

It imports nothing of Annals, so that a Python without the project's packages can run it.
Source of the calls: https://man7.org/linux/man-pages/man7/capabilities.7.html
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PRESENT_USER = -1
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522


def without_rights(
    arguments: Sequence[str], user_id: int = PRESENT_USER, group_id: int = PRESENT_USER
) -> tuple[str, ...]:
    """The command line that runs `arguments` as this user and group, without capabilities."""
    return sys.executable, "-IS", str(Path(__file__).resolve()), str(user_id), str(group_id), *arguments


def _main(user_id: int, group_id: int, arguments: list[str]) -> None:
    if user_id != PRESENT_USER:
        os.setgroups([])
        os.setgid(group_id)
        os.setuid(user_id)
    if sys.platform == "linux" and os.geteuid() != 0:
        _give_up_capabilities()
    os.execvp(arguments[0], arguments)  # noqa: S606  # the command line of a server


def _give_up_capabilities() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    none_at_all = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, twice 32 of each
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    calls = (
        (libc.prctl, (_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)),
        (libc.capset, (header, none_at_all)),
        (libc.prctl, (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),  # nor does a file give it any
    )
    for function, values in calls:
        if function(*values) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"capabilities cannot be given up: {os.strerror(number)}")


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
