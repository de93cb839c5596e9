"""`LaneHost`: what newer releases have written goes to who knows it."""

from contracts.stored_events import NewerRelease
from tests.lanes.process import FIRST, SECOND, Process
from tests.lanes.test_a_lane_of_this_process import become


async def test_that_are_given_back_tell_the_group_what_their_next_owner_must_know() -> None:
    process = Process()
    process.works[FIRST].required_types = frozenset({"users.UserCreated.v9"})
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        await process.subscription.revoke(FIRST, SECOND)
    assert process.subscription.required == [
        (FIRST, frozenset({"users.UserCreated.v9"})),
        (SECOND, frozenset()),
    ]


async def test_with_an_event_of_a_newer_release_are_left_to_it() -> None:
    process = Process()
    process.works[FIRST].faults["acquire"] = [NewerRelease("users.UserCreated.v9")]
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        await become(lambda: bool(process.subscription.left), "the lane is left")
        await become(lambda: process.works[SECOND].journal == ["acquire"], "the other one is held")
    assert process.subscription.left == [(FIRST, frozenset({"users.UserCreated.v9"}))]
