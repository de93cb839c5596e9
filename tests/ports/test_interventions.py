"""What operators do is recorded with its reason, and read by what it was done to or in the order of the record."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import DirectWire
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.ports.event_store import Unstorable
from workers.ports.interventions import MAX_REASON_CHARACTERS, Interventions, Reason, ReasonRefused

WHY = Reason("the bug is fixed")
LETTER, OTHER_LETTER = "users.commands/3/7", "users.commands/3/8"


@pytest_asyncio.fixture
async def interventions(own: Settings | None) -> AsyncIterator[Interventions]:
    if own is None:
        yield MemoryInterventions(InterventionRows(lambda: datetime.now(UTC)), DirectWire())
        return
    assert own.database_url is not None
    url = own.database_url.get_secret_value()
    await migrate(url)
    database = Database(url, role="annals_writer", connections=1)
    await database.open()
    yield PostgresInterventions(database)
    await database.close()


async def test_an_action_is_read_as_it_was_recorded(interventions: Interventions) -> None:
    details = {"b": [1, 2.5, None, True], "a": {"name": "Ørsted ☃\n"}}
    number = await interventions.record("ada", "dlq-discard", LETTER, WHY, details)
    (action,) = await interventions.of([LETTER])
    assert (action.id, action.actor, action.action, action.target) == (number, "ada", "dlq-discard", LETTER)
    assert (action.reason, action.details) == (WHY.text, details)
    assert abs(action.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_an_action_may_have_no_details(interventions: Interventions) -> None:
    await interventions.record("ada", "dlq-discard", LETTER, WHY)
    (action,) = await interventions.of([LETTER])
    assert action.details == {}


async def test_the_actions_on_several_targets_come_oldest_first(interventions: Interventions) -> None:
    numbers = [
        await interventions.record("ada", action, target, WHY)
        for action, target in [("a", LETTER), ("b", OTHER_LETTER), ("c", LETTER), ("d", "another")]
    ]
    actions = await interventions.of([OTHER_LETTER, LETTER, "nothing was done to this"])
    assert [(action.id, action.action) for action in actions] == list(zip(numbers, "abc", strict=False))
    assert await interventions.of([]) == []


async def test_the_record_is_read_on_from_a_number(interventions: Interventions) -> None:
    numbers = [await interventions.record("ada", "a", f"target {number}", WHY) for number in range(4)]
    assert numbers == sorted(numbers)
    everything = await interventions.since(0, 10)
    assert [action.id for action in everything] == numbers
    assert await interventions.since(numbers[0], 2) == everything[1:3]
    assert await interventions.since(numbers[-1], 10) == []


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
async def test_what_cannot_be_stored_is_refused(interventions: Interventions, text: str) -> None:
    refused: list[tuple[str, str, str, dict[str, Any]]] = [
        (text, "a", "t", {}),
        ("ada", text, "t", {}),
        ("ada", "a", text, {}),
        ("ada", "a", "t", {"field": text}),
        ("ada", "a", "t", {"field": float("nan")}),
    ]
    for actor, action, target, details in refused:
        with pytest.raises(Unstorable):
            await interventions.record(actor, action, target, WHY, details)
    with pytest.raises(Unstorable):
        await interventions.of([LETTER, text])
    assert await interventions.since(0, 10) == []


@pytest.mark.parametrize("text", ["", " \t", "\n"])
def test_a_reason_says_something(text: str) -> None:
    with pytest.raises(ReasonRefused, match="is blank") as refused:
        Reason(text)
    assert refused.value.problem == "is blank"


@pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\x1f", "\u2028", "\u202e", "\ud800"])
def test_a_reason_is_one_line_that_a_terminal_can_show(character: str) -> None:
    with pytest.raises(ReasonRefused, match=f"U\\+{ord(character):04X}.*say why in one line") as refused:
        Reason(f"be{character}cause")
    str(refused.value).encode()


def test_a_reason_has_a_length_that_a_line_may_have() -> None:
    assert str(Reason("é" * MAX_REASON_CHARACTERS)) == "é" * MAX_REASON_CHARACTERS
    with pytest.raises(ReasonRefused, match="2001 characters"):
        Reason("é" * (MAX_REASON_CHARACTERS + 1))
