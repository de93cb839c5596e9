"""During a deployment, workers of the release before the seeds go on with instances that have one, and begin others."""

from typing import Any

import pytest

from infra.postgres import saga_commits
from infra.postgres.function_calls import RowLists
from infra.postgres.group_commits import GroupCall
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from tests.ports.test_saga_store import LANE, batch, instance
from workers.ports.sagas import InstanceKey, InstanceRow

ADA, BOB = (InstanceKey("welcome", name) for name in ("ada", "bob"))
SEED, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SEEDS = "SELECT instance_id, seed::text, seeded_to FROM annals.sagas ORDER BY 1"


def _former() -> GroupCall:
    """The call of the release before: it passes no seeds."""
    kinds = (
        RowLists("instance", InstanceRow._fields, without=("seed",)) if lists.prefix == "instance" else lists
        for lists in saga_commits.COMMIT._rows
    )
    return GroupCall("commit_sagas", saga_commits._BatchRow._fields, kinds)


TODAY, FORMER = saga_commits.COMMIT, _former()


async def committed(database: Database, monkeypatch: pytest.MonkeyPatch, call: GroupCall, row: InstanceRow) -> None:
    """A worker that commits by this call writes the instance."""
    with monkeypatch.context() as release:
        release.setattr(saga_commits, "COMMIT", call)
        await PostgresSagaStore(database).commit(batch(instances=[row], steps=[]))


async def test_an_instance_that_they_begin_has_none(
    database: Database, onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PostgresSagaStore(database)
    await store.acquire(LANE, "owner")
    await committed(database, monkeypatch, FORMER, instance("bob"))
    await committed(database, monkeypatch, TODAY, instance("bob", version=2, seed=OTHER))
    assert (await store.instances([BOB]))[BOB].seed is None
    assert [tuple(row) for row in await onlooker.fetch(SEEDS)] == [("bob", None, None)]


async def test_with_which_they_have_gone_on_is_kept_for_what_was_decided_with_it(
    database: Database, onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PostgresSagaStore(database)
    await store.acquire(LANE, "owner")
    await committed(database, monkeypatch, TODAY, instance("ada", version=2, applied=2, seed=SEED))
    assert (await store.instances([ADA]))[ADA].seed == SEED
    for version in (3, 4):
        await committed(database, monkeypatch, FORMER, instance("ada", version=version))
    await committed(database, monkeypatch, TODAY, instance("ada", version=5, seed=OTHER))
    assert (await store.instances([ADA]))[ADA].seed is None
    assert [tuple(row) for row in await onlooker.fetch(SEEDS)] == [("ada", SEED, 2)]
