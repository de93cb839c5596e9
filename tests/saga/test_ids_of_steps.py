"""The ids of an instance's steps follow from its secret seed: the same in every attempt, and nobody else knows them."""

import pytest

from contracts.envelope import read_command
from tests.lanes.recorded_rows import inbound_all
from tests.saga.installation import LANE, ROWS, Installation
from tests.saga.test_asked_again import ROWS as ASKED
from tests.saga.test_asked_again import insistent
from workers.ports.lanes import Unavailable
from workers.saga.instances import Instances, derived_command_id


async def followed(installation: Installation) -> None:
    """A lane applies all events."""
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))


async def test_differ_between_instances_of_the_same_events() -> None:
    one, other = Installation(), Installation()
    await followed(one)
    await followed(other)
    ids, others = ({step.command_id for step in each.store.outbox} for each in (one, other))
    assert len(ids) == len(others) == 3
    assert not ids & others
    public = {derived_command_id(step.causation_id, step.saga, step.step) for step in one.store.outbox}
    assert not ids & public


async def test_follow_from_the_seed_that_is_stored() -> None:
    installation = Installation()
    await followed(installation)
    seeds = {key.instance_id: row.seed for key, row in installation.store.stored.items()}
    assert None not in seeds.values()
    assert len(set(seeds.values())) == 3, "each instance has a seed of its own"
    for step in installation.store.outbox:
        seed = seeds[step.instance_id]
        assert step.command_id == derived_command_id(step.causation_id, step.saga, step.step, seed=seed)


async def test_are_those_of_the_outbox_after_a_crash_between_commit_and_sending() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    installation.sender.away = True
    with pytest.raises(Unavailable):
        await lane.handle(inbound_all(ROWS))
    decided = [step.command_id for step in installation.store.outbox]
    assert decided
    installation.sender.away = False
    await installation.lane().acquire()
    sent = [read_command(record.headers, record.key).id for _, _, record in installation.sender.delivered]
    assert sent == decided


async def test_of_an_instance_from_before_there_were_seeds_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    installation, rows = Installation(ASKED), inbound_all(ASKED)
    with monkeypatch.context() as before:
        before.setattr(Instances, "_seed_of", lambda *_: None)
        lane = installation.lane([insistent])
        await lane.acquire()
        await lane.handle(rows)
        await lane.release()
    lane = installation.lane([insistent])
    await lane.acquire()
    installation.pass_seconds(20.0)
    await lane.idle()
    sent = [read_command(record.headers, record.key).id for _, _, record in installation.sender.delivered]
    assert sent == [derived_command_id(ASKED[0].event_id, insistent.name, "welcome")] * 2
    assert [row.seed for row in installation.store.stored.values()] == [None]


async def test_are_all_that_leaves_a_worker_of_a_seed() -> None:
    installation = Installation()
    await followed(installation)
    written = str([installation.sender.delivered, installation.store.outbox, installation.store.table.journal])
    for row in installation.store.stored.values():
        assert row.seed is not None
        assert row.seed not in written
        assert row.seed.encode() not in row.state


async def test_are_the_same_for_whoever_takes_the_lane_over() -> None:
    """What is asked for by a later event of an instance follows from the seed that it began with."""
    installation = Installation()
    first = installation.lane()
    await first.acquire()
    await first.handle(inbound_all(ROWS[:2]))
    before = {key: row.seed for key, row in installation.store.stored.items()}
    second = installation.lane()
    await second.acquire()
    await second.handle(inbound_all(ROWS)[2:])
    after = {key: row.seed for key, row in installation.store.stored.items()}
    assert before.items() <= after.items()
    assert installation.store.rows[LANE].sequence == 3
