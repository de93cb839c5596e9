"""What the store has lost of a section is written again; what an operator or other code has left out is not lost."""

from dataclasses import replace

import pytest

from contracts.message import Event
from infra.memory import read_model_server as keys
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.projection.section_scene import EVENTS, LIVE, LOG, PLACE, WHOLE, Scene, at_rest, failing_on, order, read_on
from workers.core.projection import Document
from workers.core.recorded import Recorded
from workers.domain.users.sections import ORDERS
from workers.lanes.work import Restart
from workers.ports.parked import ParkedStreamAction
from workers.ports.read_models import Checkpoint, PartlyWritten
from workers.projection import section_integrity

MANY: tuple[Event, ...] = tuple(order(number, name) for number, name in enumerate(["ada", "bob", "eve"] * 4))


async def of_many(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A lane that is looked at in stretches of three events."""
    monkeypatch.setattr(section_integrity, "EVENTS_AT_A_TIME", 3)
    scene = Scene()
    scene.table.rows = event_rows(*MANY)
    await read_on(scene.lane, inbound_all(scene.table.rows))
    return scene


class TestAnEventThatAnOperatorHadSkipped:
    @pytest.mark.parametrize(
        ("skipped", "counts"), [("order-1", {"ada": 2, "bob": 1}), ("order-4", {"ada": 2, "bob": 1})]
    )
    async def test_stays_out_at_the_first_and_the_last_place(self, skipped: str, counts: dict[str, int]) -> None:
        section, failing = failing_on(skipped)
        scene = Scene(section)
        await read_on(scene.lane)
        scene.request(skipped, "skip")
        await scene.lane.idle()
        failing.clear()
        await scene.look()
        assert await scene.counts() == counts

    async def test_stays_out_when_it_was_the_only_one(self) -> None:
        section, failing = failing_on("order-2")
        scene = Scene(section)
        await read_on(scene.lane)
        scene.request("order-2", "skip")
        await scene.lane.idle()
        failing.clear()
        await scene.look()
        assert await scene.counts() == {"ada": 3}
        scene.table.rows = event_rows(*EVENTS, order(5, "bob"))
        await scene.lane.handle(inbound_all(scene.table.rows)[5:])
        await scene.look()
        assert await scene.counts() == WHOLE

    @pytest.mark.parametrize("action", ["retry", "skip"])
    async def test_whose_document_has_no_name_is_done_with(self, action: ParkedStreamAction) -> None:
        names = ["order-2"]

        def document_id(event: Event) -> str:
            if event.stream_id in names:
                raise KeyError("user")
            return ORDERS.document_id(event)

        scene = Scene(replace(ORDERS, document_id=document_id))
        await read_on(scene.lane)
        scene.request("order-2", action)
        await scene.lane.idle()
        assert bool(scene.store.waiting) is (action == "retry")

    async def test_whose_value_is_no_json_does_not_keep_lost_values_from_being_written(self) -> None:
        def evolve(value: Document | None, recorded: Recorded) -> Document:
            return {"count": object()} if recorded.stream_id == "order-2" else ORDERS.evolve(value, recorded)

        scene = Scene(replace(ORDERS, evolve=evolve))
        await read_on(scene.lane)
        scene.request("order-2", "skip")
        await scene.lane.idle()
        scene.lose("ada", "bob")
        await scene.look()
        assert await scene.counts() == {"ada": 3}


class TestOtherCodeThanThatOfTheValues:
    async def test_takes_no_value_for_lost_that_it_would_have_made_otherwise(self) -> None:
        scene = await at_rest()
        before = await scene.values()
        scene.store.server.set(keys.checkpoint(*PLACE), scene.store.checkpoints[PLACE]._replace(built_by="other"))
        lane = scene.another(replace(ORDERS, document_id=lambda event: {"ada": "bob", "bob": "ada"}[event.user_id]))
        await lane.acquire()
        await scene.look(lane)
        assert await scene.values() == before

    async def test_leaves_a_lost_value_alone_on_whose_events_it_raises(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        scene = await at_rest()
        section, _ = failing_on("order-4")
        lane = scene.another(section)
        await lane.acquire()
        scene.lose("ada", "bob")
        await scene.look(lane)
        assert await scene.counts() == {"bob": 1}, "nobody can tell what the other value had"
        assert "cannot be rebuilt" in capsys.readouterr().out
        await scene.look(lane)
        await scene.look(lane)
        assert await scene.counts() == {"bob": 1}
        assert "cannot be rebuilt" not in capsys.readouterr().out, "an operator is told once"
        assert lane.is_at_rest(LIVE, scene.store.checkpoints[PLACE])

    async def test_an_operator_is_told_of_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        scene = await at_rest()
        scene.store.server.set(keys.checkpoint(*PLACE), scene.store.checkpoints[PLACE]._replace(built_by="other"))
        await scene.another().acquire()
        out = capsys.readouterr().out
        assert "has changed since its read model was begun" in out
        assert "annals projections rebuild users" in out


class TestAValueAheadOfItsCheckpoint:
    async def test_of_a_lane_that_begins_again_without_its_parked_streams_counts_all(self) -> None:
        section, failing = failing_on("order-1")
        scene = Scene(section)
        await read_on(scene.lane)
        assert await scene.counts() == {"ada": 2, "bob": 1}
        scene.store.forget_checkpoints()
        scene.store.lose_kind("parked")
        failing.clear()
        await read_on(scene.another(section), batch=1)
        assert await scene.counts() == WHOLE

    async def test_of_a_lane_that_begins_again_counts_what_came_before_a_parked_event(self) -> None:
        def evolve(value: Document | None, recorded: Recorded) -> Document:
            if recorded.stream_version == 2:
                raise KeyError(recorded.stream_id)
            return ORDERS.evolve(value, recorded)

        section = replace(ORDERS, evolve=evolve)
        scene = Scene(section)
        scene.table.rows = event_rows(*(order(number, "ada") for number in (2, 1, 1, 3)))
        log = inbound_all(scene.table.rows)
        await read_on(scene.lane, log)
        assert await scene.counts() == {"ada": 3}
        scene.store.forget_checkpoints()
        lane = scene.another(section)
        await read_on(lane, log, batch=1)
        await scene.look(lane)
        assert await scene.counts() == {"ada": 3}
        assert scene.store.waiting["order-1"].stream_version == 2

    @pytest.mark.parametrize("sequence", [1, 2, 3, 4])
    async def test_of_a_lane_that_was_set_back_counts_all(self, sequence: int) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane)
        checkpoint = scene.store.checkpoints[PLACE]
        scene.store.server.set(keys.checkpoint(*PLACE), Checkpoint(sequence, sequence, checkpoint.built_by))
        scene.store.lose_kind("parked")
        failing.clear()
        await read_on(scene.another(section), batch=1)
        await scene.look()
        assert await scene.counts() == WHOLE

    async def test_that_the_code_raises_on_makes_the_lane_begin_again_and_park(self) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane)
        checkpoint = scene.store.checkpoints[PLACE]
        scene.store.server.set(keys.checkpoint(*PLACE), Checkpoint(4, 4, checkpoint.built_by))
        scene.store.lose_kind("parked")
        lane = scene.another(section)
        with pytest.raises(Restart, match="starts over"):
            await read_on(lane)
        assert await read_on(lane) == 0
        assert await scene.counts() == WHOLE | {"ada": 2}
        failing.clear()
        scene.request("order-3", "retry")
        await lane.idle()
        assert await scene.counts() == WHOLE

    @pytest.mark.parametrize("batch", [1, 5])
    async def test_whose_events_park_when_they_are_met_again_counts_them_once(self, batch: int) -> None:
        scene = await at_rest()
        scene.store.forget_checkpoints()
        section, failing = failing_on("order-2")
        lane = scene.another(section)
        await read_on(lane, batch=batch)
        assert await scene.counts() == {"ada": 3}
        failing.clear()
        scene.request("order-2", "retry")
        await lane.idle()
        assert await scene.counts() == WHOLE


class TestLostValues:
    async def test_are_written_some_at_a_look_until_none_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scene = await of_many(monkeypatch)
        before = await scene.values()
        monkeypatch.setattr(section_integrity, "EVENTS_AT_A_TIME", 1)
        monkeypatch.setattr(section_integrity, "MAX_LOST", 1)
        scene.lose(*before)
        await scene.look()
        for number in (1, 2, 3):
            assert len(await scene.values()) == number
            assert not scene.is_at_rest()
            await scene.lane.idle()
        await scene.lane.idle()
        assert scene.is_at_rest()
        assert await scene.values() == before

    async def test_are_looked_for_until_they_are_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scene = await of_many(monkeypatch)
        before, by = await scene.values(), scene.store.checkpoints[PLACE].built_by
        scene.lose("ada", evicted=True)
        scene.store.line.meanwhile = [lambda: scene.store.server.set(keys.checkpoint(*PLACE), Checkpoint(12, 3, by))]
        with pytest.raises(Restart, match="moved"):
            await scene.look()
        assert "ada" not in await scene.values()
        await scene.lane.acquire()
        await scene.lane.idle()
        assert await scene.values() == before

    async def test_are_looked_for_with_a_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scene = await of_many(monkeypatch)
        monkeypatch.setattr(section_integrity, "MAX_CHECK_SECONDS", -1.0)
        scene.store.server.evicted += 1
        asked = scene.table.asked
        await scene.look()
        assert scene.table.asked - asked <= 2, "one stretch, then the process shows that it is alive"
        for _ in range(3):
            assert not scene.is_at_rest()
            await scene.lane.idle()
        assert scene.is_at_rest()

    async def test_of_a_transaction_that_was_written_in_part_are_looked_for_at_once(self) -> None:
        scene = await at_rest(LOG[:4])

        def refuse_a_part() -> None:
            scene.lose("bob")
            raise PartlyWritten("Redis", "out of memory for the test")

        scene.store.line.afterwards = [refuse_a_part]
        with pytest.raises(PartlyWritten):
            await scene.lane.handle(LOG[4:])
        await scene.lane.acquire()
        await scene.lane.idle()
        assert await scene.counts() == WHOLE
