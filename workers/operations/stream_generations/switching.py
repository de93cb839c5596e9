"""Switches a context: another generation of its streams becomes the live one, at once for all who read the table.

While the lanes of the context commit nothing, the rest of the copy is made, the generation becomes live and the lanes'
owners are fenced: what they have folded is of the former one. Then the topic of events is made anew, and the lanes fill
it from the table. Sequences are the same in every generation, so readers go on where they were; what they have made of
former events they keep, until their read model is built anew.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.stored_events import StoredEvents
from workers.operations.interventions import Operator
from workers.operations.stream_generations.copying import Copying, copy, events_to_copy
from workers.ports.lanes import Unavailable
from workers.ports.stream_generations import LiveStreams, StreamGeneration, StreamGenerations
from workers.ports.topic_recreation import RecreatedTopic

MOST_EVENTS_WHILE_HELD = 2_000
"""The lanes wait while these are copied, and Postgres ends a transaction that takes long."""


class SwitchRefused(Exception):
    """The context cannot be switched as it is; the text says what to do."""


class Switched(NamedTuple):
    """The generations before and after. `was_live`: it was switched before, and only its log was made anew now."""

    before: int
    live: int
    was_live: bool = False


CopyingOf = Callable[[StreamGeneration], Copying]
"""The function of a copy; raises SwitchRefused if it cannot be had, or is another one by now."""


def candidate(live: LiveStreams, existing: Sequence[StreamGeneration], context: str) -> StreamGeneration:
    """The copy of the live generation that was made last. Raises SwitchRefused."""
    copies = [generation for generation in existing if generation.copied_from == live.number]
    newest = max(copies, key=lambda generation: generation.number, default=None)
    if newest is None or newest.number < live.number:
        raise SwitchRefused(
            f"the live generation of {context}, {live.number}, has no copy: run `annals streams copy {context}` first"
        )
    return newest


async def switch(
    generations: StreamGenerations,
    context: str,
    operator: Operator,
    copying_of: CopyingOf,
    events: StoredEvents,
    log: RecreatedTopic,
    *,
    back: bool,
) -> Switched:
    """Make the copy live or, with `back`, the generation that was live before; and the log anew.

    A switch that was interrupted is completed first: then only that is done. Raises SwitchRefused, CopyConflict,
    TransformRefused, Unavailable and Unstorable.
    """
    live = await generations.live(context)
    if live.log_is_due:
        await operator.record("streams-switch", context, {"before": live.previous, "live": live.number})
        await _renew_log(generations, context, log)
        return Switched(live.previous, live.number, was_live=True)
    if back:
        target, types = await _previous(generations, context, live)
        await operator.record("streams-switch", context, {"before": live.number, "live": target})
        async with generations.hold(context) as streams:
            await streams.make_live(context, live, target, types)
    else:
        target = await _switch_to_copy(generations, context, live, operator, copying_of, events)
    await _renew_log(generations, context, log)
    return Switched(live.number, target)


async def _previous(generations: StreamGenerations, context: str, live: LiveStreams) -> tuple[int, frozenset[str]]:
    if live.previous == live.number:
        raise SwitchRefused(f"{context} has no generation before the live one: there is nothing to switch back to")
    types = {generation.number: generation.types for generation in await generations.existing(context)}
    return live.previous, types.get(live.previous, frozenset())


async def _switch_to_copy(
    generations: StreamGenerations,
    context: str,
    live: LiveStreams,
    operator: Operator,
    copying_of: CopyingOf,
    events: StoredEvents,
) -> int:
    built = candidate(live, await generations.existing(context), context)
    transform = copying_of(built).transform
    built = await copy(generations, built, transform, events)
    await operator.record("streams-switch", context, {"before": live.number, "live": built.number})
    async with generations.hold(context) as streams:
        behind = await events_to_copy(streams, built)
        if behind > MOST_EVENTS_WHILE_HELD:
            raise SwitchRefused(
                f"{context} records faster than it is copied: {behind} events are missing; try again when it is quieter"
            )
        built = await copy(streams, built, transform, events)
        await streams.make_live(context, live, built.number, built.types)
    return built.number


async def _renew_log(generations: StreamGenerations, context: str, log: RecreatedTopic) -> None:
    try:
        if await log.state() is not None:
            await log.delete()
        await log.create()
        await generations.log_is_renewed(context)
    except Unavailable as error:
        explanation = f"{context} was switched, and {log.name} still has the events of before: {error.explanation}"
        raise Unavailable(error.server, explanation, "run `annals streams switch` again") from error
