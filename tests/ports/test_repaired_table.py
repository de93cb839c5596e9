"""A repair changes claims and credentials while lanes hold still: all of its changes are made, or none."""

import asyncio

import pytest

from tests.ports.tables import EventStores, Tables, held
from tests.ports.test_verified_table import all_of
from tests.postgres.batches import LANE, OTHER_LANE, batch, event, everything
from workers.ports.event_store import CredentialRow

ADA = ("email", "ada@example.org")


@pytest.fixture(autouse=True)
async def written(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(everything())


async def test_its_changes_are_seen_by_it_at_once_and_by_all_at_its_end(tables: Tables) -> None:
    async with tables.repaired.lanes_held([LANE]) as transaction:
        assert await transaction.claim_holders("users", [ADA]) == {ADA: "ada"}
        await transaction.release_claim("users", *ADA, "ada")
        assert await transaction.claim_holders("users", [ADA]) == {}
        await transaction.grant_claim("users", *ADA, "bob")
        await transaction.remove_credential("users", "ada")
        assert await transaction.claim_holders("users", [ADA]) == {ADA: "bob"}
        assert len(await all_of(transaction.events_of("users", ["ada"]))) == 2
        assert await held(tables) == {ADA[1]: "ada"}
        assert await tables.secrets() == {"ada": "$argon2id$1"}
    assert await held(tables) == {ADA[1]: "bob"}
    assert await tables.secrets() == {}


async def test_after_an_error_nothing_is_changed(tables: Tables) -> None:
    async def fail() -> None:
        async with tables.repaired.lanes_held([LANE]) as transaction:
            await transaction.release_claim("users", *ADA, "ada")
            await transaction.remove_credential("users", "ada")
            raise ZeroDivisionError

    before = await tables.contents()
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await tables.contents() == before


async def test_what_is_not_there_is_not_removed(tables: Tables) -> None:
    before = await tables.contents()
    async with tables.repaired.lanes_held([LANE, OTHER_LANE]) as transaction:
        await transaction.release_claim("users", *ADA, "bob")
        await transaction.release_claim("users", "email", "nobody@example.org", "ada")
        await transaction.remove_credential("users", "nobody")
    await tables.repaired.remove_snapshot("users", "nobody")
    assert await tables.contents() == before


async def test_a_lane_that_is_held_commits_after_it_and_has_kept_its_owner(tables: Tables) -> None:
    async with tables.repaired.lanes_held([LANE]) as transaction:
        late = batch(consumed=8, sequence=3, events=[event(3, version=3)], credentials=[CredentialRow("ada", "new")])
        committing = asyncio.create_task(tables.store.commit(late))
        for _ in range(3):
            assert len(await all_of(transaction.events_of("users", ["ada"]))) == 2
        await transaction.remove_credential("users", "ada")
        assert not committing.done()
    await committing
    assert await tables.secrets() == {"ada": "new"}
    assert await tables.owners() == {str(LANE): "owner"}


async def test_other_lanes_go_on(tables: Tables) -> None:
    await tables.store.acquire(OTHER_LANE, "owner")
    async with tables.repaired.lanes_held([LANE]):
        await tables.store.commit(batch(OTHER_LANE, sequence=1, events=[event(1, "bob", partition=1)]))


async def test_a_snapshot_is_removed(tables: Tables) -> None:
    assert len(await tables.verified.snapshots_after("users", "", 10)) == 1
    await tables.repaired.remove_snapshot("users", "ada")
    assert list(await tables.verified.snapshots_after("users", "", 10)) == []
