"""The topics themselves: that they are as the installation was laid out, and the ones that its lanes have read."""

from collections.abc import Sequence

from infra.kafka.topics import Topic
from infra.verify.sources import Sources
from workers.verification.findings import Verdict, What


async def compare_topics(sources: Sources, wanted: Sequence[Topic], verdict: Verdict) -> None:
    """Their partitions and settings, and the interruptions that nobody has acknowledged. Raises Unavailable."""
    states = await sources.log.states([topic.name for topic in wanted])
    settings = await sources.log.settings(sorted(states))
    for topic in wanted:
        state = states.get(topic.name)
        if state is None:
            verdict.found(What.TOPIC_MISFIT, topic.name, "it does not exist")
            continue
        if state.partitions != topic.partitions:
            explanation = f"it has {state.partitions} partitions instead of {topic.partitions}"
            verdict.found(What.TOPIC_MISFIT, topic.name, explanation)
        for name, value in settings[topic.name].differing(topic.config).items():
            verdict.found(What.TOPIC_MISFIT, topic.name, f"{name} is {value or 'not set'}, not {topic.config[name]}")
    verdict.saw("topics", len(wanted))
    for row in await sources.database.rows("open_interruptions"):
        where = f"{row['role']}:{row['topic']}/{row['partition']}"
        explanation = (
            f"the topic was {row['kind']} at {row['noticed_at']:%Y-%m-%d %H:%M:%S} UTC; the lane stood at offset "
            f"{row['consumed']}, the topic reached from {row['start_offset']} to {row['end_offset']}"
        )
        verdict.found(What.INTERRUPTED, where, explanation)
