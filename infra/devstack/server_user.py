"""The user that PostgreSQL runs as when we are root, which it refuses: the owner of its data folder, else `nobody`.

That user gets no group and no capability of ours, so it can read nobody's files. What it may not reach by a path (a
home or a package below /root) it is not given a way to by force: its folder is entered before the change of user
(`ServerCommand.folder`), and its programs are copied to where it may run them (postgres_programs.py).
"""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from infra.devstack.errors import UserNameless, UserUnusable

NAME = "nobody"
# Where no `nobody` is written down (a container without /etc/passwd): the number that it has everywhere else.
NUMBER = 65_534


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user and a group by their numbers; neither is 0."""

    user_id: int
    group_id: int

    def may_run(self, path: Path) -> bool:
        """Whether the permissions of `path` itself let this user read it and enter (a folder) or run it (a program)."""
        return self._may(path, stat.S_IROTH | stat.S_IXOTH)

    def may_read(self, path: Path) -> bool:
        """Whether the permissions of this file itself let this user read it."""
        return self._may(path, stat.S_IROTH)

    def may_pass(self, folder: Path) -> bool:
        """Whether this user may pass through this folder and all folders above it."""
        return all(self._may(one, stat.S_IXOTH) for one in (folder, *folder.parents))

    def _may(self, path: Path, wanted: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.user_id else 3 if status.st_gid == self.group_id else 0
        return status.st_mode >> shift & wanted == wanted


class UserArguments(TypedDict, total=False):
    """The arguments of `subprocess` that say who runs a child."""

    user: int
    group: int
    extra_groups: list[int]


def as_user(user: ServerUser | None) -> UserArguments:
    """The arguments that make `subprocess` run a child as this user; none for None, which is whoever we are."""
    return {"user": user.user_id, "group": user.group_id, "extra_groups": []} if user else {}


def server_user(data: Path) -> ServerUser | None:
    """Who runs the server of this data folder: None (ourselves) unless we are root.

    Raises `UserUnusable` when we are root and may not become that user (a container without that right).
    """
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if data.exists() else 0
    user = _known(owner) if owner else _nobody()
    try:
        subprocess.run(["/bin/sh", "-c", ":"], check=True, cwd="/", **as_user(user))
    except (OSError, subprocess.SubprocessError) as error:
        raise UserUnusable("postgres", user.user_id, str(error)) from None
    return user


def require_name(user_id: int) -> None:
    """Raises `UserNameless` for a user that initdb would not work for: it asks for the name, whatever it is told."""
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        raise UserNameless("postgres", user_id) from None


def give(folder: Path, user: ServerUser) -> None:
    """Makes this user the owner of a folder and of all in it; follows no link."""
    try:
        for parent, folders, files in os.walk(folder):
            for path in (Path(parent), *(Path(parent, name) for name in (*folders, *files))):
                os.chown(path, user.user_id, user.group_id, follow_symlinks=False)
    except OSError as error:
        raise UserUnusable("postgres", user.user_id, str(error)) from None


def _nobody() -> ServerUser:
    try:
        found = pwd.getpwnam(NAME)
    except KeyError:
        return ServerUser(NUMBER, NUMBER)
    return ServerUser(found.pw_uid, found.pw_gid or found.pw_uid)


def _known(user_id: int) -> ServerUser:
    try:
        group_id = pwd.getpwuid(user_id).pw_gid
    except KeyError:
        group_id = user_id
    return ServerUser(user_id, group_id or user_id)
