"""Another service, on nothing but `annals-contracts`: `python caller.py <bootstrap servers> <topic prefix>` sends a
command, reads the log of events to its end and prints, as JSON, what has come of it.
"""

import asyncio
import json
import sys
from typing import Final

from contracts.catalogue import catalogue
from contracts.client.command_client import CommandClient
from contracts.client.event_reader import EventReader, ReadEvent
from contracts.outcome import Outcome
from contracts.users.commands import CreateUser
from contracts.users.events import UserCreated

COMMAND_ID: Final = "0198c0de-ada0-7000-8000-00000000c0de"
MARY: Final = CreateUser(user_id="mary", first_name="Mary", last_name="Jackson", email="mary@example.org")


async def asked(client: CommandClient) -> Outcome | None:
    """An outcome, or none within the time."""
    outcome: Outcome | None = await client.ask(MARY, wait_seconds=0.1, command_id=COMMAND_ID)
    return outcome


def created(read: ReadEvent) -> str | None:
    """The name of a user who was created."""
    match read.event():
        case UserCreated() as event:
            return event.first_name
        case _:
            return None


async def main(servers: str, topic_prefix: str) -> None:
    """Runs all of it."""
    async with CommandClient(servers, source="/shop", topic_prefix=topic_prefix) as client:
        sent = await client.send(MARY, command_id=COMMAND_ID)
        await asked(client)
    events = EventReader(servers, context="users", topic_prefix=topic_prefix)
    try:
        async with asyncio.timeout(2):
            names = [created(read) async for read in events]
    except TimeoutError:  # the log is endless, and empty here
        names = []
    assert "users" in catalogue().contexts
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("workers", "infra", "tests"))
    print(json.dumps({"sent": sent, "modules": ours, "events": names}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
