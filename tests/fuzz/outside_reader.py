"""The event log as another service reads it."""

from contracts.client.event_reader import EventReader
from tests.system import System


async def readers_outside_get_every_event(system: System) -> None:
    """Return once the published reader has brought every event of the users that the table has."""
    settings = system.settings
    reader = EventReader(str(settings.kafka_bootstrap_servers), context="users", topic_prefix=settings.topic_prefix)
    rows = await system.database.fetch("SELECT event_id FROM annals.events WHERE context = 'users'")
    missing = {str(row["event_id"]) for row in rows}
    async for read in reader:
        missing.discard(read.envelope.id)
        if not missing:
            return
