"""The analytics role: folds the events of every context that has series into windows of time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.faust.worker import AnalyticsWorker
from infra.kafka.required_topics import require_topics
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.installation import check_partitions
from infra.postgres.roles import ANALYTICS
from infra.postgres.signing_keys import event_signatures
from infra.postgres.waiting_lanes import PostgresWaitingLanes
from infra.processes.resources import database_for
from infra.settings import Settings
from workers.analytics.lane import AnalyticsLane, TopicIds
from workers.analytics.lanes import AnalyticsLanes
from workers.ports.analytics import AnalyticsTable, WindowTopic
from workers.ports.waiting_lanes import LanePlace

TABLE_CONNECTIONS = 2
"""For the events that the log lacks, which are read from the table."""


@asynccontextmanager
async def analytics_hosts(settings: Settings) -> AsyncIterator[list[AnalyticsWorker]]:
    """The one worker of the process, for located settings."""
    topics, events = Topics(settings.topic_prefix), stored_events()
    declared = {
        name: context.analytics for name, context in chosen_contexts(settings).items() if context.analytics.series
    }
    database = database_for(settings, role=ANALYTICS, connections=TABLE_CONNECTIONS)
    table = PostgresEventStore(database)

    series = {series.name: series for analytics in declared.values() for series in analytics.series}
    metrics = [metric for analytics in declared.values() for metric in analytics.metrics]

    def lane_for(place: LanePlace, kept: AnalyticsTable, windows: WindowTopic, topic_ids: TopicIds) -> AnalyticsLane:
        return AnalyticsLane(*place, declared[place.context].series, events, table, kept, windows, topic_ids)

    def lanes_for(made: Any) -> AnalyticsLanes:
        return AnalyticsLanes(made, series, metrics, PostgresWaitingLanes(database), database, topics.events)

    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=False)
        followed = [topics.events(context) for context in declared]
        await require_topics(settings, [*followed, topics.analytics_windows, topics.analytics_changelog])
        yield [AnalyticsWorker(settings, declared, lane_for, lanes_for, event_signatures(database))]
    finally:
        await database.close()
