"""The generations of read models in memory."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from infra.memory import read_model_server as keys
from infra.memory.read_model_server import ReadModelServer, Transaction, WatchedKeyChanged
from infra.memory.wire import Wire
from workers.ports.generations import GenerationStatus, SwitchConflict
from workers.ports.read_models import START, Generation
from workers.projection.folding import ALL

T = TypeVar("T")


def _previous(projection: str) -> keys.Key:
    """The number of the generation that was live before the last switch."""
    return ("previous", projection)


def _begun(projection: str) -> keys.Key:
    """A hash whose fields are the numbers of the generations that were begun."""
    return ("begun", projection)


class MemoryGenerations:
    """`Generations` on the twin of Redis."""

    def __init__(self, server: ReadModelServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire

    async def live(self, projection: str) -> Generation:
        return await self._call(lambda: self._live(projection))

    async def previous(self, projection: str) -> Generation | None:
        number: int | None = await self._call(lambda: self._server.get(_previous(projection)))
        return None if number is None else Generation(projection, number)

    async def existing(self, projection: str) -> list[Generation]:
        def read() -> set[int]:
            numbers = {int(number) for number in self._server.hash_of(_begun(projection))}
            previous = self._server.get(_previous(projection))
            return numbers | {self._live(projection).number} | (set() if previous is None else {previous})

        return [Generation(projection, number) for number in sorted(await self._call(read))]

    async def begin(self, generation: Generation) -> None:
        await self._call(lambda: self._server.execute({}, Transaction(fields=_noted(generation))))

    async def status(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> GenerationStatus:
        def read() -> GenerationStatus:
            documents = len(self._server.indexes.get(keys.index(generation, ALL.name), ()))
            stored = {lane: self._server.get(keys.checkpoint(generation, *lane)) for lane in lanes}
            return GenerationStatus(generation, documents, {lane: value or START for lane, value in stored.items()})

        return await self._call(read)

    async def parked(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> int:
        return await self._call(
            lambda: sum(len(self._server.hash_of(keys.parked(generation, *lane))) for lane in lanes)
        )

    async def ids_after(self, generation: Generation, document_id: str, limit: int) -> list[str]:
        def read() -> list[str]:
            index = keys.index(generation, ALL.name)
            entries = self._server.entries(index, ALL.key, document_id or None, False, limit)
            return [entry_id for _, entry_id in entries]

        return await self._call(read)

    async def switch(self, current: Generation, to: Generation) -> None:
        live = keys.live(to.projection)
        watched = await self._call(lambda: self._server.watch([live]))
        if (watched.values[0] or 1) != current.number:
            raise SwitchConflict(to.projection)
        values = {live: to.number, _previous(to.projection): current.number}
        changes = Transaction(values=values, fields=_noted(current))
        try:
            await self._call(lambda: self._server.execute(watched.versions, changes))
        except WatchedKeyChanged as error:
            raise SwitchConflict(to.projection) from error

    async def drop(self, generation: Generation) -> None:
        await self._call(lambda: self._drop(generation))

    def _drop(self, generation: Generation) -> None:
        """At the server."""
        stored = [*self._server.values, *self._server.indexes, *self._server.hashes]
        self._server.lose([key for key in stored if key[1] == generation])
        noted: dict[str, Any] = {str(generation.number): None}
        self._server.execute({}, Transaction(fields={_begun(generation.projection): noted}))

    def _live(self, projection: str) -> Generation:
        return Generation(projection, self._server.get(keys.live(projection)) or 1)

    async def _call(self, operation: Callable[[], T]) -> T:
        return await self._wire.call("Redis", operation)


def _noted(generation: Generation) -> dict[keys.Key, dict[str, Any]]:
    return {_begun(generation.projection): {str(generation.number): True}}
