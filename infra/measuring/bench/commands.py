"""The command path and the projection: creates, updates and their events, all waiting before one worker starts.

Creates are new users, each a stream of one event with a claim on an e-mail address. Updates move the same thousand
users again and again, so their streams are in the worker's cache after the first time. The projection then reads both.
"""

from collections.abc import Callable
from typing import NamedTuple

from contracts.client.identifiers import new_identifier
from contracts.topics import Topics
from infra.kafka.extent import topic_extent
from infra.measuring.bench.drained import Count, Drained, drain, finish
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.load import CONTEXT, moves, put_on_topic, sign_ups
from infra.measuring.bench.processes import Worker
from infra.measuring.bench.raw_rates import RawRates, raw_rates

UPDATED_USERS = 1000
PROJECTED_METRIC = "annals_events_projected_total"


class Commands(NamedTuple):
    """`raw`: what the servers do alone, in the same installation."""

    raw: RawRates
    creates: Drained
    updates: Drained
    projected: Drained


async def measure_commands(installation: Installation, count: int) -> Commands:
    """So many creates, then as many updates, then the events of both into the read model. Raises Stalled,
    TooLittleWork or Unavailable.
    """
    raw = await raw_rates(installation)
    user_ids = [new_identifier() for _ in range(min(UPDATED_USERS, count))]
    await put_on_topic(installation.settings, sign_ups(count, user_ids))
    creates = await drain_commands(installation, count)
    await put_on_topic(installation.settings, moves(count, user_ids))
    updates = await drain_commands(installation, count)
    return Commands(raw, creates, updates, await drain_events(installation, 2 * count))


async def drain_commands(installation: Installation, count: int) -> Drained:
    """Let a command worker handle so many commands that wait, each with one event, until all are published and
    answered.
    """
    return await drain(installation, "command", count, *await _from_now_on(installation))


async def finish_commands(installation: Installation, count: int) -> None:
    """The same without measuring it."""
    await finish(installation, "command", count, *await _from_now_on(installation))


async def _from_now_on(installation: Installation) -> tuple[Callable[[Worker], Count], Count]:
    """Counts the events that are written, and those that are both published and answered."""
    topics = Topics(installation.settings.topic_prefix)

    async def ends() -> list[int]:
        extents = [
            await topic_extent(installation.settings, topic) for topic in (topics.events(CONTEXT), topics.replies)
        ]
        return [sum(extent.end for extent in extent_of.values()) for extent_of in extents]

    events_before, ends_before = await installation.measurements.events_assigned(), await ends()

    async def written() -> float:
        return await installation.measurements.events_assigned() - events_before

    async def published_and_answered() -> float:
        return min(end - before for end, before in zip(await ends(), ends_before, strict=True))

    return lambda _: written, published_and_answered


async def drain_events(installation: Installation, events: int) -> Drained:
    """Let a projection worker apply so many events."""
    return await drain(installation, "projection", events, _applied_by)


async def finish_events(installation: Installation, events: int) -> None:
    """The same without measuring it."""
    await finish(installation, "projection", events, _applied_by)


def _applied_by(worker: Worker) -> Count:
    async def applied() -> float:
        return await worker.counted(PROJECTED_METRIC)

    return applied
