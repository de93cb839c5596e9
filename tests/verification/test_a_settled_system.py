"""What most tests of a whole system wait for. A saga that is a moment late would undo what a test spoils afterwards."""

import uuid

import pytest

from tests.system import System


async def test_has_sagas_that_have_seen_every_welcome(idle_system: System) -> None:
    change = idle_system.database.execute
    for version, type_ in enumerate(("UserCreated", "UserWelcomed"), 1):
        await change(
            "INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type,"
            " schema_version, data, command_id, correlation_id, causation_id, recorded_at)"
            " VALUES ('users', 0, $1, 'ada', $1, $2, $3, 1, '{}', $2, 'a', 'a', now())",
            *(version, str(uuid.uuid4()), type_),
        )
    await change("INSERT INTO annals.sagas VALUES ('welcome', 'ada', 'welcome', '{}', 'ada', now(), now())")
    with pytest.raises(AssertionError, match="not within 0 s"):
        await idle_system.settled(seconds=0)
    await change("UPDATE annals.sagas SET status = 'welcomed'")
    await idle_system.settled(seconds=0)
