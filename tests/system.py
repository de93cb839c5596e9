"""Annals as its users run it: worker processes on real servers, and another Kafka client than Annals uses."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from confluent_kafka import Producer

from contracts.topics import Topics
from infra.kafka.topics import create_topics, topics_of
from infra.postgres.migrate import migrate
from infra.redis.connection import client
from infra.settings import Settings
from tests.foreign_reader import all_records, foreign_options
from tests.logins import Logins, as_account, logins_of_all_accounts
from tests.sent_commands import Sent
from tests.waiting import until
from tests.warm.process import start
from tests.worker_logs import reported
from tests.worker_process import Worker
from workers.domain import contexts

# Short, so that a killed worker is noticed soon. Safety must not depend on it.
SESSION_TIMEOUT_SECONDS = 3.0
COMMAND_TIMEOUT_SECONDS = 90.0
OF_THE_OWNER = ("migrate", "bench", "soak", "up")


class Ran(NamedTuple):
    """The exit code and the output of a command of the command line."""

    code: int
    output: str
    errors: str

    def json(self) -> Any:
        return json.loads(self.output)


class System:
    """The topics and tables of one test, and the processes that it starts."""

    def __init__(self, settings: Settings, folder: Path, database: asyncpg.Pool, redis: Any, logins: Logins) -> None:
        self.settings = settings.model_copy(update={"kafka_session_timeout_seconds": SESSION_TIMEOUT_SECONDS})
        self.database = database
        self.redis = redis
        self.workers: list[Worker] = []
        self._folder = folder
        self._logins = logins
        self._producer = self._connected()

    def _connected(self) -> Producer:
        return Producer({**foreign_options(self.settings), "message.max.bytes": 20_000_000, "linger.ms": 5})

    def reconnect(self) -> None:
        """Send with a new client from now on: the former one caches the topics' metadata for minutes."""
        self.disconnect()
        self._producer = self._connected()

    def disconnect(self) -> None:
        """Send nothing more. A client that is left to the garbage collector complains of servers that are gone."""
        self._producer.purge()
        self._producer.close()

    def topic(self, name: str) -> str:
        return f"{self.settings.topic_prefix}{name}"

    async def worker(self, role: str, *, entry: Sequence[str] = (), **settings: Any) -> Worker:
        """Start another worker, with the login of its role. `entry` replaces the program `annals worker`, `settings`
        those of the system.
        """
        log_file = self._folder / f"{role}-{len(self.workers)}.log"
        own = as_account(self._logins, role, self.settings.model_copy(update=settings))
        with log_file.open("wb") as output:
            process = await start(
                *(entry or ("infra.cli.main", "worker", role)),
                env=os.environ | own.environment(),
                output=output.fileno(),
            )
        started = Worker(role, process, log_file)
        self.workers.append(started)
        return started

    async def annals(self, *arguments: str, entry: str = "infra.cli.main") -> Ran:
        """Run a command of the command line (of the program `entry`) to its end, with the login of operators, or with
        that of the owner if it needs it.
        """
        account = "owner" if arguments and arguments[0] in OF_THE_OWNER else "operator"
        settings = as_account(self._logins, account, self.settings)
        process = await start(entry, *arguments, env=os.environ | settings.environment())
        async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
            output, errors = await process.communicate()
        return Ran(process.returncode or 0, output.decode(), errors.decode())

    async def holding(self, worker: Worker, lanes: int = 1, *, of: Iterable[str] | None = None) -> None:
        """Wait until a command or saga worker owns at least so many lanes of each of these contexts; None: of every
        context that its role has lanes of.
        """
        wanted = self._inputs(worker.role, of)
        owned = "SELECT topic, count(*) AS lanes FROM annals.lanes WHERE role = $1 AND owner LIKE $2 GROUP BY topic"

        async def owned_enough() -> bool:
            rows = await self.database.fetch(owned, worker.role, f"%/{worker.process.pid}")
            lanes_by_topic = {row["topic"]: row["lanes"] for row in rows}
            return all(lanes_by_topic.get(topic, 0) >= lanes for topic in wanted)

        await until(owned_enough, f"worker {worker.process.pid} owns {lanes} lanes of each context", seconds=60)

    def _inputs(self, role: str, of: Iterable[str] | None) -> set[str]:
        """The topics whose lanes a role has."""
        topics, all_contexts = Topics(self.settings.topic_prefix), contexts()
        if role == "command":
            return {topics.commands(name) for name in of or all_contexts}
        followed = {name for context in all_contexts.values() for saga in context.sagas for name in saga.contexts}
        return {topics.events(name) for name in of or followed}

    def send(self, commands: Iterable[Sent], *, topic: str = "users.commands") -> None:
        """Produce with librdkafka's own partitioner and wait for the acknowledgements."""
        failures: list[Any] = []

        def delivered(error: Any, _: Any) -> None:
            if error is not None:
                failures.append(error)

        for command in commands:
            while True:
                try:
                    self._producer.produce(
                        self.topic(topic),
                        key=command.stream_id,
                        value=command.value,
                        headers=list(command.headers),
                        on_delivery=delivered,
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self._producer.poll(0)
        assert self._producer.flush(60) == 0
        assert not failures, failures[0]

    def records(self, name: str) -> list[list[Any]]:
        """All records of a topic, a list for each partition, as confluent_kafka messages."""
        return all_records(str(self.settings.kafka_bootstrap_servers), self.topic(name))

    async def value(self, query: str, *arguments: Any) -> Any:
        return await self.database.fetchval(query, *arguments)

    async def lanes(self, role: str, topic: str) -> list[asyncpg.Record]:
        """The rows of a topic's lanes: each context numbers its own from 0."""
        query = "SELECT * FROM annals.lanes WHERE role = $1 AND topic = $2 ORDER BY partition"
        rows: list[asyncpg.Record] = await self.database.fetch(query, role, self.topic(topic))
        return rows

    async def handled(self, count: int, *, seconds: float = 90.0) -> None:
        """Wait until so many commands have outcomes."""

        async def enough() -> bool:
            return bool(await self.value("SELECT count(*) FROM annals.commands") >= count)

        await until(enough, f"{count} commands are handled", seconds=seconds, every=0.2)

    async def settled(self, *, seconds: float = 90.0) -> None:
        """Wait until every welcome is done, its saga has seen it, and the read model has reached the table's end."""

        async def done() -> bool:
            missing = await self.value(
                "SELECT count(*) FILTER (WHERE type = 'UserCreated') - count(*) FILTER (WHERE type = 'UserWelcomed') "
                "FROM annals.events"
            )
            if missing or await self.value(
                "SELECT count(*) FROM annals.events JOIN annals.sagas ON instance_id = stream_id "
                "WHERE saga = 'welcome' AND status IN ('new', 'wait', 'welcome') AND type = 'UserWelcomed'"
            ):
                return False
            lanes = await self.lanes("command", "users.commands")
            return all([await self.projected(lane["partition"]) >= lane["sequence"] for lane in lanes])

        await until(done, "every user is welcomed, as sagas and read model have seen", seconds=seconds, every=0.2)

    async def sagas_have_read(self, context: str) -> None:
        """Wait until the saga lanes of a context have passed all records of its log."""

        async def at_the_end() -> bool:
            rows = await self.lanes("saga", f"{context}.events")
            lanes = await asyncio.to_thread(self.records, f"{context}.events")
            return {row["partition"]: row["consumed"] for row in rows} == dict(enumerate(map(len, lanes)))

        await until(at_the_end, f"the saga lanes of {context} have passed all records", seconds=60, every=0.5)

    async def projected(self, partition: int) -> int:
        """The last sequence of a lane that the users read model has."""
        prefix = self.settings.topic_prefix
        stored = await self.redis.get(f"{prefix}annals:users:1:checkpoint:{prefix}users.events:{partition}")
        return 0 if stored is None else int(stored.split(b":")[0])


@asynccontextmanager
async def running_system(settings: Settings, folder: Path) -> AsyncIterator[System]:
    """A system without data. Its processes are killed when the block ends."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    await create_topics(settings, topics_of(list(contexts()), settings))
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=4) as database,
        client(settings) as redis,
        logins_of_all_accounts(database) as logins,
    ):
        system = System(settings, folder, database, redis, logins)
        try:
            with reported(system.workers):
                yield system
        finally:
            for worker in system.workers:
                if worker.process.returncode is None:
                    worker.signal(signal.SIGCONT)
                    await worker.kill()
            system.disconnect()
