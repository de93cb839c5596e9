"""Commits batches of several lanes together: each is written whole or not at all, as if it had come alone.

When a call is refused, the batches that may be the reason are committed alone, one after the other, and the rest
together again. So is a batch that a call has left out, because its lane has another owner or is locked. Only a call for
a batch alone waits for a lock, so no other batch does.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import asyncpg

from infra.postgres.function_calls import FunctionCall, RowLists
from infra.postgres.grouping import Grouping, Later
from infra.postgres.lists import listed_values
from infra.postgres.pool import Database
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced, LaneKey

MAX_GROUP_ROWS = 2000


class LaneBatch(Protocol):
    """A batch of a lane in an epoch."""

    @property
    def lane(self) -> LaneKey: ...

    @property
    def epoch(self) -> int: ...


AnyBatch = TypeVar("AnyBatch", bound=LaneBatch)


class GroupCall:
    """A call of one function with batches (`batch_…`) and their rows, each with the place of its batch (`…_batch`). The
    last argument is whether the call `waits` for lanes that are locked.
    """

    def __init__(self, function: str, batch: Sequence[str], rows: Iterable[RowLists]) -> None:
        self._batch = RowLists("batch", batch)
        self._rows = list(rows)
        names = (name for lists in self._rows for name in (f"{lists.prefix}_batch", *lists.names))
        self.call = FunctionCall(function, [*self._batch.names, *names, "waits"])

    def arguments(
        self, batches: Sequence[Sequence[Any]], rows: Sequence[Sequence[Sequence[Sequence[Any]]]]
    ) -> list[str]:
        """The parameters but for the last: a row for each batch, and for each kind of rows those of each batch. Raises
        Unstorable.
        """
        arguments = self._batch.of(batches)
        for lists, groups in zip(self._rows, rows, strict=True):
            places = [number for number, group in enumerate(groups, start=1) for _ in group]
            arguments += [listed_values(places), *lists.of([row for group in groups for row in group])]
        return arguments


class Refusals(NamedTuple):
    """What the database's refusal of a call says. `may_concern`: whether the batch holds what was refused. `raised`:
    what the port raises to the lane of a batch that was refused.
    """

    may_concern: Callable[[Exception, Any], bool]
    raised: Callable[[Exception], Exception]


def taken_key(error: asyncpg.UniqueViolationError) -> str:
    """The values of a key that is taken, as in `(users, 3, 17)`. The server says it in its own language; the values
    stand last in brackets.
    """
    detail: str = error.detail or ""
    return detail[detail.rfind("=(") + 1 : detail.rfind(")") + 1]


class GroupCommits(Generic[AnyBatch]):
    """The commits of the lanes of one role in this process."""

    def __init__(
        self,
        database: Database,
        call: GroupCall,
        arguments: Callable[[Sequence[AnyBatch]], list[str]],
        refusals: Refusals,
        weight: Callable[[AnyBatch], int],
    ) -> None:
        self._database = database
        self._sql = call.call.sql
        self._arguments = arguments
        self._refusals = refusals
        self._commits: Grouping[AnyBatch, None] = Grouping(self._together, weight, MAX_GROUP_ROWS, alone=self._alone)

    async def commit(self, batch: AnyBatch) -> None:
        """Raises Fenced, Unstorable, Unavailable, and what `Refusals.raised` gives."""
        await self._commits.ask(batch)

    async def _together(self, batches: Sequence[AnyBatch]) -> list[Exception | Later | None]:
        """Commit batches. For each of them: None, why it was not written, or that it has to be tried alone."""
        if not batches:
            return []
        places = range(len(batches))
        try:
            unwritten = await self._call(batches, waits=False)
        except (asyncpg.PostgresError, Unstorable) as error:
            if len(batches) == 1:
                return [self._refusals.raised(error)]
            suspects = {place for place in places if self._refusals.may_concern(error, batches[place])} or set(places)
            others = iter(await self._together([batches[place] for place in places if place not in suspects]))
            return [Later.ALONE if place in suspects else next(others) for place in places]
        return [Later.ALONE if place + 1 in unwritten else None for place in places]

    async def _alone(self, batch: AnyBatch) -> Exception | None:
        try:
            unwritten = await self._call([batch], waits=True)
        except (asyncpg.PostgresError, Unstorable) as error:
            return self._refusals.raised(error)
        return Fenced(batch.lane, batch.epoch) if unwritten else None

    async def _call(self, batches: Sequence[AnyBatch], *, waits: bool) -> Sequence[int]:
        """Commit in one transaction. The places (from 1) of the batches that were not written."""
        arguments = self._arguments(batches)
        async with self._database.connection() as connection:
            unwritten: list[int] = await connection.fetchval(self._sql, *arguments, waits)
            return unwritten
