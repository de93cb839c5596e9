"""The floor's worker, a process of its own: `python -m infra.measuring.bench.latency.bare_worker`.

It commits all that has arrived in one transaction and sends each record on: back into its own topic while it has passes
left, else to the topic of answers, with the time of its last commit. It promises nothing after a crash.
"""

import struct
import time
from contextlib import AsyncExitStack
from typing import NamedTuple

import uvloop

from infra.kafka.bare_log import bare_log
from infra.postgres.bare_table import BareTable
from infra.processes.resources import database_for
from infra.settings import Settings

_FORM = struct.Struct("<IIdd")
VALUE_BYTES = 300
REQUESTS_TOPIC = "bare.requests"
ANSWERS_TOPIC = "bare.answers"


class Passing(NamedTuple):
    """A record of the floor, with the monotonic clock's times of when it was due and last committed."""

    number: int
    passes_left: int
    due: float
    committed: float = 0.0

    def to_bytes(self) -> bytes:
        return _FORM.pack(*self).ljust(VALUE_BYTES, b"x")

    @staticmethod
    def read(value: bytes) -> "Passing":
        return Passing(*_FORM.unpack_from(value))


async def work(settings: Settings) -> None:
    """Until cancelled. `settings` are those of the installation."""
    requests, answers = (f"{settings.topic_prefix}{topic}" for topic in (REQUESTS_TOPIC, ANSWERS_TOPIC))
    async with AsyncExitStack() as stack:
        database = database_for(settings, role=None, connections=1)
        await database.open(checks_schema=False)
        stack.push_async_callback(database.close)
        table = BareTable(database)
        log = await stack.enter_async_context(bare_log(settings, requests))
        while True:
            if not (values := await log.arrived()):
                continue
            await table.insert(["x" * VALUE_BYTES for _ in values])
            committed = time.monotonic()
            for passing in map(Passing.read, values):
                left = passing.passes_left - 1
                sent = passing._replace(passes_left=left, committed=committed)
                topic = requests if left else answers
                await log.send(topic, (passing.number + left) % settings.partitions, sent.to_bytes())


if __name__ == "__main__":
    uvloop.run(work(Settings()))
