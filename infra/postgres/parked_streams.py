"""Parked streams of sagas: rows beside the sagas' checkpoints, in annals.parked_streams."""

from collections.abc import Sequence
from typing import Any

from contracts.envelope import rfc3339
from infra.postgres.pool import Database
from workers.ports.parked import ParkedStream, ParkedStreamAction, ParkedStreamListing


def parked_stream(row: Any) -> ParkedStream:
    """The parked stream of a row that has its columns in annals.parked_streams."""
    return ParkedStream(
        follower=row["saga"],
        stream_id=row["stream_id"],
        stream_version=row["stream_version"],
        sequence=row["sequence"],
        event_type=row["event_type"],
        error=row["error"],
        attempts=row["attempts"],
        recorded_at=rfc3339(row["recorded_at"]),
    )


class PostgresParkedStreams:
    """`ParkedBySagas` on Postgres. To request an action takes the role `annals_audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_topic(self, topic: str) -> Sequence[ParkedStreamListing]:
        return [
            ParkedStreamListing(
                "saga",
                topic,
                row["partition"],
                parked_stream(row),
                row["requested_action"],
            )
            for row in await self._database.rows("parked_of_topic", topic)
        ]

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        lane, stream = (listing.topic, listing.partition), listing.stream
        await self._database.run(
            "request_saga_stream_action", *lane, stream.follower, stream.stream_id, action, stream.stream_version
        )
