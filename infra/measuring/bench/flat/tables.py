"""The same creates, and the same queries of the tables, as the tables grow."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.client.identifiers import new_identifier
from infra.measuring.bench.commands import drain_commands, finish_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.http_connection import get_request
from infra.measuring.bench.installation import Installation, NewInstallation
from infra.measuring.bench.load import CONTEXT, put_on_topic, sign_ups
from infra.measuring.bench.processes import gateway
from infra.measuring.bench.reads.closed_loop import ReadRate, closed_loop

READ_USERS = 100


class AtRows(NamedTuple):
    """With so many rows in the table of events, and as many of commands and claims. `generated_seconds`: how long it
    took to make those that were added. `history`: reads of `GET /users/{id}/history` by one client.
    """

    rows: int
    generated_seconds: float
    creates: Drained
    history: ReadRate

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: not the number of rows."""
        return {"generated_seconds": self.generated_seconds, "creates": self.creates, "history": self.history}


async def at_rows(
    new_installation: NewInstallation, sizes: Sequence[int], commands: int, read_seconds: float
) -> dict[str, AtRows]:
    """At each of these sizes, which must rise. Raises Stalled, Unavailable or SetupFailed."""
    results = {}
    async with new_installation() as running:
        user_ids = [new_identifier() for _ in range(READ_USERS)]
        await put_on_topic(running.settings, sign_ups(READ_USERS, user_ids))
        await finish_commands(running, READ_USERS)
        generated = 0
        for size in sizes:
            started = time.perf_counter()
            missing = max(0, size - generated - await running.measurements.events_assigned())
            await running.generated.grow(CONTEXT, generated + 1, generated + missing)
            await running.generated.settle()
            generated += missing
            generated_seconds = time.perf_counter() - started
            await put_on_topic(running.settings, sign_ups(commands))
            creates = await drain_commands(running, commands)
            history = await _history(running, user_ids, read_seconds)
            results[f"{size:,} rows"] = AtRows(size, generated_seconds, creates, history)
    return results


async def _history(running: Installation, user_ids: Sequence[str], seconds: float) -> ReadRate:
    requests = [get_request(f"/users/{user_id}/history") for user_id in user_ids]
    async with gateway(running) as ours:
        return await closed_loop(ours.process, ours.port, requests, 1, seconds)
