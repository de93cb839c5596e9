"""`ANNALS_HOME`, the folder of the embedded servers: its paths, and how its files are read and written.

    <home>/ports.json     the ports chosen on the first start      <home>/log/<name>.log   the output of each process
    <home>/secrets/       generated passwords, mode 0600           <home>/run/*.json       running processes, mode 0600
    <home>/kafka, postgres, redis   the data of each server        <home>/run/up.lock      held by the running `up`

Every process may read it to find the embedded servers (locating.py); only infra.devstack starts servers in it.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

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


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in this file; None when it is missing or was cut short by a crash."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


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


def printable(path: Path) -> str:
    """The path as text for any output: control characters and bytes that are not UTF-8 become backslash escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
