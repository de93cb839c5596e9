"""A copy of a context: resumed, never mixed with another's, and apart from what everybody reads."""

import asyncio
from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.copying import EventAsStored, Part
from infra.postgres.queries import sql
from tests.stream_generations.conftest import Users
from tests.stream_generations.transforms import of_the_newest_version, with_cities_in_capitals
from tests.waiting import until
from workers.operations.stream_generations import copying
from workers.operations.stream_generations.copying import Copying, next_generation
from workers.operations.stream_generations.transforming import TransformRefused
from workers.ports.stream_generations import CopyConflict

FAILS_AT = 7
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


class Interrupted(Exception):
    """Stands for a kill."""


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "EVENTS_AT_A_TIME", 3)


async def test_holds_the_events_that_differ_in_their_places(users: Users) -> None:
    await users.record(10)
    generation = await users.copy(with_cities_in_capitals)
    assert (generation.number, generation.copied_from) == (1, 0)
    assert (generation.copied_to, generation.changed) == ({0: 10, 1: 10}, 10)
    assert generation.types == {"users.UserCreated.v1"}
    assert list(await users.generations.existing("users")) == [generation]
    rows = await users.onlooker.fetch("SELECT partition, sequence, stream_id FROM annals.copied_events ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [
        (lane, 2 * number - 1, f"user-{lane}-{number}") for lane in (0, 1) for number in range(1, 6)
    ]
    assert await users.cities() == {"London"}, "nobody reads it yet"


async def test_goes_on_where_it_was_interrupted(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    await users.record(10)
    store, calls = users.generations.store, 0

    async def store_three_times(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Interrupted
        return await store(*arguments)

    with monkeypatch.context() as interrupting:
        interrupting.setattr(users.generations, "store", store_three_times)
        with pytest.raises(Interrupted):
            await users.copy(with_cities_in_capitals)
    assert (await users.generations.existing("users"))[0].copied_to == {0: 9}
    generation = await users.copy(with_cities_in_capitals)
    assert (generation.number, generation.copied_to, generation.changed) == (1, {0: 10, 1: 10}, 10)


async def test_follows_a_context_that_grows(users: Users) -> None:
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    await users.record(6)
    generation = await users.copy(with_cities_in_capitals)
    assert (generation.number, generation.copied_to, generation.changed) == (1, {0: 10, 1: 10}, 10)


async def test_is_begun_anew_by_another_function_or_when_it_is_asked_for(users: Users) -> None:
    await users.record(4)
    assert (await users.copy(with_cities_in_capitals)).number == 1
    assert (await users.copy(with_cities_in_capitals, name="changed since")).number == 2
    assert (await users.copy(with_cities_in_capitals, name="changed since", fresh=True)).number == 3
    assert (await users.copy(with_cities_in_capitals, name="changed since")).number == 3


async def test_by_another_function_of_the_same_module_is_another_copy(users: Users) -> None:
    """The fingerprint is that of the module. Two functions in one copy would be the fault of nobody's code."""
    await users.record(4)
    one, other = (
        Copying(with_cities_in_capitals, "module:one", "code"),
        Copying(of_the_newest_version, "module:other", "code"),
    )
    assert (await next_generation(users.generations, "users", one, fresh=False)).number == 1
    assert (await next_generation(users.generations, "users", one, fresh=False)).number == 1
    assert (await next_generation(users.generations, "users", other, fresh=False)).number == 2


async def test_by_two_operators_at_once_is_made_by_one(users: Users) -> None:
    await users.record(40)
    generation = await users.generations.begin("users", 0, "a function", "a function")
    answers = await asyncio.gather(
        *(copying.copy(users.generations, generation, with_cities_in_capitals, stored_events()) for _ in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, CopyConflict) for answer in answers) == 1
    assert (await users.generations.existing("users"))[0].changed == 40
    assert await users.onlooker.fetchval("SELECT count(*) FROM annals.copied_events") == 40


async def test_that_somebody_else_begins_at_this_moment_is_a_conflict(users: Users) -> None:
    """Begun in a transaction that is open: the second operator waits for it, and is told."""
    begin = sql("begin_stream_generation")
    async with users.onlooker.transaction():
        assert await users.onlooker.fetchval(begin, "users", 0, "a function", "code") == 1
        second = asyncio.create_task(users.generations.begin("users", 0, "another function", "code"))

        async def waits() -> bool:
            return bool(await users.onlooker.fetchval(WAITING))

        await until(waits, "the second one waits")
    with pytest.raises(CopyConflict):
        await second


async def test_of_a_generation_that_is_no_longer_live_is_refused(users: Users) -> None:
    await users.record(4)
    stale = await users.copy(with_cities_in_capitals)
    await users.copy(of_the_newest_version)
    await users.switch(of_the_newest_version)
    await users.record(2)
    with pytest.raises(CopyConflict):
        await copying.copy(users.generations, stale, with_cities_in_capitals, stored_events())
    with pytest.raises(CopyConflict):
        await users.generations.begin("users", 0, "a function", "a function")


async def test_of_a_copy_keeps_what_that_one_has_changed(users: Users) -> None:
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    await users.switch(with_cities_in_capitals)
    second = await users.copy(of_the_newest_version)
    assert (second.number, second.copied_from, second.changed) == (2, 1, 4)
    await users.switch(of_the_newest_version)
    assert await users.cities() == {"LONDON"}
    types = await users.onlooker.fetch("SELECT DISTINCT type, schema_version FROM annals.live_events ORDER BY 1")
    assert [tuple(row) for row in types] == [("UserCreated", 2), ("UserWelcomed", 1)]


async def test_that_puts_an_event_back_needs_no_row_for_it(users: Users) -> None:
    await users.record(2)
    await users.copy(with_cities_in_capitals)
    await users.switch(with_cities_in_capitals)

    def as_it_was(event: EventAsStored) -> Part:
        return Part(event.model, {**event.fields, "city": "London"}) if "city" in event.fields else event.part

    assert (await users.copy(as_it_was)).changed == 0
    await users.switch(as_it_was)
    assert await users.cities() == {"London"}


async def test_stops_at_an_event_that_its_function_cannot_copy_and_keeps_what_it_has(users: Users) -> None:
    await users.record(10)

    def failing(event: EventAsStored) -> Part:
        if event.stream_id == f"user-0-{(FAILS_AT + 1) // 2}":
            raise LookupError(event.fields)
        return event.part

    with pytest.raises(TransformRefused, match=r"event 7 of lane users/0 .* raised LookupError$"):
        await users.copy(failing)
    assert (await users.generations.existing("users"))[0].copied_to == {0: 6}


async def test_of_a_context_without_events_is_empty(users: Users) -> None:
    generation = await users.copy(with_cities_in_capitals)
    assert (generation.copied_to, generation.changed) == ({}, 0)
    assert await users.switch(with_cities_in_capitals) == (0, 1, False)


async def test_is_never_changed(users: Users) -> None:
    await users.record(2)
    await users.copy(with_cities_in_capitals)
    for statement in ("UPDATE annals.copied_events SET type = ''", "DELETE FROM annals.copied_events"):
        with pytest.raises(Exception, match="append-only"):
            await users.onlooker.execute(statement)
