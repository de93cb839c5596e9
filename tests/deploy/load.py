"""Commands in an open loop: so many a second, whatever becomes of them. A tenth creates users, the rest changes them.

Each has a user of its own or one that was created before, so every command is accepted.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from confluent_kafka import Producer

from tests.foreign_reader import foreign_options
from tests.sent_commands import Sent, command, create_user
from tests.system import System

TURN_SECONDS = 0.02
ONE_CREATES_OF = 10
FLUSH_SECONDS = 60


class Load:
    """`sent`: what was sent so far. `rate`: a second."""

    def __init__(self, system: System, rate: int) -> None:
        self.sent: list[Sent] = []
        self._topic = system.topic("users.commands")
        self._producer = Producer({**foreign_options(system.settings), "linger.ms": 5})
        self._failures: list[Any] = []
        self._rate = rate
        self._users: list[str] = []
        self._random = random.Random(20261127)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        task = asyncio.create_task(self._run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await task

    async def _run(self, stopping: asyncio.Event) -> None:
        began, before = time.monotonic(), len(self.sent)
        while not stopping.is_set():
            due = int((time.monotonic() - began) * self._rate) - (len(self.sent) - before)
            self._send([self._next() for _ in range(due)])
            await asyncio.sleep(TURN_SECONDS)
        left = await asyncio.to_thread(self._producer.flush, FLUSH_SECONDS)
        assert not left, f"{left} commands were not taken by Kafka"
        assert not self._failures, self._failures[0]

    def _send(self, commands: Sequence[Sent]) -> None:
        for sent in commands:
            self._producer.produce(
                self._topic,
                key=sent.stream_id,
                value=sent.value,
                headers=list(sent.headers),
                on_delivery=self._delivered,
            )
        self._producer.poll(0)
        self.sent += commands

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failures.append(error)

    def _next(self) -> Sent:
        if not self._users or self._random.randrange(ONE_CREATES_OF) == 0:
            created = create_user()
            self._users.append(created.stream_id)
            return created
        user_id = self._random.choice(self._users)
        fields = {"user_id": user_id, "city": f"London {self._random.getrandbits(64)}"}
        return command("users.UpdateUser.v1", user_id, fields)
