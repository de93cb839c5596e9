"""A lane keeps the streams that it has met lately, a bounded number of them."""

from contracts.users.examples import CREATE_ADA, CREATE_GRACE
from tests.command.installation import Installation, record
from tests.command.table import UNSTORABLE
from workers.command.streams import StreamCache, Versioned


def stream(version: int) -> Versioned:
    return Versioned(version, None)


def test_are_as_many_as_there_is_room_for_and_those_used_last() -> None:
    cache = StreamCache(2)
    cache.keep("a", stream(1))
    cache.keep("b", stream(1))
    assert cache.missing({"a", "b", "c"}) == ["c"]
    assert cache.get("a") == stream(1), "used now"
    cache.keep("c", stream(1))
    assert cache.missing({"a", "b", "c"}) == ["b"]
    cache.keep("a", stream(2))
    cache.keep("d", stream(1))
    assert cache.missing({"a", "c", "d"}) == ["c"]
    assert cache.get("a") == stream(2)
    assert "a" in cache
    assert "b" not in cache


async def test_of_two_commands_the_one_that_cannot_be_stored_is_refused_alone() -> None:
    installation = Installation()
    strange = CREATE_GRACE.model_copy(update={"city": UNSTORABLE})
    await installation.handle([record(CREATE_ADA, 1), record(strange, 2)])
    assert [installation.outcome(number).status for number in (1, 2)] == ["accepted", "rejected"]
