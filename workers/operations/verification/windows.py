"""The windows of analytics, as they are published, against a fold of the event table.

The topic is read first, and then the table, which has every event that is in a window. If nobody has ever published
windows, there is nothing to compare.
"""

from collections.abc import Sequence

from workers.analytics.fold import code_of_series
from workers.analytics.published import PublishedWindows
from workers.core.context import Context
from workers.operations.verification.comparisons.lane_windows import LaneRecord, LaneWindowComparison, WindowFinding
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Pace, Sources

EVENTS_AT_A_TIME = 1000


class WindowsInTopic:
    """What a reader of the topic has, as it reads on."""

    def __init__(self, sources: Sources, partitions: int) -> None:
        self.published = PublishedWindows()
        self._sources, self._topic = sources, sources.topics.analytics_windows
        self._next_offsets = [0] * partitions
        self._written_ms: dict[tuple[int, bytes], int] = {}

    async def read_on(self) -> None:
        """Read every partition to its present end. Raises Unavailable."""
        for partition, offset in enumerate(self._next_offsets):
            async for records in self._sources.topic_reader.records(self._topic, partition, offset):
                for record in records:
                    self.published.apply(partition, record.key, record.value)
                    if record.key is not None:
                        self._written_ms[partition, record.key] = record.timestamp
                self._next_offsets[partition] = records[-1].offset + 1
        self._written_ms = {place: self._written_ms[place] for place in self.published.windows}

    @property
    def is_empty(self) -> bool:
        return not (self.published.windows or self.published.positions)

    def position(self, context: str, partition: int) -> int:
        """How far a lane was published."""
        position = self.published.positions.get((context, partition))
        return 0 if position is None else position.sequence

    def records_of(self, context: str, partition: int) -> list[LaneRecord]:
        """The windows of a lane, without those of earlier builds, which readers leave out."""
        position = self.published.positions.get((context, partition))
        build = 0 if position is None else position.build
        return [
            LaneRecord(key, self._written_ms[place, key], window)
            for (place, key), window in self.published.windows.items()
            if place == partition and window.context == context and window.build >= build
        ]


async def compare_windows(sources: Sources, contexts: Sequence[Context], verdict: Verdict, pace: Pace) -> None:
    """Compare all lanes of these contexts that have series. Raises Unavailable."""
    name = sources.topics.analytics_windows
    followed = [context for context in contexts if context.analytics.series]
    state = (await sources.topic_reader.states([name])).get(name) if followed else None
    if state is None:
        return
    topic = WindowsInTopic(sources, state.partitions)
    await topic.read_on()
    if topic.is_empty:
        return
    await _report_lanes_behind(sources, topic, followed, verdict)
    _report_others(topic, contexts, verdict)
    for context in followed:
        for partition in range(sources.partitions):
            await _compare_lane(sources, topic, context, partition, verdict, pace)


async def _report_lanes_behind(
    sources: Sources, topic: WindowsInTopic, contexts: Sequence[Context], verdict: Verdict
) -> None:
    """Wait, while there is progress, until the topic has every event that there was at the start."""
    wanted = {
        (context.name, partition): last
        for context in contexts
        for partition, last in (await sources.last_sequences(context.name)).items()
    }
    timer, sum_before = sources.settle_timer(), -1
    while True:
        behind = {lane: last for lane, last in wanted.items() if topic.position(*lane) < last}
        positions = sum(topic.position(*lane) for lane in wanted)
        if positions > sum_before:
            sum_before = positions
            timer.progress()
        if not behind or not await timer.wait():
            break
        await topic.read_on()
    for lane, last in behind.items():
        explanation = f"stands at {topic.position(*lane)} of {last}; is an analytics worker running?"
        verdict.report(FindingKind.ANALYTICS_BEHIND, f"{lane[0]} {lane[1]}", explanation)


def _report_others(topic: WindowsInTopic, contexts: Sequence[Context], verdict: Verdict) -> None:
    """Windows of contexts that this installation does not have are left alone: a newer release may have begun them. But
    readers would add those that have the name of a series to the series.
    """
    names = {series.name for context in contexts for series in context.analytics.series}
    names_of_contexts = {context.name for context in contexts if context.analytics.series}
    for window in topic.published.current():
        if window.context not in names_of_contexts and window.series in names:
            where = f"{window.context[:40]!r} {window.partition} {window.series}/{window.size_seconds}"
            verdict.report(FindingKind.WINDOW_LEFT_OVER, where, "the series is of another context")


async def _compare_lane(
    sources: Sources, topic: WindowsInTopic, context: Context, partition: int, verdict: Verdict, pace: Pace
) -> None:
    findings = await _findings(sources, topic, context, partition, verdict, pace)
    if findings:
        # A worker writes many records, one after the other: perhaps they were read in between.
        await sources.settle_timer().wait()
        await topic.read_on()
        findings = await _findings(sources, topic, context, partition, Verdict(), pace)
    position = topic.published.positions.get((context.name, partition))
    own = code_of_series(context.name, context.analytics.series, sources.models)
    by_others = "" if position is None or position.code == own else "; the lane was folded by other code than this"
    for kind, where, explanation in findings:
        verdict.report(kind, where, explanation + by_others)


async def _findings(
    sources: Sources, topic: WindowsInTopic, context: Context, partition: int, verdict: Verdict, pace: Pace
) -> Sequence[WindowFinding]:
    records = topic.records_of(context.name, partition)
    position = topic.published.positions.get((context.name, partition))
    comparison = LaneWindowComparison(
        context.name, partition, context.analytics.series, sources.models, records, position
    )
    last = 0
    while last < comparison.until:
        limit = min(EVENTS_AT_A_TIME, comparison.until - last)
        rows = await sources.table.events_after(context.name, partition, last, limit)
        if not rows:
            break
        for row in rows:
            comparison.apply(row)
        last = rows[-1].sequence
        verdict.compared("events compared with the windows", len(rows))
        await pace(0)
    comparison.end()
    verdict.compared("windows compared with the events", len(records))
    return comparison.findings
