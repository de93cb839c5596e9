"""A section's values: each lane its own, with its checkpoint or not at all, and read with their document."""

import pytest

from tests.ports.stored_models import StoredModels
from tests.ports.test_read_model_writer import FIRST, SECOND, waiting
from tests.redis.cards import CARDS, TOPIC, batch, card, city, removal
from workers.core.projection import SECTIONS
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, Generation, ReadModelBatch
from workers.ports.sections import SectionOfLane, SectionValue, lane_topic, section_value

ORDERS = lane_topic("orders.events", "orders")
NAME = CARDS.projection


def value(count: int, first: int = 1, last: int = 3) -> SectionValue:
    return SectionValue(first, last, {"count": count})


def counted(
    values: dict[str, SectionValue | None],
    *,
    partition: int = 0,
    expected: Checkpoint = START,
    to: Checkpoint = FIRST,
    section: str = "orders",
    generation: Generation = CARDS,
) -> ReadModelBatch:
    encoded = {name: None if after is None else after.encoded() for name, after in values.items()}
    topic = lane_topic(f"{section}.events", section)
    return ReadModelBatch(
        generation, topic, partition, expected, to, encoded, (), (), only_if_live=generation == CARDS, section=section
    )


def of_lane(partition: int = 0, section: str = "orders", generation: Generation = CARDS) -> SectionOfLane:
    return SectionOfLane(generation, section, partition)


async def test_lanes_write_beside_one_another(models: StoredModels) -> None:
    writer = models.writer
    await writer.commit(counted({"ada": value(1), "bob": value(2)}))
    await writer.commit(counted({"ada": value(3)}, partition=1))
    await writer.commit(counted({"ada": value(4)}, section="payments"))
    await writer.commit(batch({"ada": "Rome"}))
    await writer.commit(counted({"ada": value(5)}, generation=Generation(NAME, 2)))
    assert await writer.section_values(of_lane(), ["ada", "bob", "eve"]) == {"ada": value(1), "bob": value(2)}
    assert await writer.section_values(of_lane(1), ["ada", "bob"]) == {"ada": value(3)}
    assert await writer.section_values(of_lane(2), ["ada"]) == {}
    whole = await models.read_models.document(NAME, "ada")
    assert whole is not None
    sections = whole[SECTIONS]
    assert sorted(entry["count"] for entry in sections["orders"]) == [1, 3]
    assert sections["payments"] == [{"count": 4}]
    assert {field: whole[field] for field in whole if field != SECTIONS} == card("ada", "Rome")


async def test_a_document_without_values_has_no_sections(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}))
    assert await models.read_models.document(NAME, "ada") == card("ada", "Rome")


async def test_a_value_of_skipped_events_only_is_not_shown(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome"}))
    await models.writer.commit(counted({"ada": SectionValue(1, 1, None), "bob": SectionValue(2, 2, None)}))
    await models.writer.commit(counted({"bob": value(1)}, partition=1))
    assert await models.read_models.document(NAME, "ada") == card("ada", "Rome")
    documents = await models.read_models.documents(NAME, ["ada", "bob"])
    assert documents["bob"][SECTIONS] == {"orders": [{"count": 1}]}
    assert await models.writer.section_values(of_lane(), ["ada"]) == {"ada": SectionValue(1, 1, None)}


async def test_values_come_before_their_document_and_stay_after_it_unseen(models: StoredModels) -> None:
    await models.writer.commit(counted({"ada": value(1)}))
    assert await models.read_models.document(NAME, "ada") is None
    assert (await models.read_models.find(NAME, None, 10, None)).documents == []
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    (found,) = (await models.read_models.find(NAME, city("Rome"), 10, None)).documents
    assert found[SECTIONS] == {"orders": [{"count": 1}]}
    await models.writer.commit(removal({"ada": "Rome"}, expected=FIRST, to=SECOND))
    assert await models.read_models.document(NAME, "ada") is None
    assert await models.read_models.documents(NAME, ["ada"]) == {}


async def test_a_page_has_each_document_with_its_sections(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome", "eve": "Rome"}))
    await models.writer.commit(counted({"ada": value(1), "eve": value(2)}))
    page = await models.read_models.find(NAME, city("Rome"), 10, None)
    assert [found.get(SECTIONS) for found in page.documents] == [
        {"orders": [{"count": 1}]},
        None,
        {"orders": [{"count": 2}]},
    ]
    backwards = await models.read_models.find(NAME, city("Rome"), 2, None, newest_first=True)
    assert [found["user_id"] for found in backwards.documents] == ["eve", "bob"]
    assert backwards.cursor == "bob"


async def test_values_move_with_their_checkpoint_or_not_at_all(models: StoredModels) -> None:
    await models.writer.commit(counted({"ada": value(1), "bob": value(1)}))
    before = await models.onlooker.contents()
    with pytest.raises(CheckpointMoved):
        await models.writer.commit(counted({"ada": value(2)}, to=SECOND))
    assert await models.onlooker.contents() == before
    await models.writer.commit(counted({"ada": value(2), "bob": None}, expected=FIRST, to=SECOND))
    assert await models.writer.section_values(of_lane(), ["ada", "bob"]) == {"ada": value(2)}
    assert await models.writer.checkpoint(CARDS, ORDERS, 0) == SECOND
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == START


async def test_a_lane_is_cleared_and_no_other(models: StoredModels) -> None:
    await models.writer.commit(counted({"ada": value(1), "bob": value(1)}))
    await models.writer.commit(counted({"ada": value(2)}, partition=1))
    await models.writer.clear_section(of_lane())
    assert await models.writer.section_values(of_lane(), ["ada", "bob"]) == {}
    assert await models.writer.section_values(of_lane(1), ["ada"]) == {"ada": value(2)}
    await models.writer.clear_section(of_lane(7))


async def test_a_lane_is_read_as_of_one_moment(models: StoredModels) -> None:
    await models.writer.commit(counted({"ada": value(1), "bob": value(2)})._replace(parked=[waiting("order-1")]))
    moment = await models.documents.section_at_one_moment(of_lane(), ORDERS, ["bob", "eve"])
    assert moment == (FIRST, {"bob": value(2)}, {"order-1": waiting("order-1")})
    other = await models.documents.section_at_one_moment(of_lane(1), ORDERS, [])
    assert other == (START, {}, {})


async def test_every_value_is_listed(models: StoredModels) -> None:
    names = [f"user-{number:04d}" for number in range(1500)]
    await models.writer.commit(counted({name: value(1) for name in names}))
    await models.writer.commit(counted({"ada": value(1)}, partition=11, section="payments"))
    await models.writer.commit(counted({"eve": value(1)}, generation=Generation(NAME, 2)))
    listed = [entry async for page in models.documents.section_fields(CARDS) for entry in page]
    assert set(listed) == {(of_lane(), name) for name in names} | {(of_lane(11, "payments"), "ada")}


@pytest.mark.parametrize("stored", [None, b"", b"{", b"[]", b'{"first": 1, "last": 2}', b'{"value": {}}'])
def test_what_is_no_value_is_none(stored: bytes | None) -> None:
    assert section_value(stored) is None


@pytest.mark.parametrize("stored", [value(2), SectionValue(1, 2, None)])
def test_a_value_is_stored_and_read_again(stored: SectionValue) -> None:
    assert section_value(stored.encoded()) == stored
