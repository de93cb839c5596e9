"""A generation is built, compared and switched to on ports alone; each switch is recorded before it is made."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.memory import read_model_server as keys
from infra.memory.generations import MemoryGenerations
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import DirectWire
from tests.lanes.recorded_rows import RowsInMemory
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_projection_lane import ADA, LOG, ROWS, lane_on, read_on
from workers.core.projection import Document, Projection
from workers.core.recorded import Recorded
from workers.domain.users.card import card
from workers.operations.generations.building import BuildConflict, build, next_generation, records_to_read
from workers.operations.generations.comparing import Comparison, compare
from workers.operations.generations.listing import listed
from workers.operations.generations.ports import GenerationPorts
from workers.operations.generations.switching import NothingToSwitchTo, Switch, candidate, switch
from workers.operations.interventions import Operator
from workers.ports.generations import SwitchConflict
from workers.ports.interventions import Reason
from workers.ports.log import InboundRecord
from workers.ports.read_models import Generation
from workers.ports.verification.rows import LaneSequence

FIRST, SECOND, THIRD = (Generation("users", number) for number in (1, 2, 3))


class Log:
    """`PartitionReader` and `LaneSequences` of a log with one partition a topic; only users have events."""

    def __init__(self) -> None:
        self.lane_records = LOG

    async def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        assert partition == 0
        if topic != "users.events":
            return
        for start in range(from_offset, len(self.lane_records), 2):
            yield self.lane_records[start : start + 2]

    async def end(self, topic: str, partition: int) -> int:
        return len(self.lane_records) if topic == "users.events" else 0

    async def lane_sequences(self) -> list[LaneSequence]:
        return [LaneSequence("users.commands", 0, len(self.lane_records)), LaneSequence("inventory.commands", 0, 17)]


class Scene:
    """An installation with one partition, whose live generation has all of the log."""

    def __init__(self) -> None:
        self.models = ModelsInMemory()
        self.log = Log()
        self.record = InterventionRows(lambda: datetime(2026, 5, 4, tzinfo=UTC))
        self.generations = MemoryGenerations(self.models.server, DirectWire())
        table, topics = RowsInMemory(ROWS), Topics()
        self.ports = GenerationPorts(
            self.generations, self.models, table, self.log, self.log, topics, stored_events(), 1
        )
        self.operator = Operator(MemoryInterventions(self.record, DirectWire()), "Grace", Reason("greetings"))

    async def built(self, projection: Projection) -> Generation:
        generation = await next_generation(self.ports, projection, fresh=False)
        await build(self.ports, projection, generation)
        return generation

    async def compared(self, projection: Projection, samples: int = 5) -> Comparison:
        return await compare(self.ports, projection, FIRST, SECOND, samples=samples, advance=lambda _: None)


async def scene() -> Scene:
    made = Scene()
    await read_on(lane_on(made.models), LOG)
    return made


def greeting(document: Document | None, recorded: Recorded) -> Document | None:
    after = card.evolve(document, recorded)
    return after and {**after, "greeting": f"Hello {after['first_name']}"}


GREETING = replace(card, evolve=greeting)


async def test_a_build_is_a_generation_of_its_own_that_agrees() -> None:
    on = await scene()
    generation = await next_generation(on.ports, card, fresh=False)
    assert generation == SECOND
    assert await records_to_read(on.ports, card, generation) == 5
    counted: list[int] = []
    assert await build(on.ports, card, generation, counted.append) == 2
    assert sum(counted) == 5
    assert await records_to_read(on.ports, card, generation) == 0
    assert await on.compared(card) == Comparison(2, 0, 0, 0, {}, [])
    assert await on.generations.live("users") == FIRST
    assert on.record.rows == [], "a build changes nothing that is in use"


async def test_an_unfinished_build_goes_on_unless_a_fresh_one_is_wanted() -> None:
    on = await scene()
    assert await on.built(card) == SECOND
    assert await next_generation(on.ports, card, fresh=False) == SECOND
    assert await next_generation(on.ports, card, fresh=True) == THIRD
    assert await on.generations.existing("users") == [FIRST, THIRD]


async def test_a_build_that_is_changed_by_another_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    on = await scene()
    generation = await next_generation(on.ports, card, fresh=False)
    records = on.log.records

    async def disturbed(topic: str, partition: int, offset: int) -> AsyncIterator[list[InboundRecord]]:
        async for batch in records(topic, partition, offset):
            yield batch
            on.models.forget_checkpoints()

    monkeypatch.setattr(on.log, "records", disturbed)
    with pytest.raises(BuildConflict, match="generation 2 of users"):
        await build(on.ports, card, generation)


async def test_differences_are_counted_and_shown_by_field() -> None:
    on = await scene()
    assert await on.built(GREETING) == SECOND
    comparison = await on.compared(GREETING, samples=1)
    assert (comparison.same, comparison.different, comparison.fields) == (0, 2, {"greeting": 2})
    assert not comparison.agree
    (sample,) = comparison.samples
    assert (sample.document_id, sample.fields()) == (ADA, {"greeting": (None, "Hello Ada")})


async def test_documents_of_one_side_only_are_counted() -> None:
    on = await scene()
    await on.built(card)
    on.models.server.set(keys.document(FIRST, "bob"), None)
    comparison = await on.compared(card)
    assert (comparison.same, comparison.only_in_live, comparison.only_in_built) == (1, 0, 1)


async def test_a_switch_is_recorded_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    on = await scene()
    await on.built(GREETING)

    async def rejected(current: Generation, to: Generation) -> None:
        assert [row.action for row in on.record.rows] == ["projection-switch"]
        raise SwitchConflict(to.projection)

    with monkeypatch.context() as patched:
        patched.setattr(on.generations, "switch", rejected)
        with pytest.raises(SwitchConflict):
            await switch(on.ports, on.operator, GREETING, back=False)
    assert await switch(on.ports, on.operator, GREETING, back=False) == Switch(FIRST, SECOND)
    assert await switch(on.ports, on.operator, GREETING, back=True) == Switch(SECOND, FIRST)
    rows = [(row.actor, row.target, row.reason, row.details) for row in on.record.rows[1:]]
    assert rows == [
        ("Grace", "users", "greetings", {"before": 1, "live": 2}),
        ("Grace", "users", "greetings", {"before": 2, "live": 1}),
    ]


async def test_a_switch_brings_the_generation_up_to_date_first() -> None:
    on = await scene()
    on.log.lane_records = LOG[:2]
    await on.built(card)
    on.log.lane_records = LOG
    await switch(on.ports, on.operator, card, back=False)
    assert on.models.checkpoints[SECOND, "users.events", 0].sequence == 5


@pytest.mark.parametrize("back", [False, True])
async def test_where_there_is_nothing_to_switch_to_nothing_is_recorded(back: bool) -> None:
    on = await scene()
    with pytest.raises(NothingToSwitchTo):
        await switch(on.ports, on.operator, card, back=back)
    with pytest.raises(NothingToSwitchTo, match="projections rebuild users"):
        await candidate(on.ports, card)
    assert on.record.rows == []


async def test_all_are_listed() -> None:
    on = await scene()
    on.log.lane_records = LOG[:3]
    await on.built(GREETING)
    on.log.lane_records = LOG
    first, second = await listed(on.ports, [card])
    assert (first.number, first.live, first.documents, first.behind, first.by_this_code) == (1, True, 2, 0, True)
    assert (second.number, second.live, second.documents, second.behind) == (2, False, 2, 2)
    await switch(on.ports, on.operator, GREETING, back=False)
    assert [(row.live, row.previous) for row in await listed(on.ports, [card])] == [(False, True), (True, False)]
