"""Places and extents of partitions: from what a broker says of topics to what the ports name."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from contracts.client.topic_states import TopicState as BrokerTopicState
from workers.ports.log import Extent, Partition, TopicState


def existing(partitions: Sequence[Partition], states: Mapping[str, BrokerTopicState]) -> list[TopicPartition]:
    return [
        TopicPartition(*partition)
        for partition in partitions
        if partition.topic in states and partition.partition < states[partition.topic].partitions
    ]


def extent_of(place: TopicPartition, states: Mapping[str, BrokerTopicState], start: int, end: int) -> Extent:
    state = states[place.topic]
    leader_epoch = state.leader_epochs.get(place.partition, -1)
    return Extent(TopicState(state.id, state.partitions), start, max(start, end), leader_epoch)
