"""The sections of documents: a hash beside each document, with a field for each section and lane.

A lane writes its own field only, in the transaction of its checkpoint, so no two lanes ever write to one field.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, field_of, read_checkpoint, section_of
from infra.redis.stored_values import parked_of
from workers.ports.read_models import Generation, ReadModelBatch
from workers.ports.sections import SectionAtMoment, SectionOfLane, SectionValue, section_value

KEYS_AT_A_TIME = 1000


def queue_values(pipeline: Any, keys: Keys, batch: ReadModelBatch) -> None:
    """Queue the values of a section's batch."""
    field = field_of(batch.section, batch.partition)
    for document_id, value in batch.documents.items():
        key = keys.sections(batch.generation, document_id)
        if value is None:
            pipeline.hdel(key, field)
        else:
            pipeline.hset(key, field, value)


class RedisSections:
    """The sections as their lanes write them, and as a verification reads them."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def section_values(self, of_lane: SectionOfLane, document_ids: Sequence[str]) -> Mapping[str, SectionValue]:
        with faults_sorted():
            async with self._redis.pipeline(transaction=False) as pipeline:
                self._ask_values(pipeline, of_lane, document_ids)
                return _values(document_ids, await pipeline.execute())

    def _ask_values(self, pipeline: Any, of_lane: SectionOfLane, document_ids: Sequence[str]) -> None:
        field = field_of(of_lane.section, of_lane.partition)
        for document_id in document_ids:
            pipeline.hget(self._keys.sections(of_lane.generation, document_id), field)

    async def clear_section(self, of_lane: SectionOfLane) -> None:
        field = field_of(of_lane.section, of_lane.partition)
        async for keys in self._keys_of_sections(of_lane.generation):
            with faults_sorted():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for key in keys:
                        pipeline.hdel(key, field)
                    await pipeline.execute()

    async def section_at_one_moment(
        self, of_lane: SectionOfLane, topic: str, document_ids: Sequence[str]
    ) -> SectionAtMoment:
        place = (of_lane.generation, topic, of_lane.partition)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.get(self._keys.checkpoint(*place))
                pipeline.hvals(self._keys.parked(*place))
                self._ask_values(pipeline, of_lane, document_ids)
                checkpoint, parked, *values = await pipeline.execute()
        streams = [stream for stored in parked if (stream := parked_of(stored)) is not None]
        by_id = {stream.stream_id: stream for stream in streams}
        return SectionAtMoment(read_checkpoint(checkpoint), _values(document_ids, values), by_id)

    async def section_fields(self, generation: Generation) -> AsyncIterator[list[tuple[SectionOfLane, str]]]:
        begins = self._keys.sections(generation, "")
        async for keys in self._keys_of_sections(generation):
            with faults_sorted():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for key in keys:
                        pipeline.hkeys(key)
                    answers = await pipeline.execute()
            fields = [
                (SectionOfLane(generation, *section), key.decode(errors="replace").removeprefix(begins))
                for key, stored in zip(keys, answers, strict=True)
                for field in stored
                if (section := section_of(field)) is not None
            ]
            if fields:
                yield fields

    async def _keys_of_sections(self, generation: Generation) -> AsyncIterator[list[bytes]]:
        cursor = 0
        while True:
            with faults_sorted():
                pattern = f"{self._keys.sections(generation, '')}*"
                cursor, keys = await self._redis.scan(cursor, pattern, KEYS_AT_A_TIME)
            if keys:
                yield keys
            if cursor == 0:
                return


def _values(document_ids: Sequence[str], stored: Sequence[bytes | None]) -> dict[str, SectionValue]:
    return {
        document_id: value
        for document_id, encoded in zip(document_ids, stored, strict=True)
        if (value := section_value(encoded)) is not None
    }
