"""`ANNALS_HOME`: where the embedded servers keep everything, and the lock that gives it one owner at a time.

    <home>/ports.json     the ports chosen on the first start      <home>/log/<name>.log   what each process printed
    <home>/secrets/       generated passwords, mode 0600           <home>/run/*.json       who runs now, mode 0600
    <home>/kafka, postgres, redis   the data of each server        <home>/run/up.lock      held by the running `up`

The lock is `flock`: the kernel lets go of it however its holder dies, so a crash never leaves a home locked.
"""

import fcntl
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from infra.devstack.errors import HomeInUse

LARGEST_KEPT_LOG_BYTES = 10 * 1024 * 1024


class Home:
    """The paths under one `ANNALS_HOME`; folders are made when they are first asked for."""

    def __init__(self, path: Path) -> None:
        with suppress(RuntimeError):  # no user of that name: a folder whose own name begins with a tilde
            path = path.expanduser()
        self.path = path.absolute()

    def folder(self, *names: str) -> Path:
        """A private (0700) folder under this home, made if it is missing."""
        folder = self.path.joinpath(*names)
        # Nobody else may exchange what is private in it, whatever the umask.
        self.path.mkdir(parents=True, exist_ok=True, mode=0o755)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def run_file(self, name: str) -> Path:
        """Where a running process of this name is noted."""
        return self.path / "run" / f"{name}.json"

    def log_file(self, name: str) -> Path:
        """Where the output of this process goes."""
        return self.path / "log" / f"{name}.log"

    def open_log(self, name: str) -> IO[bytes]:
        """The log of this process, for appending; one that has grown large is set aside as `<name>.log.1` first."""
        self.folder("log")
        path = self.log_file(name)
        if path.exists() and path.stat().st_size > LARGEST_KEPT_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def secret(self, name: str) -> str:
        """The generated password of this name: made on the first call, the same ever after."""
        path = self.folder("secrets") / name
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            secret = secrets.token_urlsafe(24)
            write_private(path, secret)
            return secret


class HomeLock:
    """The right to run the servers of a home. A second taker gets `HomeInUse`, which names the first one's pid."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file: IO[str] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def take(self) -> None:
        """Takes the lock at once or raises `HomeInUse`; taking it twice in one object is a no-op."""
        if self._file is not None:
            return
        path = self._home.folder("run") / "up.lock"
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise HomeInUse(self._home.path, self.holder()) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Gives the home up; harmless when it was not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """The pid written by whoever took the lock last, if it left one."""
        try:
            text = (self._home.path / "run" / "up.lock").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else None


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in this file; None when it is missing or was cut short by a crash."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replaces this file by the JSON of `value`, as `write_private` does."""
    write_private(path, json.dumps(value, indent=2))


def write_private(path: Path, text: str) -> None:
    """Replaces this file in one step with mode 0600, so that no reader meets half of it or another user any of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
