"""Parked streams of both kinds as operators see them: those of projections stand in Redis, those of sagas in Postgres.

An operator only asks; the lane's owner does it, in order, in a transaction of the lane.
"""

from typing import Any, Literal, NamedTuple

from contracts.envelope import rfc3339
from infra.postgres.pool import Database
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.wishes import leave_wish
from workers.core.projection import Projection
from workers.ports.parked import ParkedStream

Kind = Literal["projection", "saga"]


class Waiting(NamedTuple):
    """A parked stream and its lane. `asked` is what an operator asks for and the lane's owner has not done yet."""

    kind: Kind
    context: str
    topic: str
    partition: int
    parked: ParkedStream
    asked: str | None

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.kind}:{self.parked.follower}/{self.parked.stream_id}"


class ParkedStreams:
    """All streams that wait. `partitions` is the number of the event topics' partitions; methods raise Unavailable."""

    def __init__(self, database: Database, redis: Any, keys: Keys, partitions: int) -> None:
        self._database = database
        self._redis = redis
        self._keys = keys
        self._writer = RedisReadModelWriter(redis, keys)
        self._partitions = partitions

    async def of_projection(self, projection: Projection, topic: str) -> list[Waiting]:
        """Those of the live generation of a projection that reads `topic`."""
        generation = await self._writer.live(projection.name)
        found: list[Waiting] = []
        for partition in range(self._partitions):
            parked = await self._writer.parked(generation, topic, partition)
            if parked:
                asked = {
                    wish.stream_id: wish.action for wish in await self._writer.wishes(generation, topic, partition)
                }
                found += [
                    Waiting("projection", projection.context, topic, partition, each, asked.get(each.stream_id))
                    for each in parked
                ]
        return found

    async def of_sagas(self, context: str, topic: str) -> list[Waiting]:
        """Those of all sagas that read `topic`."""
        return [
            Waiting(
                "saga",
                context,
                topic,
                row["partition"],
                ParkedStream(*(*list(row)[1:8], rfc3339(row["recorded_at"]))),
                row["requested_action"],
            )
            for row in await self._database.rows("parked_of_topic", topic)
        ]

    async def ask(self, waiting: Waiting, action: Literal["retry", "skip"]) -> None:
        """Ask the lane's owner about the event that `waiting` names. Quiet when the stream does not wait any more, or
        with another event by now: nobody wished that one to be skipped. A later wish replaces an earlier one.
        """
        parked = waiting.parked
        if waiting.kind == "saga":
            place = (waiting.topic, waiting.partition, parked.follower, parked.stream_id)
            await self._database.run("request_saga_stream_action", *place, action, parked.stream_version)
        else:
            generation = await self._writer.live(parked.follower)
            lane = (generation, waiting.topic, waiting.partition)
            await leave_wish(self._redis, self._keys, lane, parked, action)
