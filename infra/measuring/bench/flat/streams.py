"""The same update to streams of all lengths: loaded whole, loaded from a snapshot, and from the worker's cache."""

import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from contracts.client.command_client import CommandClient
from contracts.client.identifiers import new_identifier
from contracts.outcome import Outcome
from contracts.users.commands import UpdateUser
from infra.kafka.commands import command_client
from infra.measuring.bench.commands import drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import Installation, NewInstallation
from infra.measuring.bench.load import CONTEXT, SOURCE, moves, put_on_topic, sign_up
from infra.measuring.bench.processes import worker
from infra.measuring.bench.progress import Stalled

ANSWER_SECONDS = 60.0
MAX_OUTSTANDING = 100
LANES = 1


class AtLength(NamedTuple):
    """A stream of so many events. `generated_seconds`: how long it took to make. Milliseconds of the first update: read
    whole by a new worker; read by the next worker, which has the snapshot of the one before. Then many updates.
    """

    events: int
    generated_seconds: float
    whole_ms: float
    snapshot_ms: float
    updates: Drained

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: not the number of events."""
        return {name: value for name, value in self._asdict().items() if name != "events"}


async def at_lengths(new_installation: NewInstallation, lengths: Sequence[int], commands: int) -> dict[str, AtLength]:
    """At each of these lengths. Raises Stalled, Unavailable or SetupFailed."""
    streams = {new_identifier(): length for length in lengths}
    results = {}
    async with new_installation(LANES) as running:
        async with _asking(running) as client:
            for stream_id, length in streams.items():
                await _answered(client.ask(sign_up(stream_id), wait_seconds=ANSWER_SECONDS))
                if length > 1:
                    await _moved(client, stream_id, "Bergen")
        generated = {
            stream_id: await _lengthened(running, stream_id, length, place)
            for place, (stream_id, length) in enumerate(streams.items(), 1)
        }
        await running.generated.settle()
        async with _asking(running) as client:
            whole = {stream_id: await _moved(client, stream_id, "Oslo") for stream_id in streams}
        async with _asking(running) as client:
            snapshot = {stream_id: await _moved(client, stream_id, "Tromsø") for stream_id in streams}
        for stream_id, length in streams.items():
            await put_on_topic(running.settings, moves(commands, [stream_id]))
            updates = await drain_commands(running, commands)
            results[f"{length:,} events"] = AtLength(
                length, generated[stream_id], whole[stream_id], snapshot[stream_id], updates
            )
    return results


async def _lengthened(running: Installation, stream_id: str, length: int, place: int) -> float:
    """Give a stream of two events (or one) its length; returns the seconds that it took."""
    started = time.perf_counter()
    await running.generated.lengthen(CONTEXT, stream_id, 3, length, place)
    return time.perf_counter() - started


@asynccontextmanager
async def _asking(running: Installation) -> AsyncIterator[CommandClient]:
    """A client, and a new worker that has its lane and has handled something."""
    client = command_client(
        running.settings, source=SOURCE, delivery_timeout_seconds=ANSWER_SECONDS, max_outstanding=MAX_OUTSTANDING
    )
    async with worker(running, "command"), client:
        await _answered(client.ask(sign_up(), wait_seconds=ANSWER_SECONDS))
        yield client


async def _moved(client: CommandClient, stream_id: str, city: str) -> float:
    """Update a user; returns the milliseconds until the outcome."""
    started = time.perf_counter()
    await _answered(client.ask(UpdateUser(user_id=stream_id, city=city), wait_seconds=ANSWER_SECONDS))
    return (time.perf_counter() - started) * 1000


async def _answered(outcome: Awaitable[Outcome | None]) -> None:
    """Raises Stalled unless the command was accepted."""
    answer = await outcome
    if answer is None or answer.status != "accepted":
        raise Stalled("the command worker", 0, 1)
