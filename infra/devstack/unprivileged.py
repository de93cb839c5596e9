"""Runs a program as `nobody` when we are root: PostgreSQL refuses to run as root.

Stands between postgres.py and the program: `python unprivileged.py PROGRAM ARGUMENT…` replaces itself by the program,
so the pid stays the same. On Linux the program keeps the one capability to pass through folders that `nobody` may not
enter (a home or a virtual environment under /root); no folder's permissions are changed for it. Where that capability
cannot be kept, the program runs without it.
"""

import ctypes
import os
import pwd
import sys

USER = "nobody"

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def user_id() -> int:
    """The user id that the program gets, which must own its data folder."""
    return pwd.getpwnam(USER).pw_uid


def become_unprivileged() -> None:
    """Turns this process from root into `nobody`, for good."""
    user = pwd.getpwnam(USER)
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if libc is not None:
        _keep_passage(libc)


def _keep_passage(libc: ctypes.CDLL) -> None:
    """Keeps CAP_DAC_OVERRIDE alone, over `exec` too (capabilities(7), "Ambient")."""
    mask = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(header, effective_permitted_inheritable) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    become_unprivileged()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the very purpose of this file
