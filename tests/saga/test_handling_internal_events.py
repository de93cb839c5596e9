"""`InternalEventSource`: an instance that is postponed comes later, and holds up no other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.command.installation import command_id
from tests.lanes.recorded_rows import FIRST_SECOND, event_rows, inbound_all
from tests.saga.greeting import DEADLINE_SECONDS, Greeting, greeting
from tests.saga.installation import LANE, Installation, created
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed
from workers.ports.outcomes import OutcomeRow
from workers.ports.sagas import DeadlineRow, DueInternalEvents, InstanceKey, SagaBatch, StepRow
from workers.saga.internal_event_source import LOOK_INTERVAL_SECONDS, MAX_DUE, POSTPONED_SECONDS, InternalEventSource

PLACE = (LANE.topic, LANE.partition)


class Source:
    """An `InternalEventSource` on a store and a clock of its own. `asked`: how much each question asked for."""

    def __init__(self) -> None:
        self.installation = Installation(())
        self.asked: list[int] = []
        store = self.installation.store
        due = store.due

        async def noted(lane: Any, sagas: Sequence[str], limit: int) -> DueInternalEvents:
            self.asked.append(limit)
            return await due(lane, sagas, limit)

        store.due = noted  # type: ignore[method-assign]  # looks on
        self.internal_events = InternalEventSource(LANE, store, lambda: self.installation.elapsed_seconds)

    def deadlines(self, name: str, count: int = 1) -> None:
        """So many have passed for this instance, after those that were set before."""
        table = self.installation.store.table.deadlines
        for number in range(count):
            key = ("greeting", name, str(number))
            at = f"2025-01-01T00:00:00.{len(table):06d}Z"
            table[key] = (PLACE, DeadlineRow(*key, at, command_id(number), "correlation", None, None))

    async def rejected_steps(self, *names: str) -> None:
        """A step of each of these instances, as often as it is named, was rejected."""
        store = self.installation.store
        await store.acquire(LANE, "tester")
        steps = [self._step(position, name) for position, name in enumerate(names, start=1)]
        await store.commit(SagaBatch(LANE, 1, 1, len(steps), 0, 1, [], steps))
        store.table.tell_sagas([self._outcome(step) for step in steps])

    @staticmethod
    def _step(position: int, name: str) -> StepRow:
        columns = ("welcome", command_id(position), "users.WelcomeUser.v1", name, b"{}", "correlation", "causation")
        return StepRow(position, "greeting", name, *columns, None, None, "2025-01-01T00:00:00Z", handles_rejection=True)

    @staticmethod
    def _outcome(step: StepRow) -> OutcomeRow:
        return OutcomeRow(
            step.command_id,
            step.command_type,
            "users",
            step.stream_id,
            "rejected",
            0,
            0,
            0,
            (),
            b'{"code": "No"}',
            step.correlation_id,
            step.causation_id,
            None,
            FIRST_SECOND,
            None,
        )

    async def instances_due(self) -> list[str]:
        """For whom there is something, when it is time to look again."""
        self.installation.pass_seconds(LOOK_INTERVAL_SECONDS)
        return [own.key.instance_id for own in await self.internal_events.due(["greeting"])]

    def postpone(self, *names: str) -> None:
        self.internal_events.postpone({InstanceKey("greeting", name): "for the test" for name in names})


async def test_brings_each_instance_one_thing_at_a_time() -> None:
    source = Source()
    source.deadlines("ada", 3)
    source.deadlines("bob")
    assert await source.instances_due() == ["ada", "bob"]


async def test_looks_at_intervals_or_when_asked_to() -> None:
    source = Source()
    source.deadlines("ada")
    assert await source.instances_due() == ["ada"]
    source.installation.pass_seconds(LOOK_INTERVAL_SECONDS * 0.9)
    assert await source.internal_events.due(["greeting"]) == []
    assert len(source.asked) == 1
    source.internal_events.look_soon()
    assert len(await source.internal_events.due(["greeting"])) == 1


async def test_asks_nothing_right_after_the_process_has_found_nothing_due() -> None:
    source = Source()
    source.internal_events.note_look(is_due=False)
    assert await source.internal_events.due(["greeting"]) == []
    assert len(source.asked) == 0
    source.deadlines("ada")
    assert await source.instances_due() == ["ada"]


async def test_asks_at_once_when_the_process_has_found_something_due() -> None:
    source = Source()
    assert await source.instances_due() == []
    source.deadlines("ada")
    source.internal_events.note_look(is_due=True)
    assert len(await source.internal_events.due(["greeting"])) == 1


async def test_gives_an_instance_that_was_postponed_when_the_time_is_over_and_not_before() -> None:
    source = Source()
    source.deadlines("ada")
    for _ in range(3):
        assert await source.instances_due() == ["ada"]
        source.postpone("ada")
        assert await source.instances_due() == []
        source.installation.pass_seconds(POSTPONED_SECONDS - 2.5 * LOOK_INTERVAL_SECONDS)
        assert await source.instances_due() == [], "half an interval too early"
        source.installation.pass_seconds(LOOK_INTERVAL_SECONDS)


async def test_gives_the_others_behind_many_that_are_postponed() -> None:
    source = Source()
    names = [f"user {number}" for number in range(2 * MAX_DUE + 1)]
    for name in names:
        source.deadlines(name)
    source.postpone(*names)
    source.deadlines("ada")
    assert await source.instances_due() == ["ada"]
    assert len(source.asked) == 1


async def test_gives_the_others_behind_one_that_is_postponed_and_due_very_often() -> None:
    source = Source()
    source.deadlines("bob", 10 * MAX_DUE)
    source.postpone("bob")
    source.deadlines("ada")
    assert await source.instances_due() == ["ada"]


async def test_gives_rejections_behind_those_of_one_that_is_postponed_though_there_are_deadlines_to_give() -> None:
    source = Source()
    await source.rejected_steps(*["bob"] * 5 * MAX_DUE, "ada")
    source.postpone("bob")
    source.deadlines("carl")
    assert sorted(await source.instances_due()) == ["ada", "carl"]


async def test_asks_once_and_no_more_than_needed_when_no_instance_is_postponed() -> None:
    source = Source()
    source.deadlines("bob", 10 * MAX_DUE)
    assert await source.instances_due() == ["bob"]
    source.installation.store.table.deadlines.clear()
    source.postpone("bob")
    assert await source.instances_due() == []
    assert source.asked == [MAX_DUE, MAX_DUE + 1]


async def test_the_same_lane_lets_an_instance_handle_later_what_its_code_failed_on() -> None:
    rows = event_rows(created("ada"), created("bob"))
    installation, broken = Installation(rows), {"bob"}

    def decide(state: Greeting, recorded: Recorded) -> tuple[Consequence, ...]:
        if isinstance(recorded.event, DeadlinePassed) and recorded.stream_id in broken:
            raise KeyError("a bug")
        return greeting.decide(state, recorded)

    def applied(name: str) -> tuple[str, ...]:
        row = installation.store.stored[InstanceKey("greeting", name)]
        return Greeting.model_validate_json(row.state).events

    lane = installation.lane([replace(greeting, decide=decide)])
    await lane.acquire()
    await lane.handle(inbound_all(rows))
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    assert (applied("ada"), applied("bob")) == (("UserCreated", "DeadlinePassed"), ("UserCreated",))
    broken.clear()
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await lane.idle()
    assert applied("bob") == ("UserCreated",), "left alone for a while"
    installation.pass_seconds(POSTPONED_SECONDS)
    await lane.idle()
    assert applied("bob") == ("UserCreated", "DeadlinePassed")
    assert applied("ada") == ("UserCreated", "DeadlinePassed"), "once"
    assert installation.store.table.deadlines == {}
