"""The same creates, and the same queries of the tables, as the tables grow."""

import time
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.commands import drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.http_connection import get_request
from infra.measuring.bench.installation import Installation, installation
from infra.measuring.bench.load import CONTEXT, put_on_topic, sign_ups
from infra.measuring.bench.processes import gateway
from infra.measuring.bench.reads.closed_loop import ReadRate, closed_loop
from infra.measuring.bench.servers import Servers

READ_USERS = 100
READ_SECONDS = 2.0


class AtRows(NamedTuple):
    """With so many rows in the table of events, and as many of commands and claims. `generated_seconds`: how long it
    took to make those that were added. `history`: reads of `GET /users/{id}/history` by one client.
    """

    rows: int
    generated_seconds: float
    creates: Drained
    history: ReadRate


async def at_rows(checkout: Checkout, shared: Servers, sizes: Sequence[int], commands: int) -> dict[str, AtRows]:
    """At each of these sizes, which must rise. Raises Stalled, Unavailable or SetupFailed."""
    results = {}
    async with installation(checkout, shared) as running:
        user_ids = [str(uuid.uuid4()) for _ in range(READ_USERS)]
        await put_on_topic(running.settings, sign_ups(READ_USERS, user_ids))
        await drain_commands(running, READ_USERS)
        generated = 0
        for size in sizes:
            started = time.perf_counter()
            missing = max(0, size - generated - await running.measurements.events_assigned())
            await running.generated.grow(CONTEXT, generated + 1, generated + missing)
            await running.generated.settle()
            generated += missing
            results[f"{size:,} rows"] = await _measured(
                running, size, time.perf_counter() - started, commands, user_ids
            )
    return results


async def _measured(
    running: Installation, rows: int, generated_seconds: float, commands: int, user_ids: Sequence[str]
) -> AtRows:
    events = await running.measurements.events_assigned() + commands
    await put_on_topic(running.settings, sign_ups(commands))
    creates = await drain_commands(running, events)
    async with gateway(running) as ours:
        requests = [get_request(f"/users/{user_id}/history") for user_id in user_ids]
        history = await closed_loop(ours.process, ours.port, requests, 1, READ_SECONDS)
    return AtRows(rows, generated_seconds, creates, history)
