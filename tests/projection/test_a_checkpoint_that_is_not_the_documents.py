"""`ProjectionLane` on a store whose checkpoint alone was lost, set back or set forward: no event counts twice or never.

Cards of money and stock are sums: an event that is folded upon a document that holds it already doubles it.
"""

from dataclasses import replace
from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.inventory import examples as stock
from contracts.message import Event
from contracts.orders import examples as orders
from contracts.payments import examples as money
from contracts.topics import Topics
from contracts.users import examples as users
from infra.memory import read_model_server as keys
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound_all
from tests.projection.models import ModelsInMemory
from workers.core.projection import Projection
from workers.domain import contexts
from workers.lanes.work import Restart
from workers.ports.event_store import EventRow
from workers.ports.read_models import Checkpoint, Generation
from workers.projection.lane import ProjectionLane

PROJECTIONS = {projection.name: projection for context in contexts().values() for projection in context.projections}


def events_of(*modules: Any) -> list[Event]:
    return [value for module in modules for value in vars(module).values() if isinstance(value, Event)]


EVENTS = events_of(users, orders, money, stock)


class Read:
    """A projection's lane that has read the examples of its context."""

    def __init__(self, projection: Projection, store: ModelsInMemory | None = None) -> None:
        self.projection = projection
        self.rows = event_rows(*(event for event in EVENTS if event.context == projection.context))
        self.store = store or ModelsInMemory()
        self.topic = Topics().events(projection.context)
        self.key = keys.checkpoint(Generation(projection.name), self.topic, 0)

    async def read(self, batch: int, rows: list[EventRow] | None = None) -> "Read":
        rows = self.rows if rows is None else rows
        log = inbound_all(rows)
        lane = ProjectionLane(self.projection, Topics(), 0, stored_events(), RowsInMemory(rows), self.store)
        while True:
            offset = await lane.acquire()
            try:
                for start in range(offset, len(log), batch):
                    await lane.handle(log[start : start + batch])
            except Restart:
                continue
            for _ in range(3):
                await lane.idle()
            return self

    @property
    def kept(self) -> Any:
        return self.store.kept, self.store.found_by()


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("name", PROJECTIONS)
async def test_lost(name: str, batch: int) -> None:
    whole = (await Read(PROJECTIONS[name]).read(100)).kept
    read = await Read(PROJECTIONS[name]).read(100)
    read.store.forget_checkpoints()
    assert (await read.read(batch)).kept == whole


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("name", PROJECTIONS)
async def test_set_back(name: str, batch: int) -> None:
    whole = (await Read(PROJECTIONS[name]).read(100)).kept
    for sequence in range(1, len(Read(PROJECTIONS[name]).rows)):
        read = await Read(PROJECTIONS[name]).read(100)
        stored = read.store.server.values[read.key]
        read.store.server.set(read.key, stored._replace(sequence=sequence, offset=sequence))
        assert (await read.read(batch)).kept == whole, sequence


@pytest.mark.parametrize("name", PROJECTIONS)
async def test_set_forward_beyond_all_that_there_is(name: str) -> None:
    whole = (await Read(PROJECTIONS[name]).read(100)).kept
    for forward in (Checkpoint(10**17, 0), Checkpoint(10**17, 10**17, "0123456789ab")):
        read = Read(PROJECTIONS[name])
        await read.read(100, read.rows[:2])
        read.store.server.set(read.key, forward)
        assert (await read.read(2)).kept == whole
        assert read.store.server.values[read.key].sequence == len(read.rows)


async def test_of_a_table_that_was_restored_begins_again() -> None:
    """What the table has lost is not in the read model any more, and what is appended afterwards is."""
    (projection,) = [projection for projection in PROJECTIONS.values() if projection.context == "payments"]
    read = await Read(projection).read(100)
    restored = read.rows[:2]
    await read.read(100, restored)
    only = await Read(projection).read(100, restored)
    assert read.kept == only.kept


async def test_of_a_table_that_was_emptied_begins_again_once() -> None:
    read = Read(PROJECTIONS["users"])
    await read.read(100)
    await read.read(100, [])
    commits = read.store.line.commits
    await read.read(100, [])
    assert read.store.line.commits == commits
    assert read.store.server.get(read.key).sequence == 0


async def test_documents_that_call_something_else_their_version_are_left_alone() -> None:
    projection = PROJECTIONS["users"]
    odd = replace(
        projection,
        evolve=lambda document, recorded: (
            None if (after := projection.evolve(document, recorded)) is None else {**after, "version": 1000}
        ),
    )
    whole = (await Read(odd).read(100)).kept
    assert whole[0]
    read = await Read(odd).read(1)
    assert read.kept == whole
