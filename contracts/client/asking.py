"""Asks until there is an outcome: sends a command again under its id, as long as a deadline allows.

That is harmless: a repeat is answered with the stored outcome. It is needed when the reply was lost: Kafka was away,
the topic of the replies was made anew, a worker was killed before it answered.
"""

import asyncio
from typing import Any

from contracts.client.command_client import CommandClient
from contracts.client.errors import KafkaUnavailable, NoOutcome, TooManyCommands
from contracts.message import Command
from contracts.outcome import Outcome

ATTEMPT_SECONDS = 10.0
FIRST_DELAY_SECONDS = 0.2
LAST_DELAY_SECONDS = 5.0


async def ask_until_answered(
    client: CommandClient,
    command: Command,
    *,
    command_id: str,
    deadline_seconds: float,
    attempt_seconds: float = ATTEMPT_SECONDS,
    **options: Any,
) -> Outcome:
    """The outcome of a command within `deadline_seconds`, waiting `attempt_seconds` for it before sending it again.

    `options`: of `CommandClient.ask`. While Kafka is away, or the client has as many commands under way as it allows,
    it waits longer and longer, up to LAST_DELAY_SECONDS. Raises NoOutcome, and what `ask` raises but for that.
    """
    loop = asyncio.get_running_loop()
    end, delay_seconds = loop.time() + deadline_seconds, FIRST_DELAY_SECONDS
    reason: Exception | None = None
    try:
        async with asyncio.timeout_at(end):
            while True:
                wait_seconds = min(attempt_seconds, max(0.0, end - loop.time()))
                try:
                    outcome = await client.ask(command, wait_seconds=wait_seconds, command_id=command_id, **options)
                except (KafkaUnavailable, TooManyCommands) as error:
                    reason = error
                    await asyncio.sleep(delay_seconds)
                    delay_seconds = min(delay_seconds * 2, LAST_DELAY_SECONDS)
                    continue
                if outcome is not None:
                    return outcome
                reason = None  # the command was sent: that it could not be before says nothing any more
    except TimeoutError:
        raise NoOutcome(command_id, deadline_seconds) from reason
