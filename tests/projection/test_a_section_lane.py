"""`SectionLane`: each event counts once for its document, whatever becomes of the store, its answers and the log."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.orders.events import OrderPlaced
from infra.memory import read_model_server as keys
from tests.lanes.recorded_rows import event_rows, inbound, inbound_all
from tests.projection.section_scene import EVENTS, LOG, PLACE, ROWS, WHOLE, Scene, at_rest, failing_on, order, read_on
from workers.domain.users.sections import ORDERS
from workers.lanes.work import Restart
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStreamAction
from workers.ports.read_models import EvictionAllowed, Generation
from workers.ports.sections import SectionValue
from workers.projection.section_lane import LOST_VALUE


class TestEachEventCountsOnce:
    async def test_in_the_value_of_its_document(self) -> None:
        scene = await at_rest()
        assert await scene.counts() == WHOLE
        assert await scene.values() == {
            "ada": SectionValue(1, 5, {"count": 3, "last_date": "2026-01-01T00:00:05.000000Z"}),
            "bob": SectionValue(2, 2, {"count": 1, "last_date": "2026-01-01T00:00:02.000000Z"}),
        }
        assert scene.store.checkpoints[PLACE].sequence == 5
        assert scene.store.kept == {}, "no document is made by a section"
        assert not scene.store.found_by()

    async def test_by_the_next_owner_from_the_checkpoint_on(self) -> None:
        scene = await at_rest(LOG[:2])
        assert await read_on(scene.another()) == 2
        assert await scene.counts() == WHOLE

    async def test_when_the_log_repeats_it(self) -> None:
        scene = Scene()
        await read_on(scene.lane, [*LOG[:3], *LOG[:3], *LOG[1:]], batch=1)
        assert await scene.counts() == WHOLE

    async def test_when_only_the_answer_to_its_batch_is_lost(self) -> None:
        scene = Scene()
        await scene.lane.acquire()
        scene.store.line.answers_lost = 1
        with pytest.raises(Unavailable):
            await scene.lane.handle(LOG)
        await read_on(scene.another())
        assert await scene.counts() == WHOLE

    async def test_by_one_of_two_owners(self) -> None:
        scene = await at_rest(LOG[:2])
        other = scene.another()
        await other.acquire()
        await other.handle(LOG[2:])
        with pytest.raises(Restart):
            await scene.lane.handle(LOG[2:])
        assert await scene.counts() == WHOLE

    async def test_when_the_checkpoint_alone_was_lost(self) -> None:
        scene = await at_rest()
        scene.store.forget_checkpoints()
        await read_on(scene.another(), batch=1)
        assert await scene.counts() == WHOLE

    async def test_when_the_store_was_emptied(self) -> None:
        scene = await at_rest()
        scene.store.empty()
        with pytest.raises(Restart):
            await scene.lane.idle()
        await read_on(scene.lane)
        assert await scene.counts() == WHOLE

    async def test_in_each_generation(self) -> None:
        scene = await at_rest(LOG[:3])
        second = Generation("users", 2)
        await read_on(scene.another(building=second))
        assert (await scene.counts(), await scene.counts(second)) == ({"ada": 1, "bob": 1}, WHOLE)
        scene.store.server.set(keys.live("users"), 2)
        with pytest.raises(Restart):
            await scene.lane.idle()
        assert await read_on(scene.lane) == 5
        assert await scene.counts(second) == WHOLE

    async def test_of_a_table_that_was_set_back(self) -> None:
        scene = await at_rest()
        scene.table.rows = event_rows(*EVENTS[:2], order(9, "bob"))
        await read_on(scene.another(), inbound_all(scene.table.rows))
        assert await scene.counts() == {"ada": 1, "bob": 2}

    async def test_of_a_table_that_was_emptied(self) -> None:
        scene = await at_rest()
        scene.table.rows = []
        lane = scene.another()
        await read_on(lane, [])
        assert await scene.counts() == {}
        commits = scene.store.line.commits
        await read_on(lane, [])
        assert scene.store.line.commits == commits, "the lane starts over once"
        scene.table.rows = event_rows(*EVENTS[:2])
        await read_on(lane, LOG[:2])
        assert await scene.counts() == {"ada": 1, "bob": 1}


class TestWhatTheStoreHasLost:
    @pytest.mark.parametrize("evicted", [False, True])
    async def test_is_counted_again(self, evicted: bool) -> None:
        scene = await at_rest()
        before = await scene.values()
        scene.lose("ada", evicted=evicted)
        await scene.look()
        assert await scene.values() == before
        await scene.look()

    async def test_is_noticed_too_when_it_was_begun_again(self) -> None:
        scene = await at_rest(LOG[:3])
        scene.lose("ada", "bob")
        await scene.lane.handle(LOG[3:])
        assert await scene.counts() == {"ada": 2}
        await scene.look()
        assert await scene.counts() == WHOLE

    async def test_is_not_looked_for_on_a_server_that_may_evict(self) -> None:
        scene = await at_rest()
        scene.store.server.policy = "allkeys-lru"
        with pytest.raises(EvictionAllowed):
            await scene.look()


class TestCodeThatRaises:
    @pytest.mark.parametrize(("action", "expected"), [("retry", WHOLE), ("skip", WHOLE | {"ada": 2})])
    async def test_parks_the_stream_until_an_operator_asks(
        self, action: ParkedStreamAction, expected: dict[str, Any]
    ) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane)
        assert await scene.counts() == {"ada": 2, "bob": 1}
        parked = scene.store.waiting["order-3"]
        assert (parked.follower, parked.stream_version, parked.attempts) == ("users/orders", 1, 3)
        await scene.look()
        assert await scene.counts() == {"ada": 2, "bob": 1}, "what is parked is not lost"
        scene.request("order-3", action)
        await scene.lane.idle()
        still = action == "retry"
        assert bool(scene.store.waiting) is still
        failing.clear()
        if still:
            scene.request("order-3", action)
            await scene.lane.idle()
        assert not scene.store.waiting
        await scene.look()
        assert await scene.counts() == expected

    @pytest.mark.parametrize("is_acquired_again", [False, True])
    async def test_parks_a_stream_again_that_only_the_parked_streams_have_lost(self, is_acquired_again: bool) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane)
        before = scene.store.waiting
        scene.store.lose_kind("parked")
        assert not scene.store.waiting
        if is_acquired_again:
            await scene.lane.acquire()
        else:
            await scene.look()
        assert scene.store.waiting == before
        failing.clear()
        scene.request("order-3", "retry")
        await scene.lane.idle()
        assert await scene.counts() == WHOLE

    async def test_parks_no_stream_again_that_another_has_unparked_at_a_checkpoint_that_cannot_show_it(self) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane, [inbound(ROWS[4], 0)])
        scene.request("order-3", "retry")
        await scene.lane.idle()
        assert scene.store.checkpoints[PLACE].offset == 0
        failing.clear()
        other = scene.another(section)
        await other.acquire()
        scene.request("order-3", "retry")
        await other.idle()
        await scene.look()
        await scene.lane.acquire()
        assert not scene.store.waiting
        assert await scene.counts() == WHOLE

    @pytest.mark.parametrize(("action", "expected"), [("retry", WHOLE), ("skip", WHOLE | {"ada": 2})])
    async def test_hides_no_loss_beside_a_parked_stream(
        self, action: ParkedStreamAction, expected: dict[str, int]
    ) -> None:
        section, failing = failing_on("order-3")
        scene = Scene(section)
        await read_on(scene.lane)
        scene.lose("ada")
        failing.clear()
        scene.request("order-3", action)
        await scene.lane.idle()
        assert await scene.counts() == expected
        assert not scene.store.waiting

    async def test_that_cannot_restore_a_lost_value_keeps_its_streams_parked(self) -> None:
        scene = Scene(failing_on("order-3")[0])
        await read_on(scene.lane)
        scene.store.server.set(keys.checkpoint(*PLACE), scene.store.checkpoints[PLACE]._replace(built_by="other"))
        section, failing = failing_on("order-4")
        lane = scene.another(section)
        await lane.acquire()
        scene.lose("ada")
        scene.request("order-3", "retry")
        await lane.idle()
        assert scene.store.waiting["order-3"].error == LOST_VALUE
        assert await scene.counts() == {"bob": 1}
        assert not scene.store.requested
        failing.clear()
        scene.request("order-3", "retry")
        await lane.idle()
        assert await scene.counts() == WHOLE

    async def test_a_document_that_cannot_be_named_parks_too(self) -> None:
        def document_id(event: OrderPlaced) -> str:
            if event.order_id == "order-2":
                raise KeyError("user")
            return event.user_id

        scene = Scene(replace(ORDERS, document_id=document_id))
        await read_on(scene.lane)
        assert await scene.counts() == {"ada": 3}
        assert list(scene.store.waiting) == ["order-2"]
