"""A section's values against the fold of its lane, when its code raises on events: no good value is taken for wrong."""

from dataclasses import replace

from contracts.orders.events import OrderPlaced
from tests.projection.section_scene import WHOLE, Scene, at_rest, failing_on, read_on
from tests.verification.sections_in_memory import Verification
from workers.domain.users.sections import ORDERS
from workers.operations.verification.findings import FindingKind as Kind
from workers.operations.verification.findings import WrongSection

OF_ADA = WrongSection("users", "orders", 0, "ada")


async def test_a_value_that_is_wrong_is_named_and_repaired() -> None:
    scene = await at_rest()
    scene.lose("ada")
    verification = Verification(scene, ORDERS)
    verdict = await verification.verdict()
    assert (verdict.counts, verdict.targets) == ({Kind.DOCUMENT_MISSING: 1}, [OF_ADA])
    await verification.repair("ada")
    assert await scene.counts() == WHOLE
    assert (await verification.verdict()).passes


async def test_a_value_on_whose_events_the_code_raises_is_left_as_it_is() -> None:
    scene = await at_rest()
    verification = Verification(scene, failing_on("order-2", "order-4")[0])
    verdict = await verification.verdict()
    assert verdict.counts[Kind.CODE_RAISES] == 2
    assert not verdict.targets
    await verification.repair("ada", "bob")
    assert await scene.counts() == WHOLE
    assert [line.rpartition(": ")[2] for line in verification.lines] == ["the section's code raises on its events"]


async def test_beside_it_another_value_is_repaired() -> None:
    scene = await at_rest()
    scene.lose("ada")
    verification = Verification(scene, failing_on("order-2")[0])
    assert (await verification.verdict()).targets == [OF_ADA]
    await verification.repair("ada", "bob")
    assert await scene.counts() == WHOLE


async def test_while_an_event_names_no_document_no_value_is_taken_for_wrong() -> None:
    def document_id(event: OrderPlaced) -> str:
        if event.order_id == "order-2":
            raise KeyError("user")
        return event.user_id

    scene = await at_rest()
    verification = Verification(scene, replace(ORDERS, document_id=document_id))
    verdict = await verification.verdict()
    assert verdict.counts[Kind.CODE_RAISES] == 1
    assert not verdict.targets
    await verification.repair("ada", "bob")
    assert await scene.counts() == WHOLE


async def test_an_event_without_a_document_that_an_operator_had_skipped_is_no_finding() -> None:
    def document_id(event: OrderPlaced) -> str:
        if event.order_id == "order-2":
            raise KeyError("user")
        return event.user_id

    section = replace(ORDERS, document_id=document_id)
    scene = Scene(section)
    await read_on(scene.lane)
    verification = Verification(scene, section)
    await verification.skip(scene, "order-2")
    assert (await verification.verdict()).counts == {}
    scene.lose("ada")
    assert (await verification.verdict()).targets == [OF_ADA]


async def test_an_event_that_an_operator_had_skipped_is_no_finding() -> None:
    section, _ = failing_on("order-3")
    scene = Scene(section)
    await read_on(scene.lane)
    verification = Verification(scene, section)
    await verification.skip(scene, "order-3")
    assert await scene.counts() == WHOLE | {"ada": 2}
    assert (await verification.verdict()).counts == {}
