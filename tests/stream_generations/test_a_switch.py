"""A switch: everybody reads the copy at once, lanes begin anew, and whatever interrupts it, it can be completed."""

import pytest

from infra.postgres.stream_generations import PostgresHeldStreams
from tests.stream_generations.conftest import Users
from tests.stream_generations.transforms import of_the_newest_version, with_cities_in_capitals
from workers.operations.stream_generations import switching
from workers.operations.stream_generations.switching import Switched, SwitchRefused
from workers.ports.lanes import Unavailable
from workers.ports.stream_generations import LiveStreams

SNAPSHOT = """
INSERT INTO annals.snapshots (context, stream_id, stream_version, fingerprint, digest, state, taken_at)
VALUES ($1, 'user-0-1', 2, 'a', 'b', '{}', now())
"""


async def test_is_for_everybody_and_makes_the_log_anew(users: Users) -> None:
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    await users.record(2)
    assert await users.switch(with_cities_in_capitals) == Switched(0, 1)
    assert await users.cities() == {"LONDON"}
    assert users.log.steps == ["delete", "create"]
    assert await users.generations.live("users") == LiveStreams(1, 0, log_is_due=False)


async def test_fences_the_lanes_tells_them_what_to_know_and_drops_the_snapshots_of_the_context_alone(
    users: Users,
) -> None:
    await users.record(4)
    await users.onlooker.execute("UPDATE annals.lanes SET event_types = ARRAY['users.UserCreated.v1']")
    for context in ("users", "orders"):
        await users.onlooker.execute(SNAPSHOT, context)
    await users.copy(of_the_newest_version)
    await users.switch(of_the_newest_version)
    lanes = await users.onlooker.fetch("SELECT epoch, owner, event_types FROM annals.lanes")
    assert {(lane["epoch"], lane["owner"]) for lane in lanes} == {(1, None)}
    assert {frozenset(lane["event_types"]) for lane in lanes} == {
        frozenset({"users.UserCreated.v1", "users.UserCreated.v2"})
    }
    assert await users.onlooker.fetchval("SELECT array_agg(context) FROM annals.snapshots") == ["orders"]


@pytest.mark.parametrize("step", ["delete", "create"])
async def test_that_kafka_interrupts_is_completed_by_the_next(users: Users, step: str) -> None:
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    users.log.faults = [step]
    with pytest.raises(Unavailable, match=r"was switched, and users\.events still has the events of before") as caught:
        await users.switch(with_cities_in_capitals)
    assert "run `annals streams switch` again" in caught.value.advice
    assert await users.generations.live("users") == LiveStreams(1, 0, log_is_due=True)
    assert await users.switch() == Switched(0, 1, was_live=True)
    assert users.log.steps == ["delete", "create"]
    assert await users.generations.live("users") == LiveStreams(1, 0, log_is_due=False)
    with pytest.raises(SwitchRefused, match="has no copy"):
        await users.switch()


async def test_that_fails_while_the_lanes_are_held_changes_nothing(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    make_live = PostgresHeldStreams.make_live

    async def failing(streams: PostgresHeldStreams, *arguments: object) -> None:
        await make_live(streams, *arguments)  # type: ignore[arg-type]
        raise Unavailable("Postgres", "away for the test")

    monkeypatch.setattr(PostgresHeldStreams, "make_live", failing)
    with pytest.raises(Unavailable):
        await users.switch(with_cities_in_capitals)
    assert await users.cities() == {"London"}
    assert not users.log.steps
    assert await users.onlooker.fetchval("SELECT sum(epoch) FROM annals.lanes") == 0


async def test_goes_back_and_forth_with_what_was_recorded_meanwhile(users: Users) -> None:
    await users.record(2)
    await users.copy(with_cities_in_capitals)
    await users.switch(with_cities_in_capitals)
    await users.record(2)
    assert await users.cities() == {"LONDON", "London"}
    assert await users.switch(back=True) == Switched(1, 0)
    assert await users.cities() == {"London"}
    assert await users.switch(with_cities_in_capitals) == Switched(0, 1)
    assert await users.cities() == {"LONDON"}, "the copy was brought up to the end before"
    assert await users.switch(back=True) == Switched(1, 0)


async def test_without_a_copy_or_a_former_generation_is_refused(users: Users) -> None:
    with pytest.raises(SwitchRefused, match="has no copy: run `annals streams copy users` first"):
        await users.switch()
    with pytest.raises(SwitchRefused, match="nothing to switch back to"):
        await users.switch(back=True)


async def test_by_a_function_that_has_changed_since_is_refused(users: Users) -> None:
    await users.record(2)
    await users.copy(with_cities_in_capitals)
    with pytest.raises(SwitchRefused, match="another function"):
        await users.switch(with_cities_in_capitals, name="changed since")


async def test_of_a_context_that_grows_too_fast_is_refused(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    await users.record(2)
    await users.copy(with_cities_in_capitals)
    monkeypatch.setattr(switching, "MOST_EVENTS_WHILE_HELD", 3)
    hold = users.generations.hold

    def hold_after_more(context: str) -> object:
        return _Late(users, hold(context))

    monkeypatch.setattr(users.generations, "hold", hold_after_more)
    with pytest.raises(SwitchRefused, match="records faster than it is copied: 4 events are missing"):
        await users.switch(with_cities_in_capitals)
    assert (await users.generations.live("users")).number == 0


class _Late:
    """Holds the lanes after two more events have come in each."""

    def __init__(self, users: Users, holding: object) -> None:
        self._users = users
        self._holding = holding

    async def __aenter__(self) -> object:
        await self._users.record(2)
        return await self._holding.__aenter__()  # type: ignore[attr-defined]

    async def __aexit__(self, *arguments: object) -> object:
        return await self._holding.__aexit__(*arguments)  # type: ignore[attr-defined]
