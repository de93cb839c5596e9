"""The user that PostgreSQL runs as when Annals runs as root, which PostgreSQL refuses: the owner of its data folder,
else `nobody`.

That user gets no group and no capability of root's (shed_rights.py), so it cannot read other users' files. No
permissions are opened for it: its folder is entered before the change of user (`ServerCommand.folder`), and its
programs are copied to where it may run them (postgres_programs.py).
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
# Where `nobody` is not listed (a container without /etc/passwd): its usual number.
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
        return all(self._may(path, stat.S_IXOTH) for path in (folder, *folder.parents))

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
    """The arguments that make `subprocess` run a child as this user; none for None, the present user."""
    return {"user": user.user_id, "group": user.group_id, "extra_groups": []} if user else {}


def server_user(data: Path) -> ServerUser | None:
    """The user who runs the server of this data folder: None (the present user) unless that is root.

    Raises `UserUnusable` when root may not become that user (a container without that right).
    """
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if data.exists() else 0
    user = _owner_of(owner) if owner else _nobody()
    try:
        subprocess.run(["/bin/sh", "-c", ":"], check=True, cwd="/", **as_user(user))
    except (OSError, subprocess.SubprocessError) as error:
        raise UserUnusable("postgres", user.user_id, str(error)) from None
    return user


def require_name(user_id: int) -> None:
    """Raises `UserNameless` for a user without a name: initdb looks it up, whatever its options say."""
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
        account = pwd.getpwnam(NAME)
    except KeyError:
        return ServerUser(NUMBER, NUMBER)
    return ServerUser(account.pw_uid, account.pw_gid or account.pw_uid)


def _owner_of(user_id: int) -> ServerUser:
    try:
        group_id = pwd.getpwuid(user_id).pw_gid
    except KeyError:
        group_id = user_id
    return ServerUser(user_id, group_id or user_id)
