"""An owner that was replaced and gets its lane again has forgotten what it knew: others may have changed it all."""

import pytest

from contracts.users.examples import CREATE_ADA, DELETE_ADA, MOVE_ADA_TO_TURIN, WELCOME_ADA
from tests.command.installation import Installation, record
from workers.ports.lanes import Fenced


async def test_decides_upon_what_others_did_meanwhile() -> None:
    installation = Installation()
    lane, other = installation.lane(), installation.lane()
    await lane.acquire()
    await lane.handle([record(CREATE_ADA, 0)])
    await other.acquire()
    await other.handle([record(WELCOME_ADA, 1)])
    with pytest.raises(Fenced):
        await lane.handle([record(WELCOME_ADA, 1)])
    lane.abandon()
    await other.handle([record(DELETE_ADA, 2)])
    await other.release()
    other.abandon()
    assert await lane.acquire() == 3
    await lane.handle([record(MOVE_ADA_TO_TURIN, 3)])
    await lane.release()
    lane.abandon()
    outcome = installation.outcome(3)
    assert (outcome.status, outcome.error and outcome.error.code, outcome.stream_version) == (
        "rejected",
        "UserNotFound",
        3,
    )
    assert [row.stream_version for row in installation.table.lane()] == [1, 2, 3]
