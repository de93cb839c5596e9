"""The topics themselves: they have the partitions and settings that they should have, and their lanes have read all."""

from collections.abc import Sequence

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Sources
from workers.ports.verification.topics import WantedTopic


async def compare_topics(sources: Sources, wanted: Sequence[WantedTopic], verdict: Verdict) -> None:
    """Compare partitions and settings; report interruptions that nobody has acknowledged. Raises Unavailable."""
    states = await sources.topic_reader.states([topic.name for topic in wanted])
    settings = await sources.topic_reader.topic_settings(sorted(states))
    for topic in wanted:
        state = states.get(topic.name)
        if state is None:
            verdict.report(FindingKind.TOPIC_MISFIT, topic.name, "it does not exist")
            continue
        if state.partitions != topic.partitions:
            explanation = f"it has {state.partitions} partitions instead of {topic.partitions}"
            verdict.report(FindingKind.TOPIC_MISFIT, topic.name, explanation)
        for name, value in topic.settings.items():
            actual = settings[topic.name].get(name)
            if actual != value:
                explanation = f"{name} is {actual or 'not set'}, not {value}"
                verdict.report(FindingKind.TOPIC_MISFIT, topic.name, explanation)
    verdict.compared("topics", len(wanted))
    await _report_interruptions(sources, verdict)


async def _report_interruptions(sources: Sources, verdict: Verdict) -> None:
    for interruption in await sources.table.open_interruptions():
        where = f"{interruption.role}:{interruption.topic}/{interruption.partition}"
        explanation = (
            f"the topic was {interruption.kind} at {interruption.noticed_at:%Y-%m-%d %H:%M:%S} UTC; the lane stood at "
            f"offset {interruption.consumed}, the topic reached from {interruption.start_offset} to "
            f"{interruption.end_offset}"
        )
        verdict.report(FindingKind.INTERRUPTED, where, explanation)
