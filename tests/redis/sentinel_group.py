"""A primary, its replica and three sentinels, as processes of the embedded Redis's program."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.accounts import Account
from infra.devstack.ports import free_port
from infra.devstack.programs import program
from infra.devstack.redis import DISTRIBUTION, PACKAGE, PROGRAM
from infra.redis.acl import ASKING_RULES, SENTINELS_RULES, acl_lines, user_of
from infra.settings import Settings
from tests.waiting import until

HOST = "127.0.0.1"
NAME = "annals-cards"
OWNER, GUEST, WATCH = "hidden-owner", "hidden-guest", "hidden-watch"
"""The passwords of servers, of the accounts' users, and of sentinels."""
DOWN_AFTER_MS = 700
QUICK = ("info-period", "400", "publish-period", "300", "ask-period", "300", "ping-period", "200")
"""In milliseconds."""
SENTINEL_USER = "annals"
"""Who asks the sentinels."""
WATCHER = "watcher"
"""The sentinels' user on the servers."""

SERVER = """\
bind {host}
port {port}
save ""
appendonly no
enable-debug-command yes
repl-diskless-sync-delay 0
repl-ping-replica-period 1
replica-priority 10
masterauth {owner}
user default on >{owner} ~* &* +@all
user {watcher} on >{watch} {watcher_rules}
{users}
"""
SENTINEL = """\
bind {host}
port {port}
user default on >{watch} ~* &* +@all
user {user} on >{watch} {user_rules}
sentinel sentinel-pass {watch}
sentinel monitor {name} {host} {primary} 2
sentinel auth-user {name} {watcher}
sentinel auth-pass {name} {watch}
sentinel down-after-milliseconds {name} {down}
sentinel failover-timeout {name} 1500
"""


class Process:
    """A server or a sentinel, which may be killed, paused and started again."""

    def __init__(self, folder: Path, port: int, arguments: Sequence[str] = ()) -> None:
        self.port = port
        self._folder = folder
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *more: str) -> None:
        binary = program("redis", DISTRIBUTION, PACKAGE, PROGRAM)
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(binary), "server.conf", *self._arguments, *more, cwd=self._folder, stdout=log, stderr=log
            )

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()


class SentinelGroup:
    """`servers` begin as a primary and its replica. `sentinels` watch them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = [free_port() for _ in range(5)]
        names = {
            "host": HOST,
            "name": NAME,
            "owner": OWNER,
            "watch": WATCH,
            "user": SENTINEL_USER,
            "watcher": WATCHER,
            "watcher_rules": SENTINELS_RULES,
            "user_rules": ASKING_RULES,
        }
        users = "\n".join(f"{line} >{GUEST}" for line in acl_lines())
        self.servers = [
            self._process(f"server-{port}", port, SERVER.format(port=port, users=users, **names)) for port in ports[:2]
        ]
        self.sentinels = [
            self._process(
                f"sentinel-{port}",
                port,
                SENTINEL.format(port=port, primary=ports[0], down=DOWN_AFTER_MS, **names),
                ["--sentinel"],
            )
            for port in ports[2:]
        ]

    def _process(self, name: str, port: int, configuration: str, arguments: Sequence[str] = ()) -> Process:
        folder = self._folder / name
        folder.mkdir()
        (folder / "server.conf").write_text(configuration)
        return Process(folder, port, arguments)

    def url(self, account: Account = Account.OPERATOR, *, database: int = 0, scheme: str = "redis+sentinel") -> str:
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        login = f":{OWNER}" if account is Account.OWNER else f"{user_of(account)}:{GUEST}"
        return f"{scheme}://{login}@{hosts}/{NAME}/{database}"

    def settings(self, account: Account = Account.OPERATOR, **changed: Any) -> Settings:
        given: dict[str, Any] = {
            "redis_url": SecretStr(self.url(account)),
            "redis_sentinel_username": SENTINEL_USER,
            "redis_sentinel_password": SecretStr(WATCH),
        }
        return Settings(**given | changed)

    def admin(self, process: Process) -> Any:
        """A client of one server, past the sentinels."""
        password = WATCH if process in self.sentinels else OWNER
        return Redis(host=HOST, port=process.port, password=password, socket_timeout=5, decode_responses=True)

    async def ask(self, process: Process, *command: str) -> Any:
        async with self.admin(process) as admin:
            return await admin.execute_command(*command)

    async def start(self) -> None:
        primary, replica = self.servers
        await primary.start()
        await replica.start("--replicaof", HOST, str(primary.port))
        for sentinel in self.sentinels:
            await self.start_sentinel(sentinel)
        await until(self.is_watched, "the sentinels know each other and the replica", seconds=60)

    async def start_sentinel(self, sentinel: Process) -> None:
        """Start one, which looks more often than they do elsewhere."""
        await sentinel.start()

        async def is_quick() -> bool:
            try:
                return bool(await self.ask(sentinel, "SENTINEL", "DEBUG", *QUICK))
            except (RedisError, OSError):
                return False

        await until(is_quick, "the sentinel answers")

    async def is_watched(self) -> bool:
        """Whether each sentinel knows the others and a replica that is in step."""
        try:
            async with self.admin(await self.primary()) as admin:
                replicas = (await admin.info("replication"))["connected_slaves"]
            states = [await self.ask(sentinel, "SENTINEL MASTER", NAME) for sentinel in self.sentinels]
        except (RedisError, OSError, LookupError):
            return False
        return bool(replicas) and all(
            (state["num-slaves"], state["num-other-sentinels"], state["flags"]) == (1, 2, "master") for state in states
        )

    async def primary(self) -> Process:
        """The server that most sentinels name. Raises LookupError."""
        ports = []
        for sentinel in self.sentinels:
            try:
                ports.append(int((await self.ask(sentinel, "SENTINEL GET-MASTER-ADDR-BY-NAME", NAME))[1]))
            except (RedisError, OSError):
                continue
        named = [server for server in self.servers if ports.count(server.port) * 2 > len(self.sentinels)]
        if not named:
            raise LookupError("no primary")
        return named[0]

    async def cut_off(self, server: Process) -> None:
        """The sentinels cannot speak with the server any more; clients and replicas can."""
        await self.ask(server, "ACL", "SETUSER", WATCHER, "off")
        await self.ask(server, "CLIENT", "KILL", "USER", WATCHER)

    async def reconnect(self, server: Process) -> None:
        """They may again. What they have open is not logged in, and they would keep it for a quarter of a minute."""
        await self.ask(server, "ACL", "SETUSER", WATCHER, "on")
        await self.ask(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def is_replica(self, server: Process) -> bool:
        """Whether the server is a replica, and connected to its primary."""
        try:
            role = await self.ask(server, "ROLE")
        except (RedisError, OSError):
            return False
        return bool(role[0] == "slave" and role[3] == "connected")

    async def becomes_primary(self, server: Process, *, seconds: float = 60) -> None:
        async def is_it() -> bool:
            try:
                return await self.primary() is server and (await self.ask(server, "ROLE"))[0] == "master"
            except (RedisError, OSError, LookupError):
                return False

        await until(is_it, f"the sentinels make {server.port} the primary", seconds=seconds)

    async def stop(self) -> None:
        for process in (*self.sentinels, *self.servers):
            await process.kill()


@asynccontextmanager
async def sentinel_group(folder: Path) -> AsyncIterator[SentinelGroup]:
    """A running one, whose processes are killed at the end."""
    group = SentinelGroup(folder)
    try:
        await group.start()
        yield group
    finally:
        await group.stop()
