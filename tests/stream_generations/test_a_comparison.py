"""What a copy changes: events by their types, and the states that streams lead to."""

from tests.stream_generations.conftest import Users
from tests.stream_generations.transforms import (
    of_the_newest_version,
    to_an_update,
    with_cities_in_capitals,
    without_addresses,
)
from workers.operations.stream_generations.comparing import TypeChange

CREATED_V1, CREATED_V2 = "users.UserCreated.v1", "users.UserCreated.v2"


async def test_another_type_that_means_the_same_leads_to_the_same_states(users: Users) -> None:
    await users.record(6)
    comparison = await users.compare((await users.copy(of_the_newest_version)).number)
    assert comparison.agree
    assert list(comparison.types) == [TypeChange(CREATED_V1, CREATED_V2, 6)]
    assert (comparison.same, comparison.samples) == (6, [])


async def test_another_value_is_named_with_its_field_in_some_streams(users: Users) -> None:
    await users.record(8)
    comparison = await users.compare((await users.copy(with_cities_in_capitals)).number)
    assert not comparison.agree
    assert (comparison.different, comparison.same, comparison.fields) == (8, 0, {"city": 8})
    assert [difference.stream_id for difference in comparison.samples] == ["user-0-1", "user-0-2", "user-0-3"]
    assert comparison.samples[0].fields == {"city": ("London", "LONDON")}


async def test_a_stream_that_cannot_be_used_is_told_apart(users: Users) -> None:
    await users.record(2)
    comparison = await users.compare((await users.copy(to_an_update)).number)
    assert not comparison.agree
    assert comparison.broken + comparison.different == 2


async def test_only_what_differs_between_the_two_counts(users: Users) -> None:
    """Not what both of them have changed."""
    await users.record(4)
    await users.copy(with_cities_in_capitals)
    await users.switch(with_cities_in_capitals)
    comparison = await users.compare((await users.copy(without_addresses)).number)
    assert comparison.fields == {"email": 4}
    assert list(comparison.types) == [TypeChange(CREATED_V1, CREATED_V1, 4)]


async def test_a_function_that_changes_nothing_agrees(users: Users) -> None:
    await users.record(4)
    comparison = await users.compare((await users.copy(lambda event: event.part, name="nothing")).number)
    assert comparison.agree
    assert list(comparison.types) == []
