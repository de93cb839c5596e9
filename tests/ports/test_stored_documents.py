"""The read models as a verification reads them: as of one moment, and every entry and document once."""

from tests.ports.stored_models import StoredModels
from tests.ports.test_read_model_writer import FIRST, SECOND, waiting
from tests.redis.cards import CARDS, TOPIC, batch, card, city
from workers.core.projection import Index
from workers.ports.read_models import START, Checkpoint, Generation
from workers.projection.folding import ALL

MANY = 2500


async def test_checkpoints_documents_parked_streams_and_entries_at_one_moment(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST)._replace(parked=[waiting("bob")]))
    await models.writer.commit(batch({"eve": "Rome"}, partition=1, to=SECOND)._replace(parked=[waiting("eve")]))
    entries = [(city("Rome"), "ada"), (city("Oslo"), "ada"), (ALL, "bob"), (ALL, "nobody")]
    moment = await models.documents.at_one_moment(CARDS, TOPIC, [0, 1, 2], ["bob", "ada", "nobody"], entries)
    assert moment.checkpoints == {0: FIRST, 1: SECOND, 2: START}
    assert moment.sequences == {0: 3, 1: 5, 2: 0}
    assert moment.documents == {"ada": card("ada", "Rome"), "bob": card("bob", "Oslo")}
    assert moment.parked == {"bob": waiting("bob")}
    assert moment.present == {(city("Rome"), "ada"), (ALL, "bob")}
    nothing = await models.documents.at_one_moment(CARDS, TOPIC, [0], [])
    assert (nothing.documents, nothing.parked, nothing.present) == ({}, {}, frozenset())


async def test_a_document_that_is_no_document_does_not_exist(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    for value in (b"[]", b"no JSON"):
        await models.onlooker.spoil(CARDS, "ada", value)
        assert (await models.documents.at_one_moment(CARDS, TOPIC, [0], ["ada"])).documents == {}


async def test_every_entry_and_every_document_is_read(models: StoredModels) -> None:
    names = [f"user-{number:05d}" for number in range(MANY)]
    await models.writer.commit(batch(dict.fromkeys(names, "Rome"), to=FIRST))
    await models.writer.commit(batch({"ada": "Bern"}, expected=FIRST, to=Checkpoint(4, 11, FIRST.built_by)))
    entries: list[tuple[Index, str]] = []
    async for page in models.documents.index_entries(CARDS, "city"):
        assert page
        entries += page
    assert entries == [(city("Bern"), "ada"), *((city("Rome"), name) for name in names)]
    ids: list[str] = []
    async for some in models.documents.document_ids(CARDS):
        assert some
        ids += some
    assert set(ids) == {"ada", *names}


async def test_generations_are_apart(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST)._replace(parked=[waiting("ada")]))
    assert await models.documents.live(CARDS.projection) == CARDS
    assert await models.documents.applied_sequence(CARDS, TOPIC, 0) == 3
    assert list(await models.documents.parked(CARDS, TOPIC, 0)) == [waiting("ada")]
    other = Generation(CARDS.projection, 2)
    assert await models.documents.applied_sequence(other, TOPIC, 0) == 0
    assert list(await models.documents.parked(other, TOPIC, 0)) == []
    assert [page async for page in models.documents.index_entries(other, "city")] == []
    assert [page async for page in models.documents.document_ids(other)] == []
    await models.onlooker.switch(CARDS.projection, 2)
    assert await models.documents.live(CARDS.projection) == other
