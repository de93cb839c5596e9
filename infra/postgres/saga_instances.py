"""Instances of sagas as operators ask for them: a list, and everything that is stored of one instance.

Read as `annals_reader`. Every answer is bounded, and all rows of an answer are of the same moment.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from infra.postgres.lists import columns
from infra.postgres.pool import Database
from infra.postgres.session import read_transaction


class Wanted(NamedTuple):
    """Which instances: of this saga, in this status, ended or not. None: any."""

    saga: str | None = None
    status: str | None = None
    is_ended: bool | None = None


class ListedInstance(NamedTuple):
    """An instance in a list. `deadline` and `due_at` are its next deadline, if any. `sent` counts its steps, `answered`
    those with an outcome. `asked_at` is the time of the answer by the database's clock.
    """

    saga: str
    instance_id: str
    status: str
    version: int
    correlation_id: str
    started_at: datetime
    updated_at: datetime
    is_ended: bool
    asked_at: datetime
    deadline: str | None
    due_at: datetime | None
    sent: int
    answered: int


class AppliedEvent(NamedTuple):
    """The `version`-th event that an instance has applied. An internal event has no stream; its JSON is `data`."""

    version: int
    type: str
    context: str
    partition: int
    sequence: int
    event_id: str
    recorded_at: datetime
    applied_at: datetime
    status: str
    data: str | None
    stream_id: str | None
    stream_version: int | None


class SentStep(NamedTuple):
    """A command that an instance decided on; `outcome` is its status, None until it is handled."""

    step: str
    command_id: str
    command_type: str
    stream_id: str
    causation_id: str
    decided_at: datetime
    outcome: str | None
    code: str | None
    handled_at: datetime | None


class WaitingDeadline(NamedTuple):
    name: str
    due_at: datetime


class KeptInstance(NamedTuple):
    """An instance as it is stored. `state` is JSON; `asked_at` is the time of the answer by the database's clock."""

    saga: str
    instance_id: str
    status: str
    version: int
    correlation_id: str
    started_at: datetime
    updated_at: datetime
    state: str
    asked_at: datetime


class ShownInstance(NamedTuple):
    """All that is stored of an instance: the latest events and steps, at most the limit of each, the oldest of them
    first. `cut` names the lists that have more.
    """

    instance: KeptInstance
    deadlines: Sequence[WaitingDeadline]
    journal: Sequence[AppliedEvent]
    steps: Sequence[SentStep]
    cut: frozenset[str]


class SagaInstances:
    """Reads the instances of all sagas. Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self, wanted: Wanted, endings: Sequence[tuple[str, str]], limit: int) -> Sequence[ListedInstance]:
        """At most `limit` instances, the last changed first. `endings`: the (saga, status) in which one has ended."""
        rows = await self._database.rows("sagas_listed", *wanted, *columns(endings, 2), limit)
        return [ListedInstance(**row) for row in rows]

    async def shown(self, saga: str, instance_id: str, limit: int) -> ShownInstance | None:
        """All that is stored of one instance; None when it does not exist."""
        async with read_transaction(self._database) as session:
            instances = await session.rows("saga_instance", saga, instance_id)
            if not instances:
                return None
            deadlines = await session.rows("deadlines_of_instance", saga, instance_id, limit)
            journal = await session.rows("journal_of_instance", saga, instance_id, limit + 1)
            steps = await session.rows("steps_of_instance", saga, instance_id, limit + 1)
        lists = {"journal": journal, "steps": steps}
        return ShownInstance(
            KeptInstance(**instances[0]),
            [WaitingDeadline(**row) for row in deadlines],
            [AppliedEvent(**row) for row in reversed(journal[:limit])],
            [SentStep(**row) for row in reversed(steps[:limit])],
            frozenset(kind for kind, rows in lists.items() if len(rows) > limit),
        )
